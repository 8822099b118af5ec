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
    last : ndarray of int, shape (pairs,)
        Day of the last of them, since 1970-01-01.
    days : ndarray of int, shape (entries,)
        Days of all of them, pair by pair, the earliest first.
    shape : tuple of int
        Customers and products.
    """

    customer: Integers
    product: Integers
    count: Integers
    last: Integers
    days: npt.NDArray[np.int32]
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
        last, shape = days[start + count - 1].astype(np.int64), (len(baskets.customers), size)
        return cls(keys // size, keys % size, count, last, days, shape)

    @cached_property
    def bought(self) -> csr_matrix:
        """Baskets by customer and product, sparse."""
        return csr_matrix((self.count.astype(np.float64), (self.customer, self.product)), shape=self.shape)

    @cached_property
    def rhythm(self) -> Floats:
        """Usual days between two baskets with the product, their median, shape (pairs,); NaN where it isn't known."""
        known = self.count >= FEWEST
        days, pair = (values[np.repeat(known, self.count)] for values in (self.days, self._pair_of_day))
        gaps, inside = np.diff(days.astype(np.int64)), np.diff(pair) == 0
        wide = int(gaps[inside].max(initial=0)) + 1
        keys = pair[1:][inside] * wide + gaps[inside]
        keys.sort()
        lengths = self.count[known] - 1
        begin = np.cumsum(lengths) - lengths
        found = np.full(len(self.count), np.nan)
        found[known] = (keys[begin + (lengths - 1) // 2] % wide + keys[begin + lengths // 2] % wide) / 2
        found[found == 0] = np.nan
        return found

    @property
    def _pair_of_day(self) -> Integers:
        return np.repeat(np.arange(len(self.count)), self.count)

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
        """Return the pairs bought up to so many days before a day, sparse."""
        recent = self.last >= day - days
        data = np.ones(int(recent.sum()))
        return csr_matrix((data, (self.customer[recent], self.product[recent])), shape=self.shape)
