"""What moved: customers' segments at two dates, who arrived, who is lost, and how sure the shares are."""

from __future__ import annotations

import pandas as pd

from invoice_lab.errors import UsageError
from invoice_lab.warehouse.queries.frames import require_columns
from invoice_lab.warehouse.queries.shares import interval

ARRIVED, GONE = "(not yet a customer)", "(no customer any more)"


def migration(before: pd.Series, after: pd.Series) -> pd.DataFrame:
    """Count the customers by their segment at two dates.

    Parameters
    ----------
    before, after : Series of str
        Segment by customer; each customer once.

    Returns
    -------
    DataFrame
        One row a pair of segments that somebody moved between, or stayed in: before, after, customers, share (of those
        who were in the segment before, 0 to 1) and its interval, low and high. Customers of one date alone are counted
        as `ARRIVED` before or `GONE` after. Largest first.

    Raises
    ------
    UsageError
        Where a customer stands twice or has no segment, or customers are numbers at one date and texts at the other.
    """
    for name, segments in (("before", before), ("after", after)):
        if not isinstance(segments, pd.Series):
            raise UsageError(f"The segments {name} must be a pandas Series, not {type(segments).__name__}.")
        if segments.index.has_duplicates:
            raise UsageError(f"A customer stands twice in the segments {name}.", "Give each customer once.")
        if segments.isna().any():
            raise UsageError(f"A customer has no segment {name}.", "Leave those customers out first.")
    kinds = {pd.api.types.is_numeric_dtype(segments.index.dtype) for segments in (before, after) if len(segments)}
    if len(kinds) > 1:
        raise UsageError(
            "Customers are numbers in the segments of one date and texts in those of the other.", "Make texts of both."
        )
    pairs = pd.DataFrame({"before": before.astype(object), "after": after.astype(object)})
    pairs = pairs.fillna({"before": ARRIVED, "after": GONE})
    counts = pairs.groupby(["before", "after"]).size().rename("customers").reset_index()
    whole = counts.groupby("before")["customers"].transform("sum")
    counts["share"] = counts["customers"] / whole
    low, high = interval(counts["customers"].to_numpy(), whole.to_numpy())
    counts["low"], counts["high"] = low, high
    order = ["customers", "before", "after"]
    return counts.sort_values(order, ascending=[False, True, True]).reset_index(drop=True)


def matrix(moves: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Return moves as a matrix, segments before down, after across.

    Those in `order` come first, then any others by name; arrivals and losses last.
    """
    require_columns(moves, ["before", "after", "customers"], "moves")
    names = sorted({*moves["before"], *moves["after"]} - {*order, ARRIVED, GONE})
    table = moves.pivot(index="before", columns="after", values="customers").fillna(0).astype("int64")
    rows = [name for name in (*order, *names, ARRIVED) if name in table.index]
    columns = [name for name in (*order, *names, GONE) if name in table.columns]
    return table.loc[rows, columns]
