"""How far two ways to divide the customers agree: the adjusted Rand index and the cross table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from invoice_lab.errors import NotEnoughDataError, UsageError


@dataclass(frozen=True)
class Agreement:
    """How far two ways to divide the customers agree.

    Attributes
    ----------
    adjusted_rand : float
        Adjusted Rand index: 1 the same groups, 0 no more alike than by chance.
    table : DataFrame
        Customers by segment (rows) and cluster (columns).
    """

    adjusted_rand: float
    table: pd.DataFrame


def agreement(segments: pd.Series, clusters: npt.ArrayLike) -> Agreement:
    """Compare the segment and the cluster of the same customers, in the same order.

    Raises
    ------
    UsageError
        Where they are not as many, or one is missing.
    NotEnoughDataError
        Where there is no customer.
    """
    names, labels = pd.Series(np.asarray(segments), name="segment"), pd.Series(np.asarray(clusters), name="cluster")
    if len(names) != len(labels):
        raise UsageError(
            f"There are {len(names)} segments but {len(labels)} clusters: they must be of the same customers."
        )
    if not len(labels):
        raise NotEnoughDataError("There are no customers to compare segments and clusters for.")
    if names.isna().any() or labels.isna().any():
        raise UsageError("A customer has no segment or no cluster.", "Leave those customers out first.")
    return Agreement(float(adjusted_rand_score(names, labels)), pd.crosstab(names, labels))
