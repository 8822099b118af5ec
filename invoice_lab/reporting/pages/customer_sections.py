"""The section on single customers: segment, how sure it is, what would change it, cluster, and what is expected."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from invoice_lab.reporting import words
from invoice_lab.reporting.markup import Html
from invoice_lab.reporting.pages.chosen import as_many_of_each
from invoice_lab.reporting.pages.cluster_sections import ClusterSections
from invoice_lab.reporting.pages.map_sections import FREQUENCY, RECENCY
from invoice_lab.reporting.pages.value_sections import ValueSections
from invoice_lab.reporting.tables import Column, table
from invoice_lab.segmentation.clusters import top_spenders
from invoice_lab.segmentation.confidence import segment_confidence
from invoice_lab.segmentation.neighbours import neighbours, say
from invoice_lab.segmentation.rfm import SCORE_COLUMNS

UNSURE_SEGMENT = 0.8
"""Share of the resamples with the same segment, below which that is said to be unsure."""


class CustomerSections(ClusterSections, ValueSections):
    """Sections on single customers."""

    @cached_property
    def segment_confidence(self) -> pd.Series:
        """How sure each customer's segment is, 0 to 1."""
        return segment_confidence(self.scored, self.model)

    @cached_property
    def neighbours(self) -> pd.DataFrame:
        """What one more order, or none for a while, would make of each customer."""
        return neighbours(self.scored, self.model)

    @cached_property
    def top_spenders(self) -> pd.Series:
        """Whether each customer is among the hundredth with the highest sales."""
        return top_spenders(self.summary)

    def customer_table(self) -> Html:
        """Return each customer's values, scores, segment and cluster."""
        if self.is_empty:
            return Html()
        frame = self._customer_frame()
        t, n = self.label, len(frame)
        columns = [
            Column("customer", t("Customer")),
            self.segment_column("segment", "Segment"),
            Column(
                "sure", t("Sure"), "percent", "Share of resamples of the customers in which the segment is the same."
            ),
            Column("next", t("What would change it"), "long"),
            Column("scores", t("R-F-M scores"), "fixed", "Recency, frequency and monetary score."),
            Column("cluster", t("Cluster"), "fixed"),
            Column("recency", t("Recency, days"), "whole", t(RECENCY)),
            Column("frequency", t("Invoices"), "whole", t(FREQUENCY)),
            Column("monetary", f"{t('Sales')}, {self.currency}", "money"),
        ]
        if not isinstance(self.expected, str):
            meaning = f"Expected sales within {self.days} days."
            columns.append(Column("value", f"{t('Expected')}, {self.currency}", "money", meaning))
        if 2 * self.ages_known >= len(self.summary):
            columns.append(Column("age", t("Age"), "whole", "In whole years on the day of the report."))
        few = (
            f"The {words.count(self.shown, 'customer')} with the highest sales of {words.whole(n)}, as many of each "
            "segment where it has them; all are in segments.csv."
        )
        shown = few if n > self.shown else f"All {words.count(n, 'customer')}, the highest sales first."
        chosen = as_many_of_each(frame, frame["segment"], self.shown)
        if len(self.listed) < len(self.rules):
            shown = f"Only {words.listing([t(name) for name in self.listed])}. {shown}"
            return table(chosen, columns, table_id="customers", label=self.label, caption=shown)
        top = words.count(int(self.top_spenders.sum()), "customer")
        spenders = f" The {top} with the highest sales, a hundredth, are the top spenders, whatever their segment."
        return table(chosen, columns, table_id="customers", label=self.label, caption=shown + spenders)

    def segments_sure(self) -> str:
        """Say how sure the segments are."""
        unsure = int((self.segment_confidence < UNSURE_SEGMENT).sum())
        return (
            f"A segment is the same in {words.percent(float(self.segment_confidence.mean()))} of the resamples on "
            f"average; for {words.of(unsure, len(self.scored), 'customer')}, in fewer than "
            f"{words.percent(UNSURE_SEGMENT)}: they stand near a limit."
        )

    def _customer_frame(self) -> pd.DataFrame:
        scored = self.scored.drop(columns="age").join(self.neighbours).assign(sure=self.segment_confidence)
        scored = scored[scored["segment"].isin(self.listed)]
        frame = scored.join(self.customers.set_index("customer_id"), how="left")
        frame["scores"] = frame[list(SCORE_COLUMNS)].astype(str).agg("-".join, axis=1)
        frame["cluster"] = self.cluster_names.reindex(frame.index)
        frame["next"] = [
            say(self.label(row.segment), self.label(row.with_order), None if pd.isna(row.days) else int(row.days),
                None if pd.isna(row.without_order) else self.label(row.without_order))
            for row in frame.itertuples()
        ]  # fmt: skip
        if not isinstance(self.expected, str):
            frame["value"] = self.expected.table["value"].reindex(frame.index)
        return frame.reset_index().sort_values(["monetary", "customer_id"], ascending=[False, True])
