"""A short rule for each cluster: a tree of few questions that tells most customers' clusters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.tree import DecisionTreeClassifier

DEPTH = 3
FOLDS = 5
_SMALL = 100.0
"""Amounts below which cents are said."""
UNITS: Mapping[str, str] = {
    "recency": "days since the last order",
    "frequency": "orders",
    "monetary": "of sales",
    "age": "years old",
}

Integers = npt.NDArray[np.int64]
Bounds = Mapping[str, tuple[float, float]]
"""By feature what a value must be above, and what it may be at most."""


@dataclass(frozen=True)
class Rules:
    """The rules of all clusters.

    Attributes
    ----------
    texts : tuple of str
        One a cluster, in the customers' own units; empty where the tree has no place for it.
    fidelity : float
        Share of the customers whose cluster the rules tell right, cross-validated; NaN where a cluster is too small.
    """

    texts: tuple[str, ...]
    fidelity: float


def find_rules(frame: pd.DataFrame, labels: Integers, seed: int = 0, k: int | None = None) -> Rules:
    """Learn the rules.

    Parameters
    ----------
    frame : DataFrame
        The features in their own units, without missing values.
    labels : ndarray of int
        Clusters from 0 on.
    seed : int
    k : int, optional
        How many clusters there are, where some may have no customer here.
    """
    tree = DecisionTreeClassifier(max_depth=DEPTH, random_state=seed)
    folds = min(FOLDS, int(np.unique_counts(labels).counts.min()))
    fidelity = float("nan")
    if folds > 1:
        split = StratifiedKFold(folds, shuffle=True, random_state=seed)
        fidelity = float(cross_val_score(tree, frame.to_numpy(), labels, cv=split).mean())
    tree.fit(frame.to_numpy(), labels)
    ways: dict[int, list[str]] = {}
    for label, bounds in _leaves(tree, list(frame.columns)):
        ways.setdefault(label, []).append(_say(bounds))
    return Rules(tuple("; or ".join(ways.get(label, [])) for label in range(k or int(labels.max()) + 1)), fidelity)


def _leaves(tree: DecisionTreeClassifier, features: Sequence[str]) -> Iterator[tuple[int, Bounds]]:
    """Give each leaf's cluster with the bounds on the way to it; leaves of one parent and cluster as one."""
    inner = tree.tree_

    def told(node: int) -> int:
        return int(tree.classes_[inner.value[node][0].argmax()])

    def walk(node: int, bounds: Bounds) -> Iterator[tuple[int, Bounds]]:
        left, right = inner.children_left[node], inner.children_right[node]
        clusters = {label for label, _ in _below(node)}
        if left < 0 or len(clusters) == 1:
            yield told(node), bounds
            return
        feature, cut = features[inner.feature[node]], float(inner.threshold[node])
        low, high = bounds.get(feature, (-np.inf, np.inf))
        yield from walk(left, {**bounds, feature: (low, min(high, cut))})
        yield from walk(right, {**bounds, feature: (max(low, cut), high)})

    def _below(node: int) -> Iterator[tuple[int, int]]:
        if inner.children_left[node] < 0:
            yield told(node), node
            return
        yield from _below(inner.children_left[node])
        yield from _below(inner.children_right[node])

    yield from walk(0, {})


def _say(bounds: Bounds) -> str:
    return " and ".join(_bound(feature, low, high) for feature, (low, high) in bounds.items()) or "all customers"


def _bound(feature: str, low: float, high: float) -> str:
    unit = UNITS.get(feature, feature)
    if feature != "monetary":  # whole numbers: above 3.5 is from 4 on
        low, high = np.floor(low) + 1, np.floor(high)
    digits = 2 if feature == "monetary" and min(abs(low), abs(high)) < _SMALL else 0
    least, most = f"{low:,.{digits}f}", f"{high:,.{digits}f}"
    if not np.isfinite(high):
        return f"more than {least} {unit}" if feature == "monetary" else f"{least} or more {unit}"
    if not np.isfinite(low):
        return f"at most {most} {_in_number(unit, high)}"
    return f"{least} {_in_number(unit, low)}" if least == most else f"{least} to {most} {unit}"


def _in_number(unit: str, number: float) -> str:
    """Return a unit as it goes with a number: ``order`` with 1."""
    first, space, rest = unit.partition(" ")
    return f"{first.removesuffix('s')}{space}{rest}" if number == 1 else unit
