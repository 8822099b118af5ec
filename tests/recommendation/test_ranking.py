"""Ranking: sparse, dense and cut into blocks it is the same, and what a full sort in plain Python gives."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from invoice_lab.recommendation import ranking
from invoice_lab.recommendation.model import Model
from invoice_lab.recommendation.ranking import Wanted, rows_of, top, tops


def model_of(own, popularity, dense):
    """A model with scores in quarters, so that many are equal."""
    order = np.argsort(-popularity, kind="stable")
    scores = (lambda customers: own[customers]) if dense else partial(rows_of, csr_matrix(own))
    return Model(scores, 0.25 * popularity / max(popularity.max(), 1), order, dense)


def plain(own, popularity, customers, k, *, only, never, products):
    """Sort everything that may be listed; `own` has what is scored."""
    lists = []
    for customer in customers:
        prior = 0.25 * popularity / max(popularity.max(), 1)
        score = {
            p: own[customer, p] + prior[p]
            for p in range(own.shape[1])
            if (only is None or only[customer, p])
            and (never is None or not never[customer, p])
            and (products is None or products[p])
        }
        lists.append([p for _, _, p in sorted((-score[p], -popularity[p], p) for p in score)][:k])
    return lists


def lists_of(ranked, count):
    return [ranked.product[ranked.place == place].tolist() for place in range(count)]


def random_case(seed):
    rng = np.random.default_rng(seed)
    customers, products = rng.integers(1, 12), rng.integers(1, 25)
    held = rng.random((customers, products)) < rng.choice([0.02, 0.1, 0.5])
    own = held * rng.integers(1, 9, (customers, products)) / 4
    popularity = rng.integers(0, 5, products)
    never = rng.choice([None, 1]) and rng.random((customers, products)) < 0.4
    chosen = rng.choice([None, 1]) and rng.random(products) < rng.choice([0.0, 0.5])
    return own, popularity, held, never, chosen, int(rng.integers(1, products + 3)), rng


@settings(deadline=None, max_examples=150, derandomize=True)
@given(st.integers(0, 10**9), st.sampled_from([0.0, 0.05, 1.0]), st.sampled_from([1, 40, 10**6]), st.booleans())
def test_equals_a_full_sort_whichever_way_it_goes(seed, full, cells, restricted):
    own, popularity, held, never, products, k, rng = random_case(seed)
    only = held if restricted else None
    customers = rng.permutation(len(own))[: rng.integers(1, len(own) + 1)]
    wanted = Wanted(
        None if only is None else csr_matrix(only * 1.0), None if never is None else csr_matrix(never * 1.0), products
    )
    expected = plain(own, popularity, customers, k, only=only, never=never, products=products)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "_FULL", full)
        patch.setattr(ranking, "_CELLS", cells)
        patch.setattr(ranking, "_ROWS", 3)
        for dense in (False, True):
            ranked = top(model_of(own, popularity, dense), customers, k, wanted)
            assert lists_of(ranked, len(customers)) == expected
            score = own[customers[ranked.place], ranked.product] + 0.25 * popularity[ranked.product] / max(
                popularity.max(), 1
            )
            assert ranked.score.tolist() == score.tolist()
            assert ranked.rank.tolist() == [rank for one in expected for rank in range(len(one))]


def test_several_lists_at_once_are_each_as_alone():
    own, popularity, held, *_ = random_case(11)
    both = [Wanted(), Wanted(never=csr_matrix(held * 1.0))]
    model, customers = model_of(own, popularity, dense=False), np.arange(len(own))
    for one, wanted in zip(tops(model, customers, 4, both), both, strict=True):
        assert lists_of(one, len(own)) == lists_of(top(model, customers, 4, wanted), len(own))


@pytest.mark.parametrize("dense", [True, False])
def test_equal_scores_are_ordered_by_popularity_then_code(dense):
    ranked = top(model_of(np.zeros((1, 5)), np.array([1, 3, 0, 3, 1]), dense), np.array([0]), 9)
    assert ranked.product.tolist() == [1, 3, 0, 4, 2]


@pytest.mark.parametrize("full", [0.0, 1.0])
def test_a_score_of_zero_is_still_one_of_the_customers_own(full, monkeypatch):
    """Bought today, with a rhythm: it isn't due at all, and listed last, not left out."""
    monkeypatch.setattr(ranking, "_FULL", full)
    own = csr_matrix((np.array([0.0, 1.0]), (np.array([0, 0]), np.array([0, 2]))), shape=(1, 3))
    model = Model(partial(rows_of, own), np.zeros(3), np.arange(3))
    only = csr_matrix(np.array([[1.0, 0.0, 1.0]]))
    assert top(model, np.array([0]), 3, Wanted(only=only)).product.tolist() == [2, 0]


def test_customers_beyond_the_known_have_best_sellers_and_no_pairs():
    own, popularity = np.array([[0.0, 2.0], [2.0, 0.0]]), np.array([1, 3])
    model = model_of(own, popularity, dense=False)
    never = csr_matrix(np.array([[1.0, 1.0], [1.0, 0.0]]))
    ranked = top(model, np.array([7, 1, 0]), 2, Wanted(never=never))
    assert lists_of(ranked, 3) == [[1, 0], [1], []]
    assert rows_of(csr_matrix(own), np.array([1, 2, 0])).toarray().tolist() == [[2, 0], [0, 0], [0, 2]]


def test_nobody_asked_for_is_no_list():
    ranked = top(model_of(np.ones((2, 2)), np.ones(2, int), dense=False), np.empty(0, np.int64), 3)
    assert len(ranked.place) == len(ranked.product) == len(ranked.score) == 0
