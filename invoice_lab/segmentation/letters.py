"""Letters of clusters that stay the same from one report to the next, and what age as a feature would change."""

from __future__ import annotations

import string
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.segmentation.clusters import CustomerClusters, sampled
from invoice_lab.segmentation.features import Scaler, features_of
from invoice_lab.segmentation.stability import match

_STARTS = 10
_BOOTSTRAPS = 20


def earlier_letters(model: CustomerClusters, earlier: pd.DataFrame) -> pd.Series:
    """Cluster an earlier day's customers as `model` does today's, with as many clusters, letters by value.

    What `CustomerClusters.names` takes as `previous`: so letters are kept from one day to the next, and yet follow from
    the data alone, whichever reports were made before.

    Parameters
    ----------
    model : CustomerClusters
        Fitted.
    earlier : DataFrame
        The RFM summary of the earlier day.

    Returns
    -------
    Series of str
        Letter by customer; no row where there were too few different customers, or a feature was known of none.
    """
    nothing = pd.Series(dtype="str")
    if earlier.empty or not set(model.features) <= set(earlier.columns):
        return nothing
    raw = features_of(earlier, model.features)
    known = ~np.isnan(raw).any(axis=1)
    rows = raw[known]
    rows = rows[np.lexsort(rows.T[::-1])]
    rows = sampled(rows, model.random_state)
    if len(np.unique(rows, axis=0)) <= model.k_:
        return nothing
    with threadpool_limits(limits=1):  # sums in one order: equal bytes on any number of cores
        scaler = Scaler(model.transform, model.features).fit(rows)
        found = KMeans(model.k_, n_init=_STARTS, random_state=model.random_state).fit(scaler.transform(rows))
        labels = found.predict(scaler.transform(raw[known]))
    means = earlier["monetary"][known].astype(float).groupby(labels).mean().sort_values(ascending=False, kind="stable")
    letter = dict(zip(means.index, string.ascii_uppercase, strict=False))
    return pd.Series([letter[label] for label in labels], index=earlier.index[known])


@dataclass(frozen=True)
class Ablation:
    """What age as one more feature changes.

    Attributes
    ----------
    customers : int
        Whose age is known.
    adjusted_rand : float
        Between the clusters with age and those without, of these customers.
    moved : int
        Of these, who would be in another cluster (clusters matched by overlap).
    stable : bool
        Whether as many clusters with age pass all floors.
    """

    customers: int
    adjusted_rand: float
    moved: int
    stable: bool


def age_ablation(model: CustomerClusters, summary: pd.DataFrame) -> Ablation | None:
    """Cluster with age as one more feature, as many clusters, and compare; None where too few ages are known."""
    base = tuple(name for name in model.features if name != "age")
    known = summary["age"].notna().to_numpy()
    try:
        pair = [
            CustomerClusters(
                model.k_, features, transform=model.transform, bootstraps=_BOOTSTRAPS, random_state=model.random_state
            ).fit(summary[known])
            for features in (base, (*base, "age"))
        ]
    except NotEnoughDataError:
        return None
    without, with_age = (one.labels_ for one in pair)
    _, matched = match(without, with_age, model.k_)
    moved = int((matched != without).sum())
    return Ablation(int(known.sum()), float(adjusted_rand_score(without, with_age)), moved, pair[1].stable_)
