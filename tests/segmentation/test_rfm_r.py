"""The schemes of R's package rfm, to the last customer; cut points, nested bins and segments of one's own."""

import numpy as np
import pandas as pd
import pytest
import yaml

from invoice_lab.errors import UsageError
from invoice_lab.segmentation import RFM, rfm_summary
from invoice_lab.segmentation.scores import CutScores
from invoice_lab.segmentation.segments import SCORES, SEGMENTS_FILE

SUMMARY = pd.DataFrame(
    {"recency": [0, 10, 20, 30, 40], "frequency": [5, 4, 3, 2, 1], "monetary": [50.0, 40.0, 30.0, 20.0, 10.0]},
    index=list("abcde"),
)


@pytest.fixture(scope="module")
def transactions(shared):
    return shared / "transactions"


@pytest.fixture(scope="module")
def summary(transactions):
    orders = pd.read_csv(transactions / "rfm_orders.csv").rename(columns={"revenue": "amount"})
    return rfm_summary(orders, "2006-12-31")


def test_r_is_matched_to_the_last_customer(summary, transactions):
    scored = RFM(scheme="r").fit(summary).transform(summary)
    expected = pd.read_csv(transactions / "rfm_orders_expected_segments.csv").set_index("customer_id")
    assert len(expected) == 995
    expected = expected.loc[scored.index]
    columns = [f"{score}_score" for score in SCORES]
    assert (scored[columns] == expected[columns]).all(axis=None)
    assert (scored["segment"] == expected["segment"]).all()
    counts = pd.read_csv(transactions / "rfm_orders_expected_scores.csv").set_index("customer_id").loc[scored.index]
    assert (scored["recency"] == counts["recency_days"]).all()


def test_both_schemes_score_alike_and_name_differently(summary):
    one, two = (RFM(scheme=scheme).fit_transform(summary) for scheme in ("r", "classic"))
    columns = [f"{score}_score" for score in SCORES]
    pd.testing.assert_frame_equal(one[columns], two[columns])
    assert (one["segment"] != two["segment"]).any()
    assert "Others" in set(two["segment"])


def test_the_unit_is_added_to_quantiles_and_not_to_cut_points_of_ones_own():
    values = {"recency": -np.arange(0.0, 50), "frequency": np.arange(1.0, 51), "monetary": np.arange(100.0, 150)}
    found = CutScores(5, {"monetary": [110, 120, 130, 140]}).fit(values)
    assert found.cuts["frequency"].tolist() == pytest.approx([11.8, 21.6, 31.4, 41.2])
    assert found.cuts["recency"].tolist() == pytest.approx([10.8, 20.6, 30.4, 40.2])
    scores = found.score(values)
    assert scores[:, 2].tolist() == [1] * 10 + [2] * 10 + [3] * 10 + [4] * 10 + [5] * 10  # lower bound included
    assert (scores[0].tolist(), scores[-1].tolist()) == ([5, 1, 1], [1, 5, 5])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"scheme": "r", "cuts": {"recency": [1, 2, 3]}}, "4 numbers, ascending"),
        ({"scheme": "r", "cuts": {"recency": [4, 3, 2, 1]}}, "4 numbers, ascending"),
        ({"scheme": "r", "cuts": {"age": [1, 2, 3, 4]}}, "score with cut points"),
        ({"cuts": {"recency": [1, 2, 3, 4]}}, "without cut points"),
        ({"scheme": "classic", "nested": True}, "no nested bins"),
        ({"scheme": "R"}, "scheme of segments"),
    ],
)
def test_what_does_not_go_together_is_told(options, said):
    with pytest.raises(UsageError, match=said):
        RFM(**options).fit(SUMMARY)


def test_nested_bins_score_among_customers_of_the_same_recency():
    rng = np.random.default_rng(1)
    summary = pd.DataFrame({"recency": rng.integers(0, 400, 500), "frequency": rng.integers(1, 9, 500)})
    summary["monetary"] = rng.gamma(2, 50, 500).round(2)
    scored = RFM(nested=True).fit_transform(summary)
    alone = RFM().fit_transform(summary)
    assert (scored["recency_score"] == alone["recency_score"]).all()
    for _, group in scored.groupby("recency_score"):
        among = RFM().fit_transform(summary.loc[group.index])
        assert (group["frequency_score"] == among["frequency_score"]).all()
    shuffled = summary.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(RFM(nested=True).fit_transform(shuffled).loc[summary.index], scored)
    equal = scored.groupby(["recency", "frequency", "monetary"])["monetary_score"].nunique()
    assert equal.max() == 1


def test_a_group_that_nobody_was_fitted_in_scores_the_middle():
    fitted = RFM(nested=True).fit(SUMMARY)
    new = pd.DataFrame({"recency": [0], "frequency": [1], "monetary": [1e6]})
    assert fitted.transform(new)[["frequency_score", "monetary_score"]].to_numpy().tolist() == [[3, 3]]


def test_names_and_rules_may_be_ones_own(tmp_path):
    schemes = yaml.safe_load(SEGMENTS_FILE.read_text())
    schemes["default"]["segments"][0]["name"] = "Les meilleurs"
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(schemes))
    scored = RFM(segments_file=tmp_path / "mine.yaml").fit_transform(SUMMARY)
    assert scored.loc["a", "segment"] == "Les meilleurs"
