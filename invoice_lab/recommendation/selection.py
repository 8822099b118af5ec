"""The best method for a data set: chosen by itself on earlier baskets, never on those that it is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.recommendation.baskets import Baskets, Floats
from invoice_lab.recommendation.methods import Parameters, fitted, method_named, usual
from invoice_lab.recommendation.metrics import PER_CUSTOMER, per_customer
from invoice_lab.recommendation.protocols import last_baskets
from invoice_lab.recommendation.ranking import top

FALLBACK = "decayed"
"""The method where there are too few baskets to choose one."""
SAMPLE = 4_000
"""Customers that methods are chosen on, drawn where there are more."""
_CRITERION = [PER_CUSTOMER.index("hit_rate"), PER_CUSTOMER.index("ndcg")]


@dataclass(frozen=True)
class Choice:
    """The method chosen.

    Attributes
    ----------
    method : str
    parameters : mapping of str to mapping
        The best parameters of each method that was tried.
    table : DataFrame
        One row a method, the best first: method, hit_rate, ndcg, score (their mean), behind (of the best; mean and 95 %
        interval over customers: behind, behind_low, behind_high). Empty where none could be tried.
    customers : int
        That the choice rests on.
    """

    method: str
    parameters: dict[str, Parameters]
    table: pd.DataFrame
    customers: int

    def of(self, method: str) -> Parameters | None:
        """Return the best parameters of a method; None where it wasn't tried."""
        return self.parameters.get(method)


def choose(baskets: Baskets, k: int = 10, methods: Sequence[str] | None = None, seed: int = 0) -> Choice:
    """Hold out the last of the baskets that there are, try each method with each of its parameters, and compare.

    The score is the mean of hit rate and NDCG at k. Where scores are equal, the simpler method is taken.

    Raises
    ------
    UsageError, MissingToolError
        For an unknown method, or one that isn't installed.
    """
    names = list(dict.fromkeys(methods or usual(len(baskets.customers))))
    known = {name: method_named(name) for name in names}
    try:
        learnt, target = last_baskets(baskets)
    except NotEnoughDataError:
        table = pd.DataFrame(columns=["method", "hit_rate", "ndcg", "score", "behind", "behind_low", "behind_high"])
        return Choice(FALLBACK if FALLBACK in names else names[0], {}, table, 0)
    if len(target.customers) > SAMPLE:
        kept = np.random.default_rng(seed).choice(len(target.customers), SAMPLE, replace=False)
        target = target.only(np.sort(kept))
    parameters: dict[str, Parameters] = {}
    reached: dict[str, Floats] = {}
    for name, method in known.items():
        for tried in method.tried:
            ranked = top(fitted(name, learnt, tried), target.customers, k)
            found = per_customer(ranked, target, k)[_CRITERION]
            if name not in reached or found.mean() > reached[name].mean():
                reached[name], parameters[name] = found, tried
    best = max(names, key=lambda name: float(reached[name].mean()))
    rows = [_row(name, reached[name], reached[best]) for name in names]
    table = pd.DataFrame(rows).sort_values("score", ascending=False, kind="stable", ignore_index=True)
    return Choice(best, parameters, table, len(target.customers))


def _row(name: str, found: Floats, best: Floats) -> dict[str, Any]:
    behind = (best - found).mean(axis=0)
    error = 1.96 * behind.std() / np.sqrt(len(behind))
    return {
        "method": name,
        "hit_rate": float(found[0].mean()),
        "ndcg": float(found[1].mean()),
        "score": float(found.mean()),
        "behind": float(behind.mean()),
        "behind_low": float(behind.mean() - error),
        "behind_high": float(behind.mean() + error),
    }
