"""Lines turned into what recommenders work on: one entry a customer, basket and product, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.warehouse.queries.frames import (
    Day,
    as_day,
    ids_of,
    numbers_of,
    require_columns,
    require_values,
    times_of,
)

LINE_COLUMNS = ("customer_id", "basket_id", "date", "product_id", "quantity")
_ONE_DAY = pd.Timedelta(days=1)
_MICROSECONDS = 86_400_000_000
"""Of a day."""
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[Any]


@dataclass(frozen=True)
class Baskets:
    """Distinct (customer, basket, product) entries, sorted by customer, time of the basket, its id and product.

    Attributes
    ----------
    customers, products : ndarray
        The ids, sorted; codes index into them.
    customer, product, basket, day : ndarray of int, shape (entries,)
        Codes of the customer and the product; the basket's place among its customer's baskets, counted from the last
        (0); days since 1970-01-01.
    """

    customers: Labels
    products: Labels
    customer: Integers
    product: Integers
    basket: Integers
    day: npt.NDArray[np.int32]

    def only(self, kept: npt.NDArray[np.bool_]) -> Baskets:
        """Return the entries where `kept` is true, with the same codes."""
        return Baskets(
            self.customers, self.products, self.customer[kept], self.product[kept], self.basket[kept], self.day[kept]
        )

    def by_customer(self, weights: Floats | None = None) -> csr_matrix:
        """Sum up the entries by customer and product: shape (customers, products), of 1 each or of weights."""
        values = np.ones(len(self.customer)) if weights is None else weights
        shape = (len(self.customers), len(self.products))
        found = csr_matrix((values, (self.customer, self.product)), shape=shape)
        found.sort_indices()
        return found

    def by_basket(self) -> csr_matrix:
        """Return which basket holds which product: shape (baskets, products), of ones, in the order of the entries."""
        row = np.cumsum(self.begins()) - 1
        shape = (self.basket_count(), len(self.products))
        return csr_matrix((np.ones(len(row), np.float32), (row, self.product)), shape=shape)

    def age(self) -> Integers:
        """Return the days between each entry and its customer's newest basket."""
        newest = np.full(len(self.customers), np.iinfo(np.int64).min)
        np.maximum.at(newest, self.customer, self.day)
        return np.asarray(newest[self.customer] - self.day, np.int64)

    def place(self) -> Integers:
        """Return the place of each entry's basket among its customer's baskets here, counted from the last (0)."""
        least = np.full(len(self.customers), np.iinfo(np.int64).max)
        np.minimum.at(least, self.customer, self.basket)
        return self.basket - least[self.customer]

    def counts(self) -> Integers:
        """Count each customer's baskets: shape (customers,)."""
        return np.bincount(self.customer[self.begins()], minlength=len(self.customers)).astype(np.int64)

    def basket_count(self) -> int:
        """Count the baskets."""
        return int(self.begins().sum())

    def begins(self) -> npt.NDArray[np.bool_]:
        """Tell which entries are the first of a basket."""
        begins: npt.NDArray[np.bool_] = np.diff(self.customer, prepend=-1) != 0
        begins |= np.diff(self.basket, prepend=-1) != 0
        return begins

    def popularity(self) -> Integers:
        """Count the baskets that hold each product: shape (products,)."""
        return np.bincount(self.product, minlength=len(self.products)).astype(np.int64)


def read_baskets(lines: pd.DataFrame, as_of: Day | None = None) -> Baskets:
    """Check lines and turn them into baskets.

    A product counts once a basket; a customer's baskets are in the order of their last lines' times. Lines whose
    quantity is not positive (returns) and lines after `as_of` are left out.

    Parameters
    ----------
    lines : DataFrame
        customer_id, basket_id, date (a time of day counts too), product_id, quantity.
    as_of : date, datetime or str, optional
        The last day that counts.

    Raises
    ------
    UsageError
        For missing columns or values, or an `as_of` before the first line.
    NotEnoughDataError
        Where no line is left.
    """
    require_columns(lines, LINE_COLUMNS, "lines")
    require_values(lines, [column for column in LINE_COLUMNS if column != "quantity"], "lines")
    time = times_of(lines["date"], "date")
    kept = numbers_of(lines["quantity"], "quantity") > 0
    if as_of is not None:
        last = as_day(as_of)
        if len(time) and time.min() >= last + _ONE_DAY:
            raise UsageError(f"as_of {last:%Y-%m-%d} lies before the first line ({time.min():%Y-%m-%d}).")
        kept &= time < last + _ONE_DAY
    if not kept.any():
        raise NotEnoughDataError("There are no purchase lines to learn from.")
    return _coded(lines, time.to_numpy("datetime64[us]").astype(np.int64), kept.to_numpy())


def _coded(lines: pd.DataFrame, time: Integers, kept: npt.NDArray[np.bool_]) -> Baskets:
    time = time if kept.all() else time[kept]
    customer, customers = _codes(lines, "customer_id", kept)
    basket, owner, within = _numbered(customer, _codes(lines, "basket_id", kept)[0])
    # a basket is known by its customer and its id, and has the time of its last line
    times = np.full(len(owner), np.iinfo(np.int64).min)
    np.maximum.at(times, basket, time)
    del customer, time  # of millions of lines, each column counts
    order = np.lexsort((within, times, owner))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    product, products = _codes(lines, "product_id", kept)
    keys = place[basket]
    del basket
    keys *= len(products)
    keys += product
    del product
    keys.sort()
    keys = keys[np.diff(keys, prepend=-1) != 0]
    basket = keys // len(products)
    keys -= basket * len(products)
    owner, days = owner[order], (times[order] // _MICROSECONDS).astype(np.int32)
    last = np.searchsorted(owner, np.arange(len(customers)), side="right") - 1
    return Baskets(customers, products, owner[basket], keys, last[owner][basket] - basket, days[basket])


def _numbered(customer: Integers, named: Integers) -> tuple[Integers, Integers, Integers]:
    """Number the baskets: of each line its number; of each basket its customer and the code of its id."""
    owner = np.empty(int(named.max()) + 1, np.int64)
    owner[named] = customer
    if (owner[named] == customer).all():  # every id stands with one customer alone
        return named, owner, np.arange(len(owner))
    found, numbers = np.unique(customer * len(owner) + named, return_inverse=True)
    return numbers.astype(np.int64), found // len(owner), found % len(owner)


def _codes(lines: pd.DataFrame, column: str, kept: npt.NDArray[np.bool_]) -> tuple[Integers, Labels]:
    values = lines[column] if kept.all() else lines.loc[kept, column]
    codes, labels = pd.factorize(ids_of(values, column), sort=True)
    return codes.astype(np.int64, copy=False), np.asarray(labels)
