"""Taste: the formula by hand, silent on data dealt out anew, spoken of where it was planted; the verdict's words."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
import recommendation_oracles as oracles
from hypothesis import given, settings
from hypothesis import strategies as st
from recommendation_data import COLUMNS, LINES, coded, random_lines, shop

from invoice_lab import recommendation
from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.recommendation import bootstrap, verdict
from invoice_lab.recommendation import taste as module
from invoice_lab.recommendation.evaluation import evaluated
from invoice_lab.recommendation.methods import usual
from invoice_lab.recommendation.taste import WEIGHTS, Taste, shuffled, taste
from invoice_lab.recommendation.verdict import NO_EVIDENCE

FEW = 39


def sizes(baskets):
    return Counter(zip(baskets.customer.tolist(), baskets.basket.tolist(), strict=True))


def skewed(seed):
    """Lines without taste: popularity alone, baskets of one to six."""
    return random_lines(seed, customers=30, products=40, rows=350)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.integers(0, 10**6), st.integers(5, 30))
def test_shuffled_data_keep_basket_sizes_and_product_counts(seed, products):
    baskets = coded(random_lines(seed, customers=20, products=products, rows=200))
    got = shuffled(baskets, np.random.default_rng(seed))
    assert got.popularity().tolist() == baskets.popularity().tolist()
    assert sizes(got) == sizes(baskets) and got.day.tolist() == baskets.day.tolist()
    entries = list(zip(got.customer.tolist(), (-got.basket).tolist(), got.product.tolist(), strict=True))
    assert entries == sorted(set(entries))


def test_a_product_in_every_basket_stays_in_every_basket():
    lines = shop(0.5)
    bags = lines.drop_duplicates("basket_id").assign(product_id="bag")
    baskets = coded(pd.concat([lines, bags]))
    for seed in range(5):
        got = shuffled(baskets, np.random.default_rng(seed))
        assert sizes(got) == sizes(baskets) and got.popularity().tolist() == baskets.popularity().tolist()


def test_shuffling_deals_products_out_anew_and_leaves_the_data_alone():
    baskets = coded(shop(1.0))
    before = baskets.product.copy()
    one, two = (shuffled(baskets, np.random.default_rng(seed)) for seed in (0, 1))
    assert baskets.product.tolist() == before.tolist()
    assert one.product.tolist() != two.product.tolist()
    repeats = [1 - found.by_customer().nnz / len(found.product) for found in (baskets, one)]
    assert repeats[0] > 0.5 and repeats[1] < 0.2


def plain_gains(lines, half):
    """Bits a line of each customer, by the definition, with the weight that is best for the other half."""
    past = oracles.Past(lines)
    total, bits = sum(past.counts.values()), {}
    for customer, baskets in past.baskets.items():
        if len(baskets) < 2:
            continue
        own, per_weight = Counter(), {weight: [] for weight in WEIGHTS}
        for number, (_, products) in enumerate(baskets):
            for product in products if number else ():
                share = (past.counts[product] - 1 + 1e-9) / (total - 1)
                for weight, found in per_weight.items():
                    chance = (own[product] + weight * share) / (sum(own.values()) + weight)
                    found.append(math.log2(chance / share))
            own.update(products)
        bits[customer] = {weight: np.mean(found) for weight, found in per_weight.items()}
    gains = []
    for customer in bits:
        others = [who for who in bits if half[who] != half[customer]]
        best = max(WEIGHTS, key=lambda weight, others=others: np.mean([bits[who][weight] for who in others]))
        gains.append(bits[customer][best])
    return gains


@pytest.mark.parametrize("seed", [0, 1])
def test_gains_are_those_of_the_definition(seed):
    lines = random_lines(seed, customers=30, products=12, rows=300)
    baskets = coded(lines)
    half = np.random.default_rng(seed).permutation(len(baskets.customers)) % 2
    by_customer = dict(zip(baskets.customers.tolist(), half.tolist(), strict=True))
    assert module._Later(baskets, half).gains(baskets) == pytest.approx(plain_gains(lines, by_customer))


def test_later_baskets_of_others_say_nothing_but_popularity():
    """A customer with one basket adds to popularity alone, and isn't counted."""
    baskets = coded(random_lines(1))
    several = np.unique(baskets.customer[baskets.basket > 0])
    assert taste(baskets).customers == len(several) < len(baskets.customers)


