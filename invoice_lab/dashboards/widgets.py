"""Widgets of the dashboards: small anywidgets, their JavaScript beside them, nothing fetched from elsewhere."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import pandas as pd
import traitlets

from invoice_lab.errors import UsageError
from invoice_lab.reporting import words

if TYPE_CHECKING:
    from invoice_lab.reporting.pages.segments import SegmentsPage

SHOWN_CUSTOMERS = 50
"""Rows sent to the browser at a time: the whole of a large segment would make the page slow."""

_STATIC = Path(__file__).with_name("static")
_TABLE_COLUMNS = ("segment", "customers", "sales_share", "colour", "meaning", "action")
_SCORED_COLUMNS = ("recency", "frequency", "monetary", "segment")


class SegmentExplorer(anywidget.AnyWidget):
    """Bars of the segments; a click on one lists its customers, the one with the highest sales first.

    Attributes
    ----------
    bars : list of dict
        One a segment, sorted by share of sales: name, share (0 to 1), text, colour, meaning, action.
    selected : str
        The chosen segment; empty for all. The browser sets it.
    listed : str
        The segment that `rows` and `total` are of: `selected`, as soon as Python has answered.
    rows : list of dict
        The customers shown: customer, segment, recency, frequency, monetary.
    total : int
        Customers in the selection, of which `rows` holds at most `SHOWN_CUSTOMERS`.
    currency : str
    """

    _esm = _STATIC / "segment_explorer.js"
    _css = _STATIC / "segment_explorer.css"

    bars = traitlets.List().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    listed = traitlets.Unicode("").tag(sync=True)
    rows = traitlets.List().tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    currency = traitlets.Unicode("EUR").tag(sync=True)

    def __init__(self, bars: list[dict[str, Any]], customers: pd.DataFrame, currency: str) -> None:
        self._customers = customers
        super().__init__(bars=bars, currency=currency)
        self._list_customers()

    @traitlets.validate("selected")  # type: ignore[untyped-decorator]
    def _known_segment(self, proposal: dict[str, object]) -> str:
        """Keep to the segments there are: the value comes from a browser."""
        name = str(proposal["value"])
        if name and name not in {bar["name"] for bar in self.bars}:
            raise traitlets.TraitError("unknown segment")
        return name

    @traitlets.observe("selected")  # type: ignore[untyped-decorator]
    def _list_customers(self, _change: object = None) -> None:
        chosen = self._customers
        if self.selected:
            chosen = chosen[chosen["segment"] == self.selected]
        with self.hold_sync():
            self.listed = self.selected
            self.total = len(chosen)
            self.rows = chosen.head(SHOWN_CUSTOMERS).to_dict("records")


def segment_explorer(
    table: pd.DataFrame, scored: pd.DataFrame, names: pd.Series | None = None, currency: str = "EUR"
) -> SegmentExplorer:
    """Show the segments as bars that filter a table of customers.

    Parameters
    ----------
    table : DataFrame
        One row a segment, as `invoice_lab.segmentation.rfm.segment_table` gives it.
    scored : DataFrame
        One row a customer, as `RFM.transform` gives it: index customer_id; recency, frequency, monetary, segment.
    names : Series, optional
        Names by customer_id; the id is shown where there is none. OCR text: the widget never reads it as HTML.
    currency : str
        Of `monetary`.

    Returns
    -------
    SegmentExplorer

    Raises
    ------
    UsageError
        For a missing column.
    """
    _require(table, _TABLE_COLUMNS, "table")
    _require(scored, _SCORED_COLUMNS, "scored")
    sorted_table = table[table["customers"] > 0].sort_values(["sales_share", "segment"], ascending=[False, True])
    bars = [_bar(row) for row in sorted_table.to_dict("records")]
    labels = scored.index.to_series() if names is None else names.reindex(scored.index).fillna(scored.index.to_series())
    customers = scored.loc[:, list(_SCORED_COLUMNS)].assign(customer=labels.astype(str))
    customers["monetary"] = customers["monetary"].astype(float).round(2)
    customers = customers.sort_values(["monetary", "customer"], ascending=[False, True])
    return SegmentExplorer(bars, customers, currency)


def explore_segments(page: SegmentsPage) -> SegmentExplorer | None:
    """Return the explorer of a segments page; None, which shows nothing, where there are no invoices."""
    if page.is_empty:
        return None
    names = page.customers.set_index("customer_id")["customer"]
    return segment_explorer(page.segments, page.scored, names, page.currency)


def _bar(row: dict[str, Any]) -> dict[str, Any]:
    share = float(row["sales_share"])
    if not math.isfinite(share):  # the browser's JSON has no such number
        share = 0.0
    return {
        "name": str(row["segment"]),
        "share": share,
        "text": f"{words.percent(share)} of sales, {words.count(int(row['customers']), 'customer')}",
        "colour": str(row["colour"]),
        "meaning": str(row["meaning"]),
        "action": str(row["action"]),
    }


def _require(frame: pd.DataFrame, columns: tuple[str, ...], what: str) -> None:
    if missing := [column for column in columns if column not in frame.columns]:
        raise UsageError(f"The {what} of the segment explorer lacks the column {missing[0]!r}.")
