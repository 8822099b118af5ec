"""Reasons: by hand, and their numbers against a count of every customer."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import recommendation_oracles as oracles
from recommendation_data import COLUMNS, LINES, random_lines

from invoice_lab.recommendation import Recommender

ALSO = re.compile(
    r"(?P<both>[\d,]+) of the (?P<buyers>[\d,]+) customers who bought (?P<what>\S+) also bought this, "
    r"(?P<lift>[\d,.]+) times more than expected"
)


def frame(rows):
    return pd.DataFrame(rows, columns=COLUMNS)


def on(*days):
    """One customer who buys tea on days of January, one basket each."""
    return frame([("ann", f"b{i}", f"2020-01-{day:02d}", "tea", 1) for i, day in enumerate(days)])


def said(lines, as_of):
    return Recommender("popularity").fit(lines, as_of=as_of).explain("ann", "tea")


@pytest.mark.parametrize(
    ("days", "as_of", "reason"),
    [
        ([5], "2020-01-05", "bought once, today"),
        ([5], "2020-01-06", "bought once, yesterday"),
        ([5], "2020-01-07", "bought once, 2 days ago"),
        ([5], "2022-10-01", "bought once, 1,000 days ago"),
        ([1, 5], "2020-01-05", "bought 2 times, last today"),
        ([1, 2, 3], "2020-01-04", "bought 3 times, usually every day, last yesterday"),
        ([1, 3, 5], "2020-01-05", "bought 3 times, usually every 2 days, last today"),
        ([1, 2, 8], "2020-01-18", "bought 3 times, usually every 4 days, last 10 days ago"),
        ([1, 1, 1], "2020-01-01", "bought 3 times, last today"),
        ([1, 1, 1, 2], "2020-01-02", "bought 4 times, last today"),
    ],
)
def test_own_purchases_in_words(days, as_of, reason):
    assert said(on(*days), as_of) == reason


def test_six_times_usually_every_30_days_last_41_days_ago():
    days = pd.date_range("2020-01-01", periods=6, freq="30D").strftime("%Y-%m-%d")
    lines = frame([("ann", f"b{i}", day, "tea", 1) for i, day in enumerate(days)])
    as_of = pd.Timestamp(days[-1]) + pd.Timedelta(days=41)
    assert said(lines, as_of) == "bought 6 times, usually every 30 days, last 41 days ago"


def test_reasons_by_hand():
    got = Recommender("frequency").fit(LINES).recommend(["ann"], k=4)
    assert got["reason"].tolist() == [
        "bought 2 times, last 33 days ago",
        "bought once, 64 days ago",
        "popular: bought by 2 of 3 customers",
        "bought by 1 of 3 customers",
    ]


def pair_shop(both, only_tea, only_cup, neither):
    """One line a customer and product: so many with both, one, the other, none of tea and cup; all have salt."""
    rows, kinds = [], [["tea", "cup"]] * both + [["tea"]] * only_tea + [["cup"]] * only_cup + [[]] * neither
    for number, products in enumerate(kinds):
        rows += [(f"c{number:03d}", f"b{number}", "2020-01-01", product, 1) for product in [*products, "salt"]]
    return frame(rows)


def test_12_of_the_40_customers_who_bought_tea():
    """12 of 40 against 12 of 164: 12 * 164 / (40 * 12) = 4.1 times."""
    lines = pair_shop(both=12, only_tea=28, only_cup=0, neither=124)
    reason = Recommender("item_item").fit(lines).explain("c020", "cup")
    assert reason == "12 of the 40 customers who bought tea also bought this, 4.1 times more than expected"
    named = lines.assign(product=lines["product_id"].map({"tea": "Green tea", "cup": "Cup", "salt": "Salt"}))
    reason = Recommender("item_item").fit(named).explain("c020", "cup")
    assert reason == "12 of the 40 customers who bought Green tea also bought this, 4.1 times more than expected"


@pytest.mark.parametrize(
    ("both", "tea", "cup", "neither", "words"),
    [
        (10, 0, 0, 10, "2.0 times more than expected"),
        (10, 10, 10, 10, "as many as expected"),
        (5, 15, 15, 5, "fewer than expected"),
    ],
)
def test_similar_products_say_whether_it_is_more_than_expected(both, tea, cup, neither, words):
    near = Recommender("popularity").fit(pair_shop(both, tea, cup, neither)).similar_products("tea")
    reason = near.loc[near["neighbour"] == "cup", "reason"].item()
    assert reason == f"{both} of the {both + tea} customers who bought tea also bought this, {words}"


def test_a_pair_that_is_not_above_chance_is_no_reason():
    lines = pair_shop(both=5, only_tea=15, only_cup=15, neither=5)
    assert Recommender("item_item").fit(lines).explain("c010", "cup") == "popular: bought by 20 of 40 customers"


def test_two_customers_in_common_are_no_reason():
    lines = pair_shop(both=2, only_tea=3, only_cup=0, neither=35)
    assert Recommender("item_item").fit(lines).explain("c003", "cup") == "bought by 2 of 40 customers"


@pytest.mark.parametrize("method", ["item_item", "popularity", "tifu_knn"])
def test_every_number_is_what_counting_gives(method):
    lines = random_lines(1, customers=60, products=25, rows=700)
    past = oracles.Past(lines)
    model = Recommender(method).fit(lines)
    day, kinds = lines["date"].max(), {"own": 0, "also": 0, "popular": 0}
    units = {who: past.bought(who) for who in past.baskets}
    holders = {product: {who for who in units if product in units[who]} for product in past.products}
    for row in model.recommend(k=12).itertuples():
        mine, product = units[row.customer_id], row.product_id
        assert row.reason == model.explain(row.customer_id, product)
        if product in mine:
            days = [at for at, basket in past.baskets[row.customer_id] if product in basket]
            assert row.reason.startswith("bought once" if len(days) == 1 else f"bought {len(days)} times")
            ago = (day - days[-1]).days
            assert row.reason.endswith(f"{ago} days ago") or ago < 2
            usual = re.search(r"every (\d+) days", row.reason)
            assert (usual is not None) == (len(days) >= 3)
            if usual:
                assert abs(int(usual[1]) - np.median([gap.days for gap in np.diff(days)])) <= 0.5
            kinds["own"] += 1
        elif found := ALSO.fullmatch(row.reason):
            because, both = found["what"], len(holders[found["what"]] & holders[product])
            expected = len(holders[because]) * len(holders[product]) / len(units)
            assert because in mine and both >= 3
            assert int(found["both"]) == both and int(found["buyers"]) == len(holders[because])
            assert abs(float(found["lift"]) - both / expected) <= 0.05 + 1e-9
            kinds["also"] += 1
        else:
            usual = np.median([len(who) for who in holders.values()])
            popular = "popular: " if len(holders[product]) >= usual else ""
            assert row.reason == f"{popular}bought by {len(holders[product])} of {len(units)} customers"
            kinds["popular"] += 1
    assert all(kinds.values())


def test_the_reason_is_the_product_that_speaks_most_for_it():
    lines = random_lines(4, customers=60, products=15, rows=700)
    past = oracles.Past(lines)
    units = [past.bought(who) for who in past.baskets]
    seen = 0
    for row in Recommender("item_item").fit(lines).recommend(k=8, kind="new").itertuples():
        if found := ALSO.fullmatch(row.reason):
            speaks = {
                mine: oracles.cosine(units, row.product_id, mine)
                * np.log1p(sum(mine in basket for _, basket in past.baskets[row.customer_id]))
                for mine in past.bought(row.customer_id)
            }
            assert speaks[found["what"]] == pytest.approx(max(speaks.values()))
            seen += 1
    assert seen > 20


def test_reasons_of_many_rows_are_made_in_blocks(monkeypatch):
    lines = random_lines(1)
    expected = Recommender("item_item").fit(lines).recommend(k=10, kind="new")
    monkeypatch.setattr("invoice_lab.recommendation.reasons._ROWS", 100)
    pd.testing.assert_frame_equal(Recommender("item_item").fit(lines).recommend(k=10, kind="new"), expected)
