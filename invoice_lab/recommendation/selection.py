"""The best method for a data set: chosen by itself on earlier baskets, never on those that it is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.recommendation.baskets import Baskets, Floats
from invoice_lab.recommendation.history import History
from invoice_lab.recommendation.lists import HALF_LIFE_DAYS, again
from invoice_lab.recommendation.methods import Parameters, fitted, method_named, usual
from invoice_lab.recommendation.metrics import PER_CUSTOMER, Target, new_recall, per_customer
from invoice_lab.recommendation.protocols import last_baskets
from invoice_lab.recommendation.ranking import Ranked, Wanted, tops

FALLBACK = "decayed"
"""The method where there are too few baskets to choose one."""
NEW_FALLBACK = "item_item"
NEW = " new"
SAMPLE = 4_000
"""Customers that methods are chosen on, drawn where there are more."""
_CRITERION = [PER_CUSTOMER.index("hit_rate"), PER_CUSTOMER.index("ndcg")]


@dataclass(frozen=True)
class Choice:
    """The method chosen.

    Attributes
    ----------
    method : str
    new : str
        The method for lists of what the customer hasn't bought yet.
    parameters : dict of str to mapping
        The best parameters of each method that was tried; those for new products by its name and `NEW`.
    table : DataFrame
        One row a method, the best first: method, hit_rate, ndcg, score (their mean), new_recall; behind (the best
        score less its own; mean over customers) and its 95 % interval, behind_low and behind_high. Empty where none
        could be tried.
    customers : int
        That the choice rests on.
    due : bool
        Whether lists of what is bought again are better where a product counts less until it is due.
    """

    method: str
    new: str
    parameters: dict[str, Parameters]
    table: pd.DataFrame
    customers: int
    due: bool = False

    def of(self, method: str, kind: str = "") -> Parameters | None:
        """Return the best parameters of a method, for new products where `kind` is `NEW`; None if it wasn't tried."""
        return self.parameters.get(method + kind)


def choose(baskets: Baskets, k: int = 10, methods: Sequence[str] | None = None, seed: int = 0) -> Choice:
    """Hold out the last of the baskets that there are, try each method with each of its parameters, and compare.

    The score is the mean of hit rate and NDCG at k; for new products it is their recall. Where scores are equal, the
    simpler method is taken.

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
        usual_one = FALLBACK if FALLBACK in names else names[0]
        return Choice(usual_one, NEW_FALLBACK if NEW_FALLBACK in names else usual_one, {}, pd.DataFrame(), 0)
    if len(target.customers) > SAMPLE:
        kept = np.random.default_rng(seed).choice(len(target.customers), SAMPLE, replace=False)
        target = target.only(np.sort(kept))
    trial = _Trial(learnt, target, k)
    for name, method in known.items():
        for tried in method.tried:
            trial.run(name, tried)
    return trial.choice(names)


class _Trial:
    """Methods tried on the same customers."""

    def __init__(self, learnt: Baskets, target: Target, k: int) -> None:
        self._learnt, self._target, self._k = learnt, target, k
        self._bought = learnt.by_customer()
        self._reached: dict[str, Floats] = {}
        self._new: dict[str, float] = {}
        self._parameters: dict[str, Parameters] = {}

    def run(self, name: str, tried: Parameters) -> None:
        """Try a method with parameters, and keep what is better than with others."""
        model = fitted(name, self._learnt, tried)
        ranked, new = tops(model, self._target.customers, self._k, [Wanted(), Wanted(never=self._bought)])
        found = per_customer(ranked, self._target, self._k)[_CRITERION]
        recall = float(np.nanmean(new_recall(new, self._target, self._bought))) if self._has_new else 0.0
        if name not in self._reached or found.mean() > self._reached[name].mean():
            self._reached[name], self._parameters[name] = found, tried
        if name not in self._new or recall > self._new[name]:
            self._new[name], self._parameters[name + NEW] = recall, tried

    @cached_property
    def _has_new(self) -> bool:
        return bool((~np.isnan(new_recall(Ranked.nothing(), self._target, self._bought))).any())

    def choice(self, names: Sequence[str]) -> Choice:
        """Return the best."""
        best = max(names, key=lambda name: float(self._reached[name].mean()))
        new = max(names, key=self._new.__getitem__)
        rows = [
            _row(name, self._reached[name], self._reached[best]) | {"new_recall": self._new[name]} for name in names
        ]
        table = pd.DataFrame(rows).sort_values("score", ascending=False, kind="stable", ignore_index=True)
        return Choice(best, new, self._parameters, table, len(self._target.customers), self._due())

    def _due(self) -> bool:
        """Tell whether lists of what is bought again gain by the customers' rhythms."""
        history = History.of(self._learnt)
        days = np.zeros(history.shape[0], np.int64)
        days[self._target.baskets.customer] = self._target.baskets.day
        reached = []
        for due in (False, True):
            model = again(self._learnt, history, days, HALF_LIFE_DAYS, due=due)
            (ranked,) = tops(model, self._target.customers, self._k, [Wanted(only=self._bought)])
            reached.append(per_customer(ranked, self._target, self._k)[_CRITERION].mean())
        return bool(reached[1] > reached[0])


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
