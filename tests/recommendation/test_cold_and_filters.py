"""Customers without a purchase, and what filters leave of lists."""

from __future__ import annotations

import pandas as pd
import pytest
from recommendation_data import LINES, coded, numbered, random_lines, shop

from invoice_lab.errors import UsageError
from invoice_lab.recommendation import Filters, Recommender
from invoice_lab.recommendation.cold import best_sellers
from invoice_lab.recommendation.history import History

GROUPS = pd.Series({"ann": "gold", "bob": "silver", "cat": "silver", "dan": "gold", "eve": "silver", "fay": None})


@pytest.fixture(scope="module")
def tea_shop():
    return Recommender("decayed").fit(LINES, groups=GROUPS)


def test_cold_customers_get_the_best_sellers_of_all():
    got = Recommender("item_item").fit(LINES).recommend(["dan", "eve"], k=4)
    assert got["product_id"].tolist() == ["cup", "pot", "jam", "tea"] * 2
    assert got["reason"][:3].tolist() == [
        "no purchase yet; popular: bought by 2 of 3 customers",
        "no purchase yet; popular: bought by 2 of 3 customers",
        "no purchase yet; popular: bought by 1 of 3 customers",
    ]


def test_cold_customers_get_the_best_sellers_of_their_group_labelled_so(tea_shop):
    got = tea_shop.recommend(["dan", "eve", "fay", "eve"], k=3)
    lists = [got["product_id"][start : start + 3].tolist() for start in range(0, 12, 3)]
    assert lists == [["cup", "tea", "pot"], ["pot", "cup", "jam"], ["cup", "pot", "jam"], ["pot", "cup", "jam"]]
    assert got["reason"][:5].tolist() == [
        "no purchase yet; popular among gold: bought by 1 of 1 customers",
        "no purchase yet; popular among gold: bought by 1 of 1 customers",
        "no purchase yet; popular: bought by 2 of 3 customers",
        "no purchase yet; popular among silver: bought by 2 of 2 customers",
        "no purchase yet; popular among silver: bought by 1 of 2 customers",
    ]
    assert got["reason"][6] == "no purchase yet; popular: bought by 2 of 3 customers"
    assert got["rank"].tolist() == [1, 2, 3] * 4


def test_cold_customers_have_nothing_to_buy_again_and_everything_is_new(tea_shop):
    assert tea_shop.recommend(["dan"], kind="again").empty
    pd.testing.assert_frame_equal(tea_shop.recommend(["dan"], kind="new"), tea_shop.recommend(["dan"]))
    assert tea_shop.explain("dan", "jam") == "no purchase yet; popular: bought by 1 of 3 customers"


def test_a_customer_with_returns_alone_is_cold():
    lines = pd.concat([LINES, LINES[-1:].assign(customer_id="zoe", basket_id="b9")])
    assert Recommender("decayed").fit(lines).recommend(["zoe"])["reason"].str.startswith("no purchase yet").all()


def test_scores_of_cold_customers_fall_with_the_rank_in_large_groups():
    lines = pd.concat(
        pd.DataFrame({"customer_id": range(start, stop), "product_id": product})
        for product, start, stop in (("a", 0, 3000), ("b", 0, 2000), ("c", 1999, 5000))
    )
    lines = lines.assign(basket_id=lines["customer_id"], date="2020-01-01", quantity=1)
    groups = pd.Series(["x" if who < 2000 else "y" for who in range(5000)], index=range(5000))
    groups[9999] = "x"
    got = Recommender("decayed").fit(lines, groups=groups).recommend([9999])
    assert got["product_id"].tolist() == ["a", "b", "c"]
    assert (got["score"].diff()[1:] < 0).all()


def test_best_sellers_count_customers_of_the_group():
    lines = random_lines(2)
    baskets = coded(lines)
    groups = pd.Series(["a", "b"] * 20, index=[f"c{number:03d}" for number in range(40)])
    ranked, reasons = best_sellers(History.of(baskets), baskets.customers, groups, ["b"], k=30, products=None)
    pairs = lines.drop_duplicates(["customer_id", "product_id"])
    own = pairs[pairs["customer_id"].map(groups) == "b"]["product_id"].value_counts()
    everybody = pairs["product_id"].value_counts()
    expected = sorted(everybody.index, key=lambda p: (-own.get(p, 0), -everybody[p], p))
    assert baskets.products[ranked.product].tolist() == expected
    members = lines.loc[lines["customer_id"].map(groups) == "b", "customer_id"].nunique()
    assert reasons[0] == f"no purchase yet; popular among b: bought by {own.max()} of {members} customers"


