"""What is held out, of whom, and that nothing of it, or of later days, is learnt from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import recommendation_oracles as oracles
from recommendation_data import COLUMNS, LINES, coded, random_lines, shop

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.recommendation.evaluation import evaluate, evaluated
from invoice_lab.recommendation.protocols import last_baskets, split, usual_day


def entries(baskets):
    """Customer, product and day of each entry, as ids."""
    day = pd.to_datetime(baskets.day, unit="D")
    return sorted(zip(baskets.customers[baskets.customer], baskets.products[baskets.product], day, strict=True))


def entries_of(lines):
    day = lines.groupby(["customer_id", "basket_id"])["date"].transform("max")
    return sorted(
        {(*row,) for row in zip(lines["customer_id"], lines["product_id"], day, lines["basket_id"], strict=True)}
    )


@pytest.mark.parametrize(("protocol", "day"), [("last_basket", None), ("date", "2020-05-01"), ("date", "2020-09-15")])
@pytest.mark.parametrize("seed", [0, 1])
def test_divides_as_the_definition_says(protocol, day, seed):
    lines = random_lines(seed, customers=120, rows=1500, baskets=6)
    learnt, target = split(coded(lines), protocol, day)
    known, held_out = oracles.split(lines, protocol, day and pd.Timestamp(day))
    assert entries(learnt) == [row[:3] for row in entries_of(known)]
    customers = learnt.customers[target.customers].tolist()
    assert customers == sorted(held_out) and len(customers) >= 20
    for place, customer in enumerate(customers):
        inside = target.baskets.product[target.place == place]
        assert set(learnt.products[inside]) == held_out[customer]
        assert target.sizes[place] == len(held_out[customer])


def test_the_day_of_a_date_split_is_learnt_from():
    lines = shop(0.3)
    learnt, target = split(coded(lines), "date", "2020-01-31")
    assert pd.to_datetime(learnt.day, unit="D").max() == pd.Timestamp("2020-01-31")
    assert set(pd.to_datetime(target.baskets.day, unit="D")) == {pd.Timestamp("2020-03-01")}


def test_only_the_first_basket_after_the_day_is_foretold():
    _, target = split(coded(shop(0.3, baskets=6)), "date", "2020-03-01")
    assert set(pd.to_datetime(target.baskets.day, unit="D")) == {pd.Timestamp("2020-03-31")}


def test_the_usual_day_has_three_quarters_of_the_baskets_behind_it():
    lines = random_lines(4, customers=80, rows=1200)
    day = usual_day(coded(lines))
    days = lines.groupby(["customer_id", "basket_id"])["date"].max()
    assert (days <= day).mean() == pytest.approx(0.75, abs=0.01)
    assert entries(split(coded(lines), "date")[0]) == entries(split(coded(lines), "date", day)[0])


def test_nothing_later_than_the_split_is_learnt_from():
    """Other products, more customers and more baskets after the tested ones: the same lists, the same figures."""
    lines, day = shop(0.4, customers=50, baskets=5), pd.Timestamp("2020-03-05")
    early, tested = lines[lines["date"] <= day], lines[lines["date"] == lines["date"][lines["date"] > day].min()]
    late = random_lines(9, customers=70, products=80, rows=900).assign(date=pd.Timestamp("2021-06-01"))
    late["basket_id"] += "-late"
    first = evaluated(coded(pd.concat([early, tested])), "date", day, resamples=100)
    products = set(lines["product_id"])
    other = pd.concat([early, tested, late[late["product_id"].isin(products)]])
    second = evaluated(coded(other), "date", day, resamples=100)
    assert first.choice.method == second.choice.method and first.choice.parameters == second.choice.parameters
    pd.testing.assert_frame_equal(first.choice.table, second.choice.table)
    assert first.customers.tolist() == second.customers.tolist()
    pd.testing.assert_frame_equal(first.table, second.table)


def test_a_held_out_basket_with_other_products_changes_no_list():
    """What is listed is told by what lists are about: coverage, repeats and popularity bias."""
    lines = shop(0.4)
    swapped = lines.assign(product_id=lines["product_id"].where(lines["date"] < "2020-03-15", "p001"))
    about = ["method", "used", "coverage", "repeats", "popularity_bias"]
    everything = set(lines["product_id"])
    assert set(swapped["product_id"]) == everything
    pd.testing.assert_frame_equal(evaluate(swapped, resamples=100)[about], evaluate(lines, resamples=100)[about])


def test_baskets_of_one_day_are_in_the_order_of_their_ids_whatever_the_rows_are():
    lines = shop(0.3).assign(date="2020-01-01")
    _, target = last_baskets(coded(lines))
    _, shuffled = last_baskets(coded(lines.sample(frac=1, random_state=1)))
    assert entries(target.baskets) == entries(shuffled.baskets)
    assert entries(target.baskets) == entries(coded(lines[lines["basket_id"].str.endswith("-3")]))


def test_a_basket_over_several_days_has_the_last_of_them():
    baskets = coded(pd.DataFrame([("a", "b", "2020-01-01", "x", 1), ("a", "b", "2020-01-03", "y", 1)], columns=COLUMNS))
    assert baskets.day.tolist() == [18264, 18264] and baskets.basket_count() == 1


def test_equal_basket_ids_of_two_customers_are_two_baskets():
    baskets = coded(LINES.assign(basket_id="b"))
    assert baskets.basket_count() == 3 and baskets.popularity().sum() == 6


def test_counts_of_baskets():
    """Returns left out, a product once a basket."""
    baskets = coded(LINES)
    assert baskets.products.tolist() == ["cup", "jam", "pot", "tea"]
    assert baskets.popularity().tolist() == [2, 1, 2, 2]
    assert baskets.basket_count() == 5
    assert baskets.by_customer().toarray().tolist() == [[1, 0, 0, 2], [1, 0, 1, 0], [0, 1, 1, 0]]
    assert baskets.by_basket().toarray().sum(axis=1).tolist() == [2, 1, 1, 1, 2]
    assert baskets.place().tolist() == [1, 1, 0, 1, 0, 0, 0]
    assert baskets.age().tolist() == [31, 31, 0, 60, 0, 0, 0]
    early = baskets.only(baskets.day < baskets.day.max())
    assert early.place().tolist() == [1, 1, 0, 0, 0, 0] and early.age().tolist() == [31, 31, 0, 0, 0, 0]
    assert baskets.only(np.zeros(7, bool)).basket_count() == 0


@pytest.mark.parametrize(
    ("protocol", "day", "error", "words"),
    [
        ("last_basket", "2020-02-01", UsageError, "no day to split at"),
        ("random", None, UsageError, "no protocol of evaluation"),
        (None, None, UsageError, "no protocol of evaluation"),
        ("date", "soon", UsageError, "split is 'soon'"),
        ("date", 20200101, UsageError, "split is 20200101"),
        ("date", "2019-12-31", NotEnoughDataError, "no baskets up to 2019-12-31"),
        ("date", "2030-01-01", NotEnoughDataError, "no baskets after 2030-01-01"),
        ("date", "2020-01-01", NotEnoughDataError, "Only 0 customers have 2 baskets or more up to 2020-01-01"),
    ],
)
def test_splits_that_cannot_be(protocol, day, error, words):
    with pytest.raises(error, match=words):
        evaluate(shop(0.3), protocol, day)


@pytest.mark.parametrize("zone", [None, "Europe/Paris"])
def test_baskets_of_a_day_are_in_the_order_of_their_times(zone):
    """Ids that sort otherwise: the last basket is that of the afternoon."""
    lines = pd.DataFrame(
        {"customer_id": "a", "basket_id": ["z", "b", "z"], "date": ["2020-01-02 09:00", "2020-01-02 15:00",
         "2020-01-02 10:00"], "product_id": ["tea", "jam", "cup"], "quantity": 1}
    )  # fmt: skip
    baskets = coded(lines.assign(date=pd.to_datetime(lines["date"]).dt.tz_localize(zone)))
    assert baskets.products[baskets.product[baskets.basket == 0]].tolist() == ["jam"]
    assert set(baskets.day) == {18263}
