"""Cohorts and retention: counted again by plain loops, whole months, and how much is left out."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.segmentation.cohorts import cohorts, retention
from invoice_lab.warehouse.queries.shares import interval

ORDERS = pd.DataFrame(
    [
        ("ann", "2023-11-30"),
        ("ann", "2023-12-01"),
        ("ann", "2023-12-24"),  # twice in a month counts once
        ("ann", "2024-02-29"),
        ("bob", "2023-11-01"),
        ("cyd", "2024-01-15"),
        ("cyd", "2024-02-01"),
        ("dan", "2024-03-02"),
    ],
    columns=["customer_id", "order_date"],
)


def drawn(customers=150, seed=4):
    rng = np.random.default_rng(seed)
    rows = [
        (customer, pd.Timestamp("2022-06-10") + pd.Timedelta(days=int(day)))
        for customer in range(customers)
        for day in rng.integers(0, 700, rng.integers(1, 9))
    ]
    return pd.DataFrame(rows, columns=["customer_id", "order_date"]).sample(frac=1, random_state=seed)


def by_loops(orders, as_of):
    """The same counts without pandas: (cohort, months) to (customers, active)."""
    bought = {}
    for customer, day in zip(orders["customer_id"], pd.to_datetime(orders["order_date"]), strict=True):
        if day <= pd.Timestamp(as_of):
            bought.setdefault(customer, set()).add(12 * day.year + day.month - 1)
    last, found = max(max(months) for months in bought.values()), {}
    for first in range(min(min(months) for months in bought.values()), last + 1):
        members = [months for months in bought.values() if min(months) == first]
        for month in range(first, last + 1) if members else ():
            active = sum(month in months for months in members)
            found[dt.date(first // 12, first % 12 + 1, 1), month - first] = (len(members), active)
    return found


def test_cohorts_by_hand():
    table = cohorts(ORDERS, "2024-02-29")
    november = table[table["cohort"] == "2023-11-01"]
    assert november["months"].tolist() == [0, 1, 2, 3]
    assert november["customers"].tolist() == [2] * 4
    assert november["active"].tolist() == [2, 1, 0, 1]
    assert november["share"].tolist() == [1, 0.5, 0, 0.5]
    assert november["whole"].all()
    assert table["cohort"].drop_duplicates().tolist() == [pd.Timestamp("2023-11-01"), pd.Timestamp("2024-01-01")]


@pytest.mark.parametrize("as_of", ["2024-05-31", "2023-03-14", "2022-06-10"])
def test_cohorts_are_those_of_plain_loops(as_of):
    orders = pd.concat([drawn(), pd.DataFrame({"customer_id": [999], "order_date": [pd.Timestamp("2022-06-10")]})])
    table = cohorts(orders, as_of)
    found = {(row.cohort.date(), row.months): (row.customers, row.active) for row in table.itertuples()}
    assert found == by_loops(orders, as_of)
    assert len(found) == len(table)


def test_a_month_that_goes_on_is_not_whole_and_tells_no_retention():
    table = cohorts(ORDERS, "2024-03-30")
    assert table.loc[~table["whole"], "months"].tolist() == [4, 2, 0]
    assert retention(table)["months"].tolist() == [1, 2, 3]
    assert retention(cohorts(ORDERS, "2024-03-31"))["months"].tolist() == [1, 2, 3, 4]


def test_retention_sums_up_the_cohorts_that_could_have_ordered():
    curve = retention(cohorts(ORDERS, "2024-02-29")).set_index("months")
    assert curve[["customers", "active"]].to_numpy().tolist() == [[3, 2], [2, 0], [2, 1]]
    assert curve["share"].tolist() == pytest.approx([2 / 3, 0, 1 / 2])
    low, high = interval([2, 0, 1], [3, 2, 2])
    assert curve["low"].tolist() == low.tolist() and curve["high"].tolist() == high.tolist()
    assert curve.loc[2, "low"] == 0 and curve.loc[2, "high"] == pytest.approx(1 - 0.025**0.5)


def test_order_of_rows_does_not_count():
    orders = drawn()
    pd.testing.assert_frame_equal(cohorts(orders, "2024-05-31"), cohorts(orders.iloc[::-1], "2024-05-31"))


def test_times_of_day_do_not_count():
    orders = ORDERS.assign(order_date=pd.to_datetime(ORDERS["order_date"]) + pd.Timedelta(hours=23))
    pd.testing.assert_frame_equal(cohorts(orders, "2024-02-29"), cohorts(ORDERS, "2024-02-29"))


def test_one_order_has_no_retention():
    table = cohorts(ORDERS.tail(1), "2024-03-31")
    assert table[["months", "customers", "active", "share"]].to_numpy().tolist() == [[0, 1, 1, 1.0]]
    assert retention(table).empty


def test_bad_input():
    with pytest.raises(NotEnoughDataError, match="no order up to 2020-01-01"):
        cohorts(ORDERS, "2020-01-01")
    with pytest.raises(NotEnoughDataError):
        cohorts(ORDERS[:0], "2024-01-01")
    with pytest.raises(UsageError, match="customer_id"):
        cohorts(ORDERS.drop(columns="customer_id"), "2024-01-01")
    with pytest.raises(UsageError, match="have no order_date"):
        cohorts(ORDERS.assign(order_date=None), "2024-01-01")
    with pytest.raises(UsageError):
        retention(ORDERS)
