"""Why a product is recommended, in words and numbers that can be said aloud."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from invoice_lab.recommendation.baskets import Floats, Integers, Labels
from invoice_lab.recommendation.history import History
from invoice_lab.recommendation.ranking import rows_of

LEAST = 3
"""Customers who must have bought both for one product to be the reason for another."""
MORE = 1.05
"""Times the expected number that they must be more than: what is said is rounded to tenths."""
_ROWS = 100_000

Texts = npt.NDArray[np.object_]


class Reasons:
    """Says why.

    Parameters
    ----------
    history : History
    names : ndarray
        Of the products, for readers.
    day : int
        Days since 1970-01-01 that "ago" is counted to.
    alike : csr_matrix, shape (products, products)
        Cosines.
    """

    def __init__(self, history: History, names: Labels, day: int, alike: csr_matrix) -> None:
        self._history, self._names, self._day = history, names, day
        self._to = alike.T.tocsr()  # row: the recommended product
        held = history.bought.copy()
        held.data[:] = 1.0
        self._holders = held.T.tocsr()
        self._buyers = np.diff(self._holders.indptr)

    def of(self, customer: Integers, product: Integers) -> Texts:
        """Return the reason of each pair: own purchases, else a product that goes with it, else popularity."""
        texts = np.empty(len(product), dtype=object)
        place, own = self._history.find(customer, product)
        texts[own] = self._bought(place[own])
        rest = np.flatnonzero(~own)
        because = self._strongest(customer[rest], product[rest])
        together, lift = self._together(because, product[rest])
        goes = (because >= 0) & (together >= LEAST) & (lift > MORE)
        texts[rest[goes]] = self._alike(because[goes], together[goes], lift[goes])
        texts[rest[~goes]] = self.popular(product[rest[~goes]])
        return texts

    def popular(self, product: Integers) -> Texts:
        """Return the reason that many buy a product."""
        total = self._history.shape[0]
        return _said((self._buyers[product],), lambda buyers: f"popular: bought by {buyers:,} of {total:,} customers")

    def alike(self, because: Integers, product: Integers) -> Texts:
        """Return the reason that customers who bought one product bought the other, of each pair."""
        together, lift = self._together(because, product)
        return self._alike(because, together, lift)

    def _bought(self, place: Integers) -> Texts:
        rhythm = np.nan_to_num(np.round(self._history.rhythm[place]), nan=0.0).astype(np.int64)
        ago = self._day - self._history.last[place]

        def say(count: int, every: int, days: int) -> str:
            if count == 1:
                return f"bought once, {_ago(days)}"
            usually = f", usually every {_days(every)}" if every >= 1 else ""
            return f"bought {count:,} times{usually}, last {_ago(days)}"

        return _said((self._history.count[place], rhythm, ago), say)

    def _alike(self, because: Integers, together: Integers, lift: Floats) -> Texts:
        names, buyers = self._names, self._buyers

        def say(what: int, both: int, tenths: int) -> str:
            return (
                f"{both:,} of the {buyers[what]:,} customers who bought {names[what]} also bought this, {_more(tenths)}"
            )

        return _said((because, together, np.round(10 * lift).astype(np.int64)), say)

    def _strongest(self, customer: Integers, product: Integers) -> Integers:
        """Return the product of the customer's own that speaks most for each product; -1 where none does."""
        found = np.full(len(product), -1, np.int64)
        for start in range(0, len(product), _ROWS):
            rows = slice(start, start + _ROWS)
            mine = rows_of(self._history.bought, customer[rows])
            weights = csr_matrix(mine.log1p().multiply(self._to[product[rows]]))
            weights.sort_indices()
            filled = np.flatnonzero(np.diff(weights.indptr))
            begin = weights.indptr[filled]
            largest = np.repeat(np.maximum.reduceat(weights.data, begin), np.diff(weights.indptr)[filled])
            at = np.where(weights.data == largest, np.arange(len(weights.data)), len(weights.data))
            found[start + filled] = weights.indices[np.minimum.reduceat(at, begin)] if len(begin) else []
        return found

    def _together(self, one: Integers, two: Integers) -> tuple[Integers, Floats]:
        """Return how many customers bought both products of each pair, and that against what chance would give."""
        size = self._history.shape[1]
        keys, back = np.unique(np.maximum(one, 0) * size + two, return_inverse=True)
        counts = np.zeros(len(keys), np.int64)
        for start in range(0, len(keys), _ROWS // 100):
            part = keys[start : start + _ROWS // 100]
            both = self._holders[part // size].multiply(self._holders[part % size])
            counts[start : start + len(part)] = np.asarray(both.sum(axis=1)).ravel()
        together = np.where(one >= 0, counts[back], 0)
        expected = self._buyers[np.maximum(one, 0)] * self._buyers[two] / max(self._history.shape[0], 1)
        return together, together / np.maximum(expected, 1e-12)


def _said(columns: tuple[Integers, ...], say: Callable[..., str]) -> Texts:
    """Say each row in words; equal rows are said once."""
    rows = np.column_stack(columns) if len(columns[0]) else np.empty((0, len(columns)), np.int64)
    distinct, back = np.unique(rows, axis=0, return_inverse=True)
    texts = np.empty(len(distinct), dtype=object)
    texts[:] = [say(*map(int, row)) for row in distinct]
    return texts[back.ravel()]


def _days(days: int) -> str:
    return "day" if days == 1 else f"{days:,} days"


def _more(tenths: int) -> str:
    if tenths > 10:
        return f"{tenths / 10:,.1f} times more than expected"
    return "as many as expected" if tenths == 10 else "fewer than expected"


def _ago(days: int) -> str:
    return "today" if days == 0 else "yesterday" if days == 1 else f"{days:,} days ago"
