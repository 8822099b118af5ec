"""Whatever is handed in ends in a typed error with a sentence, or in a right result; never in a traceback of pandas."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from recommendation_data import COLUMNS, LINES, shop

from invoice_lab.errors import InvoiceLabError, NotEnoughDataError, UsageError
from invoice_lab.recommendation import Filters, Recommender, evaluate
from invoice_lab.recommendation.methods import usual

CUSTOMERS = pd.Series("gold", index=[f"c{number:03d}" for number in range(60)])


def replaced(column, value, rows=1):
    """The shop with a wrong value in some rows of a column."""
    lines = shop(0.3).astype({column: object})
    lines.loc[lines.index[:rows], column] = value
    return lines


FRAMES = [
    (lambda: shop(0.3)[:0], NotEnoughDataError, "no purchase lines"),
    (lambda: shop(0.3).assign(quantity=-1), NotEnoughDataError, "no purchase lines"),
    (lambda: shop(0.3).assign(quantity=0), NotEnoughDataError, "no purchase lines"),
    (lambda: None, UsageError, "must be a pandas DataFrame"),
    (lambda: shop(0.3).to_dict(), UsageError, "must be a pandas DataFrame"),
    *((lambda name=name: shop(0.3).drop(columns=name), UsageError, f"no column '{name}'") for name in COLUMNS),
    (lambda: pd.concat([shop(0.3), shop(0.3)[["date"]]], axis=1), UsageError, "more than one column 'date'"),
    (lambda: pd.concat([shop(0.3), shop(0.3)[["product_id"]]], axis=1), UsageError, "more than one column"),
    (lambda: replaced("customer_id", None), UsageError, "1 of 12"),
    (lambda: replaced("basket_id", float("nan"), 3), UsageError, "3 of 12"),
    (lambda: replaced("product_id", None), UsageError, "have no product_id"),
    (lambda: replaced("date", pd.NaT), UsageError, "have no date"),
    (lambda: replaced("date", "soon"), UsageError, "date holds no date"),
    (lambda: shop(0.3).assign(date=20200101), UsageError, "numbers, not dates"),
    (lambda: replaced("quantity", "many"), UsageError, "quantity holds no number"),
    (lambda: replaced("quantity", None), UsageError, "quantity"),
    (lambda: replaced("quantity", np.inf), UsageError, "infinite"),
    (lambda: replaced("customer_id", 5), UsageError, "customer_id holds no ids of one kind"),
    (lambda: replaced("product_id", 5), UsageError, "product_id holds no ids of one kind"),
    (lambda: shop(0.3).assign(basket_id=[["a"]] * len(shop(0.3))), UsageError, "basket_id holds no ids"),
]


@pytest.mark.parametrize(("make", "error", "words"), FRAMES)
def test_frames_that_cannot_be(make, error, words):
    for call in (evaluate, Recommender().fit, Recommender("popularity").fit):
        with pytest.raises(error, match=words):
            call(make())


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"k": 0}, "k is 0"),
        ({"k": 2.5}, "k is 2.5"),
        ({"k": "10"}, "k is '10'"),
        ({"methods": ["decay"]}, "did you mean 'decayed'"),
        *(
            ({"methods": methods}, r"^methods is .*; it must be a list of names")
            for methods in ("decayed", "auto", b"auto", 5, {"decayed"}, {"decayed": 1}, np.array("auto"), object())
        ),
        *(
            ({"methods": methods}, r"^methods holds .*, which is no name. Give names")
            for methods in (
                [["decayed"]],
                [["decayed"], "auto"],
                ["decayed", 5],
                [None],
                np.array([["decayed"]]),
                [np.nan],
            )
        ),
        ({"protocol": "leave_one_out"}, "no protocol"),
        ({"split": "2020-02-01"}, "no day to split at"),
        ({"resamples": 1}, "resamples is 1"),
        ({"seed": -1}, "seed is -1"),
        ({"as_of": "soon"}, "as_of is 'soon'"),
        ({"as_of": "2019-01-01"}, "before the first line"),
        ({"as_of": 5}, "as_of is 5"),
    ],
)
def test_evaluations_that_cannot_be(parameters, words):
    with pytest.raises(UsageError, match=words):
        evaluate(shop(0.3), **parameters)


@pytest.mark.parametrize("kind", [tuple, np.array, pd.Index, pd.Series])
def test_names_of_methods_may_be_a_sequence_of_any_kind(kind):
    names = ["decayed", "chance", "popularity"]
    table = evaluate(shop(0.3), methods=kind(names), resamples=100)
    assert table["method"].tolist() == names and {type(name) for name in table["method"]} == {str}
    assert len(evaluate(shop(0.3), methods=kind([]), resamples=100)) == len(usual(60)) + 2


@pytest.mark.parametrize(
    "make",
    [
        lambda lines: lines[lines["customer_id"] == "c001"],
        lambda lines: lines[lines["date"] < "2020-03-01"],
        lambda lines: lines[lines["customer_id"] < "c019"],
        lambda lines: lines.drop_duplicates("customer_id"),
    ],
)
def test_too_little_to_evaluate(make):
    with pytest.raises(NotEnoughDataError, match="customers have 3 baskets or more; at least 20 are needed"):
        evaluate(make(shop(0.3)))


@pytest.mark.parametrize(
    ("parameters", "fit", "words"),
    [
        ({"method": "decay"}, {}, "did you mean 'decayed'"),
        ({"method": None}, {}, "no method of recommending"),
        ({"method": "chance"}, {}, "no method of recommending"),
        ({"random_state": -1}, {}, "random_state is -1"),
        ({"random_state": None}, {}, "random_state is None"),
        ({"method": "decayed", "parameters": {"half_life_days": 0}}, {}, "half_life_days is 0"),
        ({"method": "decayed", "parameters": {"half_life": 9}}, {}, "can't be fitted with"),
        ({"method": "item_item", "parameters": {"together": "baskets", "x": 1}}, {}, "can't be fitted with .*'x'"),
        ({"method": ["decayed"]}, {}, "no method of recommending"),
        ({}, {"choice": "decayed"}, "choice must be what an evaluation chose"),
        ({"method": "decayed", "parameters": "fast"}, {}, "mapping of names to values, not 'fast'"),
        ({}, {"as_of": "2019-01-01"}, "before the first line"),
        ({}, {"as_of": "tomorrow"}, "as_of is 'tomorrow'"),
        ({}, {"groups": pd.concat([CUSTOMERS, CUSTOMERS[:1]])}, "stands twice in groups"),
        ({}, {"groups": CUSTOMERS.to_dict()}, "groups must be a pandas Series"),
        ({}, {"groups": CUSTOMERS.to_frame()}, "groups must be a pandas Series"),
    ],
)
def test_recommenders_that_cannot_be(parameters, fit, words):
    with pytest.raises(UsageError, match=words):
        Recommender(**parameters).fit(shop(0.3), **fit)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [("price", "dear", "price holds no number"), ("price", None, "have no price"), ("price", np.inf, "infinite")],
)
def test_prices_that_cannot_be(column, value, words):
    with pytest.raises(UsageError, match=words):
        Recommender("decayed").fit(LINES.assign(**{column: value}))
    twice = pd.concat([LINES.assign(price=1.0), LINES.assign(price=1.0)[["price"]]], axis=1)
    with pytest.raises(UsageError, match="more than one column 'price'"):
        Recommender("decayed").fit(twice)


@pytest.mark.parametrize(
    "call",
    [
        lambda model: model.recommend(k=0),
        lambda model: model.recommend(k=2.5),
        lambda model: model.recommend(k="10"),
        lambda model: model.recommend(kind="old"),
        lambda model: model.recommend(kind=None),
        lambda model: model.recommend("ann"),
        lambda model: model.recommend(5),
        lambda model: model.recommend([["ann"]]),
        lambda model: model.recommend(filters=Filters(segment="gold")),
        lambda model: model.similar_products("coal"),
        lambda model: model.similar_products("tea", k=0),
        lambda model: model.similar_products(["tea"]),
        lambda model: model.explain("ann", "coal"),
        lambda model: model.explain("ann", None),
        lambda model: model.explain(["ann"], "tea"),
    ],
)
def test_calls_that_cannot_be(call):
    with pytest.raises(UsageError) as raised:
        call(Recommender("decayed").fit(LINES))
    assert str(raised.value).rstrip().endswith(".")


@pytest.mark.parametrize("asked", [[None], [float("nan")], [5, "ann"], [pd.NA], [("a", "b")]])
def test_ids_that_nobody_has_are_customers_without_a_purchase(asked):
    for groups in (None, pd.Series({"ann": "gold", "dan": "gold"})):
        model = Recommender("decayed").fit(LINES, groups=groups)
        got = model.recommend(asked, k=1)
        assert len(got) == len(asked) and got["reason"].iloc[0].startswith("no purchase yet")


def test_odd_data_end_in_lists_or_in_a_sentence():
    """One customer, one product, one line, one day, a basket of all products, returns beside purchases."""
    lines = shop(0.3)
    products = pd.DataFrame({"product_id": [f"p{number:03d}" for number in range(80)]})
    odd = {
        "one customer": lines.assign(customer_id="c"),
        "one basket": lines.assign(customer_id="c", basket_id="b"),
        "one product": lines.assign(product_id="p"),
        "one line": lines[:1],
        "one day": lines.assign(date="2020-01-01"),
        "everything": pd.concat(
            [lines, products.assign(customer_id="c001", basket_id="all", date=lines["date"].max(), quantity=1)]
        ),
        "returns": pd.concat([lines, lines.assign(quantity=-1)]),
        "doubled index": pd.concat([lines, lines]),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for what, frame in odd.items():
            for method in ("auto", *usual(60)):
                model = Recommender(method).fit(frame)
                for kind in ("all", "again", "new"):
                    got = model.recommend(kind=kind)
                    assert np.isfinite(got["score"]).all(), what
                    assert not got.duplicated(["customer_id", "product_id"]).any()
            try:
                table = evaluate(frame, resamples=100)
            except InvoiceLabError as error:
                assert what.startswith("one ") and "at least 20 are needed" in str(error)
            else:
                assert table[["hit_rate", "ndcg"]].notna().all(axis=None), what
