"""How stable clusters are: found again on other customers drawn from the same ones, beside those of a plain cloud."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from sklearn import config_context
from threadpoolctl import ThreadpoolController

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Given = TypeVar("Given")
Found = TypeVar("Found")
Fit = Callable[[Floats, int], Any]
"""Fits clusters to rows, from a seed; what it returns has ``predict``."""

LOW = 0.05
"""Quantile of the bootstrap's adjusted Rand indices that tells how bad it may get."""


@dataclass(frozen=True)
class Stability:
    """What a bootstrap says of clusters.

    Attributes
    ----------
    ari : ndarray, shape (bootstraps,)
        Adjusted Rand index between the clusters of all customers and those that a resample finds, over all customers.
    jaccard : ndarray, shape (k,)
        Of each cluster the mean overlap (customers in both of those in either) with the one that takes its place in a
        resample (Hennig, Cluster-wise assessment of cluster stability, CSDA 52, 2007).
    confidence : ndarray, shape (customers,)
        Share of the resamples in which a customer is in the same cluster.
    """

    ari: Floats
    jaccard: Floats
    confidence: Floats

    @property
    def median(self) -> float:
        """The usual adjusted Rand index."""
        return float(np.median(self.ari))

    @property
    def low(self) -> float:
        """The 5 % quantile of the adjusted Rand index."""
        return float(np.quantile(self.ari, LOW))


def bootstrap(
    fit: Fit,
    rows: Floats,
    labels: Integers,
    *,
    times: int,
    seed: int,
    drawn_from: Floats | None = None,
    k: int | None = None,
) -> Stability:
    """Find clusters again on resamples of the customers, and compare.

    Parameters
    ----------
    fit : callable
    rows : ndarray, shape (customers, features)
    labels : ndarray of int, shape (customers,)
        Clusters 0 to k - 1 of all customers.
    times : int
        Resamples, drawn with replacement.
    seed : int
    drawn_from : ndarray, optional
        Customers that resamples are drawn from, so many in each, where all are too many.
    k : int, optional
        How many clusters there are, where some may have no customer.
    """
    drawn_from = rows if drawn_from is None else drawn_from
    k, rng = k or int(labels.max()) + 1, np.random.default_rng(seed)
    draws = ((number, rng.integers(0, len(drawn_from), len(drawn_from))) for number in range(times))

    def compared(draw: tuple[int, Integers]) -> tuple[float, Floats, npt.NDArray[np.bool_]]:
        number, drawn = draw
        found = np.asarray(fit(drawn_from[drawn], number).predict(rows), np.int64)
        jaccard, matched = match(labels, found, k)
        return adjusted_rand(_common(labels, found)), jaccard, matched == labels

    ari, jaccard, same = np.empty(times), np.empty((times, k)), np.zeros(len(rows))
    for number, (index, overlaps, equal) in enumerate(in_threads(compared, draws)):
        ari[number], jaccard[number] = index, overlaps
        same += equal
    return Stability(ari, jaccard.mean(axis=0), same / times)


def in_threads(work: Callable[[Given], Found], given: Iterable[Given]) -> Iterator[Found]:
    """Do work on all cores and give what comes of it, in order; the work itself has one thread, for equal bytes."""
    controller = ThreadpoolController()

    def alone(one: Given) -> Found:
        # each thread has a configuration of its own; what is given was checked before
        with controller.limit(limits=1), config_context(assume_finite=True, skip_parameter_validation=True):
            return work(one)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(alone, given)


def adjusted_rand(common: Integers) -> float:
    """Return the adjusted Rand index (Hubert and Arabie, Journal of Classification 2, 1985) of two ways to group.

    Parameters
    ----------
    common : ndarray of int
        Customers by group in the one (rows) and the other way (columns); of them scikit-learn has no index.
    """
    both, one, two = (int((counts**2).sum()) for counts in (common, common.sum(axis=1), common.sum(axis=0)))
    count = int(common.sum())
    together, first, second = both - count, one - both, two - both
    apart = count**2 - first - second - both
    if not first and not second:
        return 1.0
    chance = (together + first) * (first + apart) + (together + second) * (second + apart)
    return 2.0 * (together * apart - first * second) / chance


def match(labels: Integers, others: Integers, k: int) -> tuple[Floats, Integers]:
    """Give other clusters the numbers of those that they overlap with most.

    Returns
    -------
    jaccard : ndarray, shape (k,)
        Overlap of each of the `labels`' clusters with the one that takes its place, 0 to 1; 0 where none does.
    matched : ndarray of int
        `others` in the numbers of `labels`; those without a counterpart get numbers from `k` on.
    """
    common = _common(labels, others, k)
    size = len(common)
    either = common.sum(axis=1)[:, None] + common.sum(axis=0)[None, :] - common
    overlap = common / np.maximum(either, 1)
    rows, columns = linear_sum_assignment(-overlap)
    numbers = np.empty(size, np.int64)
    numbers[columns] = rows
    return overlap[rows, columns][:k], numbers[others]


def _common(labels: Integers, others: Integers, least: int = 0) -> Integers:
    """Count customers by their groups, in a square table."""
    size = max(least, *(int(groups.max(initial=-1)) + 1 for groups in (labels, others)))
    return np.bincount(labels * size + others, minlength=size * size).reshape(size, size)


def gaussian_null(fit: Fit, rows: Floats, times: int, seed: int) -> Floats:
    """Return how stable the clusters of a plain cloud would be: the same means and covariances, and no groups.

    Returns
    -------
    ndarray, shape (times,)
        Adjusted Rand indices, each of a cloud of its own and one resample of it.
    """
    rng = np.random.default_rng(seed)
    mean, covariance = rows.mean(axis=0), np.atleast_2d(np.cov(rows, rowvar=False))
    clouds = ((number, rng.multivariate_normal(mean, covariance, len(rows), method="eigh")) for number in range(times))

    def compared(drawn: tuple[int, Floats]) -> float:
        number, cloud = drawn
        labels = np.asarray(fit(cloud, number).predict(cloud), np.int64)
        again = np.random.default_rng(seed + number).integers(0, len(cloud), len(cloud))
        found = np.asarray(fit(cloud[again], 0).predict(cloud), np.int64)
        return adjusted_rand(_common(labels, found))

    return np.array(list(in_threads(compared, clouds)))
