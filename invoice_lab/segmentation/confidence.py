"""How sure each customer's segment is: in how many resamples of the customers they would have it, too."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import clone

from invoice_lab.segmentation.rfm import RFM
from invoice_lab.segmentation.segments import SCORES
from invoice_lab.warehouse.queries.frames import require_columns, whole

RESAMPLES = 100
SAMPLE = 10_000
"""Customers of a resample, at most."""


def segment_confidence(scored: pd.DataFrame, model: RFM, resamples: int = RESAMPLES, seed: int = 0) -> pd.Series:
    """Score resamples of the customers, drawn with replacement, and count how often each keeps their segment.

    Scores compare customers with each other, so a customer near a limit is in another segment as soon as others come or
    go. The customer's own values stay as they are.

    Parameters
    ----------
    scored : DataFrame
        What `RFM.transform` gives.
    model : RFM
        The one that gave it.
    resamples : int
    seed : int

    Returns
    -------
    Series of float
        Index of `scored`; share of the resamples, 0 to 1.
    """
    require_columns(scored, [*SCORES, "segment"], "scored")
    whole(resamples, "resamples", 1)
    if scored.empty:
        return pd.Series(dtype="float64", index=scored.index, name="segment_confidence")
    values = scored[list(SCORES)].astype("float64")
    distinct = values.drop_duplicates()
    places = pd.MultiIndex.from_frame(distinct).get_indexer(pd.MultiIndex.from_frame(values))
    ordered = values.sort_values(list(SCORES))  # so that the order of rows doesn't count
    own = scored["segment"].to_numpy()
    first = np.unique(places, return_index=True)[1]
    rng, same = np.random.default_rng(seed), np.zeros(len(distinct))
    for _ in range(resamples):
        drawn = ordered.iloc[rng.integers(0, len(ordered), min(len(ordered), SAMPLE))]
        again = clone(model).fit(drawn).transform(distinct)["segment"].to_numpy()
        same += again == own[first]
    return pd.Series(same[places] / resamples, index=scored.index, name="segment_confidence")
