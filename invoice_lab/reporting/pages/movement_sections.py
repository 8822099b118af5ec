"""The sections on movement: segments on two days, who arrived, who is lost, and cohorts."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd

from invoice_lab.reporting import words
from invoice_lab.reporting.charts import plot_heat_map
from invoice_lab.reporting.charts_segments import plot_cohorts, plot_retention, plot_sankey
from invoice_lab.reporting.figures import WIDE, figure, side_by_side
from invoice_lab.reporting.markup import Html, paragraph
from invoice_lab.reporting.pages.segments_data import SegmentsData
from invoice_lab.reporting.tables import Column, table
from invoice_lab.segmentation.cohorts import cohorts, retention
from invoice_lab.segmentation.movement import ARRIVED, GONE, matrix
from invoice_lab.segmentation.sales import quiet_customers
from invoice_lab.warehouse.queries.shares import interval

_LISTED = 50
_QUIET_FACTOR = 2
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
    def gone(self) -> int:
        """Customers of the earlier day who have not bought within the period; none without one."""
        return len(self.scored_before) - len(self.changed)

    @cached_property
    def arrived(self) -> pd.DataFrame:
        """Customers who had not bought anything by the earlier day, whatever the period; the highest sales first."""
        before = self.history.loc[
            (self.history["order_date"] <= self.then) & (self.history["amount"] >= 0), "customer_id"
        ]
        new = self.scored[~self.scored.index.isin(before)]
        return new.sort_values("monetary", ascending=False, kind="stable")

    def movement_sentence(self) -> str:
        """Say what moved."""
        if self.scored_before.empty:
            return ""
        both, other = len(self.changed), int((self.changed["segment"] != self.changed["segment_before"]).sum())
        lost = int(self.changed["lost"].sum())
        gone = f", {words.whole(self.gone)} did not buy within the period" if self.gone else ""
        return (
            f"Since {words.day(self.then)}, {words.count(len(self.arrived), 'customer')} arrived; of the "
            f"{words.whole(both)} there before, {words.whole(other)} ({words.percent(other / both) if both else '–'}) "
            f"are in another segment, and {words.whole(lost)} fell to the lowest recency score{gone}."
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
            f"{words.whole(len(self.arrived))} arrived"
        )
        order = [segment.name for segment in self.rules]
        return figure(
            title,
            plot_sankey,
            self.moves,
            order=order,
            colours=self.colours,
            labels=(words.day(self.then), words.day(self.as_of)),
            names={name: self.label(said) for name, said in ({name: name for name in order} | self._outside()).items()},
            width=WIDE,
            height=5.2,
            alt="Bands from the segments of the earlier day to those of the later one: "
            + "; ".join(
                f"{row.before} to {row.after} {words.whole(row.customers)}" for row in self.moves.head(8).itertuples()
            )
            + ".",
            source=self.source(len(self.scored), "customer") + " Both days are scored by the limits of "
            f"{words.day(self.as_of)}, so that a move is the customer's own.",
        )

    def movement_table(self) -> Html:
        """Return the migration matrix, and its shares with intervals."""
        if self.is_empty or self.scored_before.empty:
            return Html()
        t, outside = self.label, self._outside()
        counts = matrix(self.moves, [segment.name for segment in self.rules])
        names = {name: t(outside.get(str(name), str(name))) for name in (*counts.index, *counts.columns)}
        frame = self.moves.replace({"before": outside, "after": outside}).assign(
            sure=[f"{words.percent(row.low)} to {words.percent(row.high)}" for row in self.moves.itertuples()]
        )
        days = f"from {words.day(self.then)} to {words.day(self.as_of)}"
        return figure(
            f"Migration matrix {days}",
            plot_heat_map,
            counts.rename(index=names, columns=names),
            xlabel=t("Segment now"),
            ylabel=t("Segment before"),
            width=WIDE,
            height=1.0 + 0.36 * len(counts),
            alt="Heat map of customers by their segment on the two days, with the counts printed.",
            source=self.source(int(self.moves["customers"].sum()), "customer"),
        ) + table(
            frame,
            [
                self.segment_column("before", "Segment before"),
                self.segment_column("after", "Segment now"),
                Column("customers", t("Customers"), "whole"),
                Column("share", t("Of the segment before"), "percent"),
                Column("sure", t("95 % interval"), "fixed"),
            ],
            table_id="migration",
            label=self.label,
            caption=f"The same {days}, one row a pair of segments, the largest first.",
        )

    def arrived_table(self) -> Html:
        """Return the customers who arrived, the highest sales first."""
        if self.is_empty or self.scored_before.empty:
            return Html()
        since = words.day(self.then)
        if self.arrived.empty:
            return paragraph(f"Nobody arrived since {since}.")
        share = _share(len(self.arrived), len(self.scored))
        return self._people(self.arrived, ["segment"], "arrived", f"Who arrived: {share}, bought first after {since}")

    def lost_table(self) -> Html:
        """Return the customers who fell to the lowest recency score, the highest sales first; and who is quiet."""
        if self.is_empty or self.scored_before.empty:
            return Html()
        lost, since = self.changed[self.changed["lost"]], words.day(self.then)
        if lost.empty:
            return paragraph(f"Nobody fell to the lowest recency score since {since}.", self.quiet_sentence())
        share = _share(len(lost), int((self.changed["recency_score_before"] > 1).sum()))
        said = f"Who is lost: {share}, with a better one fell to the lowest recency score since {since}"
        return self._people(lost, ["segment_before", "segment"], "lost", said) + paragraph(self.quiet_sentence())

    @cached_property
    def quiet(self) -> pd.DataFrame:
        """Customers silent for twice their usual interval."""
        return quiet_customers(self.orders, self.as_of, _QUIET_FACTOR)

    def quiet_sentence(self) -> str:
        """Say how many are silent for longer than they use to be; empty where nobody's interval is known."""
        regular = int((self.purchases.groupby("customer_id")["order_date"].nunique() >= 3).sum())
        if not regular:
            return ""
        return (
            f"{words.of(len(self.quiet), regular, 'customer')}, with purchases on three days or more have been silent "
            "for twice their usual interval or longer."
        )

    def retention(self) -> Html:
        """Return cohorts by month, and how many buy again how long after their first order."""
        if self.is_empty:
            return Html()
        months = cohorts(self.history[self.history["amount"] >= 0], self.as_of)
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
            "arrived": len(self.arrived),
            "lost": 0 if self.scored_before.empty else int(self.changed["lost"].sum()),
        }

    def _people(self, frame: pd.DataFrame, segments: list[str], table_id: str, said: str) -> Html:
        """Return a table of customers with the columns of segments that are given."""
        t, names = self.label, self.customers.set_index("customer_id")[["customer", "number"]]
        labels = {"segment_before": "Segment before", "segment": "Segment now"}
        first = "all" if len(frame) <= _LISTED else f"the first {_LISTED}"
        return table(
            frame.head(_LISTED).join(names).reset_index(),
            [
                Column("customer", t("Customer")),
                Column("number", t("Number"), "fixed"),
                *(self.segment_column(name, labels[name]) for name in segments),
                Column("recency", t("Recency, days"), "whole"),
                Column("frequency", t("Invoices"), "whole"),
                Column("monetary", f"{t('Sales')}, {self.currency}", "money"),
            ],
            table_id=table_id,
            label=self.label,
            caption=f"{said}; {first} are listed, the highest sales first.",
        )

    def _outside(self) -> dict[str, str]:
        """Return what stands for customers of one of the two days alone, in English."""
        if not self.look_back:
            return {ARRIVED: ARRIVED, GONE: GONE}
        return {ARRIVED: "(not in the period before)", GONE: "(not in the period now)"}

    def _cohort_figure(self, months: pd.DataFrame) -> Html:
        last = sorted(months["cohort"].unique())[-_COHORTS - 1 :]
        kept = months[months["cohort"].isin(last) & months["whole"] & months["months"].between(1, _COHORTS)]
        shares = kept.pivot(index="cohort", columns="months", values="share")
        sizes = kept.drop_duplicates("cohort").set_index("cohort")["customers"]
        shares.index = pd.Index([f"{self.label(f'{c:%b}')} {c:%Y} ({words.whole(sizes[c])})" for c in shares.index])
        after = kept[kept["months"] == 1]
        later = after[after["cohort"] > months["cohort"].min()]  # who bought in the first month may have bought before
        most = (after if later.empty else later).sort_values("customers", ascending=False, kind="stable").iloc[0]
        return figure(
            f"Of the {words.count(most.customers, 'customer')} who began in {most.cohort:%B %Y}, "
            f"{words.percent(most.share)} bought again in the month after",
            plot_cohorts,
            shares,
            xlabel=self.label("Months since the first order"),
            ylabel=self.label("Month of the first order (customers)"),
            height=3.4,
            alt="Heat map of the share of each cohort's customers who ordered in each month after their first order.",
            source=self.source(int(sizes.sum()), "customer") + " The numbers are per cent of the cohort. "
            "Customers of the first month may have bought before these data begin.",
        )


def _share(part: int, of: int) -> str:
    """Return a part of customers with its share and interval."""
    low, high = interval([part], [of])
    return f"{words.of(part, of, 'customer')} (95 % interval {words.percent(low[0])} to {words.percent(high[0])})"
