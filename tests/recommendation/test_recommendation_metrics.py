"""Each metric against its definition in plain Python, and chance against lists drawn at random."""

from __future__ import annotations

import math

import numpy as np
import pytest
import recommendation_oracles as oracles
from recommendation_data import coded, random_lines

from invoice_lab.recommendation.metrics import (
    DEFINITIONS,
    OF_LISTS,
    PER_CUSTOMER,
    Target,
    about_lists,
    by_chance,
    discounts_of,
    ideal,
    lists_by_chance,
    new_recall,
    per_customer,
)
from invoice_lab.recommendation.protocols import last_baskets
from invoice_lab.recommendation.ranking import Ranked


def drawn(target, products, k, rng):
    """A list of k products at random for each customer of a target."""
    lists = [rng.choice(products, min(k, products), replace=False) for _ in target.customers]
    place = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
    return lists, Ranked(place, np.concatenate(lists), np.zeros(len(place)))


def baskets_of(target):
    return [set(target.baskets.product[target.baskets.customer == customer].tolist()) for customer in target.customers]


@pytest.fixture(scope="module")
def split():
    return last_baskets(coded(random_lines(2, customers=60, products=25, rows=900)))


@pytest.mark.parametrize("k", [1, 3, 10, 25, 40])
def test_metrics_are_those_of_the_definition(split, k):
    learnt, target = split
    lists, ranked = drawn(target, 25, k, np.random.default_rng(k))
    expected = [oracles.metrics(one, basket, k) for one, basket in zip(lists, baskets_of(target), strict=True)]
    assert per_customer(ranked, target, k) == pytest.approx(np.transpose(expected))
    bought = learnt.by_customer()
    fresh = []
    for customer, one, basket in zip(target.customers, lists, baskets_of(target), strict=True):
        new = basket - set(bought[[customer]].indices.tolist())
        fresh.append(len(new & set(one.tolist())) / len(new) if new else np.nan)
    assert np.isnan(fresh).any() and not np.isnan(fresh).all()
    assert new_recall(ranked, target, bought) == pytest.approx(fresh, nan_ok=True)


def test_the_ideal_list_is_cut_at_k_and_at_the_baskets_size():
    assert ideal(np.array([1, 2, 50]), 3) == pytest.approx([1, 1 + 1 / math.log2(3), 1 + 1 / math.log2(3) + 0.5])
    assert discounts_of(3) == pytest.approx([1, 1 / math.log2(3), 0.5])


def test_a_perfect_list_has_ndcg_one_and_a_customer_without_a_list_none(split):
    _, target = split
    baskets = baskets_of(target)
    place = np.repeat(np.arange(len(baskets)), [len(basket) for basket in baskets])[len(baskets[0]) :]
    product = np.concatenate([sorted(basket) for basket in baskets])[len(baskets[0]) :]
    found = per_customer(Ranked(place, product, np.zeros(len(place))), target, 25)
    assert found[:, 1:] == pytest.approx(1) and (found[:, 0] == 0).all()
    assert (per_customer(Ranked.nothing(), target, 5) == 0).all()


@pytest.mark.parametrize("k", [1, 4, 10, 60])
def test_chance_is_the_mean_over_lists_drawn_at_random(split, k):
    _, target = split
    rng = np.random.default_rng(7)
    means = np.mean([per_customer(drawn(target, 25, k, rng)[1], target, k) for _ in range(2000)], axis=0)
    error = 0.5 / math.sqrt(2000 * len(target.customers))  # of a share, at most
    assert means.mean(axis=1) == pytest.approx(by_chance(target, k).mean(axis=1), abs=4 * error)
    assert means == pytest.approx(by_chance(target, k), abs=0.06)


def test_chance_is_exact_where_it_can_be_counted():
    """Two of four products are drawn; the basket holds one: a half hits, a quarter at each rank."""
    lines = random_lines(0, customers=1, products=4, rows=200)
    baskets = coded(lines)
    assert len(baskets.products) == 4
    one = Target(np.array([0]), baskets.only(np.arange(len(baskets.product)) == 0))
    assert by_chance(one, 2)[:, 0] == pytest.approx([1 / 2, 1 / 2, (1 + 1 / math.log2(3)) / 4, (1 + 1 / 2) / 4])
    assert by_chance(one, 9)[0, 0] == 1


@pytest.mark.parametrize("k", [1, 4, 24])
def test_chance_among_new_products_is_the_mean_over_lists_of_new_ones(split, k):
    learnt, target = split
    bought, rng = learnt.by_customer(), np.random.default_rng(8)
    fresh = [np.setdiff1d(np.arange(25), bought[[customer]].indices) for customer in target.customers]
    place = np.repeat(np.arange(len(fresh)), [min(k, len(one)) for one in fresh])
    drawn_new = (
        Ranked(place, np.concatenate([rng.permutation(one)[:k] for one in fresh]), np.zeros(len(place)))
        for _ in range(1000)
    )
    reached = np.mean([new_recall(ranked, target, bought) for ranked in drawn_new], axis=0)
    expected = lists_by_chance(target, k, bought, np.ones(25))[0]
    assert np.isnan(expected).tolist() == np.isnan(reached).tolist()
    assert expected == pytest.approx(reached, abs=0.07, nan_ok=True)
    assert np.nanmean(expected) == pytest.approx(np.nanmean(reached), abs=0.01)
    assert np.nanmax(expected) <= 1 and (k < 24 or np.nanmin(expected) == 1)


def test_what_lists_hold_customer_by_customer(split):
    learnt, target = split
    bought, shares = learnt.by_customer(), np.linspace(0.2, 3, 25)
    lists, ranked = drawn(target, 25, 6, np.random.default_rng(5))
    known = [set(bought[[customer]].indices.tolist()) for customer in target.customers]
    expected = [
        [np.mean([product in own for product in one]) for one, own in zip(lists, known, strict=True)],
        [shares[one].mean() for one in lists],
    ]
    assert about_lists(ranked, target, bought, shares) == pytest.approx(np.array(expected))
    by_hand = [[len(own) / 25 for own in known], [1.6] * len(known)]
    assert lists_by_chance(target, 6, bought, shares)[1:] == pytest.approx(np.array(by_hand))
    assert np.isnan(about_lists(Ranked.nothing(), target, bought, shares)).all()


def test_some_of_a_target_are_the_same_customers(split):
    _, target = split
    some = np.array([0, 3, len(target.customers) - 1])
    part = target.only(some)
    assert part.customers.tolist() == target.customers[some].tolist()
    assert baskets_of(part) == [baskets_of(target)[place] for place in some]
    assert part.sizes.tolist() == target.sizes[some].tolist()


def test_every_metric_is_defined():
    assert {*PER_CUSTOMER, *OF_LISTS, "new_recall", "coverage"} == set(DEFINITIONS)
