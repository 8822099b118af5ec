"""The recommender: by hand, against a dense oracle, cold customers, reasons, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.recommendation import Recommender

LINES = pd.DataFrame(
    [
        ("ann", "b1", "2020-01-01", "tea", 1),
        ("ann", "b1", "2020-01-01", "cup", 2),
        ("ann", "b2", "2020-02-01", "tea", 1),
        ("ann", "b2", "2020-02-01", "tea", 5),
        ("bob", "b3", "2020-01-05", "pot", 1),
        ("bob", "b4", "2020-03-05", "cup", 1),
        ("cat", "b5", "2020-01-09", "pot", 1),
        ("cat", "b5", "2020-01-09", "jam", 1),
        ("cat", "b6", "2020-01-10", "tea", -1),
    ],
    columns=["customer_id", "basket_id", "date", "product_id", "quantity"],
)


def random_lines(seed=0, customers=40, products=30, rows=600):
    rng = np.random.default_rng(seed)
    basket = rng.integers(0, 4, rows)
    customer = rng.integers(0, customers, rows)
    return pd.DataFrame(
        {
            "customer_id": [f"c{c:02d}" for c in customer],
            "basket_id": [f"{c}-{b}" for c, b in zip(customer, basket, strict=True)],
            "date": pd.Timestamp("2020-01-01") + pd.to_timedelta(100 * basket + customer, unit="D"),
            "product_id": [f"p{p:02d}" for p in rng.zipf(1.5, rows) % products],
            "quantity": rng.integers(1, 9, rows),
        }
    )


def oracle(lines, customer, half_life, prior):
    """The definition, one product at a time, in plain Python."""
    lines = lines[lines["quantity"] > 0].drop_duplicates(["customer_id", "basket_id", "product_id"])
    baskets = lines["basket_id"].nunique()
    popularity = lines.groupby("product_id").size().to_dict()
    mine = lines[lines["customer_id"] == customer]
    newest = mine["date"].max()
    score = {product: prior * count / baskets for product, count in popularity.items()}
    for product, day in zip(mine["product_id"], mine["date"], strict=True):
        score[product] += 0.5 ** ((newest - day).days / half_life)
    return sorted(score, key=lambda p: (-round(score[p], 12), -popularity[p], p)), score


def test_reasons_and_order_by_hand():
    got = Recommender("frequency").fit(LINES).recommend(["ann"], k=3)
    assert got["product_id"].tolist() == ["tea", "cup", "pot"]
    assert got["reason"].tolist() == [
        "bought 2 times, last on 2020-02-01",
        "bought once, on 2020-01-01",
        "popular: bought by 2 of 3 customers",
    ]
    assert got.columns.tolist() == ["customer_id", "rank", "product_id", "score", "reason"]
    assert got["rank"].tolist() == [1, 2, 3] and got["score"].is_monotonic_decreasing


def test_old_purchases_count_less():
    """Bob's pot and cup were both bought once; the later one leads, and with a long half-life nearly ties."""
    got = Recommender(half_life_days=30, prior_baskets=0).fit(LINES).recommend(["bob"], k=2)
    assert got["product_id"].tolist() == ["cup", "pot"] and got["score"].tolist() == pytest.approx([1, 0.25])


def test_popularity_is_the_same_list_for_all():
    got = Recommender("popularity").fit(LINES).recommend(k=2)
    assert got.groupby("customer_id")["product_id"].agg(list).map(tuple).nunique() == 1
    assert got["reason"].str.startswith("popular: bought by").all()


@pytest.mark.parametrize(("half_life", "prior"), [(365.0, 8.0), (20.0, 0.0), (50.0, 60.0)])
def test_equals_the_plain_definition(half_life, prior):
    lines = random_lines()
    got = Recommender(half_life_days=half_life, prior_baskets=prior).fit(lines).recommend(k=12)
    for customer, rows in got.groupby("customer_id"):
        order, score = oracle(lines, customer, half_life, prior)
        assert rows["product_id"].tolist() == order[:12]
        assert rows["score"].tolist() == pytest.approx([score[p] for p in order[:12]])


