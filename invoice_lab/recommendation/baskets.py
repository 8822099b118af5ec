"""Lines turned into what recommenders work on: one entry a customer, basket and product, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.warehouse.queries.frames import Day, as_day, days_of, numbers_of, require_columns, require_values

LINE_COLUMNS = ("customer_id", "basket_id", "date", "product_id", "quantity")
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[Any]


@dataclass(frozen=True)
class Baskets:
    """Distinct (customer, basket, product) entries, sorted by customer, date, basket and product.

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
    day: Integers

    def only(self, kept: npt.NDArray[np.bool_]) -> Baskets:
        """Return the entries where `kept` is true, with the same codes."""
        return Baskets(
            self.customers, self.products, self.customer[kept], self.product[kept], self.basket[kept], self.day[kept]
        )

    def buyers(self) -> Integers:
        """Count the customers who bought each product: shape (products,)."""
        pairs = np.unique(self.customer * len(self.products) + self.product)
        return np.bincount(pairs % len(self.products), minlength=len(self.products)).astype(np.int64)

    def basket_count(self) -> int:
        """Count the baskets."""
        if not len(self.customer):
            return 0
        return len(np.unique(self.customer * (int(self.basket.max()) + 1) + self.basket))

    def popularity(self) -> Integers:
        """Count the baskets that hold each product: shape (products,)."""
        return np.bincount(self.product, minlength=len(self.products)).astype(np.int64)


def read_baskets(lines: pd.DataFrame, as_of: Day | None = None) -> Baskets:
    """Check lines and turn them into baskets.

    A product counts once a basket. Lines whose quantity is not positive (returns) and lines after `as_of` are left out.

    Parameters
    ----------
    lines : DataFrame
        customer_id, basket_id, date, product_id, quantity.
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
    day = days_of(lines["date"], "date")
    kept = numbers_of(lines["quantity"], "quantity") > 0
    if as_of is not None:
        last = as_day(as_of)
        if len(day) and day.min() > last:
            raise UsageError(f"as_of {last:%Y-%m-%d} lies before the first line ({day.min():%Y-%m-%d}).")
        kept &= day <= last
    if not kept.any():
        raise NotEnoughDataError("There are no purchase lines to learn from.")
    entries = lines.loc[kept, ["customer_id", "basket_id", "product_id"]].assign(day=day[kept])
    return _coded(entries)


def _coded(entries: pd.DataFrame) -> Baskets:
    customer, customers = _codes(entries["customer_id"])
    product, products = _codes(entries["product_id"])
    basket, _ = _codes(entries["basket_id"])
    day = entries["day"].to_numpy("datetime64[D]").astype(np.int64)
    # a basket is known by its customer and its id, and has the day of its last line
    frame = pd.DataFrame({"customer": customer, "basket": basket, "product": product, "day": day})
    frame["day"] = frame.groupby(["customer", "basket"], sort=False)["day"].transform("max")
    frame = frame.drop_duplicates(["customer", "basket", "product"]).sort_values(
        ["customer", "day", "basket", "product"], ignore_index=True
    )
    starts = (frame[["customer", "basket"]].diff() != 0).any(axis=1).cumsum()
    from_last = starts.groupby(frame["customer"]).transform("max") - starts
    return Baskets(
        customers,
        products,
        frame["customer"].to_numpy(np.int64),
        frame["product"].to_numpy(np.int64),
        from_last.to_numpy(np.int64),
        frame["day"].to_numpy(np.int64),
    )


def _codes(values: pd.Series) -> tuple[Integers, Labels]:
    codes, labels = pd.factorize(values, sort=True)
    return codes.astype(np.int64), np.asarray(labels)
