"""The evaluation: every figure of the table against plain Python, the bootstrap's intervals and pairing."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import recommendation_oracles as oracles
from recommendation_data import coded, numbered, random_lines, shop

from invoice_lab.recommendation import evaluate
from invoice_lab.recommendation.bootstrap import bootstrap
from invoice_lab.recommendation.by_group import by_group
from invoice_lab.recommendation.evaluation import METRICS, evaluated
from invoice_lab.recommendation.methods import usual
from invoice_lab.recommendation.metrics import by_chance
from invoice_lab.recommendation.selection import NEW


def lists_by_hand(past, customers, method, parameters, k):
    """Lists of all and of new products of each customer, by the formula."""
    every, new = {}, {}
    for customer in customers:
        order = past.order(oracles.METHODS[method](past, customer, **parameters))
        every[customer] = order[:k]
        new[customer] = [product for product in order if product not in past.bought(customer)][:k]
    return every, new


def table_by_hand(past, held_out, lists, new, k):
    """The row of a method, without intervals."""
    each = [oracles.metrics(lists[who], basket, k) for who, basket in held_out.items()]
    row = dict(zip(("hit_rate", "recall", "ndcg", "mrr"), np.mean(each, axis=0), strict=True))
    fresh = {who: basket - past.bought(who) for who, basket in held_out.items()}
    row["new_recall"] = np.mean([len(want & set(new[who])) / len(want) for who, want in fresh.items() if want])
    listed = [(who, product) for who, one in lists.items() for product in one]
    row["repeats"] = np.mean([product in past.bought(who) for who, product in listed])
    usual_share = sum(count * past.share(product) for product, count in past.counts.items())
    usual_share /= sum(past.counts.values())
    row["popularity_bias"] = np.mean([past.share(product) for _, product in listed]) / usual_share
    row["coverage"] = len({product for _, product in listed})
    return row


def lists_of_chance_by_hand(past, held_out, k):
    """Recall of new products, repeats and popularity bias of products drawn at random."""
    size, known = len(past.products), {who: len(past.bought(who)) for who in held_out}
    new = [min(1, k / (size - known[who])) for who, basket in held_out.items() if basket - past.bought(who)]
    usual_share = sum(count * past.share(product) for product, count in past.counts.items())
    usual_share /= sum(past.counts.values())
    bias = np.mean([past.share(product) for product in past.products]) / usual_share
    return np.mean(new), np.mean(list(known.values())) / size, bias


@pytest.mark.parametrize(("protocol", "day"), [("last_basket", None), ("date", "2020-09-01")])
@pytest.mark.parametrize("k", [1, 3, 10])
def test_every_figure_is_that_of_the_definition(protocol, day, k):
    lines = random_lines(3, customers=100, products=30, rows=1500, baskets=6)
    known, held_out = oracles.split(lines, protocol, day and pd.Timestamp(day))
    past, found = oracles.Past(known), evaluated(coded(lines), protocol, day, k, resamples=100)
    assert found.customers.tolist() == sorted(held_out)
    rows, products = found.table.set_index("method"), lines["product_id"].nunique()
    for method in ("popularity", "frequency", "decayed", "item_item", "up_cf"):
        every, _ = lists_by_hand(past, held_out, method, found.choice.of(method), k)
        _, new = lists_by_hand(past, held_out, method, found.choice.of(method, NEW), k)
        expected = table_by_hand(past, held_out, every, new, k)
        expected["coverage"] /= products
        assert rows.loc[method, list(expected)].astype(float).to_dict() == pytest.approx(expected)
    chance = [*by_chance(found.target, k).mean(axis=1), *lists_of_chance_by_hand(past, held_out, k)]
    assert rows.loc["chance", list(METRICS)].tolist() == pytest.approx(chance)
    assert (rows["n"] == len(held_out)).all() and (rows["k"] == k).all()


def test_the_row_of_auto():
    found = evaluated(coded(shop(0.5)), resamples=200)
    rows = found.table.set_index("method")
    assert found.table["method"].tolist() == ["auto", *usual(60), "chance"]
    assert rows.loc["auto", "used"] == found.choice.method
    of_method = [name for name in rows.columns if not name.startswith("new_recall") and name != "used"]
    assert rows.loc["auto", of_method].tolist() == rows.loc[found.choice.method, of_method].tolist()
    of_new = [name for name in rows.columns if name.startswith("new_recall")]
    assert rows.loc["auto", of_new].tolist() == rows.loc[found.choice.new, of_new].tolist()
    assert found.row(found.choice.method)["method"] == "auto"


def test_intervals_differences_and_what_is_missing():
    table = evaluate(shop(0.4), resamples=300)
    rows = table.set_index("method")
    for metric in METRICS:
        assert_around(table, metric)
        for base, what in (("popularity", "gain"), ("chance", "over_chance")):
            gain = table[f"{metric}_{what}"]
            assert gain.tolist() == (table[metric] - rows.loc[base, metric]).tolist()
            assert_around(table, f"{metric}_{what}")
            own = rows.loc[base].filter(regex=f"^{metric}_{what}")
            assert len(own) == 3 and (own == 0).all()
    widths = rows["repeats_high"] - rows["repeats_low"]
    assert (widths > 0.01).all() and rows.loc["decayed", "popularity_bias_gain_high"] < 0
    missing = {(method, name) for name in table.columns for method in table["method"][table[name].isna()]}
    assert missing == {("chance", "coverage")}
    assert not {"coverage_low", "coverage_gain"} & set(table.columns)


def assert_around(table, name):
    """The interval has a value in it, but for the last digit where it has no width."""
    low, value, high = (table[column] for column in (f"{name}_low", name, f"{name}_high"))
    assert (low <= value + 1e-12).all() and (value <= high + 1e-12).all()


def test_same_seed_same_table_whatever_the_row_order_and_ids():
    lines = shop(0.3)
    expected = evaluate(lines, resamples=200)
    pd.testing.assert_frame_equal(evaluate(lines.sample(frac=1, random_state=3), resamples=200), expected)
    pd.testing.assert_frame_equal(evaluate(numbered(lines), resamples=200), expected)
    pd.testing.assert_frame_equal(evaluate(lines.assign(date=lines["date"].astype(str)), resamples=200), expected)
    other = evaluate(lines, resamples=200, seed=1)
    assert other["hit_rate"].tolist() == expected["hit_rate"].tolist()
    assert other["hit_rate_low"].tolist() != expected["hit_rate_low"].tolist()


def test_methods_are_those_asked_for_in_their_order():
    table = evaluate(shop(0.4), methods=["chance", "decayed", "auto", "decayed"], resamples=100)
    assert table["method"].tolist() == ["chance", "decayed", "auto"]
    every = evaluate(shop(0.4), resamples=100).set_index("method")
    pd.testing.assert_frame_equal(table.set_index("method"), every.loc[["chance", "decayed", "auto"]])


def test_as_of_leaves_later_lines_out():
    lines = shop(0.4, baskets=5)
    early = lines[lines["date"] <= "2020-04-01"]
    table = evaluate(lines, as_of="2020-04-01", resamples=100)
    pd.testing.assert_frame_equal(table, evaluate(early, resamples=100))


def test_one_product():
    table = evaluate(shop(0.2).assign(product_id="p"), resamples=100)
    assert (table[["hit_rate", "recall", "ndcg", "mrr"]] == 1).all(axis=None) and table["new_recall"].isna().all()
    assert (table[["repeats", "popularity_bias"]] == 1).all(axis=None)
    assert (table.loc[table["method"] != "chance", "coverage"] == 1).all()


def test_fewer_products_than_k():
    table = evaluate(shop(0.2, products=6), k=50, resamples=100)
    assert (table["hit_rate"] == 1).all() and table["recall"].tolist() == pytest.approx([1] * len(table))
    assert (table["coverage"].dropna() == 1).all()


def test_interval_width_is_that_of_the_mean():
    lines = shop(0.4, customers=300)
    row = evaluate(lines, methods=["frequency"], resamples=2000).iloc[0]
    p, width = row["hit_rate"], row["hit_rate_high"] - row["hit_rate_low"]
    assert width == pytest.approx(2 * 1.96 * math.sqrt(p * (1 - p) / 300), rel=0.15)


def test_differences_are_paired():
    """The interval of a difference is that of the differences customer by customer, not of two independent means."""
    found = evaluated(coded(shop(0.3, customers=300)), resamples=2000)
    row = found.table.set_index("method").loc["decayed"]
    ndcg = METRICS.index("ndcg")
    difference = found.values["decayed"][ndcg] - found.values["popularity"][ndcg]
    error = difference.std() / math.sqrt(300)
    width = row["ndcg_gain_high"] - row["ndcg_gain_low"]
    assert row["ndcg_gain"] == pytest.approx(difference.mean()) and width == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_the_bootstrap_draws_the_same_customers_for_every_row_and_method():
    values = np.random.default_rng(0).random((2, 40))
    drawn = bootstrap(np.vstack([values, values[0] - values[1]]), 500, 3)
    assert drawn.shape == (3, 500)
    assert drawn[2] == pytest.approx(drawn[0] - drawn[1])
    assert bootstrap(values[:1], 500, 3)[0] == pytest.approx(drawn[0])
    assert bootstrap(np.full((1, 40), 0.25), 100, 0) == pytest.approx(0.25)


def test_the_bootstrap_is_the_same_in_blocks_and_leaves_out_what_is_missing(monkeypatch):
    values = np.random.default_rng(1).random((1, 40))
    values[0, ::2] = np.nan
    drawn = bootstrap(values, 1000, 0)
    assert np.nanmean(drawn) == pytest.approx(np.nanmean(values), abs=0.01)
    assert drawn.std() == pytest.approx(np.nanstd(values) / math.sqrt(20), rel=0.15)
    monkeypatch.setattr("invoice_lab.recommendation.bootstrap._BLOCK", 1000)
    assert bootstrap(values, 1000, 0) == pytest.approx(drawn)


def test_groups_are_judged_by_every_metric():
    found = evaluated(coded(shop(0.4)), resamples=200)
    groups = pd.Series(
        {who: "few" if who < "c009" else "odd" if int(who[1:]) % 2 else "even" for who in found.customers}
    )
    table = by_group(found, "auto", groups, resamples=300)
    assert table["group"].tolist() == ["even", "odd"]
    assert table["n"].tolist() == [(groups == group).sum() for group in ("even", "odd")]
    assert found.choice.method != found.choice.new
    for row in table.itertuples():
        inside = (groups.reindex(found.customers) == row.group).to_numpy()
        for place, metric in enumerate(METRICS):
            method = found.choice.new if metric == "new_recall" else found.choice.method
            own, base = (found.values[name][place, inside] for name in (method, "popularity"))
            assert getattr(row, metric) == pytest.approx(np.nanmean(own))
            assert getattr(row, f"{metric}_gain") == pytest.approx(np.nanmean(own - base))
            width, error = row_width(row, f"{metric}_gain"), np.nanstd(own - base) / math.sqrt(row.n)
            assert width == pytest.approx(2 * 1.96 * error, rel=0.25, abs=1e-12)
    assert by_group(found, "decayed", groups)["ndcg"].notna().all()
    assert by_group(found, "auto", groups[groups == "few"]).empty


def row_width(row, name):
    return getattr(row, f"{name}_high") - getattr(row, f"{name}_low")
