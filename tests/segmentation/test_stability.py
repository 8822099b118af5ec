"""How stable clusters are, what rules tell them, and which letters they keep from report to report."""

import string
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from invoice_lab.errors import UsageError
from invoice_lab.segmentation import CustomerClusters, stability
from invoice_lab.segmentation.features import Scaler
from invoice_lab.segmentation.rules import find_rules
from invoice_lab.segmentation.stability import adjusted_rand, bootstrap, gaussian_null, match

COLUMNS = ["recency", "frequency", "monetary"]


def fit(k, rows, seed):
    return KMeans(k, n_init=3, random_state=seed).fit(rows)


def blobs(apart, size=120, seed=1):
    rng = np.random.default_rng(seed)
    return np.vstack([rng.normal(apart * np.eye(3)[number], 1.0, (size, 3)) for number in range(3)])


def customers(rows):
    """Customers whose features are these rows, on a scale of their own."""
    frame = pd.DataFrame(np.exp(rows / 4 + 4), columns=COLUMNS, index=[f"c{number}" for number in range(len(rows))])
    return frame.assign(recency=frame["recency"].round(), frequency=frame["frequency"].round())


def test_groups_far_apart_are_found_in_every_resample_and_a_cloud_is_not():
    rows = blobs(20.0)
    labels = fit(3, rows, 0).labels_.astype(np.int64)
    sure = bootstrap(partial(fit, 3), rows, labels, times=20, seed=0)
    assert sure.median == sure.low == 1.0
    assert (sure.jaccard == 1).all() and (sure.confidence == 1).all()
    cloud = blobs(0.0)
    labels = fit(3, cloud, 0).labels_.astype(np.int64)
    unsure = bootstrap(partial(fit, 3), cloud, labels, times=20, seed=0)
    assert unsure.low <= unsure.median < 0.8
    assert unsure.confidence.min() < 0.7 < unsure.confidence.max()
    assert np.median(gaussian_null(partial(fit, 3), rows, 10, 0)) < 0.8


def test_customers_on_the_border_are_less_sure():
    rows = blobs(5.0)
    rows[0] = [5.0, 2.5, 0.0]  # in the middle of two groups
    rows[0, 1] = 5.0
    labels = fit(3, rows, 0).labels_.astype(np.int64)
    found = bootstrap(partial(fit, 3), rows, labels, times=40, seed=0)
    assert found.confidence[0] < 0.95 < np.median(found.confidence)


def test_the_adjusted_rand_index_is_that_of_scikit_learn():
    rng = np.random.default_rng(4)
    for groups in (1, 2, 5):
        one, two = rng.integers(0, groups, 300), rng.integers(0, 3, 300)
        for other in (one, two, np.where(rng.random(300) < 0.8, one, two)):
            size = max(groups, 3)
            common = np.bincount(one * size + other, minlength=size * size).reshape(size, size)
            assert adjusted_rand(common) == adjusted_rand_score(one, other)


def test_threads_change_nothing(monkeypatch):
    rows = blobs(5.0)
    labels = fit(3, rows, 0).labels_.astype(np.int64)
    found = [bootstrap(partial(fit, 3), rows, labels, times=12, seed=0)]
    null = [gaussian_null(partial(fit, 3), rows, 6, 0)]
    monkeypatch.setattr(stability, "in_threads", lambda work, given: (work(one) for one in given))
    with threadpool_limits(1):
        found.append(bootstrap(partial(fit, 3), rows, labels, times=12, seed=0))
        null.append(gaussian_null(partial(fit, 3), rows, 6, 0))
    assert found[0].ari.tolist() == found[1].ari.tolist()
    assert found[0].confidence.tolist() == found[1].confidence.tolist()
    assert null[0].tolist() == null[1].tolist()


def test_clusters_get_the_numbers_of_those_they_overlap_with():
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    jaccard, matched = match(labels, np.array([5, 5, 5, 0, 0, 3, 3, 0]), 3)
    assert matched.tolist()[:7] == [0, 0, 0, 1, 1, 2, 2]
    assert jaccard.tolist() == pytest.approx([1, 2 / 3, 2 / 3])
    jaccard, matched = match(labels, np.zeros(8, np.int64), 3)
    assert sorted(jaccard.tolist()) == pytest.approx([0, 0, 3 / 8])
    assert len(set(matched)) == 1


