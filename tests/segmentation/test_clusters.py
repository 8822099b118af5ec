"""Clusters: planted groups are found, labels have an order, results don't depend on row order, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.segmentation import CustomerClusters, agreement
from invoice_lab.segmentation.clusters import MANY, smallest_allowed, top_spenders


def planted(sizes=(100, 150, 250), seed=3):
    """Groups far apart: recency, frequency, monetary around (10, 20, 5000), (60, 5, 700), (300, 1, 60)."""
    rng = np.random.default_rng(seed)
    centers = np.log1p(np.array([[10, 20, 5000], [60, 5, 700], [300, 1, 60]]))
    group = np.repeat(range(3), sizes)
    values = np.expm1(centers[group] + rng.normal(0, 0.12, (sum(sizes), 3)))
    frame = pd.DataFrame(
        values, columns=["recency", "frequency", "monetary"], index=[f"c{i}" for i in range(len(group))]
    )
    return frame.assign(
        recency=frame["recency"].round().astype(int), frequency=frame["frequency"].round().clip(lower=1)
    ), group


def test_planted_groups_are_found_and_ordered_by_value():
    frame, group = planted()
    model = CustomerClusters().fit(frame)
    assert model.k_ == 3 and model.stable_ and model.learnt_from_ == 500
    assert (model.labels_ == group).mean() > 0.99
    assert model.profiles_["monetary"].is_monotonic_decreasing
    assert model.profiles_["description"].tolist()[0] == "bought lately, many orders, high sales"
    assert (model.predict(frame) == model.labels_).all() and (clone(model).fit_predict(frame) == model.labels_).all()


def test_same_partition_as_plain_scikit_learn():
    frame, _ = planted((60, 60, 60))
    frame = frame.assign(monetary=frame["monetary"] * np.random.default_rng(0).uniform(0.2, 5, len(frame)))
    expected = KMeans(4, n_init=10, random_state=0).fit_predict(StandardScaler().fit_transform(np.log1p(frame)))
    assert adjusted_rand_score(expected, CustomerClusters(k=4, transform="log").fit(frame).labels_) > 0.95


def test_many_customers_in_mini_batches_are_grouped_as_well_as_by_plain_k_means():
    rng = np.random.default_rng(7)
    count = MANY + 1_000
    monetary, frequency = np.round(rng.lognormal(4, 1, count), 2), 1 + rng.poisson(rng.gamma(1.5, 2.0, count))
    frame = pd.DataFrame({"recency": rng.integers(0, 365, count), "frequency": frequency, "monetary": monetary})
    model = CustomerClusters(k=4, transform="log", bootstraps=2).fit(frame)
    rows = StandardScaler().fit_transform(np.log1p(frame))
    plain = KMeans(4, n_init=10, random_state=0).fit(rows)
    centers = np.array([rows[model.labels_ == label].mean(axis=0) for label in range(4)])
    inertia = ((rows - centers[model.labels_]) ** 2).sum()
    assert inertia <= 1.0005 * plain.inertia_  # the centres of the sample alone reach 1.0007
    assert model.labels_.shape == (count,) and model.learnt_from_ == count


def test_profiles_are_plain_means_in_original_units():
    frame, _ = planted()
    model = CustomerClusters().fit(frame)
    for cluster, rows in frame.groupby(model.labels_):
        profile = model.profiles_.loc[cluster]
        assert profile["customers"] == len(rows)
        for feature in frame:
            assert profile[feature] == pytest.approx(rows[feature].mean())
            assert profile[f"{feature}_median"] == rows[feature].median()
    assert model.profiles_["sales"].sum() == pytest.approx(frame["monetary"].sum())
    assert model.profiles_[["customer_share", "sales_share"]].sum().tolist() == pytest.approx([1, 1])


def test_row_order_does_not_count():
    frame, _ = planted((40, 30, 50), seed=9)
    shuffled = frame.sample(frac=1, random_state=5)
    one, two = CustomerClusters().fit(frame), CustomerClusters().fit(shuffled)
    assert pd.Series(one.labels_, frame.index).equals(pd.Series(two.labels_, shuffled.index)[frame.index])
    pd.testing.assert_frame_equal(one.scores_, two.scores_)


def test_tiny_clusters_are_not_chosen():
    """Six big spenders are found again in each resample; the floor of 20 keeps them from being a cluster."""
    frame, _ = planted((6, 150, 200))
    model = CustomerClusters(transform="log").fit(frame)
    scores = model.scores_.set_index("k")
    assert scores.loc[3, "smallest"] == 6 and scores.loc[3, "ari_median"] > 0.99 and not scores.loc[3, "passes"]
    assert scores.loc[model.k_, "smallest"] >= 20 and model.stable_
    assert set(frame.index[top_spenders(frame, 0.015)]) == set(frame.index[:6])


@pytest.mark.parametrize(("customers", "floor"), [(10, 20), (199, 20), (1000, 20), (1001, 21), (5000, 100)])
def test_floor(customers, floor):
    assert smallest_allowed(customers) == floor


def test_age_is_a_feature_where_known():
    frame, group = planted((60, 60, 60))
    age = pd.Series(np.where(group == 0, 70.0, 30.0) + np.arange(180) % 5, index=frame.index)
    frame["age"] = age.where(np.arange(180) % 3 > 0).astype("Int64")
    frame.loc[frame.index[1], "age"] = 999
    model = CustomerClusters(3, features=["recency", "frequency", "monetary", "age"]).fit(frame)
    assert model.learnt_from_ == 119 and len(model.labels_) == 180
    assert (model.labels_ == group).mean() > 0.95
    assert model.profiles_["age"].between(30, 76).all() and model.profiles_["age_known"].sum() == 119
    assert model.profiles_.loc[0, "description"].endswith("older")
    without = CustomerClusters().fit(frame)
    assert "age" in without.profiles_ and without.centers_.shape[1] == 3
    assert "age" not in CustomerClusters().fit(frame.assign(age=pd.NA)).profiles_


def test_project_gives_a_map():
    frame, _group = planted()
    places = CustomerClusters().fit(frame).project(frame[:50])
    assert places.columns.tolist() == ["x", "y", "cluster"] and places.index.equals(frame.index[:50])
    assert places.notna().all(axis=None)
    assert (CustomerClusters(features=["monetary"]).fit(frame).project(frame)["y"] == 0).all()


def test_few_customers_fall_back_and_say_so():
    frame, _ = planted((1, 10, 1))
    model = CustomerClusters().fit(frame)
    assert not model.stable_ and not model.scores_["passes"].any() and model.scores_["chosen"].sum() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f[:0], "there are 0"),
        (lambda f: f[:1], "there are 1"),
        (lambda f: f[:9], "need 10 customers"),
        (lambda f: f.assign(recency=1, frequency=1, monetary=5.0), "too alike"),
    ],
)
def test_too_little_data(change, words):
    with pytest.raises(NotEnoughDataError, match=words):
        CustomerClusters().fit(change(planted()[0]))


@pytest.mark.parametrize(
    ("params", "change"),
    [
        ({"k": 1}, None),
        ({"k": 2.5}, None),
        ({"features": "monetary"}, None),
        ({"features": ()}, None),
        ({"features": ("age",)}, lambda f: f.assign(age=3)),
        ({"features": ("recency", "recency")}, None),
        ({"features": ("recensy",)}, None),
        ({"features": ("recency", "age")}, None),
        ({"features": ("recency", "age")}, lambda f: f.assign(age="old")),
        ({}, lambda f: f.drop(columns="monetary")),
        ({}, lambda f: f.assign(monetary=np.nan)),
        ({"features": ("recency",)}, lambda f: f.assign(monetary=np.inf)),
    ],
)
def test_bad_input(params, change):
    frame = planted()[0]
    with pytest.raises(UsageError):
        CustomerClusters(**params).fit(change(frame) if change else frame)


def test_too_many_clusters_for_the_data():
    with pytest.raises(NotEnoughDataError, match="need 40"):
        CustomerClusters(k=20).fit(planted((10, 10, 10))[0])


def test_credit_notes_are_no_obstacle():
    frame, _ = planted()
    frame.iloc[0, 2] = -5000.0
    model = CustomerClusters().fit(frame)
    assert np.isfinite(model.profiles_[["recency", "frequency", "monetary"]]).all(axis=None)


def test_agreement():
    segments = pd.Series(["x", "x", "y", "y"], index=list("abcd"))
    assert agreement(segments, [1, 1, 0, 0]).adjusted_rand == 1
    half = agreement(segments, [0, 1, 0, 1])
    assert half.adjusted_rand < 0 and half.table.loc["x"].tolist() == [1, 1]
    with pytest.raises(UsageError):
        agreement(segments, [1, 2])
    with pytest.raises(NotEnoughDataError):
        agreement(segments[:0], [])


def test_scikit_learn_contract():
    frame, _ = planted((30, 30, 30))
    model = CustomerClusters(k=2)
    assert {
        "k": 2,
        "features": ("recency", "frequency", "monetary"),
        "random_state": 0,
    }.items() <= model.get_params().items()
    assert model.fit(frame) is model and model.feature_names_in_.tolist() == frame.columns.tolist()
    assert model.scores_["k"].tolist() == [2]


@pytest.mark.parametrize("transform", ["yeo-johnson", "log", "raw"])
def test_the_day_of_the_report_does_not_count(transform):
    """A day later everybody's last order is a day longer ago: nobody is nearer to another one for that."""
    frame, _ = planted((40, 60, 200))
    one, other = (
        CustomerClusters(transform=transform, bootstraps=10).fit(frame.assign(recency=frame["recency"] + days))
        for days in (0, 17)
    )
    assert one.k_ == other.k_ and one.scores_.equals(other.scores_)
    assert (one.labels_ == other.labels_).all()


def test_a_customer_later_than_all_counts_as_the_latest():
    frame, _ = planted()
    model = CustomerClusters(3, transform="log", bootstraps=5).fit(frame.assign(recency=frame["recency"] + 50))
    newest = frame.assign(recency=0)
    assert (model.predict(newest) == model.predict(newest.assign(recency=frame["recency"].min() + 50))).all()


def test_the_map_tells_the_share_of_the_variance_of_its_axes():
    frame, _ = planted()
    model = CustomerClusters(3, transform="log", bootstraps=5).fit(frame)
    even = frame.assign(recency=frame["recency"] - frame["recency"].min())
    scaled = StandardScaler().fit_transform(np.log1p(even))
    variances = np.sort(np.linalg.eigvalsh(np.cov(scaled, rowvar=False)))[::-1]
    assert model.map_shares.tolist() == pytest.approx((variances[:2] / variances.sum()).tolist())
    assert CustomerClusters(2, ["monetary"], bootstraps=5).fit(frame).map_shares.tolist() == [1.0]
    with pytest.raises(NotFittedError):
        _ = CustomerClusters().map_shares