def test_silent_on_data_without_taste():
    """On 100 data sets of chance, and on 100 with taste whose products were dealt out anew."""
    rng = np.random.default_rng(0)
    planted = coded(shop(0.6, customers=40))
    spoken = [taste(coded(skewed(seed)), FEW, seed).is_there for seed in range(100)]
    again = [taste(shuffled(planted, rng), FEW, seed).is_there for seed in range(100)]
    assert sum(spoken) <= 5 and sum(again) <= 5


def test_speaks_on_planted_taste():
    spoken = [taste(coded(shop(0.4, seed, customers=40)), 19, seed).is_there for seed in range(20)]
    assert all(spoken)


def test_more_taste_tells_more():
    gains = [taste(coded(shop(share, customers=100)), 19).gain for share in (0.1, 0.3, 0.6)]
    assert gains[0] < gains[1] < gains[2] and gains[2] > 0.5


def test_the_figures_of_a_finding():
    baskets = coded(shop(0.5))
    found = taste(baskets)
    assert found.low < found.gain < found.high and found.customers == 60
    assert (found.permutations, found.as_much, found.p_value) == (39, 0, 1 / 40)
    assert taste(baskets) == found and taste(baskets, seed=1) != found
    assert taste(coded(shop(0.5).sample(frac=1, random_state=1))) == found
    none = taste(coded(shop(0.5).assign(product_id="p")))
    assert not none.is_there and none.gain == pytest.approx(0, abs=1e-6)


class Watched(np.random.Generator):
    """A generator that notes how many resamples are drawn at once."""

    drawn: list[int]

    def multinomial(self, n, pvals, size=None):
        self.drawn.append(size)
        return super().multinomial(n, pvals, size)


def test_customers_are_resampled_in_blocks_that_draw_what_one_block_would(monkeypatch):
    baskets = coded(shop(0.5))
    found = taste(baskets)
    rng = np.random.default_rng(0)
    gains = module._Later(baskets, rng.permutation(60) % 2).gains(baskets)
    means = rng.multinomial(60, np.full(60, 1 / 60), size=1000) @ gains / 60
    assert [found.low, found.high] == pytest.approx(np.quantile(means, [0.025, 0.975]))
    watched = Watched(np.random.PCG64(0))
    watched.drawn = []
    monkeypatch.setattr(bootstrap, "_BLOCK", 600)
    monkeypatch.setattr(np.random, "default_rng", lambda _: watched)
    again = taste(baskets)
    assert watched.drawn == [10] * 100
    assert replace(again, low=0, high=0) == replace(found, low=0, high=0)
    assert [again.low, again.high] == pytest.approx([found.low, found.high])


@pytest.mark.parametrize(
    ("low", "p_value", "there"), [(0.1, 0.025, True), (0.1, 0.05, True), (0.1, 0.075, False), (-0.1, 0.025, False)]
)
def test_both_the_interval_and_the_shuffled_data_must_say_so(low, p_value, there):
    assert Taste(0.2, low, 0.3, p_value, 39, 0, 50).is_there is there


def test_too_little_to_tell():
    with pytest.raises(NotEnoughDataError, match=r"Only 1\d customers have two baskets or more; at least 20"):
        taste(coded(shop(0.5, customers=19)))
    with pytest.raises(NotEnoughDataError, match="Only 2 customers"):
        taste(coded(LINES))
    with pytest.raises(NotEnoughDataError, match="Only 0 customers"):
        taste(coded(LINES[:1]))
    for permutations in (18, 2.5, "x"):
        with pytest.raises(UsageError, match="permutations"):
            taste(coded(shop(0.5)), permutations)