def test_rules_say_what_sets_clusters_apart():
    frame = pd.DataFrame({"recency": [5.0] * 40 + [200.0] * 40, "frequency": [9.0, 3.0] * 20 + [1.0] * 40})
    labels = np.array([0] * 40 + [1] * 40)
    rules = find_rules(frame, labels)
    assert rules.fidelity == 1.0
    assert rules.texts in {
        ("at most 102 days since the last order", "103 or more days since the last order"),
        ("2 or more orders", "at most 2 orders"),
        ("3 or more orders", "at most 2 orders"),
    }
    assert np.isnan(find_rules(frame, np.array([0] * 79 + [1])).fidelity)


def test_clusters_without_a_customer_keep_their_number():
    frame = pd.DataFrame({"frequency": [1.0] * 20 + [9.0] * 20})
    rules = find_rules(frame, np.repeat([0, 2], 20), k=4)
    assert rules.texts == ("at most 5 orders", "", "6 or more orders", "") and rules.fidelity == 1.0
    rows = np.repeat([[0.0], [5.0]], 30, axis=0)
    found = bootstrap(partial(fit, 2), rows, np.repeat([0, 1], 30), times=3, seed=0, k=4)
    assert found.jaccard.tolist() == [1, 1, 0, 0] and found.ari.tolist() == [1, 1, 1]


def test_rules_say_small_amounts_in_cents_and_one_number_as_one():
    frame = pd.DataFrame({"frequency": [1.0] * 20 + [2.0] * 20 + [3.0] * 20})
    assert find_rules(frame, np.repeat([0, 1, 2], 20)).texts == ("at most 1 order", "2 orders", "3 or more orders")
    frame = pd.DataFrame({"monetary": [0.5] * 20 + [1.0] * 20})
    assert find_rules(frame, np.repeat([0, 1], 20)).texts == ("at most 0.75 of sales", "more than 0.75 of sales")


def test_a_plain_cloud_is_called_unstable():
    model = CustomerClusters(bootstraps=20).fit(customers(blobs(0.0, 200)))
    assert not model.stable_ and not model.scores_["passes"].any()
    assert model.labels_.max() + 1 == model.k_
    assert len(model.null_) and np.median(model.null_) < 0.9


def test_the_largest_k_that_passes_all_floors_is_chosen():
    model = CustomerClusters(bootstraps=20).fit(customers(blobs(20.0, 100)))
    scores = model.scores_.set_index("k")
    assert model.k_ == 3 and model.stable_ and scores.loc[3, "passes"] and not scores.loc[4:, "passes"].any()
    assert model.confidence_.min() == 1.0
    assert model.profiles_["stability"].min() == 1.0 and (model.profiles_["rule"] != "").all()
    assert model.rules_.fidelity > 0.95


@pytest.mark.parametrize("transform", ["yeo-johnson", "log", "raw"])
def test_features_are_made_even_and_standardised(transform):
    rows = np.exp(np.random.default_rng(0).normal(3, 1, (500, 2)))
    rows = np.column_stack([rows, np.full(500, 7.0)])
    scaled = Scaler(transform).fit(rows).transform(rows)
    assert scaled.mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert scaled.std(axis=0) == pytest.approx([1, 1, 0], abs=1e-9)
    skew = (scaled[:, 0] ** 3).mean()
    assert bool(abs(skew) < 0.3) == (transform != "raw")
    assert np.isnan(Scaler(transform).fit(rows).transform(np.array([[np.nan, 1.0, 7.0]]))[0, 0])


def test_letters_stay_from_report_to_report():
    frame = customers(blobs(20.0, 60))
    model = CustomerClusters(bootstraps=5).fit(frame)
    assert model.names(frame.index) == ("A", "B", "C")
    before = pd.Series(np.array(["B", "C", "A"])[model.labels_], index=frame.index)
    assert model.names(frame.index, before) == ("B", "C", "A")
    assert model.names(frame.index, before.replace({"A": "B"})) == ("B", "C", "A")
    assert model.names(frame.index, pd.Series(["A"], index=["somebody else"])) == ("B", "C", "D")


def test_letters_do_not_run_out():
    frame = customers(blobs(20.0, 60))
    model = CustomerClusters(k=2, bootstraps=2).fit(frame)
    before = pd.Series([*string.ascii_uppercase], index=[f"gone {number}" for number in range(26)])
    assert model.names(frame.index, before) == ("AA", "AB")


@pytest.mark.parametrize("options", [{"transform": "square"}, {"bootstraps": 1}, {"bootstraps": 2.5}])
def test_options_that_mean_nothing_are_refused(options):
    with pytest.raises(UsageError):
        CustomerClusters(**options).fit(customers(blobs(5.0)))
