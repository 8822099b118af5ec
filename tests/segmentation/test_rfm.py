"""RFM: properties of the scores, an oracle in plain Python, the 125 cells, bad input, the scikit-learn contract."""

from __future__ import annotations

import itertools
import math
import pickle
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from invoice_lab.errors import InvoiceLabError, NotEnoughDataError, UsageError
from invoice_lab.segmentation import RFM, load_segments, rfm_summary, score_map, segment_table
from invoice_lab.segmentation.orders import exact_sums
from invoice_lab.segmentation.rfm import SCORE_COLUMNS

ORDERS = pd.DataFrame(
    [
        ("b", "2020-01-10", "10.10"),
        ("a", "2020-03-01", "0.10"),
        ("a", "2020-02-01", "0.20"),
        ("c", "2020-03-01", "0.30"),
        ("a", "2020-04-01", "99.00"),
    ],
    columns=["customer_id", "order_date", "amount"],
)
order_lists = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 60), st.integers(-500, 5_000)), min_size=1, max_size=60
).filter(lambda rows: any(cents >= 0 for *_, cents in rows))


def frame(rows, shift=0, unit=1.0):
    days = [pd.Timestamp("2020-01-01") + pd.Timedelta(days=day + shift) for _, day, _ in rows]
    amounts = [cents / 100 * unit for *_, cents in rows]
    return pd.DataFrame({"customer_id": [f"c{c}" for c, *_ in rows], "order_date": days, "amount": amounts})


def scored(rows, shift=0, unit=1.0):
    as_of = pd.Timestamp("2020-03-10") + pd.Timedelta(days=shift)
    return RFM().fit_transform(rfm_summary(frame(rows, shift, unit), as_of))


def test_summary_by_hand():
    orders = ORDERS.assign(amount=ORDERS["amount"].map(Decimal))
    summary = rfm_summary(orders, date(2020, 3, 2))
    assert summary.index.tolist() == ["a", "b", "c"] and summary.index.name == "customer_id"
    assert summary["recency"].tolist() == [1, 52, 1]
    assert summary["frequency"].tolist() == [2, 1, 1]
    assert summary["monetary"].round(9).tolist() == [0.3, 10.1, 0.3]
    assert summary.dtypes.map(str).tolist() == ["int64", "int64", "float64"]


def test_time_of_day_does_not_count():
    late = ORDERS.assign(order_date=ORDERS["order_date"] + " 23:59")
    pd.testing.assert_frame_equal(rfm_summary(late, "2020-04-01"), rfm_summary(ORDERS, "2020-04-01 08:00"))


def test_sums_that_differ_in_the_last_bit_score_alike():
    scores = RFM().fit_transform(rfm_summary(ORDERS[:4], "2020-03-02"))["monetary_score"]
    assert 0.1 + 0.2 != 0.3
    assert scores["a"] == scores["c"] < scores["b"]


