"""Seasons: rates by weekday and month, exact intervals of counts, and how often chance alone is called a season."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare, poisson

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.segmentation.seasons import LABELS, season


def orders(days):
    return pd.DataFrame({"order_date": pd.to_datetime(days)})


def even(seed, days=728, a_day=0.5):
    """Orders of a shop without seasons."""
    rng = np.random.default_rng(seed)
    every = pd.date_range("2021-01-04", periods=days)
    return orders(np.repeat(every, rng.poisson(a_day, days)))


def test_rates_by_hand():
    """Two weeks from Monday to Sunday: three orders on Mondays, one on the last Sunday."""
    found = season(orders(["2024-01-01", "2024-01-08", "2024-01-08", "2024-01-14"]), "2024-02-01")
    table = found.table.set_index("label")
    assert table.index.tolist() == list(LABELS["weekday"])
    assert table["days"].tolist() == [2] * 7
    assert table["orders"].tolist() == [3, 0, 0, 0, 0, 0, 1]
    assert table["per_day"].tolist() == [1.5, 0, 0, 0, 0, 0, 0.5]
    assert table["index"].tolist() == pytest.approx([1.5 / (4 / 14), 0, 0, 0, 0, 0, 0.5 / (4 / 14)])
    assert found.likely == pytest.approx(chisquare([3, 0, 0, 0, 0, 0, 1]).pvalue)


@pytest.mark.parametrize("by", ["weekday", "month"])
def test_days_and_orders_are_those_of_plain_loops(by):
    data = even(3, days=500)
    found = season(data, "2030-01-01", by).table.set_index("label")
    day, last, days = data["order_date"].min().date(), data["order_date"].max().date(), {}
    while day <= last:
        name = f"{day:%A}" if by == "weekday" else f"{day:%B}"
        days[name] = days.get(name, 0) + 1
        day += dt.timedelta(days=1)
    assert found["days"].to_dict() == days
    assert found["orders"].sum() == len(data)
    assert (
        found["orders"].to_dict()
        == data["order_date"]
        .dt.strftime("%A" if by == "weekday" else "%B")
        .value_counts()
        .reindex(days, fill_value=0)
        .to_dict()
    )


def test_intervals_are_exact_for_counts():
    """Garwood: at either end of the interval, the count or one further out has a probability of 2.5 %."""
    found = season(even(1, a_day=0.05), "2030-01-01", "month").table
    usual = found["orders"].sum() / found["days"].sum()
    for row in found.itertuples():
        low, high = row.low * row.days * usual, row.high * row.days * usual
        assert poisson.cdf(row.orders, high) == pytest.approx(0.025)
        if row.orders:
            assert poisson.sf(row.orders - 1, low) == pytest.approx(0.025)
        assert low <= row.orders <= high
    none = season(orders(["2024-01-01", "2024-01-14"]), "2024-02-01").table.set_index("label").loc["Tuesday"]
    assert none["low"] == 0 and poisson.cdf(0, none["high"] * 2 / 7) == pytest.approx(0.025)


def test_a_planted_season_is_found():
    data = even(5)
    saturdays = data[data["order_date"].dt.day_of_week == 5]
    found = season(pd.concat([data, saturdays, saturdays]), "2030-01-01")
    best = found.table.loc[found.table["index"].idxmax()]
    assert found.likely < 1e-6
    assert best["label"] == "Saturday" and best["low"] > 1.5
    assert found.table["index"].drop(best.name).max() < 1.1


def test_chance_is_seldom_called_a_season():
    likely = np.array([season(even(seed, days=364), "2030-01-01").likely for seed in range(200)])
    assert (likely < 0.01).mean() <= 0.03
    assert 0.35 < likely.mean() < 0.65


def test_only_days_up_to_the_day_count_in_any_order():
    data = even(2)
    upto = data[data["order_date"] <= "2021-06-30"]
    pd.testing.assert_frame_equal(
        season(data.sample(frac=1, random_state=0), "2021-06-30", "month").table,
        season(upto, "2030-01-01", "month").table,
    )


def test_months_are_called_repeated_from_two_years_on():
    for days, repeated in ((700, False), (760, True)):
        found = season(orders(pd.date_range("2021-01-01", periods=days)), "2030-01-01", "month")
        assert found.repeated is repeated
        assert found.years == pytest.approx(days / 365.25)
    assert found.table["index"].tolist() == pytest.approx([1] * 12)
    assert found.likely == pytest.approx(1)


def test_a_single_day_tells_nothing():
    found = season(orders(["2024-01-03"] * 4), "2024-01-03")
    assert found.table[["label", "orders", "days", "index"]].to_numpy().tolist() == [["Wednesday", 4, 1, 1.0]]
    assert found.likely == 1


def test_bad_input():
    with pytest.raises(NotEnoughDataError, match="no season"):
        season(orders(["2024-01-03"]), "2024-01-02")
    with pytest.raises(UsageError, match="did you mean 'weekday'"):
        season(orders(["2024-01-03"]), "2024-01-03", "weekdays")
    with pytest.raises(UsageError):
        season(pd.DataFrame({"day": []}), "2024-01-03")
    with pytest.raises(UsageError, match="have no order_date"):
        season(orders(["2024-01-03", None]), "2024-01-03")