def test_row_order_and_a_shift_of_dates_do_not_count():
    lines = random_lines(2)
    expected = Recommender().fit(lines).recommend()
    shifted = lines.assign(date=lines["date"] + pd.Timedelta(days=777)).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        Recommender().fit(shifted).recommend().drop(columns="reason"), expected.drop(columns="reason")
    )


def test_asked_customers_come_back_in_their_order_cold_ones_with_best_sellers():
    got = Recommender().fit(LINES).recommend(["nobody", "cat", "ann", "cat"], k=2)
    assert got["customer_id"].tolist() == ["nobody"] * 2 + ["cat"] * 2 + ["ann"] * 2 + ["cat"] * 2
    assert got["rank"].tolist() == [1, 2] * 4
    assert got["reason"][:2].str.startswith("popular").all()
    assert got.iloc[2:4, 1:].to_numpy().tolist() == got.iloc[6:8, 1:].to_numpy().tolist()
    assert Recommender().fit(LINES).recommend([]).columns.tolist() == got.columns.tolist()


def test_numbers_as_ids_stay_numbers():
    lines = LINES.assign(customer_id=[1, 1, 1, 1, 2, 2, 3, 3, 3])
    got = Recommender().fit(lines).recommend(k=1)
    assert got["customer_id"].tolist() == [1, 2, 3] and got["customer_id"].dtype == "int64"


def test_as_of_leaves_later_lines_out():
    model = Recommender().fit(LINES, as_of="2020-01-31")
    assert model.recommend(["ann"])["reason"].str.contains("2020-02").sum() == 0
    assert model.products_.tolist() == ["cup", "jam", "pot", "tea"]
    with pytest.raises(UsageError, match="before the first line"):
        Recommender().fit(LINES, as_of="2019-01-01")


def test_fewer_products_than_asked_for_and_one_customer():
    one = LINES[LINES["customer_id"] == "ann"]
    got = Recommender().fit(one).recommend(k=50)
    assert got["product_id"].tolist() == ["tea", "cup"] and np.isfinite(got["score"]).all()
    assert len(Recommender().fit(LINES[:1]).recommend()) == 1


def test_a_large_basket_and_many_customers_are_fast():
    rng = np.random.default_rng(0)
    big = pd.DataFrame({"customer_id": "big", "basket_id": "big", "product_id": range(10_000)})
    many = pd.DataFrame(
        {"customer_id": [f"c{i}" for i in range(20_000)], "product_id": rng.integers(0, 10_000, 20_000)}
    )
    lines = pd.concat([big, many.assign(basket_id=many["customer_id"])]).assign(date="2020-01-01", quantity=1)
    got = Recommender().fit(lines).recommend(k=5)
    assert len(got) == 5 * 20_001 and got["score"].notna().all()


@pytest.mark.parametrize(
    ("params", "lines", "error", "words"),
    [
        ({}, LINES[:0], NotEnoughDataError, "no purchase lines"),
        ({}, LINES[-1:], NotEnoughDataError, "no purchase lines"),
        ({}, LINES.drop(columns="quantity"), UsageError, "quantity"),
        ({}, LINES.assign(product_id=None), UsageError, "9 of 9"),
        ({}, LINES.assign(quantity="x"), UsageError, "no number"),
        ({}, LINES.assign(date="x"), UsageError, "no date"),
        ({"method": "decay"}, LINES, UsageError, "did you mean 'decayed'"),
        ({"half_life_days": 0}, LINES, UsageError, "half_life_days"),
        ({"half_life_days": float("nan")}, LINES, UsageError, "half_life_days"),
        ({"prior_baskets": -1}, LINES, UsageError, "prior_baskets"),
    ],
)
def test_bad_input(params, lines, error, words):
    with pytest.raises(error, match=words):
        Recommender(**params).fit(lines)


def test_bad_calls():
    model = Recommender()
    with pytest.raises(NotFittedError):
        model.recommend()
    model.fit(LINES)
    for k in (0, 2.5, "10"):
        with pytest.raises(UsageError):
            model.recommend(k=k)
    with pytest.raises(UsageError, match="list of ids"):
        model.recommend("ann")


def test_scikit_learn_contract():
    model = Recommender(half_life_days=30)
    assert model.get_params() == {"method": "decayed", "half_life_days": 30, "prior_baskets": 8.0}
    assert model.fit(LINES) is model and not hasattr(clone(model), "customers_")
