"""Honest evaluation: each customer's last basket held out, intervals over customers, and a verdict in plain words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.recommendation.baskets import Baskets, Floats, Integers, read_baskets
from invoice_lab.recommendation.ranking import top
from invoice_lab.recommendation.recommender import HALF_LIFE_DAYS, PRIOR_BASKETS, check_parameters
from invoice_lab.recommendation.scores import METHODS, wants
from invoice_lab.warehouse.queries.frames import Day, one_of, whole

EVALUATED = (*METHODS, "chance")
MIN_BASKETS = 3
MIN_CUSTOMERS = 20
HIT_RATE_DEFINITION = "share of customers whose held-out basket holds at least one of the k products"
NDCG_DEFINITION = (
    "sum of 1 / log2(1 + rank) over the k products that are in the held-out basket, divided by the same sum of the "
    "best possible list of min(k, products in the basket); mean over customers"
)
_BLOCK = 1_000_000


def evaluate(
    lines: pd.DataFrame,
    k: int = 10,
    methods: Sequence[str] | None = None,
    *,
    as_of: Day | None = None,
    half_life_days: float = HALF_LIFE_DAYS,
    prior_baskets: float = PRIOR_BASKETS,
    resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Hold out the last basket of each customer who has three or more, recommend from the rest, compare.

    Customers with fewer baskets stay in the training data. ``chance`` is what k products drawn at random from all would
    reach on average, computed exactly.

    Parameters
    ----------
    lines : DataFrame
        As for `Recommender.fit`.
    k : int
        Length of the lists.
    methods : sequence of str, optional
        Of `EVALUATED`; all where left out. ``popularity`` is always computed, to compare with.
    as_of, half_life_days, prior_baskets
        As for `Recommender`.
    resamples : int
        Bootstrap resamples of the customers, the same ones for every method.
    seed : int

    Returns
    -------
    DataFrame
        One row a method: method, n (customers), k, and for the metrics ``hit_rate`` and ``ndcg``
        (`HIT_RATE_DEFINITION`, `NDCG_DEFINITION`) the mean, ``_low`` and ``_high`` (95 % percentile bootstrap), and
        ``_gain``, ``_gain_low``, ``_gain_high``: the paired difference to popularity.

    Raises
    ------
    NotEnoughDataError
        Where fewer than 20 customers have three baskets.
    UsageError
        For a wrong parameter, column or value.
    """
    whole(k, "k", 1)
    whole(resamples, "resamples", 100)
    check_parameters("decayed", half_life_days, prior_baskets)
    chosen = [one_of(method, EVALUATED, "method to evaluate") for method in methods or EVALUATED]
    training, held_out, customers = _split(read_baskets(lines, as_of))
    metrics: dict[str, Floats] = {}
    for method in dict.fromkeys([*chosen, "popularity"]):
        if method == "chance":
            metrics[method] = _by_chance(held_out, customers, k)
        else:
            _, product, _ = ranked = top(wants(training, method, half_life_days, prior_baskets), customers, k)
            metrics[method] = _metrics(ranked[0], product, held_out, customers, k)
    return _table({method: metrics[method] for method in chosen}, metrics["popularity"], k, resamples, seed)


def verdict(evaluation: pd.DataFrame) -> str:
    """Say in a sentence whether own purchases tell more about the next basket than popularity does.

    There is evidence of personal taste where a method beats popularity on the paired 95 % intervals of both metrics.
    """
    rows = evaluation[evaluation["method"].isin(["decayed", "frequency"])]
    n, k = (int(evaluation[column].iloc[0]) for column in ("n", "k"))
    better = rows[(rows["hit_rate_gain_low"] > 0) & (rows["ndcg_gain_low"] > 0)]
    if better.empty:
        return (
            f"There is no evidence of personal taste in this data: for {n} customers with {MIN_BASKETS} baskets or "
            "more, no method based on their own purchases predicts the last basket better than what is popular."
        )
    best = better.sort_values(["ndcg", "method"], ascending=[False, True]).iloc[0]
    return (
        f"Customers buy again what they bought: of {n} customers with {MIN_BASKETS} baskets or more, "
        f"{best['hit_rate']:.1%} find a product of their last basket among the {k} recommended by their own purchases, "
        f"{100 * best['hit_rate_gain']:.1f} percentage points more than by popularity alone "
        f"(95 % interval {100 * best['hit_rate_gain_low']:.1f} to {100 * best['hit_rate_gain_high']:.1f})."
    )