def listed(model, filters, **asked):
    return set(model.recommend(k=99, filters=filters, **asked)["product_id"])


@pytest.mark.parametrize("ids", [str, int])
def test_only_what_is_in_stock(ids):
    lines = LINES if ids is str else numbered(LINES)
    model = Recommender("decayed").fit(lines)
    kept = model.products_[[0, 3]].tolist()
    for stock in (kept, set(kept), (*kept, "unheard of"), pd.Series(kept), dict.fromkeys(kept)):
        for asked in (["nobody"], None):
            assert listed(model, Filters(in_stock=stock), customers=asked) == set(kept)
    with pytest.raises(UsageError, match="None of the products in stock"):
        model.recommend(filters=Filters(in_stock=["unheard of"]))


def test_least_baskets_and_prices():
    lines = LINES.assign(price=[1.0, 2, 1, 1, 3, 2, 3, 4, 1])
    model = Recommender("decayed").fit(lines)
    assert listed(model, Filters(least_baskets=2)) == {"cup", "pot", "tea"}
    assert listed(model, Filters(least_baskets=2), customers=["nobody"]) == {"cup", "pot", "tea"}
    assert listed(model, Filters(price=(2, 3))) == {"cup", "pot"}
    assert listed(model, Filters(price=(2, 3), in_stock=["pot", "tea"])) == {"pot"}
    assert listed(model, Filters(price=(0, 0.5))) == set()
    with pytest.raises(UsageError, match="no prices"):
        Recommender("decayed").fit(LINES).recommend(filters=Filters(price=(1, 2)))


@pytest.mark.parametrize(
    ("days", "left"),
    [(0, {"cup", "pot", "jam", "tea"}), (1, {"pot", "jam", "tea"}), (59, {"pot", "jam", "tea"}), (60, {"jam", "tea"})],
)
def test_what_was_bought_just_now_is_left_out(days, left):
    """Bob bought a cup on the day of the report, and a pot 60 days before."""
    model = Recommender("decayed").fit(LINES)
    assert listed(model, Filters(not_within_days=days), customers=["bob"]) == left
    again = listed(model, Filters(not_within_days=days), customers=["bob"], kind="again")
    assert again == left & {"cup", "pot"}
    assert listed(model, Filters(not_within_days=days), customers=["bob"], kind="new") == {"jam", "tea"}


def test_one_segment(tea_shop):
    got = tea_shop.recommend(filters=Filters(segment="silver"))
    assert got["customer_id"].unique().tolist() == ["bob", "cat"]
    got = tea_shop.recommend(["eve", "ann", "cat", "fay"], filters=Filters(segment="silver"))
    assert got["customer_id"].unique().tolist() == ["eve", "cat"]
    with pytest.raises(UsageError, match="did you mean 'silver'"):
        tea_shop.recommend(filters=Filters(segment="silvr"))
    with pytest.raises(UsageError, match="no groups"):
        Recommender("decayed").fit(LINES).recommend(filters=Filters(segment="gold"))


def test_filters_leave_the_order_of_what_is_left():
    lines = shop(0.5)
    model = Recommender("item_item").fit(lines)
    stock = [f"p{number:03d}" for number in range(0, 80, 3)]
    every = model.recommend(k=80)
    expected = every[every["product_id"].isin(stock)].groupby("customer_id").head(7)
    got = model.recommend(k=7, filters=Filters(in_stock=stock))
    assert got[["customer_id", "product_id", "score"]].to_numpy().tolist() == (
        expected[["customer_id", "product_id", "score"]].to_numpy().tolist()
    )


@pytest.mark.parametrize(
    "filters",
    [
        Filters(least_baskets=-1),
        Filters(least_baskets=1.5),
        Filters(not_within_days=-1),
        Filters(not_within_days="x"),
        Filters(in_stock="p001"),
        Filters(in_stock=5),
        Filters(in_stock=[["p001"]]),
        Filters(price=5),
        Filters(price=(5,)),
        Filters(price=(6, 5)),
        Filters(price=("a", "b")),
        Filters(price=(float("nan"), 5)),
    ],
)
def test_filters_that_cannot_be(filters):
    with pytest.raises(UsageError):
        Recommender("decayed").fit(LINES.assign(price=1)).recommend(filters=filters)
