"""Clusters of customers by K-means: as many as are stable, large enough and told by a short rule."""

from __future__ import annotations

import itertools
import math
import string
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.segmentation.features import FEATURES, TRANSFORMS, Scaler, features_of
from invoice_lab.segmentation.profiles import described, profiles_of
from invoice_lab.segmentation.rules import find_rules
from invoice_lab.segmentation.stability import bootstrap, gaussian_null, in_threads, match
from invoice_lab.warehouse.queries.frames import numbers_of, one_of, positive, require_columns, whole

K_RANGE = range(2, 9)
MIN_CUSTOMERS = 10
SMALLEST, SMALLEST_SHARE = 20, 0.02
USUAL_ARI, LOW_ARI, FIDELITY = 0.90, 0.75, 0.83
"""Floors: the median and the 5 % quantile of the bootstrap's adjusted Rand index, and the rules' fidelity."""
BOOTSTRAPS, NULLS = 50, 20
SAMPLE = 10_000
"""Customers that k is chosen on, where there are more."""
MANY = 200_000
"""Customers from which on clusters are found in mini-batches."""
RULES_SAMPLE = 50_000
"""Customers that rules are learnt from, where there are more."""

_N_INIT, _N_INIT_AGAIN = 10, 3
_SILHOUETTE_ALL, _SILHOUETTE_SAMPLE = 5_000, 3_000
"""Customers up to which a silhouette is of all, and how many it is of where there are more."""

_FEW = 200

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def smallest_allowed(customers: int) -> int:
    """Return how many customers a cluster must hold: max(20, 2 %)."""
    return max(SMALLEST, math.ceil(SMALLEST_SHARE * customers))


def top_spenders(summary: pd.DataFrame, share: float = 0.01) -> pd.Series:
    """Tell which customers are the top spenders: those with the highest sales, a hundredth of all, at least one.

    They stand apart from the clusters: of their own they would be a cluster of a handful. Customers with equal sales
    are told alike; where all sales are equal nobody stands out.
    """
    require_columns(summary, ["monetary"], "the RFM summary")
    positive(share, "share", 1.0)
    if summary.empty:
        return pd.Series(dtype=bool, index=summary.index, name="top_spender")
    monetary = numbers_of(summary["monetary"], "monetary")
    least = monetary.nlargest(math.ceil(share * len(summary))).min()
    return ((monetary >= least) & (monetary > monetary.min())).rename("top_spender")


