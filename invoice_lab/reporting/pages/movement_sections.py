"""The sections on movement: segments on two days, who arrived, who is lost, and cohorts."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd

from invoice_lab.reporting import words
from invoice_lab.reporting.charts_segments import plot_cohorts, plot_retention, plot_sankey
from invoice_lab.reporting.figures import WIDE, figure, side_by_side
from invoice_lab.reporting.markup import Html, paragraph
from invoice_lab.reporting.pages.segments_data import SegmentsData
from invoice_lab.reporting.tables import Column, table
from invoice_lab.segmentation.cohorts import cohorts, retention
from invoice_lab.segmentation.movement import ARRIVED, GONE, interval

_LISTED = 50
_COHORTS = 12
_FEWEST = 20
"""Customers who could have bought again so long after, below which nothing is said of them."""
_NOTHING = "No customer had bought anything by {day}, so nothing can have moved. Give a later `compare_to`."


class MovementSections(SegmentsData):
    """Sections on what moved since an earlier day."""

    @cached_property
    def changed(self) -> pd.DataFrame:
        """Customers of both days with both segments and recency scores, the highest sales first."""
        before = self.scored_before[["segment", "recency_score"]].add_suffix("_before")
        both = self.scored.join(before, how="inner")
        both = both.sort_values(["monetary"], ascending=False, kind="stable")
        return both.assign(lost=(both["recency_score"] == 1) & (both["recency_score_before"] > 1))

    @property
    def arrived(self) -> int:
        """Customers who had not bought by the earlier day."""
        return int(self.moves.loc[self.moves["before"] == ARRIVED, "customers"].sum())

    def movement_sentence(self) -> str:
        """Say what moved."""
        if self.scored_before.empty:
            return ""
        both, other = len(self.changed), int((self.changed["segment"] != self.changed["segment_before"]).sum())
        lost = int(self.changed["lost"].sum())
        return (
            f"Since {words.day(self.then)}, {words.count(self.arrived, 'customer')} arrived; of the "
            f"{words.whole(both)} there before, {words.whole(other)} ({words.percent(other / both) if both else '–'}) "
            f"are in another segment, and {words.whole(lost)} fell to the lowest recency score."
        )

    def movement(self) -> Html:
        """Return the movement between the segments of two days as a picture."""
        if self.is_empty:
            return Html()
        if self.scored_before.empty:
            return paragraph(_NOTHING.format(day=words.day(self.then)))
        stayed = self.changed["segment"] == self.changed["segment_before"]
        title = (
            f"{words.of(int(stayed.sum()), len(stayed), 'customer')}, are in the segment they were in; "
            f"{words.whole(self.arrived)} arrived"
        )
        order = [segment.name for segment in self.rules]
        return figure(
            title,
            plot_sankey,
            self.moves,
            order=order,
            colours=self.colours,
            labels=(words.day(self.then), words.day(self.as_of)),
            names={name: self.label(name) for name in [*order, ARRIVED, GONE]},
            width=WIDE,
            height=5.2,
            alt="Bands from the segments of the earlier day to those of the later one: "
            + "; ".join(
                f"{row.before} to {row.after} {words.whole(row.customers)}" for row in self.moves.head(8).itertuples()
            )
            + ".",
            source=self.source(len(self.scored), "customer") + " Each day's customers are scored among themselves.",
        )

    def movement_table(self) -> Html:
        """Return the migration matrix as shares, with intervals."""
        if self.is_empty or self.scored_before.empty:
            return Html()
        t = self.label
        frame = self.moves.assign(
            sure=[f"{words.percent(row.low)} to {words.percent(row.high)}" for row in self.moves.itertuples()]
        )
        return table(
            frame,
            [
                self.segment_column("before", "Segment before"),
                self.segment_column("after", "Segment now"),
                Column("customers", t("Customers"), "whole"),
                Column("share", t("Of the segment before"), "percent"),
                Column("sure", t("95 % interval"), "fixed"),
            ],
            table_id="migration",
            caption=f"Migration matrix from {words.day(self.then)} to {words.day(self.as_of)}, one row a pair of "
            "segments, the largest first.",
        )

    def lost_table(self) -> Html:
        """Return the customers who fell to the lowest recency score, the highest sales first."""
        if self.is_empty or self.scored_before.empty:
            return Html()
        t, lost = self.label, self.changed[self.changed["lost"]]
        if lost.empty:
            return paragraph(f"Nobody fell to the lowest recency score since {words.day(self.then)}.")
        before = int((self.scored_before["recency_score"] > 1).sum())
        low, high = interval([len(lost)], [before])
        names = self.customers.set_index("customer_id")[["customer", "number"]]
        return table(
            lost.head(_LISTED).join(names).reset_index(),
            [
                Column("customer", t("Customer")),
                Column("number", t("Number"), "fixed"),
                self.segment_column("segment_before", "Segment before"),
                self.segment_column("segment", "Segment now"),
                Column("recency", t("Recency, days"), "whole"),
                Column("frequency", t("Invoices"), "whole"),
                Column("monetary", f"{t('Sales')}, {self.currency}", "money"),
            ],
            table_id="lost",
            caption=f"Who is lost: {words.of(len(lost), before, 'customer')} (95 % interval {words.percent(low[0])} to "
            f"{words.percent(high[0])}), fell to the lowest recency score since {words.day(self.then)}; "
            f"{'all' if len(lost) <= _LISTED else f'the first {_LISTED}'} are listed, the highest sales first.",
        )

    def retention(self) -> Html:
        """Return cohorts by month, and how many buy again how long after their first order."""
        if self.is_empty:
            return Html()
        months = cohorts(self.history, self.as_of)
        curve = retention(months)
        curve = curve[curve["customers"] >= _FEWEST]
        if curve.empty:
            return paragraph(f"Cohorts need {_FEWEST} customers, and a whole month after that of their first order.")
        first = curve.iloc[0]
        return side_by_side(
            figure(
                f"{words.of(first.active, first.customers, 'customer')}, buy again in the month after their first "
                "order",
                plot_retention,
                curve,
                xlabel=self.label("Months since the first order"),
                ylabel=self.label("Customers who ordered then"),
                height=3.4,
                alt="Line of the share of customers who ordered in a month, by months since their first order.",
                source=self.source(first.customers, "customer") + " Bands are 95 % intervals; months that "
                f"{_FEWEST} customers could reach.",
            ),
            self._cohort_figure(months),
        )

    def movement_values(self) -> dict[str, Any]:
        """Return the values that the notebook records."""
        return {
            "compare_to": words.day(self.then),
            "customers_before": len(self.scored_before),
            "arrived": self.arrived,
            "lost": 0 if self.scored_before.empty else int(self.changed["lost"].sum()),
        }

    def _cohort_figure(self, months: pd.DataFrame) -> Html:
        last = sorted(months["cohort"].unique())[-_COHORTS - 1 :]
        kept = months[months["cohort"].isin(last) & months["whole"] & months["months"].between(1, _COHORTS)]
        shares = kept.pivot(index="cohort", columns="months", values="share")
        sizes = kept.drop_duplicates("cohort").set_index("cohort")["customers"]
        shares.index = pd.Index([f"{self.label(f'{c:%b}')} {c:%Y} ({words.whole(sizes[c])})" for c in shares.index])
        large = kept[kept["customers"] >= _FEWEST]
        best = (kept if large.empty else large).sort_values("share", ascending=False, kind="stable").iloc[0]
        return figure(
            f"Best month after the first: {words.percent(best.share)} of those who began in {best.cohort:%B %Y}, "
            f"{words.count(best.months, 'month')} later",
            plot_cohorts,
            shares,
            xlabel=self.label("Months since the first order"),
            ylabel=self.label("Month of the first order (customers)"),
            height=3.4,
            alt="Heat map of the share of each cohort's customers who ordered in each month after their first order.",
            source=self.source(int(sizes.sum()), "customer") + " The numbers are per cent of the cohort.",
        )
