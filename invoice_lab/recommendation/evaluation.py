"""Honest evaluation: baskets that were not learnt from, every method on the same customers, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoice_lab.errors import UsageError
from invoice_lab.recommendation.baskets import Baskets, Floats, read_baskets
from invoice_lab.recommendation.bootstrap import bootstrap, means_of, with_interval
from invoice_lab.recommendation.methods import AUTO, CHANCE, METHODS, fitted, method_named, usual
from invoice_lab.recommendation.metrics import (
    OF_LISTS,
    PER_CUSTOMER,
    Target,
    about_lists,
    by_chance,
    lists_by_chance,
    new_recall,
    per_customer,
)
from invoice_lab.recommendation.model import share_of_baskets
from invoice_lab.recommendation.protocols import LAST_BASKET, split
from invoice_lab.recommendation.ranking import Wanted, tops
from invoice_lab.recommendation.selection import NEW, Choice, choose
from invoice_lab.warehouse.queries.frames import Day, one_of, whole

BASE = "popularity"
"""What every method is compared with, besides chance."""
METRICS = (*PER_CUSTOMER, "new_recall", *OF_LISTS)
"""Metrics that each customer has a value of: those with an interval."""
Names: TypeAlias = Sequence[str] | npt.NDArray[Any] | pd.Index | pd.Series


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes
    ----------
    table : DataFrame
        One row a method, as `evaluate` returns it.
    choice : Choice
        What ``auto`` chose, from the baskets that are learnt from alone; where it wasn't asked for, the best of those
        that were.
    everything, learnt : Baskets
        All there are, and those that are learnt from.
    target : Target
    values : mapping of str to ndarray, shape (metrics, customers)
        `METRICS` of each customer, by method.
    k : int
    knows_best : bool
        Whether every usual method was tried, so that the one chosen is the best.
    """

    table: pd.DataFrame
    choice: Choice
    everything: Baskets
    learnt: Baskets
    target: Target
    values: Mapping[str, Floats]
    k: int
    knows_best: bool

    @property
    def customers(self) -> npt.NDArray[Any]:
        """The ids of the customers that were tested."""
        found: npt.NDArray[Any] = self.target.baskets.customers[self.target.customers]
        return found

    def values_of(self, method: str) -> Floats:
        """Return `METRICS` of each customer; of ``auto`` the recall of new products is that of its method for these."""
        if method != AUTO:
            return self.values[method]
        found, new = self.values[self.choice.method].copy(), METRICS.index("new_recall")
        found[new] = self.values[self.choice.new][new]
        return found

    def row(self, method: str) -> pd.Series:
        """Return the row of a method, also where it stands as ``auto`` alone; raises `UsageError` where it doesn't."""
        rows = self.table[self.table["used"] == method]
        if not len(rows):
            raise UsageError(f"The method {method!r} was not evaluated.", "Evaluate it, or 'auto', too.")
        return rows.iloc[0]


