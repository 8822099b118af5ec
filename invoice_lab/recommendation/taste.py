"""Whether there is personal taste at all: how much customers' own earlier purchases tell about later lines."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.recommendation.baskets import Baskets, Floats, Integers
from invoice_lab.recommendation.bootstrap import bootstrap
from invoice_lab.warehouse.queries.frames import whole

PERMUTATIONS = 39
"""With so many, a gain that none of them reaches has p = 1/40."""
SURE = 0.05
FEWEST = 20
"""Customers with two baskets that a verdict needs."""
WEIGHTS = tuple(float(weight) for weight in np.geomspace(1.0, 10_000.0, 9))
"""How many lines of what everybody buys are tried as a customer's prior."""
_ROUNDS, _DEALS, _TRIES = 200, 20, 16


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
    UsageError
        For a wrong number of permutations or seed.
    """
    whole(permutations, "permutations", 19, 10_000)
    whole(seed, "seed", 0, 2**32 - 1)
    rng = np.random.default_rng(seed)
    half = rng.permutation(len(baskets.customers)) % 2
    later = _Later(baskets, half)
    gains = later.gains(baskets)
    if len(gains) < FEWEST:
        raise NotEnoughDataError(
            f"Only {len(gains)} customers have two baskets or more; at least {FEWEST} are needed to tell of taste."
        )
    low, high = np.quantile(bootstrap(gains[None], 1000, rng), [0.025, 0.975])
    as_much, done = 0, 0
    while low > 0 and done < permutations and (1 + as_much) / (1 + permutations) <= SURE:
        as_much += bool(later.gains(shuffled(baskets, rng)).mean() >= gains.mean())
        done += 1
    p_value = (1 + as_much) / (1 + done) if done else 1.0
    return Taste(float(gains.mean()), float(low), float(high), p_value, done, as_much, len(gains))


def shuffled(baskets: Baskets, rng: np.random.Generator) -> Baskets:
    """Return baskets whose products are dealt out anew among all lines; each keeps its size, each product its count.

    Should no place be found for a line, as where few products fill all baskets, its basket has the product twice.
    """
    size, basket = len(baskets.products), _numbers(baskets)
    product, looked_at = rng.permutation(baskets.product), np.arange(len(basket))
    for number in range(_ROUNDS):
        twice = looked_at[_repeated(basket[looked_at] * size + product[looked_at])]
        if not len(twice):
            break
        if number < _DEALS:  # dealt out anew with as many others, which is fast
            changed = np.unique(np.concatenate([twice, rng.integers(0, len(product), len(twice))]))
            product[changed] = rng.permutation(product[changed])
        else:
            one, two = _swaps(basket, product, twice, size, rng)
            product[one], product[two] = product[two], product[one]
            changed = np.concatenate([twice, two])
        among = np.zeros(basket[-1] + 1, bool)
        among[basket[changed]] = True
        looked_at = np.flatnonzero(among[basket])
    return replace(baskets, product=np.sort(basket * size + product) - basket * size)


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


class _Later:
    """The later lines of customers, and what of their gain doesn't hang on which products they are of."""

    def __init__(self, baskets: Baskets, half: Integers) -> None:
        number, place = _numbers(baskets), baskets.place()
        first = np.zeros(len(baskets.customers), np.int64)
        np.maximum.at(first, baskets.customer, place)
        self._lines = np.flatnonzero(place < first[baskets.customer])
        customer = baskets.customer[self._lines]
        begins = np.searchsorted(number, number[self._lines])  # entries are sorted by customer and time
        before = (begins - np.searchsorted(baskets.customer, customer)).astype(np.float64)
        customers, self._place = np.unique(customer, return_inverse=True)
        self._counts = np.bincount(self._place, minlength=len(customers))
        self._base = np.vstack([self._means(np.log2(weight / (before + weight))) for weight in WEIGHTS])
        self._half = half[customers]

    def gains(self, baskets: Baskets) -> Floats:
        """Return the bits a line of each customer with later lines: shape (customers,).

        Parameters
        ----------
        baskets : Baskets
            Those that the lines are of, or with other products.
        """
        own = _own_before(baskets)[self._lines]
        some = np.flatnonzero(own)
        counts = baskets.popularity()[baskets.product[self._lines[some]]]
        others = (counts - 1) / max(len(baskets.product) - 1, 1)  # of all lines but this one
        ratio = own[some] / others
        means = self._base + np.vstack(
            [self._means(np.log2(1 + ratio / weight), self._place[some]) for weight in WEIGHTS]
        )
        side = self._half
        best = [self._best(means[:, side == 1 - which]) for which in (0, 1)]
        found: Floats = np.where(side == 0, means[best[0]], means[best[1]])
        return found

    def _means(self, bits: Floats, place: Integers | None = None) -> Floats:
        sums = np.bincount(self._place if place is None else place, weights=bits, minlength=len(self._counts))
        found: Floats = sums / np.maximum(self._counts, 1)
        return found

    @staticmethod
    def _best(means: Floats) -> int:
        """Return the weight that is best for these customers; the most cautious one where there are none."""
        return int(means.mean(axis=1).argmax()) if means.shape[1] else len(WEIGHTS) - 1


def _own_before(baskets: Baskets) -> Integers:
    """Count the customer's entries with the product before each entry."""
    pairs = baskets.customer * len(baskets.products) + baskets.product
    order = np.argsort(pairs, kind="stable")
    start = np.flatnonzero(np.diff(pairs[order], prepend=-1))
    own = np.empty(len(pairs), np.int64)
    own[order] = np.arange(len(pairs)) - np.repeat(start, np.diff(np.append(start, len(pairs))))
    return own


def _numbers(baskets: Baskets) -> Integers:
    """Number the baskets in the order of the entries."""
    return (np.cumsum(baskets.begins()) - 1).astype(np.int64)


def _repeated(keys: Integers) -> Integers:
    """Return the places of keys that stood there before."""
    again = np.ones(len(keys), bool)
    again[np.unique(keys, return_index=True)[1]] = False
    return np.flatnonzero(again)
