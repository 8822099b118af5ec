"""Who moved between segments, who arrived, who is gone, and how sure the shares are."""

import numpy as np
import pandas as pd
import pytest

from invoice_lab.errors import UsageError
from invoice_lab.segmentation.movement import ARRIVED, GONE, matrix, migration
from invoice_lab.warehouse.queries.shares import interval

BEFORE = pd.Series({"a": "Loyal", "b": "Loyal", "c": "Loyal", "d": "New", "e": "New"})
AFTER = pd.Series({"a": "Loyal", "b": "Loyal", "c": "At risk", "d": "Loyal", "f": "New"})


def test_every_customer_is_counted_once():
    moves = migration(BEFORE, AFTER)
    assert moves["customers"].sum() == 6
    found = {(row.before, row.after): row.customers for row in moves.itertuples()}
    assert found == {
        ("Loyal", "Loyal"): 2,
        ("Loyal", "At risk"): 1,
        ("New", "Loyal"): 1,
        ("New", GONE): 1,
        (ARRIVED, "New"): 1,
    }
    assert moves.loc[0, ["before", "after"]].tolist() == ["Loyal", "Loyal"]
    assert moves.loc[0, "share"] == pytest.approx(2 / 3)
    assert (moves["low"] <= moves["share"]).all() and (moves["share"] <= moves["high"]).all()
    assert moves.groupby("before")["share"].sum().tolist() == pytest.approx([1, 1, 1])


def test_the_matrix_has_the_order_of_the_segments():
    table = matrix(migration(BEFORE, AFTER), ["Loyal", "New", "At risk", "Lost"])
    assert table.index.tolist() == ["Loyal", "New", ARRIVED]
    assert table.columns.tolist() == ["Loyal", "New", "At risk", GONE]
    assert table.loc["Loyal"].tolist() == [2, 0, 1, 0]


def test_segments_that_the_order_lacks_come_after_it():
    table = matrix(migration(BEFORE, AFTER), ["New"])
    assert table.index.tolist() == ["New", "Loyal", ARRIVED] and table.to_numpy().sum() == 6


def test_without_customers_nothing_moves():
    nobody = pd.Series(dtype=object)
    assert migration(nobody, nobody).empty
    assert migration(nobody, AFTER)["before"].unique().tolist() == [ARRIVED]


def test_a_customer_twice_is_refused():
    with pytest.raises(UsageError, match="twice"):
        migration(pd.concat([BEFORE, BEFORE]), AFTER)


def test_intervals_hold_the_truth_often_enough():
    rng, n, truth = np.random.default_rng(0), 40, 0.3
    low, high = interval(rng.binomial(n, truth, 4000), np.full(4000, n))
    assert ((low <= truth) & (truth <= high)).mean() >= 0.95
    low, high = interval([0, 5, 10], [10, 10, 10])
    assert (low[0], high[2]) == (0, 1)
    assert high[0] == pytest.approx(0.3085, abs=1e-4)  # 1 - 0.025 ** (1 / 10)
