"""Numbers that become sentences: by hand on small tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.segmentation.sales import (
    Change,
    compare_periods,
    interval,
    monthly_sales,
    quiet_customers,
    repeat_share,
    top_share,
)

ORDERS = pd.DataFrame(
    [
        ("a", "2020-01-01", 10.0),
        ("a", "2020-01-11", 20.0),
        ("a", "2020-01-21", 30.0),
        ("b", "2020-01-15", 40.0),
        ("c", "2020-02-10", 50.0),
        ("c", "2020-02-10", 5.0),
        ("c", "2020-02-20", 5.0),
    ],
    columns=["customer_id", "order_date", "amount"],
)


@pytest.mark.parametrize(
    ("now", "before", "relative", "words"),
    [
        (110, 100, 0.1, "up 10.0%"),
        (90, 100, -0.1, "down 10.0%"),
        (5, 5, 0, "unchanged"),
        (5, 0, None, "no value before"),
        (5, -1, None, "up"),
    ],
)
def test_change(now, before, relative, words):
    change = Change(now, before)
    assert change.difference == now - before and str(change) == words
    assert change.relative == (None if relative is None else pytest.approx(relative))


def test_compare_periods_by_hand():
    changes = compare_periods(ORDERS, "2020-02-20", days=30)
    assert (changes["sales"].now, changes["sales"].before) == (60, 100)
    assert (changes["invoices"].now, changes["invoices"].before) == (3, 4)
    assert (changes["customers"].now, changes["customers"].before) == (1, 2)
    assert (changes["average_basket"].now, changes["average_basket"].before) == (20, 25)
    empty = compare_periods(ORDERS, "2021-02-20", days=1)
    assert empty["average_basket"].now == 0 and str(empty["sales"]) == "no value before"


def test_top_share():
    share = top_share(range(1, 11), 0.1)
    assert (share.members, share.of, share.value, share.total) == (1, 10, 10, 55)
    assert top_share([5.0] * 30, 0.1).members == 3 and top_share([1.0], 0.1).share == 1
    assert top_share([0.0, 0.0]).share == 0


def test_monthly_sales_fills_gaps_and_keeps_currencies_apart():
    months = pd.DataFrame(
        {
            "currency": ["EUR", "EUR", "USD"],
            "month": pd.to_datetime(["2020-01-01", "2020-03-01", "2020-01-01"]),
            "sales": [100.0, 50.0, 7.0],
            "invoices": [2, 1, 1],
            "customers": [2, 1, 1],
            "average_basket": [50.0, 50.0, 7.0],
        }
    )
    table = monthly_sales(months)
    euro = table[table["currency"] == "EUR"]
    assert euro["sales"].tolist() == [100, 0, 50] and euro["invoices"].tolist() == [2, 0, 1]
    assert euro["change"].iloc[1] == -1 and euro["change"].isna().tolist() == [True, False, True]
    assert len(table) == 6 and table["invoices"].dtype == "int64"
    assert monthly_sales(months[:0]).empty


def test_quiet_customers():
    quiet = quiet_customers(ORDERS, "2020-02-10")
    assert quiet.index.tolist() == ["a"]
    assert quiet.loc["a"].to_dict() == {"orders": 3, "usual_days": 10, "silent_days": 20, "sales": 60}
    assert quiet_customers(ORDERS, "2020-02-09").empty


def test_repeat_share():
    share = repeat_share(ORDERS)
    assert (share.members, share.of, share.value, share.total) == (2, 3, 120, 160)


def test_credit_notes_are_no_orders():
    notes = [("a", "2020-01-25", -5.0), ("b", "2020-01-20", -1.0), ("d", "2020-01-20", -7.0)]
    orders = pd.concat([ORDERS, pd.DataFrame(notes, columns=ORDERS.columns)])
    quiet = quiet_customers(orders, "2020-02-10")
    assert quiet.loc["a"].to_dict() == {"orders": 3, "usual_days": 10, "silent_days": 20, "sales": 55}
    share = repeat_share(orders)
    assert (share.members, share.of, share.value, share.total) == (2, 3, 115, 154)
    assert top_share([-3.0, 1.0]).share == 0


def test_interval_covers_and_repeats():
    rng = np.random.default_rng(8)
    hits = 0
    for _ in range(100):
        found = interval(rng.exponential(10, 80), "mean", resamples=300)
        hits += found.low <= 10 <= found.high
    assert 85 <= hits <= 100
    assert interval([1, 2, 9]) == interval([9, 1, 2]) and interval([4.0]).low == 4
    assert interval(np.arange(101)).value == 50


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: top_share([]), NotEnoughDataError),
        (lambda: interval([]), NotEnoughDataError),
        (lambda: top_share([1, np.nan]), UsageError),
        (lambda: top_share([1], 0), UsageError),
        (lambda: top_share(["x"]), UsageError),
        (lambda: interval([1], "mode"), UsageError),
        (lambda: interval([1], resamples=5), UsageError),
        (lambda: compare_periods(ORDERS, "2020-01-01", days=0), UsageError),
        (lambda: compare_periods(ORDERS.drop(columns="amount"), "2020-01-01"), UsageError),
        (lambda: repeat_share(ORDERS.assign(currency=list("EEEEEEU"))), UsageError),
        (lambda: monthly_sales(pd.DataFrame({"month": []})), UsageError),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error):
        call()
