"""Whether there is personal taste at all: how much customers' own earlier purchases tell about later lines."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.recommendation.baskets import Baskets, Floats, Integers
from invoice_lab.warehouse.queries.frames import whole

PERMUTATIONS = 39
"""With so many, a gain that none of them reaches has p = 1/40."""
SURE = 0.05
FEWEST = 20
"""Customers with two baskets that a verdict needs."""
WEIGHTS = tuple(float(weight) for weight in np.geomspace(1.0, 10_000.0, 17))
"""How many lines of what everybody buys are tried as a customer's prior."""
_ROUNDS = 200
_TRIES = 16


@dataclass(frozen=True)
class Taste:
    """What own purchases tell.

    Attributes
    ----------
    gain, low, high : float
        Bits a line that a customer's earlier purchases tell about a later one besides popularity: mean over customers,
        and its 95 % bootstrap interval.
    p_value : float
        Share of data sets with shuffled products, this one counted in, where they tell as much.
    permutations, as_much : int
        Data sets with shuffled products, and those of them that tell as much.
    customers : int
        With two baskets or more.
    """

    gain: float
    low: float
    high: float
    p_value: float
    permutations: int
    as_much: int
    customers: int

    @property
    def is_there(self) -> bool:
        """Whether there is evidence: the interval lies above 0, and shuffled data tell less in 95 % of the cases."""
        return self.low > 0 and self.p_value <= SURE


def taste(baskets: Baskets, permutations: int = PERMUTATIONS, seed: int = 0) -> Taste:
    """Measure how much better than popularity customers' own earlier purchases foretell their later ones.

    A later line's product is given the probability (own count before + weight * popularity) / (own lines before +
    weight): the posterior mean under a Dirichlet prior around popularity (the frequency method with ties by popularity,
    as a probability). The weight is the one that is best for the other half of the customers. The gain is the mean
    logarithm of that probability over popularity's. On data whose products were dealt out anew among all lines (basket
    sizes and popularity are kept, taste isn't) it is what chance does as well.

    Raises
    ------
    NotEnoughDataError
        Where fewer than 20 customers have two baskets.
    """
    whole(permutations, "permutations", 19, 10_000)
    rng = np.random.default_rng(seed)
    half = rng.permutation(len(baskets.customers)) % 2
    gains = _gains(baskets, half)
    if len(gains) < FEWEST:
        raise NotEnoughDataError(
            f"Only {len(gains)} customers have two baskets or more; at least {FEWEST} are needed to tell of taste."
        )
    counts = rng.multinomial(len(gains), np.full(len(gains), 1 / len(gains)), size=1000)
    low, high = np.quantile(counts @ gains / len(gains), [0.025, 0.975])
    as_much, done = 0, 0
    while low > 0 and done < permutations and (1 + as_much) / (1 + permutations) <= SURE:
        as_much += bool(_gains(shuffled(baskets, rng), half).mean() >= gains.mean())
        done += 1
    p_value = (1 + as_much) / (1 + done) if done else 1.0
    return Taste(float(gains.mean()), float(low), float(high), p_value, done, as_much, len(gains))


def shuffled(baskets: Baskets, rng: np.random.Generator) -> Baskets:
    """Return baskets whose products are dealt out anew among all lines; each keeps its size, each product its count.

    Should no place be found for a line, as where few products fill all baskets, it is left out.
    """
    size, basket = len(baskets.products), _numbers(baskets)
    product = rng.permutation(baskets.product)
    for _ in range(_ROUNDS):
        twice = _repeated(basket * size + product)
        if not len(twice):
            break
        one, two = _swaps(basket, product, twice, size, rng)
        product[one], product[two] = product[two], product[one]
    kept = np.ones(len(product), bool)
    kept[_repeated(basket * size + product)] = False
    order = np.lexsort((product, basket))
    return replace(baskets, product=product[order]).only(kept[order])


def _swaps(
    basket: Integers, product: Integers, twice: Integers, size: int, rng: np.random.Generator
) -> tuple[Integers, Integers]:
    """Return lines of `twice` and others to swap products with, so that neither's basket gets one that it has."""
    keys = np.sort(basket * size + product)
    other = rng.integers(0, len(product), (len(twice), _TRIES))
    here, there = basket[twice, None] * size + product[other], basket[other] * size + product[twice, None]
    free = ~(_among(here, keys) | _among(there, keys))
    # where none is free, argmax takes any: what is then twice elsewhere may find its place from there
    two, first = np.unique(other[np.arange(len(twice)), free.argmax(axis=1)], return_index=True)
    one = twice[first]
    alone = ~np.isin(two, one)
    return one[alone], two[alone]


def _among(values: Integers, keys: Integers) -> npt.NDArray[np.bool_]:
    """Tell which values are among keys, which are sorted."""
    found: npt.NDArray[np.bool_] = keys[np.minimum(np.searchsorted(keys, values), len(keys) - 1)] == values
    return found


def _gains(baskets: Baskets, half: Integers) -> Floats:
    """Return the bits a line of each customer with a later line, shape (customers with two baskets,)."""
    later, own, before = _history(baskets)
    customer, product = baskets.customer[later], baskets.product[later]
    own, before = own[later], before[later]
    counts = baskets.popularity()
    others = (counts[product] - 1 + 1e-9) / max(len(baskets.product) - 1, 1)  # of all lines but this one
    bits = np.vstack([np.log2((own / others + weight) / (before + weight)) for weight in WEIGHTS])
    customers, place = np.unique(customer, return_inverse=True)
    lines = np.bincount(place)
    means = np.vstack([np.bincount(place, weights=row) / lines for row in bits])
    side = half[customers]
    best = [int(means[:, side == 1 - which].mean(axis=1).argmax()) if (side != which).any() else -1 for which in (0, 1)]
    found: Floats = np.where(side == 0, means[best[0]], means[best[1]])
    return found


def _history(baskets: Baskets) -> tuple[npt.NDArray[np.bool_], Floats, Floats]:
    """Return of each entry whether its customer has an earlier basket, and their entries with its product, and all."""
    place = baskets.place()
    first = np.zeros(len(baskets.customers), np.int64)
    np.maximum.at(first, baskets.customer, place)
    later = place < first[baskets.customer]
    # entries are sorted by customer and time
    pairs = baskets.customer * len(baskets.products) + baskets.product
    order = np.argsort(pairs, kind="stable")
    start = np.flatnonzero(np.diff(pairs[order], prepend=-1))
    own = np.empty(len(pairs))
    own[order] = np.arange(len(pairs)) - np.repeat(start, np.diff(np.append(start, len(pairs))))
    number = _numbers(baskets)
    begins = np.searchsorted(number, number)
    customers = np.searchsorted(baskets.customer, baskets.customer)
    return later, own, (begins - customers).astype(np.float64)


def _numbers(baskets: Baskets) -> Integers:
    """Number the baskets in the order of the entries."""
    new = (np.diff(baskets.customer, prepend=-1) != 0) | (np.diff(baskets.basket, prepend=-1) != 0)
    return (np.cumsum(new) - 1).astype(np.int64)


def _repeated(keys: Integers) -> Integers:
    """Return the places of keys that stood there before."""
    again = np.ones(len(keys), bool)
    again[np.unique(keys, return_index=True)[1]] = False
    return np.flatnonzero(again)