@given(order_lists)
@hypothesis_settings(deadline=None, max_examples=60, derandomize=True)
def test_scores_equal_the_plain_definition(rows):
    """Score = 1 + whole fifths of the customers who are strictly worse; the middle where all are the same."""
    result = scored(rows)
    cents = {}
    for customer, _, amount in rows:
        cents[f"c{customer}"] = cents.get(f"c{customer}", 0) + amount
    cents = {customer: cents[customer] for customer in result.index}  # but for those with credit notes alone
    goodness = {
        "recency": (-result["recency"]).to_dict(),
        "frequency": result["frequency"].to_dict(),
        "monetary": cents,
    }
    for name, values in goodness.items():
        for customer, value in values.items():
            worse = sum(other < value for other in values.values())
            expected = 3 if len(set(values.values())) == 1 else min(1 + 5 * worse // len(values), 5)
            assert result.loc[customer, f"{name}_score"] == expected


@given(order_lists, st.randoms(use_true_random=False), st.sampled_from([0.01, 100.0, 1.17]), st.integers(-900, 900))
@hypothesis_settings(deadline=None, max_examples=60, derandomize=True)
def test_scores_do_not_depend_on_row_order_currency_unit_or_date(rows, random, unit, shift):
    expected = scored(rows)[[*SCORE_COLUMNS, "segment"]]
    shuffled = random.sample(rows, len(rows))
    got = scored(shuffled, shift, unit)[[*SCORE_COLUMNS, "segment"]]
    pd.testing.assert_frame_equal(got, expected)


def test_transform_keeps_index_order_and_columns():
    summary = rfm_summary(ORDERS, "2020-05-01").assign(note="x").loc[["c", "a", "b"]]
    before = summary.copy()
    result = RFM().fit(summary).transform(summary)
    pd.testing.assert_frame_equal(summary, before)
    pd.testing.assert_frame_equal(result[summary.columns], summary)
    assert result.columns.tolist() == RFM().fit(summary).get_feature_names_out().tolist()


def test_new_customers_are_scored_against_the_fitted_ones():
    fitted = pd.DataFrame({"recency": range(100), "frequency": range(1, 101), "monetary": range(100)})
    new = pd.DataFrame({"recency": [0, 1000], "frequency": [500, 0], "monetary": [1e6, -5.0]}, index=["good", "bad"])
    result = RFM().fit(fitted).transform(new)
    assert result.loc["good", list(SCORE_COLUMNS)].tolist() == [5, 5, 5]
    assert result.loc["bad", list(SCORE_COLUMNS)].tolist() == [1, 1, 1]
    assert result["segment"].tolist() == ["Champions", "Lost"]
    assert RFM().fit(fitted).transform(new[:0]).empty


def test_thresholds_reproduce_the_scores():
    rng = np.random.default_rng(1)
    summary = pd.DataFrame(
        {"recency": rng.integers(0, 300, 200), "frequency": rng.poisson(2, 200), "monetary": rng.random(200)}
    )
    model = RFM().fit(summary)
    result = model.transform(summary)
    for score, least in model.thresholds_["monetary"].dropna().items():
        assert result.loc[result["monetary_score"] == score, "monetary"].min() == least
    for score, most in model.thresholds_["recency"].dropna().items():
        assert result.loc[result["recency_score"] == score, "recency"].max() == most


@pytest.mark.parametrize("bins", [2, 3, 4, 7, 10])
def test_other_numbers_of_bins(bins):
    summary = pd.DataFrame({"recency": range(100), "frequency": range(100, 0, -1), "monetary": range(100, 0, -1)})
    result = RFM(bins=bins).fit_transform(summary)
    assert sorted(result["recency_score"].unique()) == list(range(1, bins + 1))
    assert result["segment"].iloc[[0, -1]].tolist() == ["Champions", "Lost"]


def test_every_cell_has_a_name_and_every_name_a_cell():
    """The 125 cells through the estimator itself: a reference that gives each score its own value."""
    values = range(1, 6)
    fitted = pd.DataFrame({"recency": [6 - v for v in values], "frequency": values, "monetary": values})
    cells = pd.DataFrame(list(itertools.product(values, repeat=3)), columns=["recency", "frequency", "monetary"])
    result = RFM().fit(fitted).transform(cells.assign(recency=6 - cells["recency"]))
    assert result[list(SCORE_COLUMNS)].drop_duplicates().shape[0] == 125
    assert result["segment"].notna().all()
    assert set(result["segment"]) == {segment.name for segment in load_segments()}


def test_better_recency_never_lowers_a_champion_and_lost_is_the_worst_corner():
    fitted = pd.DataFrame({"recency": range(5), "frequency": range(5), "monetary": range(5)})
    corner = pd.DataFrame({"recency": [0, 4], "frequency": [4, 0], "monetary": [4, 0]})
    assert RFM().fit(fitted).transform(corner)["segment"].tolist() == ["Champions", "Lost"]


def test_all_alike_scores_the_middle_and_says_so():
    summary = pd.DataFrame({"recency": [3] * 4, "frequency": [1] * 4, "monetary": [9.99] * 4})
    model = RFM().fit(summary)
    assert model.constant_ == ("recency", "frequency", "monetary")
    assert (model.transform(summary)[list(SCORE_COLUMNS)] == 3).all(axis=None)
    assert (RFM().fit_transform(summary[:1])[list(SCORE_COLUMNS)] == 3).all(axis=None)


def test_segment_table_adds_up():
    result = scored([(c, c * 4, 100 * c) for c in range(13)])
    table = segment_table(result)
    assert table["segment"].tolist() == [segment.name for segment in load_segments()]
    assert table["customers"].sum() == 13 and table["sales"].sum() == pytest.approx(78.0)
    assert table["customer_share"].sum() == pytest.approx(1) and table["sales_share"].sum() == pytest.approx(1)
    for name, customers in result.groupby("segment"):
        row = table.set_index("segment").loc[name]
        assert row["monetary"] == customers["monetary"].median() and row["customers"] == len(customers)
    assert segment_table(result.assign(monetary=0.0))["sales_share"].eq(0).all()


def test_score_map_counts_every_customer_once():
    table = score_map(scored([(c, c * 4, 100) for c in range(12)]))
    assert table.index.tolist() == [5, 4, 3, 2, 1] and table.columns.tolist() == [1, 2, 3, 4, 5]
    assert table.to_numpy().sum() == 12


BAD_ORDERS = {
    "no rows": (ORDERS[:0], NotEnoughDataError, "no orders"),
    "column missing": (ORDERS.rename(columns={"amount": "amonut"}), UsageError, "did you mean 'amonut'"),
    "no frame": ([1, 2], UsageError, "DataFrame"),
    "customer missing": (ORDERS.assign(customer_id=[None, "a", "a", "c", "a"]), UsageError, "1 of 5 rows"),
    "date missing": (ORDERS.assign(order_date=pd.NaT), UsageError, "5 of 5 rows"),
    "no date": (ORDERS.assign(order_date="soon"), UsageError, "no date"),
    "number as date": (ORDERS.assign(order_date=20200101), UsageError, "numbers, not dates"),
    "amount missing": (ORDERS.assign(amount=[1, 2, None, 4, 5]), UsageError, "missing or infinite"),
    "amount infinite": (ORDERS.assign(amount=np.inf), UsageError, "missing or infinite"),
    "amount a text": (ORDERS.assign(amount="much"), UsageError, "no number"),
    "two currencies": (ORDERS.assign(currency=["EUR", "EUR", "USD", "EUR", "EUR"]), UsageError, "EUR, USD"),
}


@pytest.mark.parametrize(("orders", "error", "words"), BAD_ORDERS.values(), ids=BAD_ORDERS)
def test_bad_orders_end_as_a_sentence(orders, error, words):
    with pytest.raises(error, match=words):
        rfm_summary(orders, "2020-05-01")


@pytest.mark.parametrize("as_of", ["2019-12-31", "yesterday-ish", None, pd.NaT, object()])
def test_bad_as_of(as_of):
    with pytest.raises(UsageError, match="as_of"):
        rfm_summary(ORDERS, as_of)


@pytest.mark.parametrize("params", [{"bins": 1}, {"bins": 11}, {"bins": 5.0}, {"bins": True}, {"scheme": "defualt"}])
def test_bad_parameters(params):
    with pytest.raises(UsageError):
        RFM(**params).fit(rfm_summary(ORDERS, "2020-05-01"))


def test_bad_summaries():
    summary = rfm_summary(ORDERS, "2020-05-01")
    with pytest.raises(UsageError, match="'recency'"):
        RFM().fit(summary.drop(columns="recency"))
    with pytest.raises(NotEnoughDataError):
        RFM().fit(summary[:0])
    with pytest.raises(NotFittedError):
        RFM().transform(summary)
    assert issubclass(NotEnoughDataError, InvoiceLabError)


def test_credit_notes_lower_the_sum_and_are_no_purchase():
    more = [("b", "2020-01-11", "-20.10"), ("b", "2020-01-12", "0"), ("d", "2020-01-12", "-5"), ("a", "2020-04-30", -1)]
    orders = pd.concat([ORDERS, pd.DataFrame(more, columns=ORDERS.columns)])
    summary = rfm_summary(orders, "2020-05-01")
    assert summary.index.tolist() == ["a", "b", "c"]  # d has bought nothing
    assert summary.loc["b"].tolist() == [110, 2, -10.0]  # the order of 0 counts
    assert summary.loc["a"].tolist() == [30, 3, 98.3]
    assert RFM().fit_transform(summary).loc["b", "monetary_score"] == 1


def test_with_credit_notes_alone_nobody_has_bought():
    with pytest.raises(NotEnoughDataError, match="Up to 2020-05-01 there are credit notes only"):
        rfm_summary(ORDERS.assign(amount=-1), "2020-05-01")


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-1e9, 1e9)), min_size=1, max_size=40), st.randoms())
@hypothesis_settings(deadline=None, max_examples=200, derandomize=True)
def test_sums_are_exact_whatever_the_order_of_rows(rows, random):
    def sums(rows):
        groups = np.array([group for group, _ in rows])
        return exact_sums(pd.Series([amount for _, amount in rows]), groups, 4)

    found = sums(rows)
    for group, total in enumerate(found):
        exact = math.fsum(amount for one, amount in rows if one == group)
        assert total == exact or abs(total - exact) <= 2 * np.spacing(abs(exact))
    assert sums(random.sample(rows, len(rows))).tobytes() == found.tobytes()


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=60))
@hypothesis_settings(deadline=None, max_examples=100, derandomize=True)
def test_sums_of_whole_cents_are_whole_cents(cents):
    amounts = pd.Series([cent / 100 for cent in cents])
    assert exact_sums(amounts, np.zeros(len(cents), int), 1).tolist() == [sum(cents) / 100]


