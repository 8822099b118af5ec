"""Numbers of the sales that become sentences: changes, shares, intervals. Frames of the queries in, values out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.segmentation.orders import exact_sums, orders_of
from invoice_lab.warehouse.queries.frames import (
    Day,
    as_day,
    days_of,
    numbers_of,
    one_of,
    positive,
    require_columns,
    require_values,
    whole,
)

MEASURES = ("sales", "invoices", "customers", "average_basket")
_BLOCK = 1_000_000


@dataclass(frozen=True)
class Change:
    """A value beside the one of the period before.

    Attributes
    ----------
    now, before : float
    difference : float
    relative : float or None
        Difference as a share of `before`; None where that is not above 0.
    """

    now: float
    before: float

    @property
    def difference(self) -> float:
        """By how much the value changed, in its own unit."""
        return self.now - self.before

    @property
    def relative(self) -> float | None:
        """The difference as a share of the value before."""
        return self.difference / self.before if self.before > 0 else None

    @property
    def direction(self) -> Literal["up", "down", "unchanged"]:
        """Which way it went."""
        if self.difference == 0:
            return "unchanged"
        return "up" if self.difference > 0 else "down"

    def __str__(self) -> str:
        if self.relative is None:
            return "no value before" if self.before == 0 else self.direction
        return "unchanged" if self.difference == 0 else f"{self.direction} {abs(self.relative):.1%}"


@dataclass(frozen=True)
class Share:
    """How much of the whole a part of the members holds.

    Attributes
    ----------
    members, of : int
        So many of so many (customers, products).
    value, total : float
        What they hold, and what all hold.
    """

    members: int
    of: int
    value: float
    total: float

    @property
    def share(self) -> float:
        """What they hold as a share of the whole; 0 where the whole isn't above 0."""
        return self.value / self.total if self.total > 0 else 0.0


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % bootstrap interval, and how many values it rests on."""

    value: float
    low: float
    high: float
    n: int


def monthly_sales(by_month: pd.DataFrame) -> pd.DataFrame:
    """Fill the months without an invoice and add the change to the month before.

    Parameters
    ----------
    by_month : DataFrame
        Of the query ``sales_by_month``.

    Returns
    -------
    DataFrame
        One row a currency and month, without gaps: currency, month, sales, invoices, customers, average_basket (0
        without an invoice) and change (share of the month before; missing for the first month and after a month
        without sales).

    Raises
    ------
    UsageError
        For missing columns or values, or a month that stands twice for a currency.
    """
    require_columns(by_month, ["currency", "month", *MEASURES], "sales by month")
    if by_month.empty:
        return by_month.assign(change=pd.Series(dtype="float64"))
    require_values(by_month, ["currency", "month"], "sales by month")
    measures = {measure: numbers_of(by_month[measure], measure) for measure in MEASURES}
    by_month = by_month.assign(month=days_of(by_month["month"], "month"), **measures).reset_index(drop=True)
    if by_month.duplicated(["currency", "month"]).any() or (by_month["month"].dt.day != 1).any():
        raise UsageError("The sales by month must have one row a currency and first day of a month.")
    months = pd.date_range(by_month["month"].min(), by_month["month"].max(), freq="MS", name="month")
    parts = []
    for currency, rows in by_month.groupby("currency", sort=True):
        filled = rows.set_index("month")[list(MEASURES)].reindex(months, fill_value=0)
        before = filled["sales"].shift()
        filled["change"] = (filled["sales"] - before) / before.where(before > 0)
        filled.insert(0, "currency", currency)
        parts.append(filled.reset_index())
    columns = ["currency", "month", *MEASURES, "change"]
    return pd.concat(parts, ignore_index=True)[columns].astype({"invoices": "int64", "customers": "int64"})


def compare_periods(orders: pd.DataFrame, as_of: Day, days: int = 90) -> dict[str, Change]:
    """Compare the last days before a day with as many days before them.

    Parameters
    ----------
    orders : DataFrame
        Of the query ``orders``, one currency: customer_id, order_date, amount.
    as_of : date, datetime or str
        The last day of the period, inclusive.
    days : int
        Length of each of the two periods.

    Returns
    -------
    dict of str to Change
        sales, invoices, customers, average_basket (0 without an invoice).

    Raises
    ------
    UsageError
        For missing columns, two currencies, or days below 1.
    """
    frame = orders_of(orders)
    whole(days, "days", 1)
    end = as_day(as_of)
    middle, start = end - pd.Timedelta(days=days), end - pd.Timedelta(days=2 * days)
    now = _measures(frame[(frame["day"] > middle) & (frame["day"] <= end)])
    before = _measures(frame[(frame["day"] > start) & (frame["day"] <= middle)])
    return {measure: Change(now[measure], before[measure]) for measure in MEASURES}


def top_share(values: Iterable[float], fraction: float = 0.1) -> Share:
    """Return what the largest `fraction` of the members holds, such as the best 10 % of the customers.

    The number of members is rounded up, so it is at least one.

    Raises
    ------
    NotEnoughDataError
        Where there is no member.
    UsageError
        For a fraction outside (0, 1], or values that are no finite numbers.
    """
    positive(fraction, "fraction", 1.0)
    numbers = np.sort(_finite(values))[::-1]
    members = int(np.ceil(round(fraction * len(numbers), 9)))
    return Share(members, len(numbers), float(numbers[:members].sum()), float(numbers.sum()))


def quiet_customers(orders: pd.DataFrame, as_of: Day, factor: float = 2.0) -> pd.DataFrame:
    """Find customers with three orders or more who have not bought for `factor` times their usual interval.

    The usual interval is the median of the days between their orders (orders of one day are one), at least one day.
    Credit notes, which are below zero, are no orders; they lower the sales.

    Returns
    -------
    DataFrame
        Index customer_id; orders, usual_days, silent_days, sales; the largest sales first.

    Raises
    ------
    UsageError
        For missing columns or values, two currencies, or a factor that isn't above 0.
    """
    positive(factor, "factor")
    frame = orders_of(orders)
    end = as_day(as_of)
    frame = frame[frame["day"] <= end]
    days = frame[frame["amount"] >= 0].drop_duplicates(["customer_id", "day"]).sort_values(["customer_id", "day"])
    gap = days.groupby("customer_id")["day"].diff().dt.days
    by_customer = days.assign(gap=gap).groupby("customer_id")
    table = pd.DataFrame(
        {
            "orders": by_customer.size(),
            "usual_days": by_customer["gap"].median().clip(lower=1),
            "silent_days": (end - by_customer["day"].max()).dt.days,
        }
    ).join(_sums(frame))
    quiet = table[(table["orders"] >= 3) & (table["silent_days"] >= factor * table["usual_days"])]
    return quiet.reset_index().sort_values(["sales", "customer_id"], ascending=[False, True]).set_index("customer_id")


def repeat_share(orders: pd.DataFrame) -> Share:
    """Return how many customers bought more than once (members) of those who bought, and how much of sales is theirs.

    Credit notes, which are below zero, are no purchases; they lower the sales. Raises as `quiet_customers` does.
    """
    frame = orders_of(orders)
    bought = frame[frame["amount"] >= 0].groupby("customer_id").size().rename("orders")
    sales = _sums(frame).reindex(bought.index)
    again = bought > 1
    return Share(int(again.sum()), len(bought), float(sales[again].sum()), float(sales.sum()))


def interval(
    values: Iterable[float], statistic: Literal["mean", "median"] = "median", resamples: int = 1000, seed: int = 0
) -> Interval:
    """Estimate the mean or median of a population with a 95 % percentile bootstrap interval.

    Raises
    ------
    NotEnoughDataError
        Where there is no value.
    UsageError
        For an unknown statistic, or values that are no finite numbers.
    """
    one_of(statistic, ["mean", "median"], "statistic")
    whole(resamples, "resamples", 100)
    whole(seed, "seed", 0)
    numbers = np.sort(_finite(values))
    function = np.mean if statistic == "mean" else np.median
    rng = np.random.default_rng(seed)
    step = max(1, _BLOCK // len(numbers))
    drawn = [
        function(rng.choice(numbers, size=(min(step, resamples - start), len(numbers))), axis=1)
        for start in range(0, resamples, step)
    ]
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975])
    return Interval(float(function(numbers)), float(low), float(high), len(numbers))


def _finite(values: Iterable[float]) -> np.ndarray:
    if not isinstance(values, Iterable):
        raise UsageError(f"There are no values in {values!r}.", "Give a list or a column of numbers.")
    numbers = numbers_of(pd.Series(list(values), dtype=object), "values").to_numpy()
    if not len(numbers):
        raise NotEnoughDataError("There are no values to sum up.")
    return numbers


def _sums(orders: pd.DataFrame) -> pd.Series:
    """Return the sales of each customer, credit notes taken off."""
    groups, customers = pd.factorize(orders["customer_id"], sort=True)
    sums = exact_sums(orders["amount"], groups, len(customers))
    return pd.Series(sums, index=pd.Index(customers, name="customer_id"), name="sales")


def _measures(orders: pd.DataFrame) -> dict[str, float]:
    sales, invoices = float(orders["amount"].sum()), len(orders)
    return {
        "sales": sales,
        "invoices": invoices,
        "customers": int(orders["customer_id"].nunique()),
        "average_basket": sales / invoices if invoices else 0.0,
    }
