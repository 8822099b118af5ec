"""The recommender: lists by hand and by kind, its frame, order, days, ids, names, size, the scikit-learn contract."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import recommendation_oracles as oracles
from recommendation_data import LINES, numbered, random_lines, shop
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from invoice_lab.errors import UsageError
from invoice_lab.recommendation import Filters, Recommender
from invoice_lab.recommendation.methods import usual

COLUMNS = ["customer_id", "rank", "product_id", "score", "reason"]


@pytest.fixture(scope="module")
def fitted():
    lines = shop(0.5)
    return Recommender().fit(lines), lines


def bought(lines):
    return set(zip(lines["customer_id"], lines["product_id"], strict=True))


def test_lists_by_hand():
    model = Recommender("frequency").fit(LINES)
    got = model.recommend(["ann"], k=4)
    assert got.columns.tolist() == COLUMNS
    assert got["product_id"].tolist() == ["tea", "cup", "pot", "jam"] and got["rank"].tolist() == [1, 2, 3, 4]
    # baskets: 5; tea, cup and pot are in two of them, jam in one
    assert got["score"].tolist() == pytest.approx([2.2, 1.2, 0.2, 0.1])
    assert model.recommend(["ann"], k=4, kind="again")["product_id"].tolist() == ["tea", "cup"]
    assert model.recommend(["ann"], k=4, kind="new")["product_id"].tolist() == ["pot", "jam"]
    assert model.recommend(["cat"], k=1, kind="again")["product_id"].tolist() == ["pot"]


def test_old_purchases_count_less():
    """Bob's pot and cup were both bought once, 60 days apart; the later one leads."""
    parameters = {"half_life_days": 30.0, "prior_baskets": 0.0}
    got = Recommender("decayed", parameters=parameters).fit(LINES).recommend(["bob"], k=2)
    assert got["product_id"].tolist() == ["cup", "pot"] and got["score"].tolist() == pytest.approx([1, 0.25])


@pytest.mark.parametrize("method", usual(100))
def test_kinds_of_lists(method):
    lines = random_lines(3)
    model, pairs = Recommender(method).fit(lines), bought(lines)
    every = {kind: model.recommend(k=50, kind=kind) for kind in ("all", "again", "new")}
    listed = {kind: bought(frame) for kind, frame in every.items()}
    assert listed["again"] == pairs
    assert listed["new"] == listed["all"] - pairs
    assert len(every["all"]) == len(model.customers_) * len(model.products_)
    for frame in every.values():
        for _, rows in frame.groupby("customer_id"):
            assert rows["rank"].tolist() == list(range(1, len(rows) + 1)) and rows["score"].is_monotonic_decreasing


@pytest.mark.parametrize("method", usual(100))
def test_new_products_are_in_the_order_of_the_method(method):
    lines = random_lines(6, customers=20, products=15, rows=250)
    past = oracles.Past(lines)
    parameters = {"neighbours": 6} if method == "tifu_knn" else None
    got = Recommender(method, parameters=parameters).fit(lines).recommend(k=4, kind="new")
    for customer in past.baskets:
        score = oracles.METHODS[method](past, customer, **(parameters or {}))
        expected = [product for product in past.order(score) if product not in past.bought(customer)][:4]
        assert got.loc[got["customer_id"] == customer, "product_id"].tolist() == expected


def test_what_is_bought_again_is_by_faded_counts_and_popularity():
    lines = random_lines(8)
    past = oracles.Past(lines)
    got = Recommender("popularity").fit(lines).recommend(k=5, kind="again")
    for customer in past.baskets:
        score = {p: worth + 1e-3 * past.share(p) for p, worth in past.faded(customer, 365.0).items()}
        rows = got[got["customer_id"] == customer]
        assert rows["product_id"].tolist() == past.order(score)[:5]
        assert rows["score"].tolist() == pytest.approx([score[product] for product in rows["product_id"]])


def test_popularity_is_the_same_list_for_all():
    got = Recommender("popularity").fit(LINES).recommend(k=2)
    assert got.groupby("customer_id")["product_id"].agg(list).tolist() == [["cup", "pot"]] * 3