def test_scikit_learn_contract():
    summary = rfm_summary(ORDERS, "2020-05-01")
    model = RFM(bins=4)
    assert model.get_params() | {"bins": 4, "scheme": "default"} == model.get_params()
    assert model.fit(summary) is model and not hasattr(clone(model), "reference_")
    assert model.set_params(bins=3).fit(summary).bins == 3
    assert model.n_features_in_ == 3 and model.feature_names_in_.tolist() == summary.columns.tolist()
    again = pickle.loads(pickle.dumps(model)).transform(summary)
    pd.testing.assert_frame_equal(again, model.transform(summary))
    pd.testing.assert_frame_equal(
        RFM().set_output(transform="pandas").fit(summary).transform(summary), RFM().fit_transform(summary)
    )
    assert "RFM" in repr(model)


@pytest.mark.shared
def test_real_shop_has_no_tie_with_two_scores(shared):
    lines = pd.read_parquet(shared / "transactions" / "online_retail.parquet").dropna(subset="CustomerID")
    lines["amount"] = lines["Quantity"] * lines["UnitPrice"]
    by_invoice = lines.groupby(["CustomerID", "InvoiceNo"], as_index=False).agg(
        order_date=("InvoiceDate", "min"), amount=("amount", "sum")
    )
    result = RFM().fit_transform(rfm_summary(by_invoice.rename(columns={"CustomerID": "customer_id"}), "2011-12-10"))
    assert by_invoice["CustomerID"].nunique() == 4372
    # 33 of them only sent things back
    assert len(result) == 4339 and result.notna().all(axis=None)
    for name in ("recency", "frequency", "monetary"):
        assert (result.groupby(result[name].round(6))[f"{name}_score"].nunique() == 1).all()
        ordered = result.sort_values(name, ascending=name != "recency")[f"{name}_score"]
        assert ordered.is_monotonic_increasing
