"""What is odd about the data, and what that means for everything that is reckoned from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chisquare

from invoice_lab.warehouse.queries.frames import days_of, ids_of, numbers_of, require_columns, require_values

LINES = ("customer_id", "basket_id", "date", "line_no", "product_id", "quantity", "amount")
CUSTOMERS = ("customer_id", "name", "birth_date")
BEGINNINGS = ("customer_id", "basket_id", "date", "line_no", "product_id", "quantity")
COPIED_LINES = 3
"""First lines that two customers' baskets must share to count as copied."""
SURE = 0.01
"""How likely, at most, a uniform popularity must be by chance to be ruled out."""
FEWEST_PRODUCTS, FEWEST_SALES, FEWEST_SOLD = 10, 2, 5
"""Products, and mean sales of each, from which on popularity is judged; baskets of one size that are no chance."""
CUT_OFF = 0.5
"""The largest basket size is a cut-off where so many times the usual count of a size, at least, has it."""
GAP_DAYS, GAP_TIMES = 14, 5
"""A time without sales is a gap from so many days on, and so many times the longest of a hundred usual ones."""
MATTERS = 0.01
"""Share from which on what is odd weighs on results."""
OUTLYING = 6.0
"""Robust standard deviations of the logarithm from which on a basket's amount is an outlier."""


@dataclass(frozen=True)
class Oddity:
    """Something odd.

    Attributes
    ----------
    code : str
    found, of : int
        How many, of how many.
    said : str
        What was found, in a sentence.
    means : str
        What that means for the results.
    """

    code: str
    found: int
    of: int
    said: str
    means: str


def oddities(lines: pd.DataFrame, customers: pd.DataFrame) -> list[Oddity]:
    """Look for what is odd.

    Parameters
    ----------
    lines : DataFrame
        One row a line: customer_id, basket_id, date, line_no, product_id, quantity, amount.
    customers : DataFrame
        One row a customer: customer_id, name, birth_date (missing where unknown).

    Returns
    -------
    list of Oddity
        Empty where nothing is odd, or there is nothing.

    Raises
    ------
    UsageError
        For missing columns or values; a line's customer may be missing, and then isn't looked for in copied baskets.
    """
    require_columns(lines, list(LINES), "lines")
    require_columns(customers, list(CUSTOMERS), "customers")
    return [*(_of_lines(_checked(lines)) if len(lines) else ()), *_of_customers(customers)]


def _checked(lines: pd.DataFrame, counted: Sequence[str] = ("line_no", "quantity", "amount")) -> pd.DataFrame:
    """Return the lines with ids, days and numbers as they should be; index from 0 on."""
    require_values(lines, ["basket_id", "date", "product_id"], "lines")
    ids = {name: ids_of(lines[name], name).array for name in ("basket_id", "product_id")}
    numbers = {name: numbers_of(lines[name], name).array for name in counted}
    owners = lines["customer_id"].astype(object).where(lines["customer_id"].notna(), None).array
    return pd.DataFrame({"customer_id": owners, **ids, "date": days_of(lines["date"], "date").array, **numbers})


def _of_lines(lines: pd.DataFrame) -> Iterator[Oddity]:
    yield from _copied(lines)
    yield from _cut_off(lines)
    yield from _uniform(lines)
    yield from _gap(lines)
    yield from _outliers(lines)


def copied_baskets(lines: pd.DataFrame) -> pd.Index:
    """Return the ids of baskets that begin with the same lines as an earlier one of another customer.

    Some do by chance: `oddities` tells how many, and whether there are more.

    Parameters
    ----------
    lines : DataFrame
        One row a line: customer_id (may be missing), basket_id, date, line_no, product_id, quantity.

    Raises
    ------
    UsageError
        For missing columns or values.
    """
    require_columns(lines, list(BEGINNINGS), "lines")
    _, baskets = _beginnings(_checked(lines, ("line_no", "quantity")))
    return baskets.index[baskets["copied"]]


