"""The features of clusters: values of the RFM summary made even, so that distances mean something."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.preprocessing import PowerTransformer

from invoice_lab.errors import UsageError
from invoice_lab.warehouse.queries.frames import numbers_of, require_columns

FEATURES = ("recency", "frequency", "monetary", "age")
TRANSFORMS = ("yeo-johnson", "log", "raw")
MAX_AGE = 120

Floats = npt.NDArray[np.float64]


class Scaler:
    """Makes features even and standardises them.

    Parameters
    ----------
    transform : {"yeo-johnson", "log", "raw"}
        Yeo and Johnson's power transform (Biometrika 87, 2000), fitted to each feature; the logarithm of one more; or
        nothing.
    features : sequence of str
        Names of the columns. Recency counts from the latest order of the customers learnt from, so that the day of the
        report bends nothing: a day later, all are a day older, and alike as before.
    """

    def __init__(self, transform: str, features: Sequence[str] = ()) -> None:
        self._transform = transform
        self._recency = [place for place, name in enumerate(features) if name == "recency"]

    def fit(self, rows: Floats) -> Scaler:
        """Learn from rows, shape (customers, features), without missing values."""
        self._latest = rows[:, self._recency].min(axis=0)
        self._varying = np.ptp(rows, axis=0) > 0
        if self._transform == "yeo-johnson" and self._varying.any():
            self._power = PowerTransformer("yeo-johnson", standardize=False).fit(self._since(rows)[:, self._varying])
        even = self._even(rows)
        self._mean, deviation = even.mean(axis=0), even.std(axis=0)
        self._deviation = np.where(self._varying & (deviation > 0), deviation, 1.0)
        return self

    def transform(self, rows: Floats) -> Floats:
        """Return rows in standard deviations from the mean; what is missing stays missing."""
        if not len(rows):
            return rows
        scaled: Floats = (self._even(rows) - self._mean) / self._deviation
        return scaled

    def _even(self, rows: Floats) -> Floats:
        since = self._since(rows)
        if self._transform == "log":
            return np.log1p(since)
        if self._transform == "yeo-johnson" and self._varying.any():
            since[:, self._varying] = self._power.transform(since[:, self._varying])
        return since

    def _since(self, rows: Floats) -> Floats:
        """Return a copy of rows with recency from the latest order on; a later one counts as the latest."""
        since = rows.astype(np.float64)
        since[:, self._recency] = np.maximum(since[:, self._recency] - self._latest, 0.0)
        return since


def features_of(frame: pd.DataFrame, features: Sequence[str]) -> Floats:
    """Return features in their own units, shape (customers, features); unknown or impossible ages are NaN.

    A monetary value below 0 counts as 0: a handful of customers who were credited more than they ever bought would
    bend the power transform of all others.
    """
    require_columns(frame, list(dict.fromkeys([*FEATURES[:3], *features])), "the RFM summary")
    values = {feature: numbers_of(frame[feature], feature).to_numpy() for feature in FEATURES[:3]}
    for feature in FEATURES[:2]:
        if (values[feature] < 0).any():
            raise UsageError(f"{feature} holds {values[feature].min():g}, and can't be below 0.", "Check the summary.")
    values["monetary"] = np.maximum(values["monetary"], 0.0)
    if "age" in frame.columns:
        values["age"] = ages_of(frame).to_numpy()
    return np.column_stack([values[feature] for feature in features]).astype(np.float64)


def ages_of(frame: pd.DataFrame) -> pd.Series:
    """Return the ages in years, NaN where unknown or impossible."""
    try:
        age = frame["age"].astype("Float64").astype("float64")
    except (ValueError, TypeError) as error:
        raise UsageError(f"age holds no number: {error}.", "Give ages in years.") from error
    return age.where(age.between(0, MAX_AGE))
