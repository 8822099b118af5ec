"""How values become scores: by rank among the fitted customers, or between cut points as R's package rfm has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoice_lab.errors import UsageError
from invoice_lab.segmentation.segments import SCORES
from invoice_lab.warehouse.queries.frames import numbers_of, one_of

SAME = 1e-12
"""Relative difference below which two amounts are the same: sums of floats differ in their last bits."""

Values = Mapping[str, npt.NDArray[np.float64]]
"""Of each score the customers' values, which grow with how good they are (recency negated)."""
Scores = npt.NDArray[np.int64]
"""Shape (customers, 3): 1 the worst to `bins` the best."""


class RankScores:
    """Scores by how many of the fitted customers are strictly worse; equal values always have equal scores.

    Parameters
    ----------
    bins : int
    nested : bool
        Whether frequency is scored among customers of the same recency score, and monetary value among those of the
        same recency and frequency scores; else each by itself.
    """

    def __init__(self, bins: int, nested: bool = False) -> None:
        self._bins, self._nested = bins, nested

    def fit(self, values: Values) -> RankScores:
        """Learn the customers to compare with."""
        self.constant = tuple(score for score in SCORES if _constant(values[score]))
        self._references: dict[tuple[int, ...], npt.NDArray[np.float64]] = {}
        groups = np.zeros((len(values[SCORES[0]]), 0), np.int64)
        for place, score in enumerate(SCORES):
            for group in np.unique(groups, axis=0):
                inside = (groups == group).all(axis=1)
                self._references[place, *map(int, group)] = np.sort(values[score][inside])
            if self._nested:
                groups = np.column_stack([groups, self._score(place, values[score], groups)])
        return self

    def score(self, values: Values) -> Scores:
        """Score customers; of a group that no fitted customer is in, all are alike and score the middle."""
        groups = np.zeros((len(values[SCORES[0]]), 0), np.int64)
        columns = []
        for place, score in enumerate(SCORES):
            columns.append(self._score(place, values[score], groups))
            if self._nested:
                groups = np.column_stack([groups, columns[-1]])
        return np.column_stack(columns)

    def _score(self, place: int, values: npt.NDArray[np.float64], groups: Scores) -> npt.NDArray[np.int64]:
        scores = np.full(len(values), (self._bins + 1) // 2, np.int64)
        for group in np.unique(groups, axis=0):
            reference = self._references.get((place, *map(int, group)))
            if reference is not None and not _constant(reference):
                inside = (groups == group).all(axis=1)
                own = values[inside]
                worse = np.searchsorted(reference, own - SAME * np.abs(own), side="left")
                scores[inside] = np.minimum(1 + self._bins * worse // len(reference), self._bins)
        return scores


class CutScores:
    """Scores between cut points, as R's package rfm scores: from one, included, to before the next.

    R's cut points are the quantiles (type 7) of the raw values plus one unit, a day, an order or a unit of currency.

    Parameters
    ----------
    bins : int
    cuts : mapping of str to sequence of float
        Cut points of one's own for a score, ``bins - 1`` of them, ascending, in days, orders or money: taken as they
        are, without the unit.
    """

    constant: tuple[str, ...] = ()

    def __init__(self, bins: int, cuts: Mapping[str, Sequence[float]]) -> None:
        if not isinstance(cuts, Mapping):
            raise UsageError(f"cuts must map recency, frequency or monetary to cut points, not be {cuts!r}.")
        for score, given in cuts.items():
            one_of(score, SCORES, "score with cut points")
            points = pd.Series(list(given) if isinstance(given, Iterable) else [], dtype=object)
            if len(points) != bins - 1 or not numbers_of(points, f"cuts of {score}").is_monotonic_increasing:
                wrong = f"The cut points of {score} must be {bins - 1} numbers, ascending: {given}."
                raise UsageError(wrong, "Give them in days, orders or money.")
        self._bins, self._given = bins, cuts

    def fit(self, values: Values) -> CutScores:
        """Learn the cut points that are not given."""
        shares = np.arange(1, self._bins) / self._bins
        found = {score: np.quantile(_raw(score, values), shares) + 1 for score in SCORES}
        self.cuts = found | {score: np.asarray(given, float) for score, given in self._given.items()}
        return self

    def score(self, values: Values) -> Scores:
        """Score customers."""
        return np.column_stack([self._score(score, _raw(score, values)) for score in SCORES])

    def _score(self, score: str, raw: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        passed = np.searchsorted(self.cuts[score], raw, side="right")
        return (self._bins - passed if score == "recency" else passed + 1).astype(np.int64)


def _raw(score: str, values: Values) -> npt.NDArray[np.float64]:
    return -values[score] if score == "recency" else values[score]


def _constant(values: npt.NDArray[np.float64]) -> bool:
    return bool(values.max() - values.min() <= SAME * np.abs(values).max())
