"""Clusters of customers by K-means on log features, k chosen by silhouette above a smallest size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.warehouse.queries.frames import numbers_of, one_of, require_columns, whole

FEATURES = ("recency", "frequency", "monetary", "age")
K_RANGE = range(2, 9)
MIN_CUSTOMERS = 10
SMALLEST, SMALLEST_SHARE, SMALLEST_SHARE_FEW, FEW = 20, 0.02, 0.1, 200
MAX_AGE = 120

_N_INIT = 10
_SILHOUETTE_SAMPLE = 5_000
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


def smallest_allowed(customers: int) -> int:
    """Return how many customers a cluster must hold: max(20, 2 %), or 10 % where there are fewer than 200 customers."""
    if customers < FEW:
        return math.ceil(SMALLEST_SHARE_FEW * customers)
    return max(SMALLEST, math.ceil(SMALLEST_SHARE * customers))


class CustomerClusters(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """K-means on the logarithms of recency, frequency and monetary value, each standardised; age as it is.

    Without `k`, k is the one from 2 to 8 with the highest mean silhouette among those whose smallest cluster holds
    at least `smallest_allowed` customers; where none does, the one whose smallest cluster is largest
    (`floor_met_` is then False). The result doesn't depend on the order of rows.

    Parameters
    ----------
    k : int, optional
        Number of clusters, 2 to 20; chosen from the data where left out.
    features : sequence of {"recency", "frequency", "monetary", "age"}
        With age, the clusters are learnt from the customers whose age is known; the others go to the cluster that is
        nearest in the remaining features.
    random_state : int, default 0

    Attributes
    ----------
    labels_ : ndarray of int, shape (customers,)
        Cluster of each customer, 0 the one with the highest mean monetary value.
    k_ : int
    scores_ : DataFrame
        One row a k tried: k, silhouette (-1 to 1, of 5,000 customers at most), inertia, smallest (customers),
        smallest_share, allowed (bool: whether the smallest cluster is large enough), chosen (bool).
    floor_met_ : bool
    profiles_ : DataFrame
        One row a cluster (index cluster): customers, customer_share, sales, sales_share; means of recency (days),
        frequency (orders), monetary, and their medians ``*_median``; where ages are given age, age_median (years;
        NaN where no age of the cluster is known) and age_known (customers); description (words).
    centers_ : ndarray, shape (k, features)
        In standardised units.
    learnt_from_ : int
        Customers with all features known.
    """

    def __init__(
        self,
        k: int | None = None,
        features: Sequence[str] = ("recency", "frequency", "monetary"),
        random_state: int = 0,
    ) -> None:
        self.k = k
        self.features = features
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: object = None) -> CustomerClusters:  # noqa: N803 - scikit-learn's names
        """Find the clusters.

        Parameters
        ----------
        X : DataFrame
            As made by `rfm_summary`: recency, frequency, monetary; age (years, missing where unknown) if there is one.
        y : ignored

        Raises
        ------
        NotEnoughDataError
            Where fewer than 10 customers have all features, or they are too alike for two (or `k`) clusters.
        UsageError
            For an unknown feature, missing columns or values, or a `k` out of range.
        """
        self._check()
        raw = _features(X, self.features)
        known = ~np.isnan(raw).any(axis=1)
        # one order of rows for all, so that the seed finds the same clusters however the customers are sorted
        rows = raw[known]
        rows = rows[np.lexsort(rows.T[::-1])]
        self.learnt_from_ = len(rows)
        distinct = len(np.unique(rows, axis=0))
        self._enough(distinct)
        self._scaler = StandardScaler().fit(rows)
        with threadpool_limits(limits=1):  # sums in one order: equal bytes on any number of cores
            tried = self._try(self._scaler.transform(rows), distinct)
            self.scores_, self.k_ = _choose(tried, len(rows))
            centers = next(model for model, *_ in tried if model.n_clusters == self.k_).cluster_centers_
            self._map = PCA(n_components=min(2, len(self.features))).fit(self._scaler.transform(rows))
        self.floor_met_ = bool(self.scores_.loc[self.scores_["chosen"], "allowed"].iloc[0])
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self.centers_ = _by_value(centers, _nearest(self._scale(raw), centers), X["monetary"].to_numpy(dtype=float))
        self.labels_ = self.predict(X)
        self.profiles_ = _profiles(X, self.labels_, self._descriptions())
        return self

    def predict(self, X: pd.DataFrame) -> Integers:  # noqa: N803
        """Return the cluster of each customer; a missing age counts neither way."""
        check_is_fitted(self, "centers_")
        return _nearest(self._scale(_features(X, self.features)), self.centers_)

    def project(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Place the customers on a map: the first two principal components of the standardised features.

        Returns
        -------
        DataFrame
            Index of `X`; x, y (standard deviations; y is 0 with one feature) and cluster.
        """
        check_is_fitted(self, "centers_")
        scaled = self._scale(_features(X, self.features))
        xy = self._map.transform(np.where(np.isnan(scaled), 0.0, scaled))
        y = xy[:, 1] if xy.shape[1] > 1 else np.zeros(len(xy))
        return pd.DataFrame({"x": xy[:, 0], "y": y, "cluster": self.predict(X)}, index=X.index)

    def _check(self) -> None:
        if isinstance(self.features, str) or not self.features or len(set(self.features)) < len(self.features):
            raise UsageError(
                "features must be a list of different names, such as ['recency', 'frequency', 'monetary']."
            )
        for feature in self.features:
            one_of(feature, FEATURES, "feature of the clusters")
        if tuple(self.features) == ("age",):
            raise UsageError("Age alone can't be the features: not every customer's is known.")
        if self.k is not None:
            whole(self.k, "k", 2, 20)

    def _enough(self, distinct: int) -> None:
        needed = max(MIN_CUSTOMERS, 2 * (self.k or 0))
        if self.learnt_from_ < needed:
            raise NotEnoughDataError(
                f"Clusters need {needed} customers with known {', '.join(self.features)}; "
                f"there are {self.learnt_from_}."
            )
        if distinct <= (self.k or 2):
            raise NotEnoughDataError(
                f"The customers are too alike for clusters: only {distinct} different values of "
                f"{', '.join(self.features)}."
            )

    def _try(self, scaled: Floats, distinct: int) -> list[tuple[KMeans, float, int]]:
        """Fit each k; return the models with their silhouette and smallest cluster."""
        tried = []
        for k in [self.k] if self.k else [k for k in K_RANGE if k < distinct]:
            model = KMeans(k, n_init=_N_INIT, random_state=self.random_state).fit(scaled)
            sample = _SILHOUETTE_SAMPLE if len(scaled) > _SILHOUETTE_SAMPLE else None
            score = silhouette_score(scaled, model.labels_, sample_size=sample, random_state=self.random_state)
            tried.append((model, float(score), int(np.bincount(model.labels_).min())))
        return tried

    def _scale(self, raw: Floats) -> Floats:
        return cast("Floats", self._scaler.transform(raw))

    def _descriptions(self) -> list[str]:
        return [_describe(center, self.features) for center in self.centers_]


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
    """Compare the segment and the cluster of the same customers, in the same order."""
    labels = np.asarray(clusters)
    if len(segments) != len(labels):
        raise UsageError(
            f"There are {len(segments)} segments but {len(labels)} clusters: they must be of the same customers."
        )
    if not len(labels):
        raise NotEnoughDataError("There are no customers to compare segments and clusters for.")
    columns = pd.Series(labels, index=segments.index, name="cluster")
    table = pd.crosstab(segments.rename("segment"), columns)
    return Agreement(float(adjusted_rand_score(segments, labels)), table)


