"""What each customer bought of each product: how often, how regularly, when last."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from invoice_lab.recommendation.baskets import Baskets, Floats, Integers

FEWEST = 3
"""Baskets with a product from which on its rhythm is known."""


@dataclass(frozen=True)
class History:
    """Pairs of customer and product, sorted by both.

    Attributes
    ----------
    customer, product : ndarray of int, shape (pairs,)
    count : ndarray of int, shape (pairs,)
        Baskets of the customer with the product.
    first, last : ndarray of int, shape (pairs,)
        Days since 1970-01-01 of the first and the last of them.
    shape : tuple of int
        Customers and products.
    """

    customer: Integers
    product: Integers
    count: Integers
    first: Integers
    last: Integers
    shape: tuple[int, int]

    @classmethod
    def of(cls, baskets: Baskets) -> History:
        """Sum up baskets."""
        size = len(baskets.products)
        # entries are sorted by customer and day, so a stable sort keeps the days of a pair in order
        keys = baskets.customer * size + baskets.product
        order = np.argsort(keys, kind="stable")
        start = np.flatnonzero(np.diff(keys[order], prepend=-1))
        count = np.diff(np.append(start, len(keys)))
        days, keys = baskets.day[order], keys[order][start]
        return cls(
            keys // size, keys % size, count, days[start], days[start + count - 1], (len(baskets.customers), size)
        )

    @cached_property
    def bought(self) -> csr_matrix:
        """Baskets by customer and product, sparse."""
        return csr_matrix((self.count.astype(np.float64), (self.customer, self.product)), shape=self.shape)

    @property
    def rhythm(self) -> Floats:
        """Usual days between two baskets with the product, shape (pairs,); NaN where it isn't known."""
        gap = (self.last - self.first) / np.maximum(self.count - 1, 1)
        found: Floats = np.where((self.count >= FEWEST) & (gap > 0), gap, np.nan)
        return found

    def due(self, day: int | Integers) -> Floats:
        """Return how far each pair is due, 0 to 1: days since the last by the rhythm; 1 where that is unknown.

        Parameters
        ----------
        day : int, or ndarray of int, shape (pairs,)
            Days since 1970-01-01.
        """
        since = np.maximum(day - self.last, 0)
        found: Floats = np.minimum(np.nan_to_num(since / self.rhythm, nan=1.0), 1.0)
        return found

    def find(self, customer: Integers, product: Integers) -> tuple[Integers, npt.NDArray[np.bool_]]:
        """Return the place of each pair asked for, and whether it is there."""
        keys = self.customer * self.shape[1] + self.product
        asked = customer * self.shape[1] + product
        place = np.minimum(np.searchsorted(keys, asked), max(len(keys) - 1, 0))
        return place.astype(np.int64), keys[place] == asked

    def since(self, day: int, days: int) -> csr_matrix:
        """Return the pairs bought within so many days up to a day, sparse."""
        recent = self.last > day - days
        data = np.ones(int(recent.sum()))
        return csr_matrix((data, (self.customer[recent], self.product[recent])), shape=self.shape)
