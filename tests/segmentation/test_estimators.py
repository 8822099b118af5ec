"""Our estimators keep scikit-learn's conventions: parameters, clones, pickles, pipelines, given frames left alone."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline, make_pipeline

from invoice_lab.segmentation import RFM, CustomerClusters
from invoice_lab.segmentation.value import BetaGeometric, GammaGamma

RNG = np.random.default_rng(7)
SUMMARY = pd.DataFrame(
    {"recency": RNG.integers(0, 300, 150), "frequency": RNG.poisson(3, 150) + 1, "monetary": RNG.gamma(2, 50, 150)},
    index=[f"c{number}" for number in range(150)],
)
PURCHASES = pd.DataFrame({"repeats": RNG.poisson(2, 300), "age": RNG.uniform(30, 60, 300)})
PURCHASES["last"] = PURCHASES["age"] * np.where(PURCHASES["repeats"] > 0, RNG.uniform(0.1, 1, 300), 0)
PURCHASES["mean_amount"] = np.where(PURCHASES["repeats"] > 0, RNG.gamma(3, 10, 300), np.nan)
CASES = {
    "RFM": (RFM(bins=4), SUMMARY, lambda model, frame: model.transform(frame)),
    "RFM as R": (RFM(scheme="r"), SUMMARY, lambda model, frame: model.transform(frame)),
    "CustomerClusters": (CustomerClusters(k=3, bootstraps=3), SUMMARY, lambda model, frame: model.predict(frame)),
    "BetaGeometric": (BetaGeometric(), PURCHASES, lambda model, frame: model.expected(frame, 10)),
    "GammaGamma": (GammaGamma(), PURCHASES, lambda model, frame: model.expected(frame)),
}


@pytest.mark.parametrize(("model", "frame", "use"), CASES.values(), ids=CASES)
def test_conventions(model, frame, use):
    model, before = clone(model), frame.copy()
    with pytest.raises(NotFittedError):
        use(model, frame)
    params = model.get_params()
    assert model.fit(frame) is model and model.get_params() == params
    pd.testing.assert_frame_equal(frame, before)
    expected = np.asarray(use(model, frame))
    again = pickle.loads(pickle.dumps(model))
    for other in (again, clone(model).fit(frame), model.fit(frame)):
        assert (np.asarray(use(other, frame)) == expected).all()
    assert not [name for name in vars(clone(model)) if name.endswith("_")]
    assert type(model).__name__ in repr(model)
    if params:
        name, value = next(iter(params.items()))
        assert clone(model).set_params(**{name: value}).get_params() == params
    with pytest.raises(ValueError, match="Invalid parameter"):
        model.set_params(unheard_of=1)


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_the_output_can_be_set(output):
    model = RFM().set_output(transform=output)
    found = model.fit_transform(SUMMARY)
    pd.testing.assert_frame_equal(found, RFM().fit_transform(SUMMARY))
    assert found.columns.tolist() == model.get_feature_names_out().tolist()


def test_they_work_in_a_pipeline():
    line = make_pipeline(RFM(), CustomerClusters(k=2, bootstraps=2))
    assert (line.fit_predict(SUMMARY) == CustomerClusters(k=2, bootstraps=2).fit(SUMMARY).labels_).all()
    line = Pipeline([("scores", RFM())]).set_params(scores__bins=3)
    assert set(line.fit_transform(SUMMARY)["recency_score"]) == {1, 2, 3}
    assert line.get_feature_names_out().tolist()[-1] == "segment"


def test_features_may_be_any_sequence():
    for features in (["recency", "monetary"], np.array(["recency", "monetary"]), pd.Index(["recency", "monetary"])):
        model = CustomerClusters(k=2, bootstraps=2, features=features)
        assert model.fit(SUMMARY).centers_.shape == (2, 2) and model.features is features
