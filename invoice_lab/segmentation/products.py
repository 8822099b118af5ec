"""Products: what each sells, to whom and how often again, where it is going, and the classes A, B and C by sales."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.segmentation.orders import exact_sums, one_currency, shares_of
from invoice_lab.warehouse.queries.frames import (
    Day,
    as_day,
    days_of,
    ids_of,
    numbers_of,
    require_columns,
    require_values,
    whole,
)
from invoice_lab.warehouse.queries.shares import interval

COLUMNS = ("customer_id", "basket_id", "date", "product_id", "quantity", "amount")
CLASSES = {"A": 0.80, "B": 0.95, "C": 1.0}
"""Share of the sales up to which the products with the highest sales belong to a class."""
TREND_DAYS = 90
RESULT = (
    "sales", "sales_share", "quantity", "price", "baskets", "first", "last", "buyers", "again", "again_low",
    "again_high", "recent", "before", "trend", "class",
)  # fmt: skip
"""Columns of the summary."""


def product_summary(lines: pd.DataFrame, as_of: Day, days: int = TREND_DAYS) -> pd.DataFrame:
    """Sum up each product's lines up to and including a day.

    A line below zero is sent back or credited: it lowers sales and quantity, and is no purchase, so it counts neither
    as a basket nor for buyers, again, first and last.

    Parameters
    ----------
    lines : DataFrame
        One row a line: customer_id, basket_id, date, product_id, quantity, amount. A column ``currency``, where there
        is one, must hold one currency.
    as_of : date, datetime or str
    days : int
        The trend compares so many days up to `as_of` with as many before them.

    Returns
    -------
    DataFrame
        Index product_id, the highest sales first. sales, sales_share (0 to 1), quantity, price (sales by quantity; NaN
        without a quantity), baskets, buyers, again (share of the buyers who have bought it in more than one basket; 0
        without a buyer), again_low and again_high (its interval), recent and before (sales of the last `days` days, and
        of those before them), trend (recent by before; NaN where nothing was sold before), first and last (days of
        sale, missing without one), class.

    Raises
    ------
    UsageError
        For missing columns or values, two currencies, or an `as_of` before the first line.
    NotEnoughDataError
        Where there is no line.
    """
    require_columns(lines, list(COLUMNS), "lines")
    if lines.empty:
        raise NotEnoughDataError("There are no lines, so nothing can be said of products.")
    day, whole_days = as_day(as_of), whole(days, "days", 1)
    kept = _checked(lines)
    kept = kept[kept["date"] <= day]
    if kept.empty:
        raise UsageError(f"There is no line up to {day:%Y-%m-%d}.", "Give a later day.")
    table = _sums(kept, day, whole_days).join(_purchases(kept[(kept["amount"] >= 0) & (kept["quantity"] >= 0)]))
    table[["baskets", "buyers"]] = table[["baskets", "buyers"]].fillna(0).astype("int64")
    low, high = interval(table["more"].fillna(0), table["buyers"])
    table = table.assign(again=table["more"].fillna(0) / table["buyers"].clip(lower=1))
    table = table.assign(
        again_low=low, again_high=high, trend=table["recent"] / table["before"].where(table["before"] > 0)
    )
    table = table.sort_values(["sales", "quantity"], ascending=False, kind="stable")
    return table.assign(sales_share=shares_of(table["sales"]), **{"class": abc(table["sales"])})[list(RESULT)]


def abc(sales: pd.Series) -> pd.Series:
    """Return the class of each product: A those that bring the first 80 % of sales, B up to 95 %, C the others.

    A product belongs to the class in which its share begins, so the best one is always A. Products without sales, or
    with more returned than sold, are C; so all are where nothing is sold. Raises `UsageError` for sales that are no
    finite numbers.
    """
    sales = numbers_of(pd.Series(sales), "sales")
    order = np.argsort(-sales.to_numpy(), kind="stable")
    ordered = sales.to_numpy()[order].clip(min=0)
    begins = (ordered.cumsum() - ordered) / (ordered.sum() or 1.0)
    limits = list(CLASSES.values())[:-1]
    # a hair's breadth: sums of floats differ in their last bits
    places = np.searchsorted(np.array(limits) - 1e-12, begins, side="right")
    places[ordered <= 0] = len(limits)
    classes = pd.Series("", index=sales.index, dtype="str")
    classes.iloc[order] = np.array(list(CLASSES))[places]
    return classes


def _checked(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the lines with ids, days and numbers as they should be; index from 0 on."""
    one_currency(lines, "lines")
    require_values(lines, list(COLUMNS[:4]), "lines")
    return pd.DataFrame(
        {column: ids_of(lines[column], column).array for column in ("customer_id", "basket_id", "product_id")}
        | {"date": days_of(lines["date"], "date").array}
        | {column: numbers_of(lines[column], column).array for column in ("quantity", "amount")}
    )


def _sums(lines: pd.DataFrame, day: pd.Timestamp, days: int) -> pd.DataFrame:
    groups, products = pd.factorize(lines["product_id"], sort=True)
    ago = (day - lines["date"]).dt.days
    parts = {"sales": ago >= 0, "recent": ago < days, "before": (ago >= days) & (ago < 2 * days)}
    sums = {name: exact_sums(lines["amount"][inside], groups[inside], len(products)) for name, inside in parts.items()}
    quantity = exact_sums(lines["quantity"], groups, len(products))
    table = pd.DataFrame({**sums, "quantity": quantity}, index=pd.Index(products, name="product_id"))
    return table.assign(price=table["sales"] / table["quantity"].where(table["quantity"] > 0))


def _purchases(lines: pd.DataFrame) -> pd.DataFrame:
    grouped = lines.groupby("product_id")
    baskets = lines.groupby(["product_id", "customer_id"])["basket_id"].nunique()
    table = pd.DataFrame({"baskets": grouped["basket_id"].nunique(), "buyers": baskets.groupby("product_id").size()})
    more = (baskets > 1).groupby("product_id").sum()
    return table.assign(more=more, first=grouped["date"].min(), last=grouped["date"].max())
