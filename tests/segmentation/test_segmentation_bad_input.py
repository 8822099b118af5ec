"""Whatever is handed in, each function ends in a sentence or a right result: no traceback, no warning, no stray NaN."""

from __future__ import annotations

import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from invoice_lab.errors import InvoiceLabError, NotEnoughDataError, UsageError
from invoice_lab.segmentation import RFM, CustomerClusters, agreement, rfm_summary, score_map, segment_table
from invoice_lab.segmentation.clusters import top_spenders
from invoice_lab.segmentation.movement import matrix, migration
from invoice_lab.segmentation.neighbours import neighbours
from invoice_lab.segmentation.products import abc, product_summary
from invoice_lab.segmentation.quality import oddities
from invoice_lab.segmentation.sales import (
    compare_periods,
    interval,
    monthly_sales,
    quiet_customers,
    repeat_share,
    top_share,
)
from invoice_lab.segmentation.value import purchase_summary
from invoice_lab.warehouse.queries.shares import interval as share_interval

AS_OF = "2020-09-30"
RNG = np.random.default_rng(0)


def drawn(count):
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.integers(0, 250, count), unit="D")
    return pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in RNG.integers(0, 60, count)],
            "basket_id": [f"b{number}" for number in range(count)],
            "date": days,
            "order_date": days,
            "line_no": 1,
            "product_id": [f"p{number}" for number in RNG.integers(0, 12, count)],
            "quantity": RNG.integers(1, 5, count),
            "amount": RNG.integers(100, 9999, count) / 100,
        }
    )


def dated(frame, change):
    return frame.assign(date=change(frame["date"]), order_date=change(frame["order_date"]))


def some(frame, column, value, every=5):
    """Replace the first of `every` values, and so on."""
    return frame.assign(**{column: frame[column].astype(object).where(np.arange(len(frame)) % every > 0, value)})


def read_only(frame):
    def frozen(column):
        values = column.to_numpy().copy()
        values.flags.writeable = False
        return pd.Series(values, column.index, copy=False)

    return frame.assign(amount=frozen(frame["amount"]), quantity=frozen(frame["quantity"]))


