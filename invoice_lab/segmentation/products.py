"""Products: what each sells, to whom and how often again, where it is going, and the classes A, B and C by sales."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.segmentation.movement import interval
from invoice_lab.segmentation.orders import shares_of
from invoice_lab.warehouse.queries.frames import Day, as_day, days_of, numbers_of, require_columns, require_values

COLUMNS = ("customer_id", "basket_id", "date", "product_id", "quantity", "amount")
CLASSES = {"A": 0.80, "B": 0.95, "C": 1.0}
"""Share of the sales up to which the products with the highest sales belong to a class."""
TREND_DAYS = 90


def product_summary(lines: pd.DataFrame, as_of: Day, days: int = TREND_DAYS) -> pd.DataFrame:
    """Sum up each product's lines up to and including a day.

    Parameters
    ----------
    lines : DataFrame
        One row a line: customer_id, basket_id, date, product_id, quantity, amount.
    as_of : date, datetime or str
    days : int
        The trend compares so many days up to `as_of` with as many before them.

    Returns
    -------
    DataFrame
        Index product_id, the highest sales first. sales, sales_share (0 to 1), quantity, price (sales by quantity; NaN
        without a quantity), baskets, buyers, again (share of the buyers who have bought it in more than one basket),
        again_low and again_high (its interval), recent and before (sales of the last `days` days, and of those before
        them), trend (recent by before; NaN where nothing was sold before), first and last (days of sale), class.

    Raises
    ------
    UsageError
        For missing columns or values, or an `as_of` before the first line.
    NotEnoughDataError
        Where there is no line.
    """
    require_columns(lines, list(COLUMNS), "lines")
    if lines.empty:
        raise NotEnoughDataError("There are no lines, so nothing can be said of products.")
    require_values(lines, list(COLUMNS[:4]), "lines")
    day = as_day(as_of)
    kept = lines[list(COLUMNS)].assign(
        date=days_of(lines["date"], "date"),
        quantity=numbers_of(lines["quantity"], "quantity"),
        amount=numbers_of(lines["amount"], "amount"),
    )
    kept = kept[kept["date"] <= day].sort_values(["product_id", "date", "basket_id", "amount"])
    if kept.empty:
        raise UsageError(f"There is no line up to {day:%Y-%m-%d}.", "Give a later day.")
    table = _sums(kept).join(_again(kept)).join(_trend(kept, day, days))
    table = table.sort_values(["sales", "quantity"], ascending=False, kind="stable")
    table.insert(1, "sales_share", shares_of(table["sales"]))
    return table.assign(**{"class": abc(table["sales"])})


def abc(sales: pd.Series) -> pd.Series:
    """Return the class of each product: A those that bring the first 80 % of sales, B up to 95 %, C the others.

    A product belongs to the class in which its share begins, so the best one is always A. Products without sales, or
    with more returned than sold, are C; so all are where nothing is sold.
    """
    ordered = sales.clip(lower=0).sort_values(ascending=False, kind="stable")
    total = float(ordered.sum())
    begins = (ordered.cumsum() - ordered) / (total or 1.0)
    limits = list(CLASSES.values())[:-1]
    # a hair's breadth: sums of floats differ in their last bits
    places = np.searchsorted(np.array(limits) - 1e-12, begins.to_numpy(), side="right")
    classes = pd.Series(np.array(list(CLASSES))[places], index=ordered.index)
    classes[ordered <= 0] = list(CLASSES)[-1]
    return classes.reindex(sales.index)


def _sums(lines: pd.DataFrame) -> pd.DataFrame:
    grouped = lines.groupby("product_id", sort=True)
    table = pd.DataFrame({"sales": grouped["amount"].sum(), "quantity": grouped["quantity"].sum()})
    table["price"] = table["sales"] / table["quantity"].where(table["quantity"] > 0)
    table["baskets"] = grouped["basket_id"].nunique()
    return table.assign(first=grouped["date"].min(), last=grouped["date"].max())


def _again(lines: pd.DataFrame) -> pd.DataFrame:
    baskets = lines.groupby(["product_id", "customer_id"])["basket_id"].nunique()
    grouped = baskets.groupby("product_id")
    table = pd.DataFrame({"buyers": grouped.size(), "more": (baskets > 1).groupby("product_id").sum()})
    low, high = interval(table["more"], table["buyers"])
    table = table.assign(again=table["more"] / table["buyers"], again_low=low, again_high=high)
    return table.drop(columns="more")


def _trend(lines: pd.DataFrame, day: pd.Timestamp, days: int) -> pd.DataFrame:
    ago = (day - lines["date"]).dt.days
    recent = lines[ago < days].groupby("product_id")["amount"].sum()
    before = lines[(ago >= days) & (ago < 2 * days)].groupby("product_id")["amount"].sum()
    index = pd.Index(sorted(lines["product_id"].unique()), name="product_id")
    table = pd.DataFrame({"recent": recent, "before": before}).reindex(index).fillna(0.0)
    return table.assign(trend=table["recent"] / table["before"].where(table["before"] > 0))
