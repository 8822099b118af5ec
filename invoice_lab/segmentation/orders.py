"""Orders as every figure takes them: checked, in one currency, by day; and sums that no order of rows can change."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoice_lab.errors import UsageError
from invoice_lab.warehouse.queries.frames import (
    Day,
    as_day,
    days_of,
    ids_of,
    numbers_of,
    require_columns,
    require_values,
)

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_COLUMNS = ("customer_id", "order_date", "amount")
_BITS, _LEAST = 53, -1074
"""Of a float64: digits of its significand, and the exponent of the smallest one above 0."""


def orders_of(orders: pd.DataFrame) -> pd.DataFrame:
    """Return customer_id, day and amount (float) of orders, whatever their types and index were.

    Parameters
    ----------
    orders : DataFrame
        One row an order: customer_id, order_date, amount (numbers or Decimal; credit notes are negative). A column
        ``currency``, where there is one, must hold one currency.

    Raises
    ------
    UsageError
        For missing columns or values, two currencies, or amounts that are no finite numbers.
    """
    require_columns(orders, list(_COLUMNS), "orders")
    require_values(orders, list(_COLUMNS[:2]), "orders")
    one_currency(orders, "orders")
    return pd.DataFrame(
        {
            "customer_id": ids_of(orders["customer_id"], "customer_id").array,
            "day": days_of(orders["order_date"], "order_date").array,
            "amount": numbers_of(orders["amount"], "amount").array,
        }
    )


def one_currency(frame: pd.DataFrame, what: str) -> None:
    """Raise `UsageError` where a frame has a column ``currency`` with more than one."""
    if "currency" in frame.columns and frame["currency"].nunique() > 1:
        found = ", ".join(sorted(map(str, frame["currency"].dropna().unique())))
        raise UsageError(f"The {what} are in more than one currency ({found}).", "Choose one: amounts can't be added.")


def until(orders: pd.DataFrame, as_of: Day) -> pd.DataFrame:
    """Leave out the orders after a day; raise `UsageError` where there is none up to it."""
    day = as_day(as_of)
    kept = orders[orders["day"] <= day]
    if kept.empty:
        first = orders["day"].min()
        raise UsageError(f"as_of {day:%Y-%m-%d} lies before the first order ({first:%Y-%m-%d}).", "Give a later day.")
    return kept


def exact_sums(amounts: pd.Series, groups: Integers, count: int) -> Floats:
    """Sum up the amounts of each group, to the last bit the same in whatever order the rows come.

    The amounts are cut into parts so coarse that adding them up rounds nothing (after Demmel and Nguyen, Fast
    Reproducible Floating-Point Summation, 2013). Sums of amounts in whole cents are in whole cents.

    Parameters
    ----------
    amounts : Series of float
        Finite, as `numbers_of` gives them.
    groups : ndarray of int, shape (rows,)
        From 0 to `count` - 1.
    count : int

    Returns
    -------
    ndarray of float, shape (count,)
    """
    rest = amounts.to_numpy(np.float64)
    in_cents = bool((np.round(rest, 2) == rest).all())
    most = int(np.bincount(groups, minlength=1).max()).bit_length()
    parts = [np.zeros(count)]
    while rest.any():
        unit = np.ldexp(1.0, max(int(np.frexp(np.abs(rest).max())[1]) + most - _BITS, _LEAST))
        part = np.rint(rest / unit) * unit
        parts.append(np.bincount(groups, weights=part, minlength=count).astype(np.float64))
        rest = rest - part
    total = np.zeros(count)
    for part in reversed(parts):
        total = part + total
    return np.round(total, 2) if in_cents else total


def shares_of(values: pd.Series) -> pd.Series:
    """Return each value as a share of their sum; 0 where that isn't above 0, of which nothing is a share."""
    total = float(values.sum())
    return values / total if total > 0 else values * 0.0