def evaluate(
    lines: pd.DataFrame,
    protocol: str = LAST_BASKET,
    split: Day | None = None,
    k: int = 10,
    methods: Names | None = None,
    *,
    as_of: Day | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Learn from earlier baskets, recommend, and compare with later ones.

    Each method has the parameters that do best on the last of the earlier baskets; ``auto`` is the method that does
    best there. ``chance`` is what k products drawn at random from all would reach on average, computed exactly.

    Parameters
    ----------
    lines : DataFrame
        customer_id, basket_id, date, product_id, quantity.
    protocol, split
        As `invoice_lab.recommendation.protocols.split` takes them.
    k : int
        Length of the lists.
    methods : list, tuple, array, Index or Series of str, optional
        ``auto``, ``chance`` and `METHODS`; all that are there without an extra package, where left out. ``auto``
        chooses among these all; without it, only the methods named are tried.
    as_of : date, datetime or str, optional
        Later lines are left out.
    resamples : int
        Bootstrap resamples of the customers, the same ones for every method.
    seed : int

    Returns
    -------
    DataFrame
        One row a method: method, used (what ``auto`` chose, else the method; its lists of new products are those of the
        method that it chose for these), n (customers), k; of each of `METRICS`
        the mean, ``_low`` and ``_high`` (95 % percentile bootstrap), the paired difference to popularity (``_gain``,
        ``_gain_low``, ``_gain_high``) and to chance (``_over_chance`` and its interval); coverage, which is of all
        lists together and so has no interval, and is missing of chance.
        `invoice_lab.recommendation.metrics.DEFINITIONS` says what each is. What can't be said of customers none of whom
        bought something new is missing.

    Raises
    ------
    NotEnoughDataError
        Where fewer than 20 customers can be tested.
    UsageError, MissingToolError
        For a wrong parameter, column or value; for a method whose package isn't installed.
    """
    return evaluated(read_baskets(lines, as_of), protocol, split, k, methods, resamples=resamples, seed=seed).table


def evaluated(
    lines: pd.DataFrame | Baskets,
    protocol: str = LAST_BASKET,
    day: Day | None = None,
    k: int = 10,
    methods: Names | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Do what `evaluate` does, and return all that was found: what `invoice_lab.recommendation.verdict` judges.

    Parameters
    ----------
    lines : DataFrame or Baskets
        Lines as `evaluate` takes them, or what `read_baskets` made of them.
    protocol, day, k, methods, resamples, seed
        As `evaluate` takes them; `day` is its `split`.

    Raises
    ------
    NotEnoughDataError, UsageError, MissingToolError
        As `evaluate`.
    """
    baskets = lines if isinstance(lines, Baskets) else read_baskets(lines)
    whole(k, "k", 1)
    whole(resamples, "resamples", 100, 100_000)
    whole(seed, "seed", 0, 2**32 - 1)
    learnt, target = split(baskets, protocol, day)
    compared = usual(len(np.unique(learnt.customer)))
    asked = _asked(methods) or [AUTO, *compared, CHANCE]
    tried = [name for name in METHODS if name in asked or (AUTO in asked and name in compared)] or [BASE]
    choice = choose(learnt, k, tried, seed)
    run = _Run(learnt, target, choice, k)
    used = {name: choice.method if name == AUTO else name for name in asked}
    for name in dict.fromkeys([*used.values(), *([choice.new] if AUTO in asked else []), BASE, CHANCE]):
        run.run(name)
    table, knows_best = run.table(used, resamples, seed), set(compared) <= set(tried)
    return Evaluation(table, choice, baskets, learnt, target, run.values, k, knows_best)


def _asked(methods: object) -> list[str]:
    """Return the names of methods, each once, after a look whether they are such."""
    if methods is None:
        return []
    if not isinstance(methods, (list, tuple, np.ndarray, pd.Index, pd.Series)) or getattr(methods, "ndim", 1) == 0:
        raise UsageError(f"methods is {methods!r}; it must be a list of names, such as ['auto', 'decayed'].")
    for name in methods:
        if not isinstance(name, str):
            raise UsageError(f"methods holds {name!r}, which is no name.", "Give names, such as ['auto', 'decayed'].")
        if one_of(name, [AUTO, CHANCE, *METHODS], "method to evaluate") in METHODS:
            method_named(name)
    return list(dict.fromkeys(map(str, methods)))


class _Run:
    """Methods run on the same target."""

    def __init__(self, learnt: Baskets, target: Target, choice: Choice, k: int) -> None:
        self._learnt, self._target, self._choice, self._k = learnt, target, choice, k
        self._bought = learnt.by_customer()
        shares = share_of_baskets(learnt)
        self._shares = shares / np.average(shares, weights=learnt.popularity())
        self.values: dict[str, Floats] = {}
        self._coverage: dict[str, float] = {}

    def run(self, name: str) -> None:
        """Run a method."""
        if name == CHANCE:
            lists = lists_by_chance(self._target, self._k, self._bought, self._shares)
            self.values[name] = np.vstack([by_chance(self._target, self._k), lists])
            return
        model = fitted(name, self._learnt, self._choice.of(name))
        ranked, new = tops(model, self._target.customers, self._k, [Wanted(), Wanted(never=self._bought)])
        if self._choice.of(name) != (own := self._choice.of(name, NEW)):
            model = fitted(name, self._learnt, own)
            (new,) = tops(model, self._target.customers, self._k, [Wanted(never=self._bought)])
        fresh = new_recall(new, self._target, self._bought)
        lists = about_lists(ranked, self._target, self._bought, self._shares)
        self.values[name] = np.vstack([per_customer(ranked, self._target, self._k), fresh, lists])
        self._coverage[name] = len(np.unique(ranked.product)) / len(self._shares)

    def table(self, used: Mapping[str, str], resamples: int, seed: int) -> pd.DataFrame:
        """Return the rows of the methods."""
        drawn = {name: bootstrap(values, resamples, seed) for name, values in self.values.items()}
        means = {name: means_of(values) for name, values in self.values.items()}
        rows = []
        for asked, name in used.items():
            row: dict[str, object] = {"method": asked, "used": name, "n": len(self._target.customers), "k": self._k}
            for i, metric in enumerate(METRICS):
                own = self._choice.new if asked == AUTO and metric == "new_recall" else name
                row |= with_interval(metric, means[own][i], drawn[own][i])
                for base, what in ((BASE, "gain"), (CHANCE, "over_chance")):
                    difference = drawn[own][i] - drawn[base][i]
                    row |= with_interval(f"{metric}_{what}", means[own][i] - means[base][i], difference)
            rows.append(row | {"coverage": self._coverage.get(name, np.nan)})
        return pd.DataFrame(rows)