LINES = drawn(300)
"""Lines that are orders, too: each is a basket of its own."""
THE_SAME = {
    "row order": lambda f: f.sample(frac=1, random_state=3),
    "duplicate index": lambda f: f.set_axis([0] * len(f)),
    "index named as columns": lambda f: f.set_index(["basket_id", "line_no"], drop=False),
    "Decimal": lambda f: f.assign(amount=f["amount"].map(lambda amount: Decimal(f"{amount:.2f}"))),
    "numbers as texts": lambda f: f.assign(amount=f["amount"].astype(str), quantity=f["quantity"].astype(str)),
    "dates as texts": lambda f: dated(f, lambda days: days.astype(str)),
    "dates as objects": lambda f: dated(f, lambda days: days.dt.date),
    "time zone": lambda f: dated(f, lambda days: (days + pd.Timedelta(hours=23)).dt.tz_localize("Europe/Paris")),
    "objects": lambda f: f.astype(object),
    "read-only": read_only,
    "nullable": lambda f: f.convert_dtypes(),
    "categories": lambda f: f.assign(
        customer_id=f["customer_id"].astype("category").cat.add_categories(["nobody"]),
        product_id=f["product_id"].astype("category").cat.add_categories(["nothing"]),
    ),
    "later rows": lambda f: pd.concat([f, f.assign(order_date="2999-01-01", date="2999-01-01")], ignore_index=True),
}
"""Other ways to say the same."""
OTHER = {
    "plain": lambda f: f,
    "no rows": lambda f: f[:0],
    "no rows, objects": lambda f: f[:0].astype(object),
    "one row": lambda f: f[:1],
    "one customer": lambda f: f.assign(customer_id="x"),
    "all the same": lambda f: dated(
        f.assign(customer_id=[f"k{n}" for n in range(len(f))], amount=9.99), lambda _: "2020-03-01"
    ),
    "credit notes only": lambda f: f.assign(amount=-5.0, quantity=-1),
    "some credit notes": lambda f: f.assign(amount=np.where(np.arange(len(f)) % 3 > 0, f["amount"], -f["amount"])),
    "nothing paid": lambda f: f.assign(amount=0.0),
    "10,000 orders of one": lambda f: pd.concat([f, drawn(10_000).assign(customer_id="big")], ignore_index=True),
    "whole number ids": lambda f: f.assign(customer_id=f["customer_id"].str[1:].astype(int)),
    "nullable ids": lambda f: f.assign(customer_id=f["customer_id"].str[1:].astype("Int64")),
    "all later": lambda f: dated(f, lambda _: "2999-01-01"),
    "tiny": lambda f: f.assign(amount=5e-324),
    "large": lambda f: f.assign(amount=1e14),
}
"""Odd, and maybe too little."""
REFUSED = {
    "ids missing": (lambda f: some(f, "customer_id", None), "no customer_id"),
    "no ids": (lambda f: f.assign(customer_id=None), "no customer_id"),
    "ids of two kinds": (lambda f: f.assign(customer_id=[1, "a"] * 150), "int, str"),
    "lists as ids": (lambda f: f.assign(customer_id=[[1]] * 300), "list"),
    "dates missing": (lambda f: dated(f, lambda days: days.where(np.arange(300) > 0)), "1 of 300 rows"),
    "no dates": (lambda f: dated(f, lambda _: "soon"), "no date"),
    "numbers as dates": (lambda f: dated(f, lambda _: 20200101), "numbers, not dates"),
    "numbers as dates, objects": (lambda f: dated(f, lambda _: pd.Series(20200101, f.index, object)), "not dates"),
    "amount missing": (lambda f: some(f, "amount", None, 300), "1 of 300 values of amount are missing"),
    "infinite": (lambda f: f.assign(amount=np.inf), "infinite"),
    "NaN as text": (lambda f: some(f, "amount", "nan"), "missing or infinite"),
    "too large": (lambda f: f.assign(amount=1e300), "beyond 1e\\+15"),
    "texts": (lambda f: f.assign(amount="much"), "no number"),
    "complex": (lambda f: f.assign(amount=1j), "no number"),
    "column missing": (lambda f: f.drop(columns="amount"), "no column 'amount'"),
    "column twice": (lambda f: pd.concat([f, f["amount"]], axis=1), "more than one column 'amount'"),
    "no frame": (lambda _: [1, 2], "must be a pandas DataFrame"),
    "nothing": (lambda _: None, "must be a pandas DataFrame"),
}
TWO_CURRENCIES = LINES.assign(currency=["EUR", "USD"] * 150)


def people(lines):
    ids = pd.unique(lines["customer_id"].dropna()) if isinstance(lines, pd.DataFrame) else []
    return pd.DataFrame({"customer_id": ids, "name": ids, "birth_date": pd.NaT})


OF_LINES = {
    "rfm_summary": lambda f: rfm_summary(f, AS_OF),
    "RFM": lambda f: RFM().fit_transform(rfm_summary(f, AS_OF)),
    "purchase_summary": lambda f: purchase_summary(f, AS_OF).fillna({"mean_amount": 0}),
    "quiet_customers": lambda f: quiet_customers(f, AS_OF),
    "repeat_share": lambda f: pd.Series(vars(repeat_share(f))),
    "compare_periods": lambda f: pd.DataFrame({k: vars(c) for k, c in compare_periods(f, AS_OF).items()}).round(6),
    "product_summary": lambda f: product_summary(f, AS_OF).fillna(
        {"price": 0, "trend": 0, "first": pd.Timestamp(0), "last": pd.Timestamp(0)}
    ),
    "oddities": lambda f: pd.DataFrame([vars(oddity) for oddity in oddities(f, people(f))]),
}
TAKES_ALL_DAYS = {"oddities", "repeat_share"}
MAY_LACK = {"ids missing", "no ids", "ids of two kinds", "lists as ids"}
"""What `oddities` takes: it says what is odd, lines without a customer included."""


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("change", THE_SAME.values(), ids=THE_SAME)
@pytest.mark.parametrize("name", OF_LINES)
def test_the_same_data_give_the_same_result(name, change):
    if name in TAKES_ALL_DAYS and change is THE_SAME["later rows"]:
        return
    found, expected = (OF_LINES[name](frame) for frame in (change(LINES), LINES))
    assert type(found) is type(expected)
    assert found.reset_index().astype(str).equals(expected.reset_index().astype(str))


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER)
@pytest.mark.parametrize("name", OF_LINES)
def test_odd_data_end_in_a_sentence_or_a_result_without_nan(name, change):
    try:
        result = OF_LINES[name](change(LINES))
    except InvoiceLabError as error:
        assert isinstance(error, (NotEnoughDataError, UsageError)) and error.message.endswith(".")
    else:
        assert not result.isna().any(axis=None)


