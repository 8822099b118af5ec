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
    counts, alike : csr_matrix, shape (products, products)
        Customers that two products share, and their likeness.
    """

    def __init__(self, history: History, names: Labels, day: int, *, counts: csr_matrix, alike: csr_matrix) -> None:
        self._history, self._names, self._day = history, names, day
        self._counts, self._alike_to = counts, alike
        self._buyers = np.bincount(history.product, minlength=history.shape[1]).astype(np.int64)

    def of(self, customer: Integers, product: Integers) -> Texts:
        """Return the reason of each pair: own purchases, else a product that goes with it, else its buyers."""
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
        """Return the reason that others buy a product: popular is what as many buy as half of the products, or more."""
        total, usual = self._history.shape[0], float(np.median(self._buyers))

        def say(buyers: int) -> str:
            return f"{'popular: ' if buyers >= usual else ''}bought by {buyers:,} of {total:,} customers"

        return _said((self._buyers[product],), say)

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
            weights = csr_matrix(mine.log1p().multiply(self._alike_to[product[rows]]))
            weights.sort_indices()
            filled = np.flatnonzero(np.diff(weights.indptr))
            begin = weights.indptr[filled]
            largest = np.repeat(np.maximum.reduceat(weights.data, begin), np.diff(weights.indptr)[filled])
            at = np.where(weights.data == largest, np.arange(len(weights.data)), len(weights.data))
            found[start + filled] = weights.indices[np.minimum.reduceat(at, begin)] if len(begin) else []
        return found

    def _together(self, one: Integers, two: Integers) -> tuple[Integers, Floats]:
        """Return how many customers bought both products of each pair, and that against what chance would give."""
        if not len(one):
            return one, np.empty(0)
        found = np.asarray(self._counts[np.maximum(one, 0), two]).ravel().astype(np.int64)
        together = np.where(one >= 0, found, 0)
        expected = self._buyers[np.maximum(one, 0)] * self._buyers[two] / max(self._history.shape[0], 1)
        return together, together / np.maximum(expected, 1e-12)


def _said(columns: tuple[Integers, ...], say: Callable[..., str]) -> Texts:
    """Say each row in words; equal rows are said once."""
    keys = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        keys = keys * (int(column.max(initial=0)) + 1) + column
    _, first, back = np.unique(keys, return_index=True, return_inverse=True)
    texts = np.empty(len(first), dtype=object)
    texts[:] = [say(*row) for row in zip(*(column[first].tolist() for column in columns), strict=True)]
    return texts[back]


def _days(days: int) -> str:
    return "day" if days == 1 else f"{days:,} days"


def _more(tenths: int) -> str:
    if tenths > 10:
        return f"{tenths / 10:,.1f} times more than expected"
    return "as many as expected" if tenths == 10 else "fewer than expected"


def _ago(days: int) -> str:
    return "today" if days == 0 else "yesterday" if days == 1 else f"{days:,} days ago"
