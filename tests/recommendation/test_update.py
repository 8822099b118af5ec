"""Later lines learnt from, too: lists are as if all had been learnt from together, and what fails changes nothing."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from recommendation_data import LINES, random_lines

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.recommendation import Filters, Recommender

DAYS = [pd.Timestamp("2020-12-01"), pd.Timestamp("2020-12-20")]


def shop():
    """Return lines of a year in which customers and products come that weren't there before."""
    lines = random_lines(5, customers=40, products=20, rows=900)
    late = lines["date"] > DAYS[0]
    lines.loc[late & (lines.index % 7 == 0), "customer_id"] = "new"
    lines.loc[late & (lines.index % 5 == 0), "product_id"] = "p0new"
    lines.loc[lines["date"] > DAYS[1], "customer_id"] = lines["customer_id"] + "x"
    lines["basket_id"] = lines["customer_id"] + lines["date"].astype(str)
    return lines.assign(product=lines["product_id"].str.upper(), price=lines.index % 9 + 1.0)


def parts(lines):
    ends = [lines["date"].min() - pd.Timedelta(days=1), *DAYS, lines["date"].max()]
    return [lines[(lines["date"] > begin) & (lines["date"] <= end)] for begin, end in pairwise(ends)]


def assert_same(one, two):
    for kind in ("all", "again", "new"):
        pd.testing.assert_frame_equal(one.recommend(k=8, kind=kind), two.recommend(k=8, kind=kind))
    cheap = Filters(price=(1, 4))
    pd.testing.assert_frame_equal(one.recommend(filters=cheap), two.recommend(filters=cheap))
    for product in two.products_:
        pd.testing.assert_frame_equal(one.similar_products(product), two.similar_products(product))
    assert one.names_.tolist() == two.names_.tolist() and one.prices_.tolist() == two.prices_.tolist()
    assert one.as_of_ == two.as_of_


@pytest.mark.parametrize(
    "method",
    ["popularity", "frequency", "decayed", "item_item", "tifu_knn", "up_cf"],
)
@pytest.mark.parametrize("asked", [True, False], ids=["lists before", "no lists before"])
def test_two_updates_are_as_one_fit(method, asked):
    """Whether counts were there to be counted on, or not."""
    lines = shop()
    first, *later = parts(lines)
    model = Recommender(method).fit(first)
    for part in later:
        assert len(part) > 10
        if asked:
            model.recommend()
        model.update(part)
    assert "new" in model.customers_ and "p0new" in model.products_
    assert_same(model, Recommender(method).fit(lines))


def test_baskets_of_item_item_are_counted_on():
    first, second, _ = parts(shop())
    parameters = {"together": "customers", "half_life_days": 90.0}
    model = Recommender("item_item", parameters=parameters).fit(first).update(second)
    assert_same(model, Recommender("item_item", parameters=parameters).fit(pd.concat([first, second])))


def test_the_methods_stay_those_that_were_chosen():
    first, second, _ = parts(shop())
    model = Recommender().fit(first)
    choice = model.choice_
    assert model.update(second).choice_ is choice
    assert_same(model, Recommender().fit(pd.concat([first, second]), choice=choice))


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (lambda lines: lines.assign(price=None), "no price"),
        (lambda lines: lines.assign(date="2020-01-02"), "begin on 2020-01-02"),
        (lambda lines: lines.drop(columns="product_id"), "product_id"),
        (lambda lines: lines.assign(customer_id=range(len(lines))), "ids learnt from are str, the new ones int"),
    ],
)
def test_what_fails_changes_nothing_and_can_be_tried_again(spoilt, words):
    first, second, _ = parts(shop())
    model = Recommender("item_item").fit(first)
    before = model.recommend()
    with pytest.raises(UsageError, match=words):
        model.update(spoilt(second))
    pd.testing.assert_frame_equal(model.recommend(), before)
    assert_same(model.update(second), Recommender("item_item").fit(pd.concat([first, second])))


def test_names_and_prices_stay_where_later_lines_have_none():
    lines = shop()
    first, second, _ = parts(lines)
    model = Recommender("decayed").fit(first)
    names, prices = (dict(zip(model.products_, found, strict=True)) for found in (model.names_, model.prices_))
    model.update(second.drop(columns=["product", "price"]))
    for product, name, price in zip(model.products_, model.names_, model.prices_, strict=True):
        assert name == names.get(product, product)
        assert price == prices[product] if product in prices else pd.isna(price)
    assert "p0new" not in set(model.recommend(filters=Filters(price=(0, 100)))["product_id"])


def test_only_returns_came():
    later = LINES.assign(date="2030-01-01", quantity=-1)
    with pytest.raises(NotEnoughDataError, match="no purchase lines"):
        Recommender("decayed").fit(LINES).update(later)