@pytest.mark.parametrize("bad", REFUSED)
@pytest.mark.parametrize("name", OF_LINES)
def test_bad_data_are_refused(name, bad):
    change, words = REFUSED[bad]
    if name == "oddities" and bad in MAY_LACK:
        assert oddities(change(LINES), people(LINES))
        return
    with pytest.raises(UsageError, match=words):
        OF_LINES[name](change(LINES))


@pytest.mark.parametrize("name", [name for name in OF_LINES if name != "oddities"])
def test_two_currencies_are_refused(name):
    with pytest.raises(UsageError, match=r"more than one currency \(EUR, USD\)"):
        OF_LINES[name](TWO_CURRENCIES)


@pytest.mark.parametrize("function", [rfm_summary, purchase_summary, product_summary])
def test_as_of_before_the_data(function):
    with pytest.raises(UsageError, match="2019-12-31"):
        function(LINES, "2019-12-31")
    for day in (20200930, "soon", None, pd.NaT, 1.5):
        with pytest.raises(UsageError, match="as_of"):
            function(LINES, day)


SUMMARY = rfm_summary(drawn(3000), AS_OF)
SUMMARY = SUMMARY.assign(age=pd.array([None, *range(20, 20 + len(SUMMARY) - 1)], dtype="Int64"))
MODEL = RFM().fit(SUMMARY)
SCORED = MODEL.transform(SUMMARY)
CLUSTERS = CustomerClusters(k=2, bootstraps=2).fit(SUMMARY)
SUMMARY_THE_SAME = {
    "duplicate index": lambda f: f.set_axis([0] * len(f)),
    "categories as index": lambda f: f.set_axis(pd.CategoricalIndex(f.index)),
    "two levels": lambda f: f.set_index("recency", append=True, drop=False),
    "objects": lambda f: f.astype(object),
    "nullable": lambda f: f.convert_dtypes(),
    "numbers as texts": lambda f: f.assign(monetary=f["monetary"].astype(str), recency=f["recency"].astype(str)),
    "Decimal": lambda f: f.assign(monetary=f["monetary"].map(lambda amount: Decimal(repr(amount)))),
    "columns": lambda f: f[list(reversed(f.columns))],
}
SUMMARY_OTHER = {
    "no rows": lambda f: f[:0],
    "no rows, objects": lambda f: f[:0].astype(object),
    "one customer": lambda f: f[:1],
    "ten customers": lambda f: f[:10],
    "all the same": lambda f: f.assign(recency=1, frequency=1, monetary=5.0),
    "two values": lambda f: f.assign(recency=np.arange(len(f)) % 2, frequency=1, monetary=5.0),
    "one outlier": lambda f: f.assign(monetary=np.where(np.arange(len(f)) > 0, f["monetary"], 1e12)),
    "below zero": lambda f: f.assign(monetary=-f["monetary"]),
    "some below zero": lambda f: f.assign(monetary=np.where(np.arange(len(f)) > 3, f["monetary"], -1e6)),
    "zero": lambda f: f.assign(monetary=0.0),
    "no orders": lambda f: f.assign(frequency=0),
    "long ago": lambda f: f.assign(recency=np.where(np.arange(len(f)) > 0, f["recency"], 10**12)),
    "impossible ages": lambda f: f.assign(age=999),
    "unknown ages": lambda f: f.assign(age=pd.NA),
}
SUMMARY_REFUSED = {
    "NaN": (lambda f: f.assign(monetary=np.nan), "missing or infinite"),
    "infinite": (lambda f: f.assign(recency=np.inf), "missing or infinite"),
    "texts": (lambda f: f.assign(frequency="often"), "no number"),
    "column missing": (lambda f: f.drop(columns="frequency"), "no column 'frequency'"),
    "column twice": (lambda f: pd.concat([f, f["recency"]], axis=1), "more than one column"),
    "array": (lambda f: f.to_numpy(), "must be a pandas DataFrame"),
}
OF_SUMMARIES = {
    "RFM": lambda f: RFM().fit(f).transform(f)[["recency_score", "frequency_score", "monetary_score", "segment"]],
    "RFM nested": lambda f: RFM(nested=True).fit(f).transform(f)[["monetary_score", "segment"]],
    "RFM as R": lambda f: RFM(scheme="r").fit(f).transform(f)[["monetary_score", "segment"]],
    "RFM.transform": lambda f: MODEL.transform(f)[["monetary_score", "segment"]],
    "segment_table": lambda f: segment_table(RFM().fit_transform(f)).fillna(0),
    "score_map": lambda f: score_map(RFM().fit_transform(f)),
    "neighbours": lambda f: neighbours(RFM().fit(f).transform(f), RFM().fit(f)).fillna(
        {"days": -1, "without_order": ""}
    ),
    "clusters": lambda f: CustomerClusters(k=2, bootstraps=2).fit(f).profiles_.drop(columns="age", errors="ignore"),
    "clusters of raw values": lambda f: pd.Series(CustomerClusters(k=2, bootstraps=2, transform="raw").fit(f).labels_),
    "predict": lambda f: pd.Series(CLUSTERS.predict(f)),
    "project": CLUSTERS.project,
}


