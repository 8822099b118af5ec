"""How sure segments are: recounted by hand, equal for equal customers, whatever the order of rows."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from invoice_lab.errors import UsageError
from invoice_lab.segmentation.confidence import segment_confidence
from invoice_lab.segmentation.rfm import RFM

VALUES = ["recency", "frequency", "monetary"]


def summary(customers=200, seed=7):
    rng = np.random.default_rng(seed)
    frequency = rng.geometric(0.4, customers)
    return pd.DataFrame(
        {
            "recency": rng.integers(0, 365, customers),
            "frequency": frequency,
            "monetary": (frequency * rng.gamma(3, 20, customers)).round(2),
        },
        index=[f"c{number:03d}" for number in range(customers)],
    )


@pytest.mark.parametrize("scheme", ["default", "classic"])
def test_it_is_the_share_of_resamples_that_keep_the_segment(scheme):
    model = RFM(scheme=scheme)
    scored = model.fit_transform(summary())
    found = segment_confidence(scored, model, resamples=15, seed=3)
    ordered, rng, same = scored[VALUES].astype(float).sort_values(VALUES), np.random.default_rng(3), 0
    for _ in range(15):
        drawn = ordered.iloc[rng.integers(0, len(ordered), len(ordered))]
        same = same + (clone(model).fit(drawn).transform(scored[VALUES].astype(float))["segment"] == scored["segment"])
    pd.testing.assert_series_equal(found, same / 15, check_names=False)
    assert found.between(0, 1).all() and found.nunique() > 3


def test_order_of_rows_does_not_count_and_twice_is_the_same():
    frame = pd.concat([summary(), summary(30).add_prefix("again ", axis=0)])
    model = RFM().fit(frame)
    found = segment_confidence(model.transform(frame), model, resamples=20)
    shuffled = model.transform(frame.sample(frac=1, random_state=1))
    pd.testing.assert_series_equal(segment_confidence(shuffled, model, resamples=20)[frame.index], found)
    pd.testing.assert_series_equal(segment_confidence(model.transform(frame), model, resamples=20), found)
    twins = model.transform(frame.assign(recency=5, frequency=frame["frequency"], monetary=10.0))
    alike = segment_confidence(twins, model, resamples=20).groupby(frame["frequency"]).nunique()
    assert (alike == 1).all()


def test_who_is_far_from_every_limit_is_surer_than_who_is_near():
    model = RFM()
    scored = model.fit_transform(summary(500))
    sure = segment_confidence(scored, model)
    near = (scored["recency"] - model.thresholds_.loc[4, "recency"]).abs() <= 2
    far = scored["recency"] <= model.thresholds_.loc[5, "recency"] * 0.3
    assert sure[near].mean() < sure[far].mean() - 0.1


@pytest.mark.parametrize("scheme", ["default", "r"])
@pytest.mark.parametrize("customers", [1, 3])
def test_few_and_equal_customers_are_no_error(scheme, customers):
    frame = summary(1).iloc[[0] * customers].reset_index(drop=True)
    model = RFM(scheme=scheme)
    assert segment_confidence(model.fit_transform(frame), model, resamples=5).tolist() == [1.0] * customers


def test_nobody_and_bad_input():
    model = RFM()
    scored = model.fit_transform(summary(50))
    nobody = segment_confidence(scored[:0], model)
    assert nobody.empty and nobody.dtype == "float64"
    with pytest.raises(UsageError, match="segment"):
        segment_confidence(scored.drop(columns="segment"), model)
    with pytest.raises(UsageError, match="resamples"):
        segment_confidence(scored, model, resamples=0)
