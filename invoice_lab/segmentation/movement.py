"""What moved: customers' segments at two dates, who arrived, who is lost, and how sure the shares are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta

from invoice_lab.errors import UsageError

ARRIVED, GONE = "(not yet a customer)", "(no customer any more)"
LEVEL = 0.95

Floats = npt.NDArray[np.float64]


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
    """
    for name, segments in (("before", before), ("after", after)):
        if segments.index.has_duplicates:
            raise UsageError(f"A customer stands twice in the segments {name}.")
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
    """Return moves as a matrix, segments before down, after across, in an order; arrivals and losses last."""
    table = moves.pivot(index="before", columns="after", values="customers").fillna(0).astype("int64")
    rows = [name for name in (*order, ARRIVED) if name in table.index]
    columns = [name for name in (*order, GONE) if name in table.columns]
    return table.loc[rows, columns]


def interval(found: npt.ArrayLike, of: npt.ArrayLike, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Return an interval for shares (Clopper and Pearson, Biometrika 26, 1934): it holds the truth at least so often.

    Parameters
    ----------
    found, of : array of int
    level : float
    """
    found, of = np.asarray(found, float), np.asarray(of, float)
    rest = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(found > 0, beta.ppf(rest, found, of - found + 1), 0.0)
        high = np.where(found < of, beta.ppf(1 - rest, found + 1, of - found), 1.0)
    return low, high
