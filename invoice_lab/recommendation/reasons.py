"""Why a product is recommended, in words and numbers that can be said aloud."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from invoice_lab.recommendation.baskets import Floats, Integers, Labels
from invoice_lab.recommendation.history import History

LEAST = 3
"""Customers who must have bought both for one product to be the reason for another."""
_ROWS = 20_000

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
        Cosines of the customers who bought them, as `invoice_lab.recommendation.items.cosines` returns them.
    """

    def __init__(self, history: History, names: Labels, day: int, alike: csr_matrix) -> None:
        self._history, self._names, self._day = history, names, day
        near = alike.tocoo()
        self._keys = near.row.astype(np.int64) * alike.shape[1] + near.col
        sort = np.argsort(self._keys)
        self._keys, self._cosines = np.append(self._keys[sort], -1), np.append(near.data[sort], 0.0)
        self._buyers = np.bincount(history.product, minlength=history.shape[1])

    def of(self, customer: Integers, product: Integers) -> Texts:
        """Return the reason of each pair: own purchases, else a product that goes with it, else popularity."""
        texts = np.empty(len(product), dtype=object)
        place, own = self._history.find(customer, product)
        texts[own] = self._bought(place[own])
        rest = np.flatnonzero(~own)
        because = self._strongest(customer[rest], product[rest])
        together, lift = self._together(because, product[rest])
        goes = (because >= 0) & (together >= LEAST) & (lift > 1)
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
                f"{both:,} of the {buyers[what]:,} customers who bought {names[what]} also bought this, "
                f"{tenths / 10:,.1f} times more than expected"
            )

        return _said((because, together, np.round(10 * lift).astype(np.int64)), say)

    def _strongest(self, customer: Integers, product: Integers) -> Integers:
        """Return the product of the customer's own that speaks most for each product; -1 where none does."""
        own, begin = self._history, self._history.bought.indptr.astype(np.int64)
        found = np.full(len(product), -1, np.int64)
        for start in range(0, len(product), _ROWS):
            of = customer[start : start + _ROWS]
            lengths = begin[of + 1] - begin[of]
            first = np.cumsum(lengths) - lengths
            at = np.arange(int(lengths.sum())) + np.repeat(begin[of] - first, lengths)
            cosine = self._cosine(own.product[at], np.repeat(product[start : start + _ROWS], lengths))
            weights = np.log1p(own.count[at]) * cosine
            largest = np.repeat(np.maximum.reduceat(weights, first), lengths)
            best = np.flatnonzero((weights == largest) & (weights > 0))
            pair = np.searchsorted(first, best, side="right") - 1
            pair, nearest = np.unique(pair, return_index=True)
            found[start + pair] = own.product[at[best[nearest]]]
        return found

    def _cosine(self, one: Integers, two: Integers) -> Floats:
        """Return how alike the products of each pair are; 0 where they aren't neighbours."""
        keys = one * self._history.shape[1] + two
        place = np.searchsorted(self._keys[:-1], keys)
        found: Floats = np.where(self._keys[place] == keys, self._cosines[place], 0.0)
        return found

    def _together(self, one: Integers, two: Integers) -> tuple[Integers, Floats]:
        """Return how many customers bought both products of each pair, and that against what chance would give."""
        product = self._buyers[one] * self._buyers[two]
        # the cosine is this number by the root of the product
        together = np.where(one >= 0, np.rint(self._cosine(one, two) * np.sqrt(product)), 0.0).astype(np.int64)
        expected = product / max(self._history.shape[0], 1)
        return together, together / np.maximum(expected, 1e-12)


def _said(columns: tuple[Integers, ...], say: Callable[..., str]) -> Texts:
    """Say each row in words; equal rows are said once."""
    number = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        low = int(column.min(initial=0))
        number = pd.factorize(number * (int(column.max(initial=0)) - low + 1) + column - low)[0].astype(np.int64)
    first = np.flatnonzero(~pd.Series(number).duplicated().to_numpy())  # in the order of the numbers
    texts = np.empty(len(first), dtype=object)
    texts[:] = [say(*row) for row in zip(*(column[first].tolist() for column in columns), strict=True)]
    return texts[number]


def _days(days: int) -> str:
    return "day" if days == 1 else f"{days:,} days"


def _ago(days: int) -> str:
    return "today" if days == 0 else "yesterday" if days == 1 else f"{days:,} days ago"
