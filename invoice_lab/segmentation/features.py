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
        Yeo and Johnson's power transform (Biometrika 87, 2000), fitted to each feature; the logarithm of one more,
        with the sign kept; or nothing.
    """

    def __init__(self, transform: str) -> None:
        self._transform = transform

    def fit(self, rows: Floats) -> Scaler:
        """Learn from rows, shape (customers, features), without missing values."""
        self._varying = np.ptp(rows, axis=0) > 0
        if self._transform == "yeo-johnson" and self._varying.any():
            self._power = PowerTransformer("yeo-johnson", standardize=False).fit(rows[:, self._varying])
        even = self._even(rows)
        self._mean, deviation = even.mean(axis=0), even.std(axis=0)
        self._deviation = np.where(self._varying & (deviation > 0), deviation, 1.0)
        return self

    def transform(self, rows: Floats) -> Floats:
        """Return rows in standard deviations from the mean; what is missing stays missing."""
        scaled: Floats = (self._even(rows) - self._mean) / self._deviation
        return scaled

    def _even(self, rows: Floats) -> Floats:
        if self._transform == "log":
            return np.sign(rows) * np.log1p(np.abs(rows))  # signed: what was credited can exceed what was bought
        even = rows.astype(np.float64)
        if self._transform == "yeo-johnson" and self._varying.any():
            even[:, self._varying] = self._power.transform(rows[:, self._varying])
        return even


def features_of(frame: pd.DataFrame, features: Sequence[str]) -> Floats:
    """Return features in their own units, shape (customers, features); unknown or impossible ages are NaN."""
    require_columns(frame, list(dict.fromkeys([*FEATURES[:3], *features])), "the RFM summary")
    columns = [
        ages_of(frame).to_numpy() if feature == "age" else numbers_of(frame[feature], feature).to_numpy()
        for feature in features
    ]
    numbers_of(frame["monetary"], "monetary")
    return np.column_stack(columns).astype(np.float64)


def ages_of(frame: pd.DataFrame) -> pd.Series:
    """Return the ages in years, NaN where unknown or impossible."""
    try:
        age = frame["age"].astype("Float64").astype("float64")
    except (ValueError, TypeError) as error:
        raise UsageError(f"age holds something that is no number: {error}.") from error
    return age.where(age.between(0, MAX_AGE))
