"""Cohorts: customers by the month of their first order, and how many of them buy again month by month."""

from __future__ import annotations

import pandas as pd

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.warehouse.queries.frames import Day, as_day, days_of, require_columns, require_values
from invoice_lab.warehouse.queries.shares import interval


def cohorts(orders: pd.DataFrame, as_of: Day) -> pd.DataFrame:
    """Count, for each month of a first order and each month after it, the customers who ordered then.

    Parameters
    ----------
    orders : DataFrame
        One row an order: customer_id, order_date.
    as_of : date, datetime or str
        Later orders are left out.

    Returns
    -------
    DataFrame
        One row a cohort and month up to the last one, by both: cohort (first day of the month), months (since then; 0
        is the month itself), customers (of the cohort), active (of them, who ordered), share (0 to 1), whole (whether
        the month was over on the last day: a month that goes on still tells too little).

    Raises
    ------
    UsageError
        For missing columns or values.
    NotEnoughDataError
        Where there is no order up to that day.
    """
    require_columns(orders, ["customer_id", "order_date"], "orders")
    require_values(orders, ["customer_id", "order_date"], "orders")
    day = as_day(as_of)
    days = days_of(orders["order_date"], "order_date")
    kept = pd.DataFrame({"customer_id": orders["customer_id"], "month": days.dt.to_period("M")})[days <= day]
    if kept.empty:
        raise NotEnoughDataError(f"There is no order up to {day:%Y-%m-%d}, so there are no cohorts.")
    kept = kept.drop_duplicates()
    kept["cohort"] = kept.groupby("customer_id", observed=True)["month"].transform("min")
    counts = kept.groupby(["cohort", "month"]).size().unstack(fill_value=0)
    last = kept["month"].max()
    counts = counts.reindex(columns=pd.period_range(counts.index.min(), last, freq="M", name="month"), fill_value=0)
    table = counts.stack().rename("active").reset_index()
    table = table[table["month"] >= table["cohort"]]
    table["months"] = (table["month"].dt.year - table["cohort"].dt.year) * 12 + (
        table["month"].dt.month - table["cohort"].dt.month
    )
    table["customers"] = table["cohort"].map(kept.groupby("cohort")["customer_id"].nunique())
    table["share"] = table["active"] / table["customers"]
    table["whole"] = table["month"].dt.end_time.dt.normalize() <= day
    table["cohort"] = table["cohort"].dt.start_time
    columns = ["cohort", "months", "customers", "active", "share", "whole"]
    return table.sort_values(["cohort", "months"])[columns].reset_index(drop=True)


def retention(table: pd.DataFrame) -> pd.DataFrame:
    """Sum cohorts up by months since the first order; months that were not over are left out.

    Parameters
    ----------
    table : DataFrame
        Of `cohorts`.

    Returns
    -------
    DataFrame
        One row a number of months, from 1 on: months, customers (who could have ordered then), active, share and its
        95 % interval, low and high.
    """
    require_columns(table, ["months", "customers", "active", "whole"], "cohorts")
    kept = table[table["whole"] & (table["months"] > 0)]
    sums = kept.groupby("months")[["customers", "active"]].sum().reset_index()
    low, high = interval(sums["active"], sums["customers"])
    return sums.assign(share=sums["active"] / sums["customers"], low=low, high=high)
