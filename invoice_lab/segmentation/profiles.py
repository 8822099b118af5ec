"""What clusters are like: their counts and money, means and medians, and a few words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoice_lab.segmentation.features import FEATURES, ages_of
from invoice_lab.segmentation.orders import shares_of

_WORDS = {
    "recency": ("bought lately", "bought long ago"),
    "frequency": ("few orders", "many orders"),
    "monetary": ("low sales", "high sales"),
    "age": ("younger", "older"),
}
_CLEAR = 0.5
"""Standard deviations from the mean of all customers beyond which a cluster is described by a feature."""

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def profiles_of(frame: pd.DataFrame, labels: Integers, k: int) -> pd.DataFrame:
    """Return the profile of each cluster, as `CustomerClusters.profiles_` begins."""
    shown = frame[list(FEATURES[:3])].astype("float64")
    if "age" in frame.columns and (ages := ages_of(frame)).notna().any():
        shown["age"] = ages
    grouped = shown.groupby(labels)
    index = pd.RangeIndex(k, name="cluster")
    table = pd.DataFrame({"customers": grouped.size(), "sales": grouped["monetary"].sum()}).reindex(index, fill_value=0)
    table.insert(1, "customer_share", table["customers"] / len(frame))
    table["sales_share"] = shares_of(table["sales"])
    for feature in shown.columns:
        table[feature] = grouped[feature].mean()
        table[f"{feature}_median"] = grouped[feature].median()
    if "age" in shown:
        table["age_known"] = grouped["age"].count().reindex(index, fill_value=0)
    return table.rename_axis("cluster")


def described(center: Floats, features: Sequence[str]) -> str:
    """Say in words how a cluster's centre, in standard deviations, differs from the average."""
    words = [
        _WORDS[feature][int(value > 0)] for feature, value in zip(features, center, strict=True) if abs(value) >= _CLEAR
    ]
    return ", ".join(words) or "near the average"
