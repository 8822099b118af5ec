"""The segment explorer's Python side."""

from __future__ import annotations

import pandas as pd
import pytest
import traitlets

from invoice_lab.dashboards.widgets import SHOWN_CUSTOMERS, SegmentExplorer, segment_explorer
from invoice_lab.errors import UsageError

TABLE = pd.DataFrame(
    {
        "segment": ["Champions", "Lost", "New"],
        "customers": [60, 1, 0],
        "sales_share": [0.25, 0.75, float("nan")],
        "colour": ["#0072B2", "#999999", "#F0E442"],
        "meaning": ["good", "gone", "new"],
        "action": ["Thank them.", "Spend little.", "Welcome them."],
    }
)


@pytest.fixture
def explorer() -> SegmentExplorer:
    scored = pd.DataFrame(
        {
            "recency": range(61),
            "frequency": 2,
            "monetary": [10.004 * n for n in range(60)] + [5000.0],
            "segment": ["Champions"] * 60 + ["Lost"],
        },
        index=[f"c{n:02d}" for n in range(61)],
    )
    return segment_explorer(TABLE, scored, pd.Series({"c60": "<b>Lost & found</b>"}))


def test_bars_are_sorted_by_share_and_empty_segments_left_out(explorer: SegmentExplorer) -> None:
    assert [bar["name"] for bar in explorer.bars] == ["Lost", "Champions"]
    assert explorer.bars[0]["text"] == "75\u00a0% of sales, 1 customer"


def test_at_first_all_customers_are_listed_the_best_first(explorer: SegmentExplorer) -> None:
    assert (explorer.total, len(explorer.rows)) == (61, SHOWN_CUSTOMERS)
    assert explorer.rows[0]["customer"] == "<b>Lost & found</b>"
    assert explorer.rows[1] == {
        "recency": 59, "frequency": 2, "monetary": 590.24, "segment": "Champions", "customer": "c59",
    }  # fmt: skip


def test_a_choice_filters_and_can_be_taken_back(explorer: SegmentExplorer) -> None:
    explorer.selected = "Lost"
    assert [row["customer"] for row in explorer.rows] == ["<b>Lost & found</b>"]
    assert (explorer.listed, explorer.total) == ("Lost", 1)
    explorer.selected = ""
    assert explorer.total == 61


def test_the_browser_can_choose_only_segments_there_are(explorer: SegmentExplorer) -> None:
    with pytest.raises(traitlets.TraitError, match="unknown segment"):
        explorer.selected = "New' or 1=1"
    assert explorer.total == 61


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UsageError, match="sales_share"):
        segment_explorer(TABLE.drop(columns="sales_share"), pd.DataFrame())