def _features(frame: pd.DataFrame, features: Sequence[str]) -> Floats:
    """Return the features, logarithms of all but age; unknown or impossible ages are NaN."""
    require_columns(frame, list(dict.fromkeys([*FEATURES[:3], *features])), "the RFM summary")
    columns = []
    for feature in features:
        if feature == "age":
            columns.append(_ages(frame).to_numpy())
        else:
            values = numbers_of(frame[feature], feature).to_numpy()
            # signed: what was credited can exceed what was bought
            columns.append(np.sign(values) * np.log1p(np.abs(values)))
    numbers_of(frame["monetary"], "monetary")
    return np.column_stack(columns)


def _ages(frame: pd.DataFrame) -> pd.Series:
    """Return the ages in years, NaN where unknown or impossible."""
    try:
        age = frame["age"].astype("Float64").astype("float64")
    except (ValueError, TypeError) as error:
        raise UsageError(f"age holds something that is no number: {error}.") from error
    return age.where(age.between(0, MAX_AGE))


def _nearest(scaled: Floats, centers: Floats) -> Integers:
    """Return the nearest centre over the features that are known."""
    distances = np.empty((len(scaled), len(centers)))
    for number, center in enumerate(centers):
        distances[:, number] = np.nansum((scaled - center) ** 2, axis=1)
    return distances.argmin(axis=1).astype(np.int64)


def _by_value(centers: Floats, labels: Integers, monetary: Floats) -> Floats:
    """Order the centres by mean monetary value, the highest first."""
    means = [monetary[labels == label].mean() if (labels == label).any() else -np.inf for label in range(len(centers))]
    return centers[np.argsort(-np.array(means), kind="stable")]


def _choose(tried: list[tuple[KMeans, float, int]], customers: int) -> tuple[pd.DataFrame, int]:
    table = pd.DataFrame(
        {
            "k": [model.n_clusters for model, *_ in tried],
            "silhouette": [round(score, 6) for _, score, _ in tried],
            "inertia": [round(float(model.inertia_), 3) for model, *_ in tried],
            "smallest": [smallest for *_, smallest in tried],
        }
    )
    table["smallest_share"] = table["smallest"] / customers
    table["allowed"] = table["smallest"] >= smallest_allowed(customers)
    by = ["allowed", "silhouette"] if table["allowed"].any() else ["smallest"]
    k = int(table.sort_values([*by, "k"], ascending=[False] * len(by) + [True])["k"].iloc[0])
    table["chosen"] = table["k"] == k
    return table, k


def _profiles(frame: pd.DataFrame, labels: Integers, descriptions: list[str]) -> pd.DataFrame:
    shown = frame[list(FEATURES[:3])].astype("float64")
    if "age" in frame.columns and frame["age"].notna().any():
        shown["age"] = _ages(frame)
    grouped = shown.groupby(labels)
    index = pd.RangeIndex(len(descriptions), name="cluster")
    table = pd.DataFrame({"customers": grouped.size(), "sales": grouped["monetary"].sum()}).reindex(index, fill_value=0)
    table.insert(1, "customer_share", table["customers"] / len(frame))
    table["sales_share"] = table["sales"] / (table["sales"].sum() or 1.0)
    for feature in shown.columns:
        table[feature] = grouped[feature].mean()
        table[f"{feature}_median"] = grouped[feature].median()
    if "age" in shown:
        table["age_known"] = grouped["age"].count().reindex(index, fill_value=0)
    table["description"] = descriptions
    return table.rename_axis("cluster")


def _describe(center: Floats, features: Sequence[str]) -> str:
    words = [
        _WORDS[feature][int(value > 0)] for feature, value in zip(features, center, strict=True) if abs(value) >= _CLEAR
    ]
    return ", ".join(words) or "near the average"