def _split(baskets: Baskets) -> tuple[Baskets, Baskets, Integers]:
    count = np.zeros(len(baskets.customers), dtype=np.int64)
    np.maximum.at(count, baskets.customer, baskets.basket + 1)
    tested = count >= MIN_BASKETS
    customers = np.flatnonzero(tested).astype(np.int64)
    if len(customers) < MIN_CUSTOMERS:
        raise NotEnoughDataError(
            f"Only {len(customers)} customers have {MIN_BASKETS} baskets or more; at least {MIN_CUSTOMERS} are needed "
            "to judge recommendations."
        )
    last = (baskets.basket == 0) & tested[baskets.customer]
    return baskets.only(~last), baskets.only(last), customers


def _discounts(k: int) -> Floats:
    discounts: Floats = 1 / np.log2(np.arange(2, k + 2))
    return discounts


def _sizes(held_out: Baskets, customers: Integers) -> Integers:
    place = np.searchsorted(customers, held_out.customer)
    return np.bincount(place, minlength=len(customers)).astype(np.int64)


def _metrics(place: Integers, product: Integers, held_out: Baskets, customers: Integers, k: int) -> Floats:
    """Return hit and NDCG of each customer: shape (2, customers)."""
    size = len(held_out.products)
    rank = np.arange(len(place)) - np.searchsorted(place, place)
    hit = np.isin(customers[place] * size + product, held_out.customer * size + held_out.product)
    discounts = _discounts(k)
    gain = np.bincount(place, weights=hit * discounts[rank], minlength=len(customers))
    ideal = np.cumsum(discounts)[np.minimum(_sizes(held_out, customers), k) - 1]
    return np.vstack([(gain > 0).astype(float), gain / ideal])


def _by_chance(held_out: Baskets, customers: Integers, k: int) -> Floats:
    """Return the expectation of `_metrics` for k products drawn at random (hypergeometric)."""
    products, sizes = len(held_out.products), _sizes(held_out, customers)
    k = min(k, products)
    left = products - sizes[:, None] - np.arange(k)
    missed = np.prod(np.maximum(left, 0) / (products - np.arange(k)), axis=1)
    discounts = _discounts(k)
    ideal = np.cumsum(discounts)[np.minimum(sizes, k) - 1]
    return np.vstack([1 - missed, sizes / products * discounts.sum() / ideal])


def _table(metrics: dict[str, Floats], base: Floats, k: int, resamples: int, seed: int) -> pd.DataFrame:
    both = np.vstack([base, *metrics.values()])
    means = both.mean(axis=1)
    drawn = _bootstrap(both, resamples, seed)
    rows = []
    for number, method in enumerate(metrics, start=1):
        row: dict[str, object] = {"method": method, "n": base.shape[1], "k": k}
        for i, metric in enumerate(("hit_rate", "ndcg")):
            at = 2 * number + i
            row |= _interval(metric, means[at], drawn[at])
            row |= _interval(f"{metric}_gain", means[at] - means[i], drawn[at] - drawn[i])
        rows.append(row)
    return pd.DataFrame(rows)


def _interval(name: str, value: float, drawn: Floats) -> dict[str, object]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {name: float(value), f"{name}_low": float(low), f"{name}_high": float(high)}


def _bootstrap(values: Floats, resamples: int, seed: int) -> Floats:
    """Return the means of resampled customers: shape (rows of values, resamples)."""
    rng = np.random.default_rng(seed)
    n = values.shape[1]
    step = max(1, _BLOCK // n)
    blocks = []
    for start in range(0, resamples, step):
        counts = rng.multinomial(n, np.full(n, 1 / n), size=min(step, resamples - start))
        blocks.append(values @ counts.T / n)
    return np.hstack(blocks)
