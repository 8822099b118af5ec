"""The dashboard's choice of a customer: both lists with reasons and expected value, of any customer that has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets
import pandas as pd

from invoice_lab.reporting.tables import table

if TYPE_CHECKING:
    from invoice_lab.reporting.pages.recommendations import RecommendationsPage

EVERYBODY = "All segments"
_PICKED = "picked"


class CustomerPicker:
    """Choices of segment and customer above the customer's lists.

    Attributes
    ----------
    segment, customer : ipywidgets.Dropdown
        The customers offered are those of the segment; a customer's value is the id.
    shown : ipywidgets.HTML
        Both lists of the customer; every text of it is escaped.
    """

    def __init__(self, page: RecommendationsPage) -> None:
        self._page = page
        known = page.customers.loc[page.lists["customer_id"].unique()]
        self._labels = known.sort_values("label", kind="stable")[["label", "segment"]]
        names = [name for name in page.colours if (known["segment"] == name).any()]
        self.segment = ipywidgets.Dropdown(options=[EVERYBODY, *names], description="Segment")
        self.customer = ipywidgets.Dropdown(description="Customer")
        self.shown = ipywidgets.HTML()
        self._box = ipywidgets.VBox([ipywidgets.HBox([self.segment, self.customer]), self.shown])
        self.segment.observe(self._offer, "value")
        self.customer.observe(self._show, "value")
        self._offer()

    def _repr_mimebundle_(self, **asked: object) -> object:
        """Return what a notebook shows of it."""
        return self._box._repr_mimebundle_(**asked)

    def _offer(self, _change: object = None) -> None:
        """Offer the customers of the segment, the first one chosen."""
        among = self._labels
        if self.segment.value != EVERYBODY:
            among = among[among["segment"] == self.segment.value]
        self.customer.options = list(zip(among["label"], among.index, strict=True))
        self.customer.value = among.index[0]

    def _show(self, _change: object = None) -> None:
        frame = self._page.offers_to(pd.Index([self.customer.value]))
        columns = [column for column in self._page.offer_columns() if column.name not in ("label", "segment")]
        self.shown.value = table(frame, columns, table_id=_PICKED, page_rows=len(frame))


def pick_customer(page: RecommendationsPage) -> CustomerPicker | None:
    """Return the picker of a recommendations page; None, which shows nothing, where nothing is recommended."""
    return None if page.is_bare or page.lists.empty else CustomerPicker(page)
