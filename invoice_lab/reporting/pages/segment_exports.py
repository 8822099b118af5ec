"""The files of the segments report: one row a customer with every score, as CSV and Parquet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd

from invoice_lab.reporting import words
from invoice_lab.reporting.files import SEGMENTS_CSV, SEGMENTS_PARQUET, page_files, write_atomically
from invoice_lab.reporting.markup import Html, join, paragraph
from invoice_lab.reporting.pages.customer_sections import CustomerSections
from invoice_lab.reporting.typed_files import Kind, csv_bytes, parquet_bytes

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
        folder = page_files()
        if folder is None:
            return paragraph(
                f"`make report` writes every score of each customer to {SEGMENTS_CSV} and {SEGMENTS_PARQUET}, "
                f"in the folder {self.meta.workspace} of the reports.",
                kind="il-note",
            )
        frame = self.export_frame
        write_atomically(folder / SEGMENTS_CSV, csv_bytes(frame, COLUMNS))
        write_atomically(folder / SEGMENTS_PARQUET, parquet_bytes(frame, COLUMNS, self._about()))
        links = join((_link(SEGMENTS_CSV), _link(SEGMENTS_PARQUET)), " and ")
        rows, columns = words.count(len(frame), "row"), words.count(len(COLUMNS), "column")
        return paragraph("Every score of each customer as a file:", links, f"({rows}, {columns}).", kind="il-note")

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

    def _about(self) -> dict[str, str]:
        """Return what the Parquet file says of itself, without rows too; no day where there is none."""
        known = self.meta.as_of or self.parameters["as_of"]
        return {
            "workspace": self.meta.workspace,
            "as_of": words.day(self.as_of) if known else "",
            "fingerprint": self.meta.fingerprint,
        }


def _to_the_cent(value: float) -> Decimal:
    """Return a sum of amounts exactly: floats are off in their last bits."""
    return Decimal(round(value * 100)).scaleb(-2)


def _link(file: str) -> Html:
    return Html('<a href="{0}" download="{0}">{0}</a>').format(file)
