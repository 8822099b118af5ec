"""How far a customer is from the next segment, in their own units: one more order, so many days without one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invoice_lab.segmentation.rfm import RFM
from invoice_lab.segmentation.segments import SCORES
from invoice_lab.warehouse.queries.frames import require_columns


def neighbours(scored: pd.DataFrame, model: RFM) -> pd.DataFrame:
    """Tell what one more order, or none for a while, would make of each customer; all others staying as they are.

    Parameters
    ----------
    scored : DataFrame
        What `RFM.transform` gives.
    model : RFM
        The one that gave it.

    Returns
    -------
    DataFrame
        Index of `scored`. with_order (segment after one more order today, of the customer's mean amount), days (whole
        days without an order after which the segment is another one; missing where it never is), without_order (that
        segment; missing likewise).
    """
    require_columns(scored, [*SCORES, "segment"], "scored")
    now = scored[list(SCORES)].astype("float64")
    if scored.empty:
        return pd.DataFrame({"with_order": [], "days": pd.array([], dtype="Int64"), "without_order": []})
    more = now.assign(recency=0.0, frequency=now["frequency"] + 1)
    more["monetary"] += now["monetary"] / now["frequency"]
    found = pd.DataFrame({"with_order": model.transform(more)["segment"]}, index=scored.index)
    found["days"] = pd.array([pd.NA] * len(scored), dtype="Int64")
    found["without_order"] = pd.Series(pd.NA, index=scored.index, dtype="object")
    for start in _steps(model, now):
        later = now.assign(recency=now["recency"].clip(lower=start))
        segment = model.transform(later)["segment"]
        changed = found["days"].isna() & (now["recency"] < start) & (segment != scored["segment"])
        found.loc[changed, "days"] = (start - now["recency"][changed]).astype("int64")
        found.loc[changed, "without_order"] = segment[changed]
    return found


def _steps(model: RFM, now: pd.DataFrame) -> list[int]:
    """Return the days since the last order at which the recency score steps down."""
    days = pd.DataFrame({"recency": np.arange(int(now["recency"].max()) + 2, dtype=float)})
    days = days.assign(frequency=now["frequency"].median(), monetary=now["monetary"].median())
    scores = model.transform(days)["recency_score"]
    return list(scores.index[scores.diff() < 0])


def say(segment: str, with_order: str, days: int | None, without_order: str | None) -> str:
    """Say what `neighbours` found of one customer; empty where neither changes anything."""
    within = f" within {days} {'day' if days == 1 else 'days'}" if days is not None else ""
    if with_order != segment:
        return f"one more order{within} makes them {with_order}"
    return f"without an order{within} they become {without_order}" if without_order else ""
