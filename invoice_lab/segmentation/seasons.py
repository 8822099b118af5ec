"""Seasons: which weekdays and months have more orders than others, and whether that can be chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2, chisquare

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.warehouse.queries.frames import Day, as_day, days_of, one_of, require_columns, require_values
from invoice_lab.warehouse.queries.shares import LEVEL

LABELS = {
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "month": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
              "November", "December"),
}  # fmt: skip
YEARS = 2
"""Whole years from which on months of the year are told apart from a course of growth."""


@dataclass(frozen=True)
class Season:
    """Orders by weekday or by month of the year.

    Attributes
    ----------
    table : DataFrame
        One row a weekday or month that the period holds, in their order: label, orders, days (how many such days the
        period has), per_day, index (orders a day, by those of all days; 1 is the average) and its 95 % interval, low
        and high (exact, of a count: Garwood, Biometrika 28, 1936).
    likely : float
        How likely such differences are by chance, if all days were alike (chi-square test).
    years : float
        Length of the period.
    """

    table: pd.DataFrame
    likely: float
    years: float

    @property
    def repeated(self) -> bool:
        """Whether the period is long enough for each month to have come back."""
        return self.years >= YEARS


def season(orders: pd.DataFrame, as_of: Day, by: str = "weekday") -> Season:
    """Compare the orders of weekdays, or of months of the year, over the whole days of a period.

    Parameters
    ----------
    orders : DataFrame
        One row an order: order_date.
    as_of : date, datetime or str
        Later orders are left out. The period goes from the first order to the last one.
    by : {"weekday", "month"}

    Raises
    ------
    UsageError
        For missing columns or values, or another `by`.
    NotEnoughDataError
        Where there is no order up to that day.
    """
    one_of(by, list(LABELS), "kind of season")
    require_columns(orders, ["order_date"], "orders")
    require_values(orders, ["order_date"], "orders")
    days = days_of(orders["order_date"], "order_date")
    days = days[days <= as_day(as_of)]
    if days.empty:
        raise NotEnoughDataError("There are no orders, so no season can be told.")
    period = pd.date_range(days.min(), days.max(), freq="D")
    open_days = np.bincount(_numbers(period, by), minlength=len(LABELS[by]))
    orders_by = np.bincount(_numbers(pd.DatetimeIndex(days), by), minlength=len(LABELS[by]))
    there = open_days > 0
    table = pd.DataFrame(
        {"label": np.array(LABELS[by], dtype=object)[there], "orders": orders_by[there], "days": open_days[there]}
    )
    usual = table["orders"].sum() / table["days"].sum()
    low, high = _count_interval(table["orders"].to_numpy(float))
    table["per_day"] = table["orders"] / table["days"]
    table["index"] = table["per_day"] / usual
    table["low"] = low / table["days"] / usual
    table["high"] = high / table["days"] / usual
    likely = float(chisquare(table["orders"], table["days"] * usual).pvalue) if len(table) > 1 else 1.0
    return Season(table, likely, len(period) / 365.25)


def _numbers(days: pd.DatetimeIndex, by: str) -> npt.NDArray[np.int64]:
    found = days.day_of_week if by == "weekday" else days.month - 1
    return np.asarray(found, np.int64)


def _count_interval(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rest = (1 - LEVEL) / 2
    low = np.where(counts > 0, chi2.ppf(rest, 2 * np.maximum(counts, 1)) / 2, 0.0)
    return low, chi2.ppf(1 - rest, 2 * counts + 2) / 2
