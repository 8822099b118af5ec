"""The files of the segments report: one row a customer with every score, as CSV and Parquet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd

from invoice_lab.reporting.files import SEGMENTS_CSV, SEGMENTS_PARQUET
from invoice_lab.reporting.markup import Html
from invoice_lab.reporting.pages.customer_sections import CustomerSections
from invoice_lab.reporting.pages.page_exports import write_page_files
from invoice_lab.reporting.typed_files import Kind

COLUMNS: dict[str, Kind] = {
    "as_of": "day",
    "scheme": "text",
    "bins": "whole",
    "customer_id": "text",
    "number": "text",
    "name": "text",
    "recency": "whole",
    "frequency": "whole",
    "monetary": "money",
    "currency": "text",
    "recency_score": "whole",
    "frequency_score": "whole",
    "monetary_score": "whole",
    "segment": "text",
    "segment_confidence": "share",
    "segment_with_order": "text",
    "days_until_change": "whole",
    "segment_without_order": "text",
    "cluster": "text",
    "cluster_stable": "flag",
    "cluster_confidence": "share",
    "top_spender": "flag",
    "age": "whole",
    "expected_sales": "money",
}
"""Kind by column, in their order."""


class SegmentExports(CustomerSections):
    """The files of the segments report."""

    @property
    def export_frame(self) -> pd.DataFrame:
        """One row a customer, by customer_id, with the columns of `COLUMNS`.

        recency and days_until_change are days, frequency orders, monetary is Decimal in `currency`, cluster_confidence
        the share of the resamples (0 to 1, four places) with the customer in the same cluster, segment_confidence that
        with the same segment, age whole years, expected_sales what is expected within the page's `days`.
        segment_with_order is the segment after one more order, segment_without_order what it is after
        days_until_change days without one. Missing is what isn't known, or never changes.
        """
        if self.is_empty:
            return pd.DataFrame(columns=list(COLUMNS))
        scored = self.scored.sort_index()
        who = self.customers.set_index("customer_id").reindex(scored.index)
        near = self.neighbours.reindex(scored.index)
        frame = scored.rename_axis("customer_id").assign(
            as_of=self.as_of,
            scheme=self.scheme,
            bins=self.bins,
            number=who["number"],
            name=who["customer"],
            monetary=[_to_the_cent(value) for value in scored["monetary"]],
            currency=self.currency,
            segment_confidence=self.segment_confidence.round(4),
            segment_with_order=near["with_order"],
            days_until_change=near["days"],
            segment_without_order=near["without_order"],
            top_spender=self.top_spenders,
            age=who["age"],
            expected_sales=self._expected_sales(scored.index),
            **self._cluster_columns(),
        )
        return frame.reset_index()[list(COLUMNS)]

    def exports(self) -> Html:
        """Write the files where a report is made, and return the links to them; else say where they come from."""
        return write_page_files(
            self, (SEGMENTS_CSV, SEGMENTS_PARQUET), COLUMNS, lambda: self.export_frame, "Every score of each customer"
        )

    def _expected_sales(self, customers: pd.Index) -> list[Decimal | None]:
        if isinstance(self.expected, str):
            return [None] * len(customers)
        values = self.expected.table["value"].reindex(customers)
        return [None if pd.isna(value) else _to_the_cent(value) for value in values]

    def _cluster_columns(self) -> dict[str, Any]:
        if isinstance(self.clusters, str):
            return dict.fromkeys(("cluster", "cluster_stable", "cluster_confidence"))
        confidence = pd.Series(self.clusters.confidence_, index=self.cluster_names.index)
        return {
            "cluster": self.cluster_names,
            "cluster_stable": bool(self.clusters.stable_),
            "cluster_confidence": confidence.round(4),
        }


def _to_the_cent(value: float) -> Decimal:
    """Return a sum of amounts exactly: floats are off in their last bits."""
    return Decimal(round(value * 100)).scaleb(-2)
