"""Each method against its formula from the literature, written out in plain Python, on small random data."""

from __future__ import annotations

import numpy as np
import pytest
import recommendation_oracles as oracles
from recommendation_data import coded, random_lines, shop

from invoice_lab.errors import UsageError
from invoice_lab.recommendation.items import cosines, holders, shared
from invoice_lab.recommendation.methods import METHODS, fitted, usual
from invoice_lab.recommendation.ranking import top

CASES = [
    ("popularity", {}),
    ("frequency", {}),
    ("decayed", {}),
    ("decayed", {"half_life_days": 20.0, "prior_baskets": 0.0}),
    ("decayed", {"half_life_days": 50.0, "prior_baskets": 60.0}),
    ("item_item", {}),
    ("item_item", {"together": "customers", "half_life_days": 30.0}),
    ("tifu_knn", {"neighbours": 5}),
    ("tifu_knn", {"neighbours": 4, "group": 2, "within": 0.83, "across": 0.57, "own": 0.3}),
    ("tifu_knn", {"neighbours": 300, "group": 1, "own": 0.9}),
    ("tifu_knn", {"neighbours": 0}),
    ("up_cf", {}),
    ("up_cf", {"recent": 2, "asymmetry": 0.25, "locality": 3.0}),
    ("up_cf", {"recent": 0, "locality": 1.0}),
]


def scores_of(name, baskets, parameters):
    model = fitted(name, baskets, parameters)
    own = model.scores(np.arange(len(baskets.customers)))
    return (own if model.dense else own.toarray()) + model.prior


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("name", "parameters"), CASES)
def test_scores_are_those_of_the_formula(name, parameters, seed):
    lines = random_lines(seed, customers=25, products=15, rows=300, baskets=5)
    baskets, past = coded(lines), oracles.Past(lines)
    got = scores_of(name, baskets, parameters)
    for customer, row in zip(baskets.customers, got, strict=True):
        score = oracles.METHODS[name](past, customer, **parameters)
        assert row == pytest.approx([score[product] for product in baskets.products], abs=1e-9)


@pytest.mark.parametrize("name", oracles.METHODS)
def test_lists_are_those_of_the_formula(name):
    lines = random_lines(5, customers=30, products=20, rows=350)
    baskets, past = coded(lines), oracles.Past(lines)
    parameters = {"neighbours": 7} if name == "tifu_knn" else {}
    ranked = top(fitted(name, baskets, parameters), np.arange(len(baskets.customers)), 8)
    for code, customer in enumerate(baskets.customers):
        got = baskets.products[ranked.product[ranked.place == code]].tolist()
        assert got == past.order(oracles.METHODS[name](past, customer, **parameters))[:8]


def test_every_usual_method_has_an_oracle():
    assert set(usual(100)) == set(oracles.METHODS) == {name for name, method in METHODS.items() if not method.extra}
    assert set(usual(10**6)) == {"popularity", "frequency", "decayed", "item_item"}


@pytest.mark.parametrize(("least", "most"), [(3, 50), (1, 3), (5, 1)])
@pytest.mark.parametrize("together", ["baskets", "customers"])
def test_cosines_keep_the_nearest_with_support(together, least, most):
    lines = random_lines(3, customers=20, products=12, rows=300)
    baskets, past = coded(lines), oracles.Past(lines)
    units = past.all if together == "baskets" else [past.bought(who) for who in past.baskets]
    got = cosines(shared(holders(baskets, together)), least, most).toarray()
    for one, product in enumerate(past.products):
        all_of_it = {two: oracles.cosine(units, product, two, least) for two in past.products if two != product}
        near = sorted((two for two in all_of_it if all_of_it[two]), key=lambda two: (-round(all_of_it[two], 12), two))
        expected = [all_of_it[two] if two in near[:most] else 0.0 for two in past.products if two != product]
        assert got[one, one] == 0
        assert np.delete(got[one], one) == pytest.approx(expected)


def test_a_customer_beyond_those_known_has_no_score_of_their_own():
    baskets = coded(random_lines(1))
    beyond = np.array([len(baskets.customers), 0])
    for name in usual(100):
        model = fitted(name, baskets)
        own, other = model.scores(beyond), model.scores(beyond[1:])
        own, other = (own, other) if model.dense else (own.toarray(), other.toarray())
        if name != "tifu_knn":  # to which they are a customer without a purchase, with neighbours of their own
            assert not own[0].any()
        assert own[1] == pytest.approx(other[0])


def test_customers_without_a_basket_are_nobodys_neighbours():
    """A date split leaves such ones: they came later, and must not count."""
    baskets = coded(shop(0.5, customers=12))
    early = baskets.only(baskets.customer < 9)
    alone = coded(shop(0.5, customers=12).query("customer_id < 'c009'"))
    products = np.isin(baskets.products, alone.products)
    parameters = {"neighbours": 5}
    expected = scores_of("tifu_knn", alone, parameters)
    assert scores_of("tifu_knn", early, parameters)[:9, products] == pytest.approx(expected)
    assert scores_of("tifu_knn", early, {"neighbours": 300})[:9, products] == pytest.approx(
        scores_of("tifu_knn", alone, {"neighbours": 300})
    )


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("decayed", {"half_life_days": 0}),
        ("decayed", {"half_life_days": float("nan")}),
        ("decayed", {"half_life_days": "x"}),
        ("decayed", {"prior_baskets": -1}),
        ("decayed", {"half_life": 3}),
        ("item_item", {"together": "shelf"}),
        ("item_item", {"half_life_days": -1}),
        ("tifu_knn", {"group": 0}),
        ("tifu_knn", {"neighbours": -1}),
        ("tifu_knn", {"neighbours": 2.5}),
        ("tifu_knn", {"within": float("nan")}),
        ("up_cf", {"recent": -1}),
        ("up_cf", {"locality": 0}),
        ("up_cf", {"asymmetry": 2.0}),
        ("decade", {}),
        ("frequency", [1]),
    ],
)
def test_wrong_parameters_end_in_a_sentence(name, parameters):
    with pytest.raises(UsageError):
        fitted(name, coded(random_lines()), parameters)
