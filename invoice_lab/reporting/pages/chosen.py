"""Which customers a table shows where not all of them fit."""

from __future__ import annotations

import pandas as pd


def as_many_of_each(frame: pd.DataFrame, segment: pd.Series, shown: int) -> pd.DataFrame:
    """Return at most `shown` rows in their order: of each segment an equal share of its first ones, the others after.

    Parameters
    ----------
    frame : DataFrame
    segment : Series
        Of each of its rows.
    shown : int
    """
    place = segment.groupby(segment).cumcount()
    first = frame[place < shown // max(segment.nunique(), 1)]
    rest = frame[~frame.index.isin(first.index)].head(shown - len(first))
    return frame.loc[frame.index.isin(first.index) | frame.index.isin(rest.index)]
