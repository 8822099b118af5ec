"""The sections on RFM segments: the map of scores, segments by sales, their table, and what makes which score."""

from __future__ import annotations

import os

import pandas as pd

from invoice_lab.reporting import words
from invoice_lab.reporting.assets import PAGE_VARIABLE
from invoice_lab.reporting.charts_segments import plot_areas
from invoice_lab.reporting.figures import figure, side_by_side
from invoice_lab.reporting.interactive import chart_figure, segment_bars
from invoice_lab.reporting.markup import Html
from invoice_lab.reporting.pages.segments_data import SegmentsData
from invoice_lab.reporting.picker import chosen
from invoice_lab.reporting.tables import Column, link, table
from invoice_lab.segmentation.rfm import score_map
from invoice_lab.segmentation.segments import SEGMENTS_FILE, areas

RECENCY = "Whole days from the last invoice to the day of the report."
FREQUENCY = "How many invoices the customer has."
DEFAULT, DEFAULT_BINS = "default", 5
MONETARY = "Sum of the totals of the customer's invoices."


class MapSections(SegmentsData):
    """Sections on RFM segments."""

    def maps(self) -> Html:
        """Return the segments by sales and the map of scores, as two figures."""
        return Html() if self.is_empty else side_by_side(self._bars(), self._map())

    def segment_table(self) -> Html:
        """Return the segments with money, counts and action."""
        if self.is_empty:
            return Html()
        t = self.label
        advice = [f"{t(row.meaning).capitalize()}. {t(row.action)}" for row in self.segments.itertuples()]
        columns = [Column("offers", t("Recommendations"), "link")] if self._has_offers else []
        return table(
            self.segments.assign(advice=advice, offers=self._offers()),
            [
                self.segment_column("segment", "Segment"),
                Column("customers", t("Customers"), "whole"),
                Column("sales", f"{t('Sales')}, {self.currency}", "money"),
                Column("sales_share", t("Of sales"), "percent"),
                Column("recency", t("Recency, days"), "whole", t("Median.") + " " + t(RECENCY)),
                Column("frequency", t("Frequency"), "whole", t("Median.") + " " + t(FREQUENCY)),
                Column("monetary", f"{t('Monetary')}, {self.currency}", "money", t("Median.") + " " + t(MONETARY)),
                Column("advice", t("Who they are, and what to do"), "long"),
                *columns,
            ],
            table_id="segments",
            label=self.label,
            caption="Recency, frequency and monetary value are medians of the segment.",
        )

    def thresholds(self) -> Html:
        """Return which value makes which score."""
        if self.is_empty:
            return Html()
        t = self.label
        return table(
            self.model.thresholds_.iloc[::-1].reset_index(),
            [
                Column("score", t("Score"), "whole"),
                Column("recency", t("Recency, days at most"), "whole", t(RECENCY)),
                Column("frequency", t("Invoices at least"), "whole", t(FREQUENCY)),
                Column("monetary", f"{t('Sales at least')}, {self.currency}", "money", t(MONETARY)),
            ],
            table_id="scores",
            label=self.label,
            caption="What a customer needs for each score; – where equal values leave a score without customers. How "
            "far a customer is from moving can be read from here.",
        )

    @property
    def _has_offers(self) -> bool:
        """Whether the recommendations report lies beside this one and has the same segments."""
        usual = (self.scheme, self.bins, self.look_back, self.rules_file) == (DEFAULT, DEFAULT_BINS, 0, SEGMENTS_FILE)
        return usual and os.environ.get(PAGE_VARIABLE) == "report"

    def _offers(self) -> pd.Series:
        """Return the way to what the customers of each segment are offered; nothing where it has none."""
        links = [
            link(f"recommendations.html{chosen('segment', row.segment)}", self.label("Show")) if row.customers else None
            for row in self.segments.itertuples()
        ]
        return pd.Series(links, index=self.segments.index, dtype=object)  # as texts they would be escaped

    def _bars(self) -> Html:
        shown = self.segments[self.segments["customers"] > 0].sort_values("sales", ascending=False)
        best, n = shown.iloc[0], len(self.scored)
        rows = [
            {
                "segment": self.label(row.segment),
                "sales": round(float(row.sales), 2),
                "text": f"{words.percent(row.sales_share)}, {words.count(row.customers, 'customer')}",
            }
            for row in shown.itertuples()
        ]
        said = words.listing([f"{row['segment']} {row['text']}" for row in rows])
        return chart_figure(
            f"{self.label(best.segment)} bring most: {words.percent(best.sales_share)} of sales",
            segment_bars(
                rows,
                {self.label(name): colour for name, colour in self.colours.items()},
                f"{self.label('Sales')}, {self.currency}",
            ),
            alt=f"Bars of sales by segment: {said}.",
            source=self.source(n, "customer")
            + " A click on a bar, or the choice below, lists the customers of a segment.",
            filters=("segment", "customers", "segment"),
            label=self.label,
        )

    def _map(self) -> Html:
        counts = score_map(self.scored, self.bins)
        high = [score for score in counts.columns if score > 0.7 * self.bins]
        both, n = int(counts.loc[high, high].to_numpy().sum()), len(self.scored)
        return figure(
            f"{words.of(both, n, 'customer')}, score {words.listing([str(score) for score in high])} in recency and "
            "frequency"
            if len(high) < 2
            else f"{words.of(both, n, 'customer')}, score {high[0]} to {high[-1]} in both recency and frequency",
            plot_areas,
            counts,
            self._areas(counts).map(self.label),
            colours={self.label(name): colour for name, colour in self.colours.items()},
            xlabel=self.label("Frequency score (right: most invoices)"),
            ylabel=self.label("Recency score (top: bought latest)"),
            height=3.9,
            alt="Heat map of customers by recency score and frequency score, with the counts printed and the areas of "
            "the segments outlined.",
            source=self.source(n, "customer")
            + " The numbers are customers; an area bears the name of the segment that most of its customers are in.",
        )

    def _areas(self, counts: pd.DataFrame) -> pd.DataFrame:
        """Return the segment that most customers of a cell are in; of an empty cell, the one that most rules give."""
        found = areas(self.scheme, self.bins, self.rules_file)
        rank = {segment.name: number for number, segment in enumerate(self.rules)}
        cells = self.scored.groupby(["recency_score", "frequency_score", "segment"]).size().rename("n").reset_index()
        cells = cells.assign(rank=cells["segment"].map(rank)).sort_values(["n", "rank"], ascending=[False, True])
        for row in cells.drop_duplicates(["recency_score", "frequency_score"]).itertuples():
            found.loc[row.recency_score, row.frequency_score] = row.segment
        return found.loc[counts.index, counts.columns]
