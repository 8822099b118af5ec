"""How many baskets would hold two products by chance: large baskets hold many pairs, and best sellers are in many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from invoice_lab.recommendation.baskets import Floats, Integers

_ROUNDS, _STEPS = 50, 8
_CLOSE = 1e-4
"""Relative error of the counts at which the fit ends."""
_SAME = 0.01
"""Basket sizes whose logarithms are this near are taken as one."""
_TINY = 1e-300


@dataclass(frozen=True)
class Chance:
    """Products drawn into baskets, each basket keeping its size and each product its count, on average.

    A basket holds a product with probability 1 - exp(-weight x time): products come one by one at their weights until
    the basket is full (successive sampling, Rosén, Annals of Mathematical Statistics 43, 1972). So lines would look
    whose products were shuffled.

    Attributes
    ----------
    holds : ndarray of float, shape (distinct product counts, distinct sizes)
        Probability that a basket of a size holds a product of a count.
    baskets : ndarray of float, shape (distinct sizes,)
        Baskets of each size; none where a single product leaves no room for another.
    spread : ndarray of float, shape (distinct sizes,)
        Variance of a basket's size, were its products independent.
    count : ndarray of int, shape (products,)
        Row of each product in `holds`.
    """

    holds: Floats
    baskets: Floats
    spread: Floats
    count: Integers

    @classmethod
    def of(cls, held: csr_matrix) -> Chance:
        """Fit to which basket holds which product, shape (baskets, products); every basket holds something."""
        counts, row, products = np.unique(held.getnnz(axis=0), return_inverse=True, return_counts=True)
        size = held.getnnz(axis=1).astype(np.float64)
        _, column, baskets = np.unique(np.round(np.log(size) / _SAME), return_inverse=True, return_counts=True)
        means = np.bincount(column, size) / baskets
        weight, time = np.zeros(len(counts)), means / max(float(held.nnz), 1.0)
        for _ in range(_ROUNDS):
            weight = _solved(counts.astype(np.float64), time, baskets.astype(np.float64))
            time = _solved(means, weight, products.astype(np.float64))
            holds = -np.expm1(-np.outer(weight, time))
            if np.all(np.abs(holds @ baskets - counts) <= _CLOSE * counts):
                break
        spread = products @ (holds * (1 - holds))
        return cls(holds, np.where(means > 1, baskets, 0.0), spread, row.astype(np.int64))

    def together(self, first: Integers, row: Integers, second: Integers) -> Floats:
        """Return how many baskets are expected to hold both products of each pair: first[row] and second."""
        rows = self.holds[self.count[first]]
        both = (rows * self.baskets) @ self.holds.T
        # the place that one product takes is lost to the other (Hájek, Annals of Mathematical Statistics 35, 1964)
        weights = self.baskets / np.maximum(self.spread, _TINY)
        both -= (rows * (1 - rows) * weights) @ (self.holds * (1 - self.holds)).T
        return np.asarray(both[row, self.count[second]], np.float64)


def _solved(sums: Floats, rates: Floats, times: Floats) -> Floats:
    """Return x, one each of `sums`, with sum of times x (1 - exp(-x rates)) = sums: by Newton's method from below."""
    found = np.zeros(len(sums))
    for _ in range(_STEPS):
        left = np.exp(-np.outer(found, rates))
        slope = left @ (times * rates)
        found += np.maximum(sums - (1 - left) @ times, 0.0) / np.maximum(slope, _TINY)
    return found
