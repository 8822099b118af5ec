"""The choice of a method: by validation on earlier baskets alone, the same for the same data and seed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import recommendation_oracles as oracles
from recommendation_data import LINES, coded, numbered, random_lines, shop

from invoice_lab.errors import MissingToolError, UsageError
from invoice_lab.recommendation import Recommender, factors, selection
from invoice_lab.recommendation.evaluation import evaluated
from invoice_lab.recommendation.methods import METHODS, fitted, usual
from invoice_lab.recommendation.metrics import new_recall, per_customer
from invoice_lab.recommendation.protocols import last_baskets
from invoice_lab.recommendation.ranking import Wanted, tops
from invoice_lab.recommendation.selection import NEW, choose


def same(one, two):
    assert (one.method, one.new, one.parameters, one.customers, one.due) == (
        two.method, two.new, two.parameters, two.customers, two.due
    )  # fmt: skip
    pd.testing.assert_frame_equal(one.table, two.table)


@pytest.fixture(scope="module")
def chosen():
    lines = shop(0.5)
    return choose(coded(lines)), lines


def test_the_best_on_the_last_of_the_baskets_is_chosen(chosen):
    """Every method with every one of its parameters, run anew."""
    choice, lines = chosen
    learnt, target = last_baskets(coded(lines))
    bought, best, best_new = learnt.by_customer(), {}, {}
    for name in usual(60):
        for parameters in METHODS[name].tried:
            model = fitted(name, learnt, parameters)
            ranked, new = tops(model, target.customers, 10, [Wanted(), Wanted(never=bought)])
            found = per_customer(ranked, target, 10)
            score = (found[0].mean() + found[2].mean()) / 2
            recall = np.nanmean(new_recall(new, target, bought))
            if score > best.get(name, (-1,))[0] + 1e-12:
                best[name] = (score, found[0].mean(), found[2].mean(), parameters)
            if recall > best_new.get(name, (-1,))[0] + 1e-12:
                best_new[name] = (recall, parameters)
    table = choice.table.set_index("method")
    assert choice.table["score"].is_monotonic_decreasing and choice.customers == 60
    assert choice.method == choice.table["method"][0] == max(best, key=lambda name: best[name][0])
    assert choice.new == max(best_new, key=lambda name: best_new[name][0])
    for name, (score, hit_rate, ndcg, parameters) in best.items():
        assert table.loc[name, ["score", "hit_rate", "ndcg"]].tolist() == pytest.approx([score, hit_rate, ndcg])
        assert choice.of(name) == parameters and choice.of(name, NEW) == best_new[name][1]
        assert table.loc[name, "new_recall"] == pytest.approx(best_new[name][0])
        assert table.loc[name, "behind"] == pytest.approx(best[choice.method][0] - score)
    assert choice.of("als") is None


def test_the_margin_is_paired(chosen):
    table = chosen[0].table
    assert table.loc[0, ["behind", "behind_low", "behind_high"]].tolist() == [0, 0, 0]
    rest = table[1:]
    assert (rest["behind_low"] <= rest["behind"]).all() and (rest["behind"] <= rest["behind_high"]).all()
    assert rest.set_index("method").loc["popularity", "behind_low"] > 0
    found = np.array([[1.0, 0.0, 1.0, 1.0], [0.5, 0.0, 1.0, 0.25]])
    row = selection._row("x", np.zeros((2, 4)), found)
    means = found.mean(axis=0)
    assert row["behind"] == pytest.approx(means.mean())
    assert row["behind_high"] - row["behind"] == pytest.approx(1.96 * means.std() / 2)


@pytest.mark.parametrize("protocol", ["last_basket", "date"])
def test_held_out_products_have_no_say(protocol):
    lines = shop(0.4, baskets=5)
    late = lines["date"] > "2020-04-15" if protocol == "last_basket" else lines["date"] > "2020-03-15"
    day = None if protocol == "last_basket" else "2020-03-15"
    rng = np.random.default_rng(5)
    other = lines.assign(product_id=lines["product_id"].where(~late, rng.permutation(lines["product_id"])))
    one, two = (evaluated(coded(rows), protocol, day, resamples=100) for rows in (lines, other))
    assert set(lines["product_id"]) == set(other["product_id"])
    same(one.choice, two.choice)
    assert one.target.baskets.product.tolist() != two.target.baskets.product.tolist()


def test_what_is_evaluated_as_auto_is_what_was_chosen_before():
    lines = shop(0.5, baskets=5)
    found = evaluated(coded(lines), resamples=100)
    known, _ = oracles.split(lines)
    same(found.choice, choose(coded(known)))


def test_the_recommender_uses_what_was_chosen(chosen):
    choice, lines = chosen
    model = Recommender().fit(lines)
    same(model.choice_, choice)
    assert (model.method_, model.new_method_) == (choice.method, choice.new)
    for kind, name, parameters in (("all", choice.method, choice.of(choice.method)),
                                   ("new", choice.new, choice.of(choice.new, NEW))):  # fmt: skip
        named = Recommender(name, parameters=parameters).fit(lines)
        assert named.choice_ is None
        pd.testing.assert_frame_equal(model.recommend(kind=kind), named.recommend(kind=kind))


def test_the_same_whatever_the_row_order_and_the_ids(chosen):
    choice, lines = chosen
    for other in (lines.sample(frac=1, random_state=2), numbered(lines), lines.sample(frac=1).reset_index(drop=True)):
        same(choose(coded(other)), choice)


def test_what_is_installed_does_not_count(chosen, monkeypatch):
    choice, lines = chosen
    for there in (True, False):
        monkeypatch.setattr(factors, "find_spec", lambda name, there=there: SimpleNamespace() if there else None)
        same(choose(coded(lines)), choice)
        assert evaluated(coded(lines), resamples=100).table["method"].tolist() == ["auto", *usual(60), "chance"]
    for call in (
        lambda: choose(coded(lines), methods=["als"]),
        lambda: evaluated(coded(lines), methods=["bpr"]),
        lambda: Recommender("als").fit(lines),
    ):
        with pytest.raises(MissingToolError, match="needs the package implicit"):
            call()


def test_extras_take_part_where_they_are_named():
    pytest.importorskip("implicit")
    lines = shop(0.5)
    found = evaluated(coded(lines), methods=["als", "popularity"], resamples=100)
    assert found.table["method"].tolist() == ["als", "popularity"]
    assert set(found.choice.table["method"]) == {"als", "popularity"}
    rows = found.table.set_index("method")
    assert rows.loc["als", "ndcg_gain_low"] > 0
    for name in ("als", "bpr"):
        got = Recommender(name).fit(lines).recommend(k=5)
        assert len(got) == 300 and np.isfinite(got["score"]).all()
        pd.testing.assert_frame_equal(Recommender(name).fit(lines).recommend(k=5), got)


def test_only_the_methods_named_are_tried_where_none_is_to_be_chosen(chosen):
    lines = chosen[1]
    every = evaluated(coded(lines), resamples=100).table.set_index("method")
    for methods, tried in (
        (["popularity"], {"popularity"}),
        (["decayed", "chance"], {"decayed"}),
        (["chance"], {"popularity"}),
        (["auto"], {*usual(60)}),
        (["decayed", "auto"], {*usual(60)}),
    ):
        found = evaluated(coded(lines), methods=methods, resamples=100)
        assert set(found.choice.table["method"]) == tried and found.knows_best == ("auto" in methods)
        for method in methods:
            pd.testing.assert_series_equal(found.table.set_index("method").loc[method], every.loc[method])


def test_few_baskets_leave_the_usual_methods():
    choice = choose(coded(LINES))
    assert (choice.method, choice.new, choice.customers) == ("decayed", "item_item", 0)
    assert choice.table.empty and choice.of("decayed") is None and not choice.due
    assert choose(coded(LINES), methods=["popularity", "frequency"]).method == "popularity"
    model = Recommender().fit(LINES)
    assert (model.method_, model.new_method_) == ("decayed", "item_item")


def test_of_many_customers_a_sample_is_drawn_by_the_seed(monkeypatch):
    monkeypatch.setattr(selection, "SAMPLE", 25)
    baskets = coded(shop(0.4))
    one = choose(baskets)
    assert one.customers == 25
    same(choose(baskets), one)
    assert not choose(baskets, seed=1).table.equals(one.table)


def test_equal_scores_leave_the_simplest_method():
    choice = choose(coded(shop(0.2).assign(product_id="p")))
    assert (choice.method, choice.new) == ("popularity", "popularity")
    assert (choice.table["score"] == 1).all() and (choice.table["new_recall"] == 0).all()


def rhythmic(due):
    """Everybody buys tea twelve times, each 30 days, and other things once; the last basket has what is due, or tea."""
    rows = []
    for number in range(30):
        for basket in range(12):
            rows.append((f"c{number:02d}", f"{number}-{basket}", 30 * basket, "tea"))
        rows += [(f"c{number:02d}", f"{number}-x", 331, f"own{number}"), (f"c{number:02d}", f"{number}-y", 332, "tea")]
        rows.append((f"c{number:02d}", f"{number}-z", 333, f"own{number}" if due else "tea"))
    lines = pd.DataFrame(rows, columns=["customer_id", "basket_id", "day", "product_id"])
    return lines.assign(date=pd.Timestamp("2020-01-01") + pd.to_timedelta(lines["day"], unit="D"), quantity=1)


def test_rhythms_count_only_where_they_help():
    assert choose(coded(rhythmic(due=True))).due
    assert not choose(coded(rhythmic(due=False))).due


def test_a_product_bought_just_now_waits_until_it_is_due(monkeypatch):
    lines = rhythmic(due=True)
    plain = Recommender("popularity").fit(lines).recommend(["c03"], kind="again")
    assert plain["product_id"].tolist() == ["tea", "own3"]
    model = Recommender().fit(lines)
    assert model.choice_.due
    assert model.recommend(["c03"], kind="again")["product_id"].tolist() == ["own3", "tea"]
    later = Recommender().fit(lines, as_of="2021-03-01").recommend(["c03"], kind="again")
    assert later["product_id"].tolist() == ["tea", "own3"]


def test_due_by_hand():
    lines = rhythmic(due=False)
    history = Recommender("popularity").fit(lines[lines["customer_id"] == "c03"])._learnt.history
    place = int(np.argmax(history.count))
    assert history.count.tolist() == [1, 14] and np.isnan(history.rhythm[0])
    assert history.rhythm[place] == 30, "the median; the mean is 333 / 13"
    first = pd.Timestamp("2020-01-01").to_datetime64().astype("datetime64[D]").astype(int)
    due = [history.due(int(first) + 333 + days)[place] for days in (0, 10, 40)]
    assert due == pytest.approx([0, 10 / 30, 1]) and history.due(int(first))[0] == 1


def test_wrong_choices():
    with pytest.raises(UsageError, match="did you mean 'decayed'"):
        choose(coded(random_lines()), methods=["decay"])
    with pytest.raises(UsageError, match="parameters are of one method"):
        Recommender(parameters={"prior_baskets": 1.0}).fit(LINES)
