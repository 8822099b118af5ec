"""Letters of clusters from one day to the next, and what age as a feature would change."""

import numpy as np
import pandas as pd
import pytest

from invoice_lab.segmentation import CustomerClusters
from invoice_lab.segmentation.letters import age_ablation, earlier_letters

CENTERS = {"often": (10, 20, 5000), "middle": (60, 5, 700), "once": (300, 1, 60)}


def shop(sizes, seed=3, worth=None):
    """Groups far apart, each customer named by their group; `worth` changes a group's monetary value."""
    rng, parts = np.random.default_rng(seed), []
    for name, size in sizes.items():
        recency, frequency, monetary = CENTERS[name]
        center = np.log1p([recency, frequency, (worth or {}).get(name, monetary)])
        values = np.expm1(center + rng.normal(0, 0.12, (size, 3)))
        index = [f"{name} {number}" for number in range(size)]
        parts.append(pd.DataFrame(values, columns=["recency", "frequency", "monetary"], index=index))
    frame = pd.concat(parts)
    return frame.assign(recency=frame["recency"].round(), frequency=frame["frequency"].round().clip(lower=1))


SIZES = {"often": 60, "middle": 80, "once": 100}


def fitted(frame, **options):
    return CustomerClusters(3, bootstraps=5, **options).fit(frame)


def by_group(model, frame, letters):
    """The letter of each group, by its name; each group has one."""
    shown = pd.Series([letters[label] for label in model.labels_], index=frame.index)
    found = shown.groupby(frame.index.str.split().str[0]).agg(set)
    assert found.map(len).eq(1).all()
    return {name: next(iter(letter)) for name, letter in found.items()}


def test_letters_go_by_value_on_the_earlier_day():
    earlier = shop(SIZES)
    letters = earlier_letters(fitted(shop(SIZES, seed=4)), earlier)
    assert letters.index.tolist() == earlier.index.tolist()
    groups = letters.groupby(letters.index.str.split().str[0]).agg(set)
    assert groups.to_dict() == {"often": {"A"}, "middle": {"B"}, "once": {"C"}}


def test_letters_stay_when_customers_come_and_a_cluster_changes_its_rank():
    earlier = shop(SIZES)
    now = shop({"often": 65, "middle": 120, "once": 110}, seed=5, worth={"middle": 9000})
    model = fitted(now)
    by_value = by_group(model, now, model.names(now.index))
    assert by_value == {"middle": "A", "often": "B", "once": "C"}
    kept = model.names(now.index, earlier_letters(model, earlier))
    assert by_group(model, now, kept) == {"often": "A", "middle": "B", "once": "C"}


def test_order_of_rows_does_not_count_and_twice_is_the_same():
    earlier, model = shop(SIZES), fitted(shop(SIZES, seed=4))
    letters = earlier_letters(model, earlier)
    shuffled = earlier_letters(model, earlier.sample(frac=1, random_state=2))
    pd.testing.assert_series_equal(shuffled[earlier.index], letters)
    pd.testing.assert_series_equal(earlier_letters(model, earlier), letters)


def test_too_few_earlier_customers_have_no_letters():
    model = fitted(shop(SIZES))
    assert earlier_letters(model, shop(SIZES)[:0]).empty
    assert earlier_letters(model, shop(SIZES).iloc[[0, 1, 61] + [0] * 9]).empty  # three different ones
    assert len(earlier_letters(model, shop(SIZES).iloc[[0, 1, 61, 150]])) == 4
    assert model.names(shop(SIZES).index, earlier_letters(model, shop(SIZES)[:0])) == ("A", "B", "C")


def test_age_as_a_feature_must_be_known_of_the_earlier_customers():
    frame = shop(SIZES).assign(age=40.0)
    frame["age"] += np.arange(len(frame)) % 30
    model = fitted(frame, features=("recency", "frequency", "monetary", "age"))
    assert earlier_letters(model, shop(SIZES)).empty
    assert earlier_letters(model, frame.assign(age=np.nan)).empty
    some = frame.assign(age=frame["age"].where(np.arange(len(frame)) % 2 == 0))
    assert earlier_letters(model, some).index.tolist() == frame.index[::2].tolist()


def test_an_age_that_is_the_same_for_all_moves_nobody():
    frame = shop(SIZES).assign(age=41)
    found = age_ablation(fitted(frame), frame)
    assert (found.customers, found.moved, found.adjusted_rand) == (240, 0, 1.0)


def test_an_age_that_goes_with_the_groups_moves_nobody():
    frame = shop(SIZES)
    age = frame.index.str.split().str[0].map({"often": 70, "middle": 45, "once": 20})
    frame = frame.assign(age=np.asarray(age) + np.arange(len(frame)) % 5)
    found = age_ablation(fitted(frame), frame)
    assert (found.customers, found.moved, found.stable) == (240, 0, True)


def test_two_ages_within_each_group_move_customers():
    """With clusters that differ by value a little and by age a lot, age decides."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.gamma(9, 10, (300, 3)), columns=["recency", "frequency", "monetary"])
    frame["age"] = np.where(rng.random(300) < 0.5, 20.0, 80.0)
    model = CustomerClusters(2, bootstraps=5).fit(frame)
    found = age_ablation(model, frame)
    assert found.moved > 60 and found.adjusted_rand < 0.6
    with_age = CustomerClusters(2, ("recency", "frequency", "monetary", "age"), bootstraps=5).fit(frame)
    same = age_ablation(with_age, frame)
    assert same == found


@pytest.mark.parametrize("age", [np.nan, 400.0])
def test_too_few_ages_say_nothing(age):
    frame = shop(SIZES).assign(age=age)
    frame.loc[frame.index[:9], "age"] = [30.0, 35, 40, 45, 50, 55, 60, 65, 70]
    assert age_ablation(fitted(frame), frame) is None