@pytest.mark.parametrize("change", SUMMARY_THE_SAME.values(), ids=SUMMARY_THE_SAME)
@pytest.mark.parametrize("name", OF_SUMMARIES)
def test_the_same_summary_gives_the_same_result(name, change):
    found, expected = (OF_SUMMARIES[name](frame).reset_index(drop=True) for frame in (change(SUMMARY), SUMMARY))
    assert found.astype(str).equals(expected.astype(str))


@pytest.mark.parametrize("change", SUMMARY_OTHER.values(), ids=SUMMARY_OTHER)
@pytest.mark.parametrize("name", OF_SUMMARIES)
def test_odd_summaries_end_in_a_sentence_or_a_result_without_nan(name, change):
    frame = change(SUMMARY)
    try:
        result = OF_SUMMARIES[name](frame)
    except NotEnoughDataError as error:
        assert error.message.endswith(".")
    else:
        assert not result.isna().any(axis=None)
        if name not in {"segment_table", "score_map", "clusters"}:
            assert len(result) == len(frame)


@pytest.mark.parametrize(("change", "words"), SUMMARY_REFUSED.values(), ids=SUMMARY_REFUSED)
@pytest.mark.parametrize("name", OF_SUMMARIES)
def test_bad_summaries_are_refused(name, change, words):
    with pytest.raises(UsageError, match=words):
        OF_SUMMARIES[name](change(SUMMARY))


@pytest.mark.parametrize("params", [{}, {"transform": "raw"}, {"transform": "log"}, {"features": ["recency", "age"]}])
@pytest.mark.parametrize("change", SUMMARY_OTHER.values(), ids=SUMMARY_OTHER)
def test_clusters_of_odd_summaries(change, params):
    try:
        model = CustomerClusters(bootstraps=2, **params).fit(change(SUMMARY))
    except NotEnoughDataError as error:
        assert "Clusters need" in error.message or "too alike" in error.message
    else:
        assert np.isfinite(model.centers_).all() and np.isfinite(model.null_).all()
        ages = model.profiles_.columns.intersection(["age", "age_median"])  # missing where none of a cluster is known
        assert not model.profiles_.drop(columns=ages).isna().any(axis=None) and model.scores_["chosen"].sum() == 1


