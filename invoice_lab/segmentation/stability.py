"""How stable clusters are: found again on other customers drawn from the same ones, beside those of a plain cloud."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
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
    fit: Fit, rows: Floats, labels: Integers, *, times: int, seed: int, drawn_from: Floats | None = None
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
    """
    drawn_from = rows if drawn_from is None else drawn_from
    k, rng = int(labels.max()) + 1, np.random.default_rng(seed)
    ari, jaccard, same = np.empty(times), np.empty((times, k)), np.zeros(len(rows))
    for number in range(times):
        drawn = drawn_from[rng.integers(0, len(drawn_from), len(drawn_from))]
        found = np.asarray(fit(drawn, number).predict(rows), np.int64)
        ari[number] = adjusted_rand_score(labels, found)
        jaccard[number], matched = match(labels, found, k)
        same += matched == labels
    return Stability(ari, jaccard.mean(axis=0), same / times)


def match(labels: Integers, others: Integers, k: int) -> tuple[Floats, Integers]:
    """Give other clusters the numbers of those that they overlap with most.

    Returns
    -------
    jaccard : ndarray, shape (k,)
        Overlap of each of the `labels`' clusters with the one that takes its place, 0 to 1; 0 where none does.
    matched : ndarray of int
        `others` in the numbers of `labels`; those without a counterpart get numbers from `k` on.
    """
    size = max(k, int(others.max()) + 1)
    common = np.zeros((size, size), np.int64)
    np.add.at(common, (labels, others), 1)
    either = common.sum(axis=1)[:, None] + common.sum(axis=0)[None, :] - common
    overlap = common / np.maximum(either, 1)
    rows, columns = linear_sum_assignment(-overlap)
    numbers = np.empty(size, np.int64)
    numbers[columns] = rows
    return overlap[rows, columns][:k], numbers[others]


def gaussian_null(fit: Fit, rows: Floats, times: int, seed: int) -> Floats:
    """Return how stable the clusters of a plain cloud would be: the same means and covariances, and no groups.

    Returns
    -------
    ndarray, shape (times,)
        Adjusted Rand indices, each of a cloud of its own and one resample of it.
    """
    rng = np.random.default_rng(seed)
    mean, covariance = rows.mean(axis=0), np.atleast_2d(np.cov(rows, rowvar=False))
    found = []
    for number in range(times):
        cloud = rng.multivariate_normal(mean, covariance, len(rows), method="eigh")
        labels = np.asarray(fit(cloud, number).predict(cloud), np.int64)
        found.append(bootstrap(fit, cloud, labels, times=1, seed=seed + number).ari[0])
    return np.array(found)
