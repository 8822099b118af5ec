"""How far a customer is from the next segment, in their own units: one more order, so many days without one."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from invoice_lab.errors import UsageError
from invoice_lab.segmentation.rfm import RFM
from invoice_lab.segmentation.segments import SCORES
from invoice_lab.warehouse.queries.frames import numbers_of, require_columns


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

    Raises
    ------
    UsageError
        For missing columns or values, or segments that the model doesn't have.
    """
    require_columns(scored, [*SCORES, "segment"], "scored")
    check_is_fitted(model)
    if other := sorted({str(name) for name in scored["segment"].unique()} - {one.name for one in model.segments_}):
        raise UsageError(f"The model has no segment {', '.join(other)}.", "Give the model that has scored them.")
    now = pd.DataFrame({score: numbers_of(scored[score], score).to_numpy() for score in SCORES})
    segment = scored["segment"].to_numpy(object)
    if scored.empty:
        columns = {"with_order": "str", "days": "Int64", "without_order": "object"}
        return pd.DataFrame(columns=list(columns), index=scored.index).astype(columns)
    more = now.assign(recency=0.0, frequency=now["frequency"] + 1)
    more["monetary"] += now["monetary"] / now["frequency"].clip(lower=1)
    days, without_order = np.full(len(now), -1), np.full(len(now), pd.NA, object)
    for start in _steps(model, now):
        later = model.transform(now.assign(recency=now["recency"].clip(lower=start)))["segment"].to_numpy(object)
        changed = (days < 0) & (now["recency"] < start).to_numpy() & (later != segment)
        days[changed] = start - now["recency"].to_numpy()[changed]
        without_order[changed] = later[changed]
    return pd.DataFrame(
        {
            "with_order": model.transform(more)["segment"].array,
            "days": pd.arrays.IntegerArray(days, days < 0),
            "without_order": without_order,
        },
        index=scored.index,
    )


def _steps(model: RFM, now: pd.DataFrame) -> list[int]:
    """Return the days since the last order at which the recency score steps down."""
    middle = now[["frequency", "monetary"]].median()

    def score(day: int) -> int:
        one = pd.DataFrame({"recency": [float(day)], "frequency": [middle["frequency"]]})
        return int(model.transform(one.assign(monetary=middle["monetary"]))["recency_score"].item())

    days = range(int(now["recency"].max()) + 2)
    steps, left = [], score(0)
    while score(days[-1]) < left:
        steps.append(bisect_left(days, True, key=lambda day: score(day) < left))
        left = score(steps[-1])
    return steps


def say(segment: str, with_order: str, days: int | None, without_order: str | None) -> str:
    """Say what `neighbours` found of one customer; empty where neither changes anything."""
    if with_order == segment:
        return f"without an order within {_days(days)} they become {without_order}" if without_order and days else ""
    if days is None or not without_order:
        return f"one more order makes them {with_order}"
    within = f"within {_days(days - 1)}" if days > 1 else "today"  # on the day itself they are another one already
    return f"one more order {within} makes them {with_order}; without one they become {without_order}"


def _days(number: int) -> str:
    return f"{number} {'day' if number == 1 else 'days'}"