SEGMENTS = pd.Series({"a": "Loyal", "b": "Loyal", "c": "New"})
MONTHS = pd.DataFrame(
    {"currency": "EUR", "month": pd.to_datetime(["2020-01-01", "2020-03-01"]), "sales": [1.0, 2.0], "invoices": 1}
).assign(customers=1, average_basket=1.0)
USAGE = {
    "moves of a list": lambda: migration(["Loyal"], SEGMENTS),
    "no segment": lambda: migration(SEGMENTS.where(SEGMENTS == "New"), SEGMENTS),
    "numbers and texts as ids": lambda: migration(SEGMENTS.reset_index(drop=True), SEGMENTS),
    "matrix of nothing": lambda: matrix(None, []),
    "more found than there are": lambda: share_interval([5], [3]),
    "share of NaN": lambda: share_interval([np.nan], [3]),
    "share of texts": lambda: share_interval(["x"], [3]),
    "level": lambda: share_interval([1], [3], 1.0),
    "abc of NaN": lambda: abc(pd.Series([np.nan, 1])),
    "abc of texts": lambda: abc(pd.Series(["x"])),
    "top share of nothing": lambda: top_share(None),
    "fraction": lambda: top_share([1, 2], "x"),
    "seed": lambda: interval([1, 2], seed="x"),
    "unit_days": lambda: purchase_summary(LINES, AS_OF, 0),
    "trend days": lambda: product_summary(LINES, AS_OF, 0),
    "days": lambda: compare_periods(LINES, AS_OF, "x"),
    "factor": lambda: quiet_customers(LINES, AS_OF, -1),
    "months twice": lambda: monthly_sales(pd.concat([MONTHS, MONTHS])),
    "months missing": lambda: monthly_sales(MONTHS.assign(month=pd.NaT)),
    "sales missing": lambda: monthly_sales(MONTHS.assign(sales=np.nan)),
    "middle of a month": lambda: monthly_sales(MONTHS.assign(month="2020-01-05")),
    "months of a list": lambda: monthly_sales([1]),
    "agreement without a segment": lambda: agreement(pd.Series(["x", None]), [0, 1]),
    "share of top spenders": lambda: top_spenders(SUMMARY, 5),
    "texts as sales": lambda: top_spenders(SUMMARY.assign(monetary="much")),
    "scores beyond": lambda: score_map(SCORED.assign(recency_score=9)),
    "scores missing": lambda: score_map(SCORED.assign(recency_score=np.nan)),
    "segments of another scheme": lambda: segment_table(SCORED.assign(segment="Others")),
    "neighbours of another scheme": lambda: neighbours(SCORED.assign(segment="Others"), MODEL),
    "cuts of texts": lambda: RFM(scheme="r", cuts={"recency": list("abcd")}).fit(SUMMARY),
    "cuts of NaN": lambda: RFM(scheme="r", cuts={"recency": [1, 2, 3, np.nan]}).fit(SUMMARY),
    "one cut": lambda: RFM(scheme="r", cuts={"recency": 5}).fit(SUMMARY),
    "cuts of no score": lambda: RFM(scheme="r", cuts=[1]).fit(SUMMARY),
    "no scheme": lambda: RFM(scheme=None).fit(SUMMARY),
    "no features": lambda: CustomerClusters(features=None).fit(SUMMARY),
    "lists as features": lambda: CustomerClusters(features=[["recency"]]).fit(SUMMARY),
    "no seed": lambda: CustomerClusters(random_state=None).fit(SUMMARY),
    "recency below zero": lambda: CustomerClusters().fit(SUMMARY.assign(recency=-1)),
    "ages of texts": lambda: CustomerClusters().fit(SUMMARY.assign(age="old")),
    "letters of others": lambda: CLUSTERS.names(SUMMARY.index[:5]),
    "letters twice": lambda: CLUSTERS.names(SUMMARY.index, pd.Series(["A", "B"], index=["c1", "c1"])),
}


@pytest.mark.parametrize("call", USAGE.values(), ids=USAGE)
def test_other_bad_input_is_refused(call):
    with pytest.raises(UsageError) as caught:
        call()
    assert caught.value.message.endswith((".", "'.", "?"))


def test_what_is_nothing_gives_nothing():
    nobody = SEGMENTS[:0]
    assert matrix(migration(nobody, nobody), ["Loyal"]).empty
    assert [bounds.tolist() for bounds in share_interval([0], [0])] == [[0], [1]]
    assert abc(pd.Series([], dtype=object)).empty and monthly_sales(MONTHS[:0]).empty
    assert top_share([-1, -2]).share == 0
    assert not top_spenders(SUMMARY.assign(monetary=5.0)).any() and top_spenders(SUMMARY[:0]).empty