def test_same_lists_whatever_the_row_order_ids_and_a_shift_of_dates(fitted):
    model, lines = fitted
    for kind in ("all", "again", "new"):
        expected = model.recommend(kind=kind)
        shifted = lines.assign(date=lines["date"] + pd.Timedelta(days=777)).sample(frac=1, random_state=1)
        again = Recommender().fit(shifted)
        assert (again.method_, again.new_method_) == (model.method_, model.new_method_)
        pd.testing.assert_frame_equal(again.recommend(kind=kind), expected)
        numbers = Recommender().fit(numbered(lines)).recommend(kind=kind)
        assert numbers["customer_id"].dtype == numbers["product_id"].dtype == "int64"
        assert model.customers_[numbers["customer_id"]].tolist() == expected["customer_id"].tolist()
        assert model.products_[numbers["product_id"]].tolist() == expected["product_id"].tolist()
        assert numbers["score"].tolist() == expected["score"].tolist()


def test_duplicate_lines_returns_categories_and_texts_as_dates_do_not_count(fitted):
    model, lines = fitted
    expected = model.recommend(k=3)
    twice = pd.concat([lines, lines[::3], lines[::5].assign(quantity=-2, product_id="returned")])
    texts = lines.assign(date=lines["date"].dt.strftime("%Y-%m-%d"))
    categories = lines.astype({"customer_id": "category", "product_id": "category"})
    objects = lines.astype({"customer_id": object, "basket_id": object, "product_id": object})
    for other in (twice, texts, categories, objects):
        got = Recommender().fit(other).recommend(k=3)
        pd.testing.assert_frame_equal(got, expected)


def test_asked_customers_come_back_in_their_order(fitted):
    model, _ = fitted
    got = model.recommend(["c003", "nobody", "c001", "c003"], k=2)
    assert got["customer_id"].tolist() == [who for who in ("c003", "nobody", "c001", "c003") for _ in range(2)]
    assert got["rank"].tolist() == [1, 2] * 4
    assert got.iloc[:2, 1:].to_numpy().tolist() == got.iloc[6:, 1:].to_numpy().tolist()
    alone = model.recommend(["c001"], k=2)
    pd.testing.assert_frame_equal(got.iloc[4:6].reset_index(drop=True), alone)
    everybody = model.recommend(k=2)
    pd.testing.assert_frame_equal(everybody[everybody["customer_id"] == "c001"].reset_index(drop=True), alone)
    pd.testing.assert_frame_equal(model.recommend(pd.Series(["c001"]), k=2), alone)


@pytest.mark.parametrize("ids", ["str", "int64"])
def test_empty_lists_have_the_columns_and_types_of_full_ones(ids):
    lines = LINES if ids == "str" else numbered(LINES)
    model = Recommender("decayed").fit(lines)
    full = model.recommend()
    assert full.dtypes.astype(str).to_dict() == {
        "customer_id": ids, "rank": "int64", "product_id": ids, "score": "float64", "reason": "str"
    }  # fmt: skip
    empty = [
        model.recommend([]),
        model.recommend(["nobody"], kind="again"),
        model.recommend(filters=Filters(in_stock=[])),
        model.recommend(filters=Filters(least_baskets=100)),
        model.recommend(kind="again", filters=Filters(not_within_days=400)),
    ]
    for frame in empty:
        assert len(frame) == 0 and frame.columns.tolist() == COLUMNS
        assert frame.dtypes.tolist() == full.dtypes.tolist()
    near, none = Recommender("decayed").fit(random_lines()), model.similar_products(lines["product_id"].iloc[0])
    assert len(none) == 0
    expected = near.similar_products("p002").dtypes.astype(str).to_dict() | {"product_id": ids, "neighbour": ids}
    assert none.dtypes.astype(str).to_dict() == expected