def _beginnings(lines: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    """Return the first lines of baskets as texts, and the baskets that have enough of them, by id: whether copied."""
    first = (
        lines[lines["customer_id"].notna()]
        .sort_values(["basket_id", "line_no"])
        .groupby("basket_id")
        .head(COPIED_LINES)
    )
    said = first["product_id"].astype(str) + "\x1f" + first["quantity"].astype(str)
    baskets = (
        first.assign(said=said)
        .groupby("basket_id")
        .agg(
            customer_id=("customer_id", "first"),
            date=("date", "first"),
            said=("said", "\x1e".join),
            lines=("said", "size"),
        )
    )
    baskets = baskets[baskets["lines"] == COPIED_LINES].reset_index().sort_values(["date", "basket_id"])
    copied = baskets["customer_id"] != baskets.groupby("said")["customer_id"].transform("first")
    return said, baskets.assign(copied=copied).set_index("basket_id")[["copied"]]


def _copied(lines: pd.DataFrame) -> Iterator[Oddity]:
    """Find baskets that begin with the same lines as another customer's."""
    said, baskets = _beginnings(lines)
    found = int(baskets["copied"].sum())
    share = said.value_counts(normalize=True)
    chance = float((share**2).sum()) ** COPIED_LINES * len(baskets) ** 2 / 2
    if found > 3 * chance + 1:
        yield Oddity(
            "copied-baskets", found, len(baskets),
            f"{found:,} of {len(baskets):,} baskets begin with the same {COPIED_LINES} lines as an earlier one of "
            f"another customer; {chance:.1f} would by chance.",
            "Products seem to be bought together that were only copied: rules between products are to be mistrusted."
            if found >= MATTERS * len(baskets)
            else "They are few; only pairs of products that rest on them alone are to be mistrusted.",
        )  # fmt: skip


def _cut_off(lines: pd.DataFrame) -> Iterator[Oddity]:
    sizes = lines.groupby("basket_id").size().value_counts().sort_index()
    largest, usual = int(sizes.index.max()), float(sizes.median())
    if len(sizes) >= 3 and sizes.iloc[-1] >= max(CUT_OFF * usual, FEWEST_SOLD):
        yield Oddity(
            "fixed-basket-sizes", int(sizes.iloc[-1]), int(sizes.sum()),
            f"No basket has more than {largest} lines, and {int(sizes.iloc[-1]):,} have just as many.",
            "Baskets are cut off or made up: their size tells nothing of a customer.",
        )  # fmt: skip


def _uniform(lines: pd.DataFrame) -> Iterator[Oddity]:
    counts = lines.groupby("product_id")["basket_id"].nunique()
    if len(counts) < FEWEST_PRODUCTS or counts.mean() < FEWEST_SALES:
        return
    if chisquare(counts).pvalue > SURE:
        yield Oddity(
            "uniform-popularity", len(counts), len(counts),
            f"All {len(counts):,} products sell alike, within chance.",
            "There are no best sellers and no taste to learn: recommendations can't be better than guesses.",
        )  # fmt: skip


def _gap(lines: pd.DataFrame) -> Iterator[Oddity]:
    days = lines["date"].drop_duplicates().sort_values()
    gaps = days.diff().dt.days.dropna()
    if len(gaps) < 30:
        return
    longest = int(gaps.max())
    if longest >= max(GAP_DAYS, GAP_TIMES * float(gaps.quantile(0.99))):
        end = days[gaps.idxmax()]
        yield Oddity(
            "gap", longest, int((days.max() - days.min()).days),
            f"Nothing was sold in the {longest - 1} days before {end:%Y-%m-%d}.",
            "Either nothing was sold, or invoices are missing: recency and trends are off if they are.",
        )  # fmt: skip


def _outliers(lines: pd.DataFrame) -> Iterator[Oddity]:
    amounts = lines.groupby("basket_id")["amount"].sum()
    logs = np.log(amounts[amounts > 0])
    if len(logs) < 30:
        return
    spread = 1.4826 * float((logs - logs.median()).abs().median())
    found = int((logs - logs.median() > OUTLYING * spread).sum()) if spread else 0
    if found:
        yield Oddity(
            "outliers", found, len(amounts),
            f"{found:,} of {len(amounts):,} baskets are far larger than most, up to {amounts.max():,.2f}.",
            "Sums and means of small groups hang on them; medians do not.",
        )  # fmt: skip


def _of_customers(customers: pd.DataFrame) -> Iterator[Oddity]:
    count = len(customers)
    names = customers["name"].dropna()
    same = int(names.duplicated(keep=False).sum())
    if same:
        yield Oddity(
            "namesakes", same, count,
            f"{same:,} of {count:,} customers share their name with another one.",
            "They are counted as different people; where they are not, their purchases are split.",
        )  # fmt: skip
    unknown = int(customers["birth_date"].isna().sum())
    if unknown:
        yield Oddity(
            "birth-dates-missing", unknown, count,
            f"The birth date of {unknown:,} of {count:,} customers is not known.",
            "What is said of ages holds for the others alone." if unknown < count else "Nothing can be said of ages.",
        )  # fmt: skip