def test_seasons_look_like_taste():
    """What the docs warn of: customers without taste, each active in one season with products of its own."""
    rng, rows = np.random.default_rng(0), []
    for customer, basket in itertools.product(range(100), range(4)):
        season = customer % 4
        day = pd.Timestamp("2020-01-01") + pd.Timedelta(days=90 * season + 20 * basket)
        rows += [(customer, f"{customer}-{basket}", day, 25 * season + p, 1) for p in rng.choice(25, 5)]
    assert taste(coded(pd.DataFrame(rows, columns=COLUMNS))).is_there


@pytest.mark.parametrize("seed", [-1, 0.5, "x", None, 2**32])
def test_a_seed_that_cannot_be(evaluation, seed):
    for call in (lambda: taste(evaluation.everything, seed=seed), lambda: verdict(evaluation, seed=seed)):
        with pytest.raises(UsageError, match="seed is "):
            call()


def test_a_verdict_is_on_an_evaluation(evaluation):
    for other in (evaluation.table, shop(0.5), evaluation.everything, None):
        with pytest.raises(UsageError, match=rf"not on {type(other).__name__}\. Give it evaluated\(lines\)\."):
            verdict(other)
    assert verdict(recommendation.evaluated(shop(0.5), resamples=200)) == verdict(evaluation)


@pytest.fixture(scope="module")
def evaluation():
    return evaluated(coded(shop(0.5)), resamples=200)


def test_a_verdict_that_speaks(evaluation):
    said = verdict(evaluation)
    assert said.evidence and said.useful and said.method == evaluation.choice.method
    assert said.taste == taste(evaluation.everything)
    row = evaluation.table.set_index("method").loc
    assert said.text.startswith(
        f"Customers have tastes of their own: what they bought before tells {said.taste.gain:.3f}"
    )
    assert "none of 39 shuffled copies of the data as much" in said.text
    low, high = (100 * row["auto", f"ndcg_gain_{end}"] for end in ("low", "high"))
    gain = f"{100 * row['auto', 'ndcg_gain']:.1f} points (95 % interval {low:.1f} to {high:.1f}) on 60 customers"
    assert f"beat best sellers: their NDCG is higher by {gain}" in said.text


def test_a_verdict_tells_how_many_shuffled_copies_tell_as_much(evaluation, monkeypatch):
    one = replace(taste(evaluation.everything), as_much=1, p_value=0.05)
    monkeypatch.setattr(import_module("invoice_lab.recommendation.verdict"), "taste", lambda *_: one)
    assert "and 1 of 39 shuffled copies of the data as much" in verdict(evaluation).text


def test_a_taste_that_lists_do_not_show(evaluation):
    table = evaluation.table.assign(ndcg_gain_low=-0.01)
    said = verdict(replace(evaluation, table=table))
    assert said.evidence and not said.useful and "too faint for lists of 10" in said.text


def test_a_verdict_that_is_silent():
    said = verdict(evaluated(coded(shop(0.0)), resamples=100))
    assert not said.evidence and said.text.startswith(f"{NO_EVIDENCE}: for 60 customers with two baskets or more")
    same = verdict(evaluated(coded(shop(0.5).assign(product_id="p")), resamples=100))
    assert not same.evidence and not same.useful


def test_a_verdict_needs_the_method_that_does_best():
    baskets = coded(shop(0.5))
    best = verdict(evaluated(baskets, methods=["auto"], resamples=100))
    assert best.evidence and best.method != "popularity"
    for methods in (["popularity", "chance"], [best.method], ["chance"]):
        with pytest.raises(UsageError, match=r"nobody knows which does best\. Evaluate 'auto', too"):
            verdict(evaluated(baskets, methods=methods, resamples=100))
    assert verdict(evaluated(baskets, methods=usual(60), resamples=100)).method == best.method