def test_as_of_leaves_later_lines_out():
    """Also their names and prices."""
    lines = LINES.assign(product=LINES["product_id"].str.upper(), price=5.0)
    lines.loc[lines["date"] > "2020-01-31", ["product", "price"]] = ["later", 99.0]
    model = Recommender("decayed").fit(lines, as_of="2020-01-31")
    early = Recommender("decayed").fit(lines[lines["date"] <= "2020-01-31"], as_of="2020-01-31")
    pd.testing.assert_frame_equal(model.recommend(), early.recommend())
    assert model.as_of_ == pd.Timestamp("2020-01-31") and model.products_.tolist() == ["cup", "jam", "pot", "tea"]
    assert model.names_.tolist() == ["CUP", "JAM", "POT", "TEA"] and model.prices_.tolist() == [5.0] * 4
    assert Recommender("decayed").fit(lines).as_of_ == pd.Timestamp("2020-03-05")


def test_names_and_prices_are_those_of_the_last_purchase_whatever_the_row_order():
    lines = LINES.assign(product=None, price=[1, 2, 3, 4, 5, 6, 7, 8, 999])
    lines.loc[lines["product_id"] == "tea", "product"] = ["Tea", "Green tea", "Black tea", "returned"]
    for rows in (lines, lines[::-1], pd.concat([lines, lines[:3]])):
        model = Recommender("decayed").fit(rows)
        assert model.names_.tolist() == ["cup", "jam", "pot", "Green tea"]
        assert model.prices_.tolist() == [6, 8, 7, 4]
    assert Recommender("decayed").fit(LINES).prices_ is None


def test_similar_products_are_by_the_customers_who_bought_both():
    lines = random_lines(2)
    past = oracles.Past(lines)
    units = [past.bought(who) for who in past.baskets]
    model = Recommender("popularity").fit(lines)
    for product in past.products[:6]:
        cosine = {other: oracles.cosine(units, product, other) for other in past.products if other != product}
        expected = sorted((p for p in cosine if cosine[p]), key=lambda p, by=cosine: (-round(by[p], 12), p))[:4]
        got = model.similar_products(product, k=4)
        assert got["neighbour"].tolist() == expected and (got["product_id"] == product).all()
        assert got["cosine"].tolist() == pytest.approx([cosine[other] for other in expected])
        assert got["rank"].tolist() == list(range(1, len(expected) + 1))


def test_one_customer_one_product_one_line():
    one = LINES[LINES["customer_id"] == "ann"]
    for method in ("auto", *usual(100)):
        got = Recommender(method).fit(one).recommend(k=50)
        assert got["product_id"].tolist() == ["tea", "cup"] and np.isfinite(got["score"]).all()
        single = Recommender(method).fit(LINES[:1])
        assert single.recommend()["product_id"].tolist() == ["tea"] and single.recommend(kind="new").empty
        same = Recommender(method).fit(shop(0.2, customers=25).assign(product_id="p"))
        assert same.recommend()["product_id"].eq("p").all() and len(same.recommend()) == 25


def test_a_large_basket_and_many_customers():
    rng = np.random.default_rng(0)
    big = pd.DataFrame({"customer_id": "big", "basket_id": "big", "product_id": range(10_000)})
    many = pd.DataFrame({"customer_id": [f"c{i}" for i in range(9_000)], "product_id": rng.integers(0, 10_000, 9_000)})
    lines = pd.concat([big, many.assign(basket_id=many["customer_id"])]).assign(date="2020-01-01", quantity=1)
    model = Recommender("decayed").fit(lines)
    got = model.recommend(k=5)
    assert len(got) == 5 * 9_001 and got["score"].notna().all()
    assert (got.groupby("customer_id")["rank"].max() == 5).all()
    assert len(model.recommend(["big"], k=20_000, kind="again")) == 10_000


def test_scikit_learn_contract():
    model = Recommender("decayed", parameters={"half_life_days": 30.0})
    assert model.get_params() == {"method": "decayed", "parameters": {"half_life_days": 30.0}, "random_state": 0}
    assert model.fit(LINES) is model and not hasattr(clone(model), "customers_")
    assert clone(model).get_params() == model.get_params()
    for call in (Recommender().recommend, lambda: Recommender().similar_products("tea")):
        with pytest.raises(NotFittedError):
            call()
    with pytest.raises(NotFittedError):
        Recommender().explain("ann", "tea")
    with pytest.raises(UsageError, match="never sold"):
        model.similar_products("coal")