class CustomerClusters(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """K-means on recency, frequency and monetary value, made even by Yeo-Johnson's transform and standardised.

    Without `k`, k is the largest from 2 to 8 that passes all floors: the median adjusted Rand index between the
    clusters and those of resampled customers is at least .90, its 5 % quantile .75, the smallest cluster holds
    `smallest_allowed` customers, and rules of three questions tell .83 of the customers' clusters. Where none does,
    `stable_` is False: the clusters of the k with the highest median index are given, and are a convention. The result
    doesn't depend on the order of rows, or on the number of cores.

    Of more than 10,000 customers k is chosen on so many that are drawn, and rules are learnt from 50,000 at most; above
    200,000 the clusters are found in mini-batches that begin at those of the sample.
    Monetary values below 0 count as 0.

    Parameters
    ----------
    k : int, optional
        Number of clusters, 2 to 20; chosen from the data where left out.
    features : sequence of {"recency", "frequency", "monetary", "age"}
        With age, the clusters are learnt from the customers whose age is known; the others go to the cluster that is
        nearest in the remaining features.
    transform : {"yeo-johnson", "log", "raw"}
    bootstraps : int, default 50
        Resamples that stability is measured by.
    random_state : int, default 0

    Attributes
    ----------
    labels_ : ndarray of int, shape (customers,)
        Cluster of each customer, 0 the one with the highest mean monetary value.
    k_ : int
    stable_ : bool
        Whether the clusters pass all floors.
    scores_ : DataFrame
        One row a k tried: k, silhouette (-1 to 1, of 3,000 drawn customers where there are more than 5,000;
        NaN where these are in one cluster),
        inertia, smallest (customers), smallest_share, ari_median, ari_low, fidelity, passes (all floors) and chosen.
    null_ : ndarray
        Adjusted Rand indices of as many clusters of plain clouds without groups: what says nothing for groups.
    stability_ : Stability
        Of the clusters; its confidence is that of the customers that they were learnt from.
    confidence_ : ndarray of float, shape (customers,)
        Share of the resamples in which a customer is in the same cluster; NaN where a feature is unknown.
    rules_ : Rules
    profiles_ : DataFrame
        One row a cluster (index cluster): customers, customer_share, sales, sales_share; means of recency (days),
        frequency (orders), monetary, and their medians ``*_median``; where ages are given age, age_median (years;
        NaN where no age of the cluster is known) and age_known (customers); stability (Jaccard), rule, description.
    centers_ : ndarray, shape (k, features)
        In standardised units.
    learnt_from_ : int
        Customers with all features known.
    """

    def __init__(
        self,
        k: int | None = None,
        features: Sequence[str] = ("recency", "frequency", "monetary"),
        *,
        transform: str = "yeo-johnson",
        bootstraps: int = BOOTSTRAPS,
        random_state: int = 0,
    ) -> None:
        self.k = k
        self.features = features
        self.transform = transform
        self.bootstraps = bootstraps
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
            For an unknown feature or transform, missing columns or values, or a `k` out of range.
        """
        self._check()
        raw = features_of(X, self.features)
        known: npt.NDArray[np.bool_] = ~np.any(np.isnan(raw), axis=1)
        # one order of rows for all, so that the seed finds the same clusters however the customers are sorted
        rows = raw[known]
        rows = rows[np.lexsort(rows.T[::-1])]
        self.learnt_from_ = len(rows)
        self._enough(int((rows[1:] != rows[:-1]).any(axis=1).sum()) + min(len(rows), 1))
        with threadpool_limits(limits=1):  # sums in one order: equal bytes on any number of cores
            self._learn(X, raw, rows, known)
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self.profiles_ = profiles_of(X, self.labels_, self.k_).assign(
            stability=self.stability_.jaccard,
            rule=list(self.rules_.texts),
            description=[described(center, self.features) for center in self.centers_],
        )
        return self

    def _learn(self, frame: pd.DataFrame, raw: Floats, rows: Floats, known: npt.NDArray[np.bool_]) -> None:
        self._scaler = Scaler(self.transform, self.features).fit(sampled(rows, self.random_state))
        scaled = self._scaler.transform(rows)
        sample = sampled(scaled, self.random_state)
        self.scores_, chosen = self._try(sample, sampled(rows, self.random_state))
        self.k_ = chosen.n_clusters
        self.stable_ = bool(self.scores_.loc[self.scores_["chosen"], "passes"].iloc[0])
        fit = partial(_fit, self.k_, _N_INIT_AGAIN)
        self.null_ = gaussian_null(fit, sample, NULLS, self.random_state)
        centers = _centers(chosen, scaled, sample, self.random_state)
        values = frame["monetary"].to_numpy(dtype=float)
        self.centers_ = _by_value(centers, _nearest(self._scaler.transform(raw), centers), values)
        self.labels_ = self.predict(frame)
        own, labels = self._scaler.transform(raw[known]), self.labels_[known]
        self.stability_ = bootstrap(
            fit, own, labels, times=self.bootstraps, seed=self.random_state, drawn_from=sample, k=self.k_
        )
        self.confidence_ = np.full(len(frame), np.nan)
        self.confidence_[known] = self.stability_.confidence
        some = _drawn(len(labels), RULES_SAMPLE, self.random_state)
        told = pd.DataFrame(raw[known][some], columns=list(self.features))
        self.rules_ = find_rules(told, labels[some], self.random_state, self.k_)
        self._map = PCA(n_components=min(2, len(self.features))).fit(sample)

    def predict(self, X: pd.DataFrame) -> Integers:  # noqa: N803
        """Return the cluster of each customer; a missing age counts neither way."""
        check_is_fitted(self, "centers_")
        return _nearest(self._scaler.transform(features_of(X, self.features)), self.centers_)

    def project(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Place the customers on a map: the first two principal components of the standardised features.

        Returns
        -------
        DataFrame
            Index of `X`; x, y (standard deviations; y is 0 with one feature) and cluster.
        """
        check_is_fitted(self, "centers_")
        scaled = self._scaler.transform(features_of(X, self.features))
        xy = self._map.transform(np.where(np.isnan(scaled), 0.0, scaled)) if len(scaled) else np.empty((0, 2))
        y = xy[:, 1] if xy.shape[1] > 1 else np.zeros(len(xy))
        return pd.DataFrame({"x": xy[:, 0], "y": y, "cluster": self.predict(X)}, index=X.index)

    @property
    def map_shares(self) -> Floats:
        """Share of the variance that each axis of the map of `project` holds."""
        check_is_fitted(self, "centers_")
        return np.asarray(self._map.explained_variance_ratio_, np.float64)

    def names(self, customers: pd.Index, previous: pd.Series | None = None) -> tuple[str, ...]:
        """Return a letter for each cluster: A, B, ... by value, or those of an earlier report's clusters.

        Parameters
        ----------
        customers : Index
            Of the customers that `labels_` are of.
        previous : Series of str, optional
            The earlier letters by customer; the clusters that share most customers with one of these get its letter,
            the others letters that were not used before.

        Raises
        ------
        UsageError
            Where a customer stands twice, or `customers` are not as many as were fitted.
        """
        check_is_fitted(self, "centers_")
        if len(customers) != len(self.labels_):
            raise UsageError(f"The clusters are of {len(self.labels_)} customers, not {len(customers)}.")
        previous = pd.Series(dtype="str") if previous is None else previous.dropna()
        if customers.has_duplicates or previous.index.has_duplicates:
            raise UsageError("A customer stands twice in this or in the earlier report.", "Give each customer once.")
        letters = sorted(set(previous))
        now = pd.Series(self.labels_, index=customers)
        common = previous.index.intersection(now.index)
        before = previous.loc[common].map(letters.index).to_numpy(np.int64)
        _, numbers = match(before, now.loc[common].to_numpy(np.int64), len(letters)) if len(common) else (None, before)
        taken = dict(zip(now.loc[common].to_numpy(), numbers, strict=True))
        pairs = map("".join, itertools.product(string.ascii_uppercase, repeat=2))
        unused = (letter for letter in itertools.chain(string.ascii_uppercase, pairs) if letter not in letters)
        given = {label: letters[number] for label, number in taken.items() if number < len(letters)}
        return tuple(given[label] if label in given else next(unused) for label in range(self.k_))

    def _check(self) -> None:
        listed = isinstance(self.features, Iterable) and not isinstance(self.features, str)
        features = list(map(str, self.features)) if listed else []
        if not features or len(set(features)) < len(features):
            raise UsageError(
                "features must be a list of different names, such as ['recency', 'frequency', 'monetary']."
            )
        for feature in features:
            one_of(feature, FEATURES, "feature of the clusters")
        if tuple(self.features) == ("age",):
            raise UsageError("Age alone can't be the features: not every customer's is known.")
        one_of(self.transform, TRANSFORMS, "transform of the features")
        whole(self.bootstraps, "bootstraps", 2, 10_000)
        whole(self.random_state, "random_state", 0, 2**32 - 1)
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

    def _try(self, scaled: Floats, rows: Floats) -> tuple[pd.DataFrame, KMeans]:
        """Fit each k and measure it; return the table and the clusters of the k chosen."""
        distinct = len(np.unique(scaled, axis=0))
        tried = [k for k in ([self.k] if self.k else K_RANGE) if k < distinct]
        fitted = [*in_threads(partial(self._fitted, scaled, rows), tried)]
        table = pd.DataFrame([self._measured(scaled, *one) for one in fitted])
        table["smallest_share"] = table["smallest"] / len(scaled)
        large = table["smallest"] >= smallest_allowed(len(scaled))
        steady = (table["ari_median"] >= USUAL_ARI) & (table["ari_low"] >= LOW_ARI)
        table["passes"] = large & steady & (table["fidelity"] >= FIDELITY)
        if table["passes"].any():
            k = int(table.loc[table["passes"], "k"].max())
        else:
            fitting = table[large] if large.any() else table[table["smallest"] == table["smallest"].max()]
            k = int(fitting.sort_values(["ari_median", "k"], ascending=[False, True])["k"].iloc[0])
        table["chosen"] = table["k"] == k
        return table, fitted[tried.index(k)][0]

    def _fitted(self, scaled: Floats, rows: Floats, k: int) -> tuple[KMeans, float, float]:
        """Return the clusters, their silhouette, and the fidelity of their rules."""
        model = _fit(k, _N_INIT, scaled, self.random_state)
        labels = np.asarray(model.labels_, np.int64)
        rules = find_rules(pd.DataFrame(rows, columns=list(self.features)), labels, self.random_state)
        return model, _silhouette(scaled, labels, self.random_state), rules.fidelity

    def _measured(self, scaled: Floats, model: KMeans, silhouette: float, fidelity: float) -> dict[str, Any]:
        labels, k = np.asarray(model.labels_, np.int64), model.n_clusters
        fit = partial(_fit, k, _N_INIT_AGAIN)
        stability = bootstrap(fit, scaled, labels, times=self.bootstraps, seed=self.random_state)
        return {
            "k": k,
            "silhouette": round(silhouette, 6),
            "inertia": round(float(model.inertia_), 3),
            "smallest": int(np.bincount(labels).min()),
            "ari_median": round(stability.median, 6),
            "ari_low": round(stability.low, 6),
            "fidelity": round(fidelity, 6),
        }


def _silhouette(scaled: Floats, labels: Integers, seed: int) -> float:
    """Return the silhouette of some customers; NaN where all of these are in one cluster."""
    many = len(scaled) > _SILHOUETTE_ALL
    some = _drawn(len(scaled), _SILHOUETTE_SAMPLE if many else _SILHOUETTE_ALL, seed)
    one = len(np.unique(labels[some])) < 2
    return float("nan") if one else float(silhouette_score(scaled[some], labels[some]))


def _centers(chosen: KMeans, scaled: Floats, sample: Floats, seed: int) -> Floats:
    """Return the centres of all customers' clusters; of many, in mini-batches that begin at those of the sample."""
    k, found = chosen.n_clusters, chosen
    if len(scaled) > MANY:
        begin = chosen.cluster_centers_
        found = MiniBatchKMeans(k, init=begin, n_init=1, batch_size=4096, random_state=seed).fit(scaled)
    elif len(scaled) > len(sample):
        found = _fit(k, _N_INIT, scaled, seed)
    return np.asarray(found.cluster_centers_, np.float64)


def _fit(k: int, starts: int, rows: Floats, seed: int) -> KMeans:
    if len(rows) < _FEW:  # a resample of few customers may hold fewer different ones than clusters
        k = min(k, len(np.unique(rows, axis=0)))
    return KMeans(k, n_init=starts, random_state=seed).fit(rows)


def sampled(rows: Floats, seed: int) -> Floats:
    """Return the rows, or as many of them as k is chosen on; equal calls return the same ones."""
    return rows[_drawn(len(rows), SAMPLE, seed)]


def _drawn(count: int, most: int, seed: int) -> Integers:
    """Return the numbers below `count`, or `most` of them, drawn and ascending."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


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
