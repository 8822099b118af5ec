"""Association rules: by hand, silent on shuffled lines, planted pairs found, copies marked, network, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import binomtest, hypergeom

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.recommendation import association_rules, rules_network
from invoice_lab.recommendation.chance import Chance
from invoice_lab.recommendation.rules import FALSE_DISCOVERIES, lift_interval
from invoice_lab.segmentation.quality import copied_baskets

PLANTED = {(10, 30), (12, 33), (15, 41), (20, 44), (25, 50)}


def lines_of(baskets, customers=None):
    """Lines of lists of products; basket n is customer n's, unless told otherwise."""
    sizes = [len(basket) for basket in baskets]
    number = np.repeat(np.arange(len(baskets)), sizes)
    return pd.DataFrame(
        {
            "customer_id": number if customers is None else np.repeat(customers, sizes),
            "basket_id": number,
            "date": pd.Timestamp("2023-01-01") + pd.to_timedelta(number % 300, unit="D"),
            "product_id": [product for basket in baskets for product in basket],
            "quantity": 1,
        }
    )


def shop(seed=0, count=1500, products=60, planted=()):
    """Baskets from 1 line to dozens; with the first of a planted pair often comes the other."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, products + 1) ** 0.7
    sizes = np.clip(np.exp(rng.normal(1.3, 0.8, count)).astype(int), 1, products // 2)
    baskets = [set(rng.choice(products, size, False, weights / weights.sum()).tolist()) for size in sizes]
    for basket in baskets:
        basket |= {two for one, two in planted if one in basket and rng.random() < 0.4}
    return lines_of([sorted(basket) for basket in baskets])


def shuffled(lines, seed):
    rng = np.random.default_rng(seed)
    return lines.assign(product_id=rng.permutation(lines["product_id"].to_numpy()))


def pairs_of(rules):
    return {tuple(sorted(pair)) for pair in zip(rules["product_id"], rules["then"], strict=True)}


HAND = [["tea", "cup"]] * 20 + [["tea"]] * 5 + [["pot"]] * 60 + [["jam", "pot"]] * 15


def test_one_pair_by_hand():
    lines = lines_of(HAND).assign(product=lambda f: f["product_id"].str.upper())
    rules = association_rules(lines)
    assert rules[["product_id", "then", "product", "then_product"]].to_numpy().tolist() == [
        ["cup", "tea", "CUP", "TEA"],
        ["tea", "cup", "TEA", "CUP"],
    ]
    tea = rules.iloc[1]
    assert (tea["baskets"], tea["of"], tea["support"], tea["confidence"]) == (20, 25, 0.2, 0.8)
    exact = binomtest(20, 25).proportion_ci(0.95, "exact")
    assert (tea["confidence_low"], tea["confidence_high"]) == pytest.approx((exact.low, exact.high))
    assert tea["lift"] == pytest.approx(0.2 / (0.25 * 0.2))
    spread = 1.959964 * np.sqrt(1 / 20 - 1 / 25 - 1 / 20 + 2 * 20 / (25 * 20) - 1 / 100)
    assert np.log([tea["lift_low"], tea["lift_high"]]) == pytest.approx([np.log(4) - spread, np.log(4) + spread])
    assert (tea["copied"], tea["rests_on_copies"]) == (0, False)
    assert 2 < tea["expected"] < 5, "25 x 20 / 100 in baskets of one size; fewer, as most have a single line"


def test_least_and_most():
    lines = lines_of(HAND)
    assert len(association_rules(lines, least=21)) == 0
    assert association_rules(lines, most=1)["product_id"].tolist() == ["cup"]
    rules = association_rules(shop(planted=PLANTED), most=6)
    assert len(rules) == 6 and (rules["baskets"] - rules["expected"]).is_monotonic_decreasing
    pd.testing.assert_frame_equal(rules, association_rules(shop(planted=PLANTED)).head(6))


def test_products_count_once_and_returns_do_not_count():
    lines = lines_of(HAND)
    again = pd.concat([lines, lines.assign(quantity=7), lines_of([["tea", "pot"]] * 50).assign(quantity=-1)])
    pd.testing.assert_frame_equal(association_rules(again), association_rules(lines))
    assert association_rules(lines)["product"].tolist() == ["cup", "tea"], "without names the ids"


def test_lift_interval_holds_the_truth_often_enough():
    """Counts drawn from known shares, weak and strong, rare and common: 95 of 100 intervals hold the true lift."""
    rng = np.random.default_rng(4)
    for shares in ([0.02, 0.06, 0.04, 0.88], [0.3, 0.1, 0.1, 0.5], [0.05, 0.0, 0.0, 0.95]):
        both, one, two, _ = rng.multinomial(2000, shares, 4000).T
        low, high = lift_interval(both, both + one, both + two, 2000)
        truth = shares[0] / ((shares[0] + shares[1]) * (shares[0] + shares[2]))
        assert np.mean((low <= truth) & (truth <= high)) == pytest.approx(0.95, abs=0.015)
    assert [bound.tolist() for bound in lift_interval([0], [3], [4], 9)] == [[0.0], [np.inf]]


def test_nothing_is_said_of_shuffled_lines():
    """Of 100 shuffled data sets at most the promised share, within chance, gives any rule."""
    lines = shop(planted=PLANTED)
    speaking = sum(len(association_rules(shuffled(lines, seed))) > 0 for seed in range(100))
    assert speaking <= 100 * FALSE_DISCOVERIES + 2


def test_lift_alone_would_say_much_of_shuffled_lines():
    """Large baskets hold many pairs: what makes the test above hard, and a test that forgets basket sizes wrong."""
    lines = shuffled(shop(), 1).drop_duplicates(["basket_id", "product_id"])
    held = pd.crosstab(lines["basket_id"], lines["product_id"]).to_numpy()
    one, two = np.triu_indices(held.shape[1], 1)
    both, count = (held.T @ held)[one, two], held.sum(axis=0)
    low, _ = lift_interval(both, count[one], count[two], len(held))
    assert np.mean(low > 1) > 0.2
    p = hypergeom.sf(both - 1, len(held), count[one], count[two])
    assert np.sum(p < FALSE_DISCOVERIES / len(p)) > 3, "where Bonferroni allows 0.01"


def test_expected_is_what_shuffling_gives():
    lines = shop(count=400, products=25)
    seen = np.zeros((25, 25))
    thought = np.zeros((25, 25))
    for seed in range(60):
        drawn = shuffled(lines, seed)
        keys = np.unique(drawn["basket_id"] * 25 + drawn["product_id"])
        held = csr_matrix((np.ones(len(keys)), (keys // 25, keys % 25)), shape=(400, 25))
        seen += (held.T @ held).toarray() / 60
        row, column = np.indices((25, 25)).reshape(2, -1)
        thought += Chance.of(held).together(np.arange(25), row, column).reshape(25, 25) / 60
    upper = np.triu_indices(25, 1)
    often = seen[upper] > 10
    assert often.sum() > 50 and seen[upper][often] == pytest.approx(thought[upper][often], rel=0.1)
    assert seen[upper].sum() == pytest.approx(thought[upper].sum(), rel=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_planted_pairs_are_found_and_hardly_any_other(seed):
    found = pairs_of(association_rules(shop(seed, planted=PLANTED)))
    assert found >= PLANTED
    assert len(found - PLANTED) <= 1


def test_rules_on_copied_baskets_are_marked():
    """20 copies of one basket make a rule of three products; a true rule that some copies hold too stays unmarked."""
    true = [["tea", "cup"]] * 20 + [["ink", "pen", "pad"]]
    copies = [["ink", "pen", "pad", *extra] for extra in [["tea", "cup"]] * 4 + [[]] * 16]
    lines = lines_of(true + [["pot"], ["jam"], ["tea"], ["pen"]] * 20 + copies)
    copied = lines["basket_id"].unique()[-20:]
    rules = association_rules(lines, copied=copied).set_index(["product_id", "then"])
    assert rules.loc[("ink", "pen"), ["baskets", "copied", "rests_on_copies"]].tolist() == [21, 20, True]
    assert rules.loc[("tea", "cup"), ["baskets", "copied", "rests_on_copies"]].tolist() == [24, 4, False]
    unmarked = association_rules(lines)
    assert not unmarked["rests_on_copies"].any() and not unmarked["copied"].any()
    pd.testing.assert_frame_equal(unmarked.iloc[:, :-2], rules.reset_index().iloc[:, :-2])


def test_a_lift_that_copies_alone_lift_above_one_is_marked():
    """Enough baskets are left without the copies, but no more than chance."""
    rest = [["a", "b"]] * 10 + [["a", "c"]] * 30 + [["b", "d"]] * 30 + [["c"], ["d"]] * 35
    lines = lines_of(rest + [["a", "b"]] * 60)
    rules = association_rules(lines, copied=range(140, 200)).set_index(["product_id", "then"])
    assert rules.loc[("a", "b"), ["baskets", "copied", "rests_on_copies"]].tolist() == [70, 60, True]


def test_copied_baskets_of_the_quality_check_are_what_is_asked_for():
    lines = lines_of([["ink", "pen", "pad"]] * 12 + [["pot"], ["jam"], ["pen"]] * 30)
    lines["line_no"] = lines.groupby("basket_id").cumcount() + 1
    copied = copied_baskets(lines)
    assert copied.tolist() == list(range(1, 12)), "the first is none"
    assert association_rules(lines, copied=copied)["rests_on_copies"].tolist() == [True] * 6


def test_network_of_rules():
    rules = association_rules(shop(planted=PLANTED))
    nodes, edges = rules_network(rules, most=4)
    assert len(edges) == 4 and edges["lift"].tolist() == rules["lift"].tolist()[:8:2]
    lines = shop(planted=PLANTED)
    assert nodes.set_index("product_id")["size"].to_dict() == {
        product: int((lines["product_id"] == product).sum()) for product in nodes["product_id"]
    }
    places = nodes.set_index("product_id")[["x", "y"]]
    assert edges[["x", "y"]].to_numpy().tolist() == places.loc[edges["product_id"]].to_numpy().tolist()
    assert edges[["x2", "y2"]].to_numpy().tolist() == places.loc[edges["then"]].to_numpy().tolist()
    assert places.abs().to_numpy().max() == 1 and len(places.drop_duplicates()) == len(places)
    assert nodes["group"].nunique() == 4, "planted pairs share no product"
    length = np.hypot(edges["x"] - edges["x2"], edges["y"] - edges["y2"]).max()
    gaps = places.to_numpy()[:, None] - places.to_numpy()[None]
    other = nodes["group"].to_numpy()[:, None] != nodes["group"].to_numpy()[None]
    assert np.hypot(*gaps[other].T).mean() > 1.5 * length, "what belongs together is near"
    again, _ = rules_network(rules, most=4)
    pd.testing.assert_frame_equal(nodes, again)


def test_network_of_nothing():
    nodes, edges = rules_network(association_rules(lines_of([["tea"]])))
    assert (len(nodes), len(edges)) == (0, 0)
    assert nodes.columns.tolist() == ["product_id", "product", "x", "y", "size", "group"]
    assert edges.columns.tolist()[-4:] == ["x", "y", "x2", "y2"]
    with pytest.raises(UsageError, match="no column 'lift'"):
        rules_network(association_rules(lines_of(HAND)).drop(columns="lift"))


@pytest.mark.parametrize(
    "baskets", [[["tea"]] * 30, [["tea", "cup", "pot"]], [["tea", "cup"]] * 30, [["tea"], ["cup"]]]
)
def test_where_nothing_can_be_told_the_table_is_empty(baskets):
    """One product, one basket, always the same basket (lift 1), nothing together: no rule, same columns and types."""
    empty, full = association_rules(lines_of(baskets), copied=[0]), association_rules(lines_of(HAND))
    assert len(empty) == 0
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)


def test_numbers_as_ids_stay_numbers():
    lines = shop(planted=PLANTED)
    assert association_rules(lines)["then"].dtype == np.int64
    assert association_rules(lines.head(3), least=1)["then"].dtype == np.int64
    as_category = lines.assign(product_id=lines["product_id"].astype("category"))
    pd.testing.assert_frame_equal(association_rules(as_category), association_rules(lines))


def test_baskets_of_ten_thousand_lines():
    """They hold every pair, which says nothing of any."""
    huge = [list(range(5_000))] * 2 + [list(range(0, 10_000, 2))] + [list(range(10_000))] * 3
    lines = lines_of(huge + [[one, one + 1] for one in (20, 40) for _ in range(40)] + [[n] for n in range(300)])
    assert pairs_of(association_rules(lines)) == {(20, 21), (40, 41)}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda f: f.head(0), NotEnoughDataError),
        (lambda f: f.assign(quantity=-1), NotEnoughDataError),
        (lambda f: f.drop(columns="product_id"), UsageError),
        (lambda f: f.assign(product_id=f["product_id"].where(f.index > 0)), UsageError),
        (lambda f: f.assign(basket_id=f["basket_id"].where(f.index > 0)), UsageError),
        (lambda f: f.assign(product_id=[1, *f["product_id"][1:]]), UsageError),
        (lambda f: f.to_dict(), UsageError),
    ],
)
def test_bad_lines_end_in_a_typed_error(change, error):
    with pytest.raises(error):
        association_rules(change(lines_of(HAND)))


@pytest.mark.parametrize("wrong", [{"least": 0}, {"most": 0}, {"least": 2.5}, {"copied": "b1"}])
def test_bad_parameters_end_in_a_typed_error(wrong):
    with pytest.raises(UsageError):
        association_rules(lines_of(HAND), **wrong)


@pytest.mark.shared
def test_real_shop(shared):
    """Online Retail: cups of one set go together; shuffled, nothing does."""
    raw = pd.read_parquet(shared / "transactions" / "online_retail.parquet")
    kept = ~raw["InvoiceNo"].str.startswith("C") & raw["CustomerID"].notna() & (raw["UnitPrice"] > 0)
    kept &= (raw["Quantity"] > 0) & raw["StockCode"].str.match(r"\d{5}")
    columns = {"CustomerID": "customer_id", "InvoiceNo": "basket_id", "InvoiceDate": "date", "StockCode": "product_id"}
    lines = raw[kept].rename(columns=columns | {"Quantity": "quantity", "Description": "product"})
    rules = association_rules(lines, most=10**6).set_index(["product_id", "then"])
    cup = rules.loc[("22697", "22699")]
    assert cup["product"].startswith("GREEN REGENCY TEACUP") and cup["then_product"].startswith("ROSES REGENCY TEACUP")
    assert cup["baskets"] == 541 and cup["confidence"] == pytest.approx(541 / 691)
    assert 50_000 < len(rules) < 70_000
    assert len(association_rules(shuffled(lines, 0))) == 0
