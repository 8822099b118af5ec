"""The segments report: named RFM segments, clusters beside them, and each customer's place."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd

from invoice_lab.errors import UsageError
from invoice_lab.reporting import words
from invoice_lab.reporting.cards import Card, cards
from invoice_lab.reporting.charts import plot_bars, plot_heat_map
from invoice_lab.reporting.figures import figure, side_by_side
from invoice_lab.reporting.header import findings, notes
from invoice_lab.reporting.markup import Html
from invoice_lab.reporting.pages.base import ReportPage
from invoice_lab.reporting.pages.cluster_sections import ClusterSections
from invoice_lab.reporting.pages.segment_exports import SegmentExports
from invoice_lab.reporting.tables import Column, table
from invoice_lab.reporting.theme import segment_colour
from invoice_lab.segmentation.rfm import RFM, SCORE_COLUMNS, rfm_summary, score_map, segment_table
from invoice_lab.segmentation.sales import quiet_customers

RECENCY = "Whole days from the last invoice to the day of the report."
FREQUENCY = "How many invoices the customer has."
MONETARY = "Sum of the totals of the customer's invoices."
_QUIET_FACTOR = 2


class SegmentsPage(ClusterSections, SegmentExports, ReportPage):
    """Who the customers are: RFM segments, clusters, and what to do."""

    title = "Customer segments"
    what = "Who buys lately, often and for much; who is drifting away; and what to do about it."
    limits = (
        "Recency is whole days from a customer's last invoice to the day of the report, frequency the number of "
        "invoices, "
        "monetary value the sum of their totals. Each is scored 1 (worst fifth) to 5 (best fifth) among these "
        "customers; "
        "equal values share a score.",
        "Segments are named by rules on the three scores; every one of the 125 combinations has a name. "
        "Scores are relative: in any shop some customers score 5, whatever they spend.",
        "Clusters are K-means on the logarithms of the three values, standardised; the number of clusters is the one "
        "with "
        "the largest whose clusters are found again in resamples, large enough, and told by a short rule.",
        "A segment describes the past. That a customer would react to an action is not shown by these data.",
    )

    def __init__(
        self, workspace: str, as_of: str = "", k: int = 0, days: int = 90, shown: int = 1000, **parameters: object
    ) -> None:
        super().__init__(workspace, as_of, k=k, days=days, shown=shown)
        self.k = k
        self.days = days
        self.shown = shown

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Recency, frequency, monetary and age by customer."""
        summary = rfm_summary(self.orders, self.as_of)
        ages = self.customers.set_index("customer_id")["age"]
        return summary.assign(age=ages.reindex(summary.index))

    @cached_property
    def customers(self) -> pd.DataFrame:
        """Customers with their age at the report's day."""
        return self.frame("customers")

    @cached_property
    def model(self) -> RFM:
        """The fitted scores."""
        return RFM().fit(self.summary)

    @cached_property
    def scored(self) -> pd.DataFrame:
        """Customers with scores and segment."""
        return self.model.transform(self.summary)

    @cached_property
    def segments(self) -> pd.DataFrame:
        """One row a segment, in the order of the rules."""
        return segment_table(self.scored)

    @cached_property
    def quiet(self) -> pd.DataFrame:
        """Customers silent for twice their usual interval."""
        return quiet_customers(self.orders, self.as_of, _QUIET_FACTOR)

    def findings(self) -> Html:
        """Return what the numbers say."""
        if self.is_empty:
            return self.empty()
        by_sales = self.segments.sort_values("sales", ascending=False)
        first, second = by_sales.iloc[0], by_sales.iloc[1]
        n = len(self.scored)
        return (
            findings(
                f"{words.of(first.customers, n, 'customer')}, are {first.segment} ({first.meaning}) and bring "
                f"{words.percent(first.sales_share)} of sales; {second.segment} follow with "
                f"{words.of(second.customers, n, 'customer')}, "
                f"and {words.percent(second.sales_share)} of sales.",
                self._leaving(),
                self._quiet_sentence(),
                self._once_sentence(),
            )
            + self.other_currencies()
        )

    def key_figures(self) -> Html:
        """Return the customers of some segments now and before, as cards."""
        if self.is_empty:
            return Html()
        before = self._before()
        by_sales = self.segments[self.segments["customers"] > 0].sort_values("sales", ascending=False)
        items = [_card("Customers", len(self.scored), "", self._change(len(self.scored), before.sum()))]
        for row in by_sales.head(5).itertuples():
            note = f"{words.percent(row.sales_share)} of sales"
            items.append(
                _card(row.segment, row.customers, note, self._change(row.customers, before.get(row.segment, 0)))
            )
        return cards(*items)

    def maps(self) -> Html:
        """Return the map of scores and the segments by sales, as two figures."""
        if self.is_empty:
            return Html()
        counts = score_map(self.scored)
        best = self.segments.sort_values("sales", ascending=False).iloc[0]
        both = int(counts.loc[[4, 5], [4, 5]].to_numpy().sum())
        shown = self.segments[self.segments["customers"] > 0].sort_values("sales", ascending=False)
        n = len(self.scored)
        return side_by_side(
            figure(
                f"{best.segment} bring most: {words.percent(best.sales_share)} of sales",
                plot_bars,
                shown.set_index("segment")["sales"],
                xlabel=f"Sales, {self.currency}",
                texts=[
                    f"{words.percent(row.sales_share)}, {words.count(row.customers, 'customer')}"
                    for row in shown.itertuples()
                ],
                colours={name: segment_colour(name) for name in shown["segment"]},
                height=3.6,
                alt="Bars of sales by segment: "
                + words.listing([f"{row.segment} {words.percent(row.sales_share)}" for row in shown.itertuples()])
                + ".",
                source=self.source(n, "customer"),
            ),
            figure(
                f"{words.of(both, n, 'customer')}, score 4 or 5 in both recency and frequency",
                plot_heat_map,
                counts,
                xlabel="Frequency score (5: most invoices)",
                ylabel="Recency score (5: bought latest)",
                height=3.6,
                alt="Heat map of customers by recency score and frequency score, with the counts printed.",
                source=self.source(n, "customer") + " The numbers are customers.",
            ),
        )

    def segment_table(self) -> Html:
        """Return the segments with money, counts and action."""
        if self.is_empty:
            return Html()
        frame = self.segments.assign(
            advice=[f"{row.meaning.capitalize()}. {row.action}" for row in self.segments.itertuples()]
        )
        return table(
            frame,
            [
                Column("segment", "Segment", "segment"),
                Column("customers", "Customers", "whole"),
                Column("sales", f"Sales, {self.currency}", "money"),
                Column("sales_share", "Of sales", "percent"),
                Column("recency", "Recency, days", "whole", "Median. " + RECENCY),
                Column("frequency", "Frequency", "whole", "Median. " + FREQUENCY),
                Column("monetary", f"Monetary, {self.currency}", "money", "Median. " + MONETARY),
                Column("advice", "Who they are, and what to do", "long"),
            ],
            table_id="segments",
            caption="Recency, frequency and monetary value are medians of the segment.",
        )

    def thresholds(self) -> Html:
        """Return which value makes which score."""
        if self.is_empty:
            return Html()
        frame = self.model.thresholds_.iloc[::-1].reset_index()
        return table(
            frame,
            [
                Column("score", "Score", "whole"),
                Column("recency", "Recency, days at most", "whole", RECENCY),
                Column("frequency", "Invoices at least", "whole", FREQUENCY),
                Column("monetary", f"Sales at least, {self.currency}", "money", MONETARY),
            ],
            table_id="scores",
            caption="What a customer needs for each score; – where equal values leave a score "
            "without "
            "customers. How far a customer is from moving can be read from here.",
        )

    def customer_table(self) -> Html:
        """Return each customer's values, scores, segment and cluster."""
        if self.is_empty:
            return Html()
        frame = self.scored.drop(columns="age").join(self.customers.set_index("customer_id"), how="left")
        frame["scores"] = frame[list(SCORE_COLUMNS)].astype(str).agg("-".join, axis=1)
        frame["cluster"] = self.cluster_names
        frame = frame.reset_index().sort_values(["monetary", "customer_id"], ascending=[False, True])
        columns = [
            Column("customer", "Customer"),
            Column("number", "Number", "fixed"),
            Column("segment", "Segment", "segment"),
            Column("scores", "R-F-M scores", "fixed", "Recency, frequency and monetary score, 1 to 5 each."),
            Column("cluster", "Cluster", "fixed"),
            Column("recency", "Recency, days", "whole", RECENCY),
            Column("frequency", "Invoices", "whole"),
            Column("monetary", f"Sales, {self.currency}", "money"),
            Column("last_date", "Last invoice", "date"),
        ]
        if self.ages_known:
            columns.append(Column("age", "Age, years", "whole", "From the birth date, at the day of the report."))
        n = len(frame)
        few = f"The {words.count(self.shown, 'customer')} with the highest sales of {words.whole(n)}."
        shown = few if n > self.shown else f"All {words.count(n, 'customer')}, the highest sales first."
        return table(frame.head(self.shown), columns, table_id="customers", caption=shown)

    def how_sure(self) -> Html:
        """Return what could not be known, and why."""
        if self.is_empty:
            return Html()
        same = list(self.model.constant_)
        return notes(
            f"All customers have the same {words.listing(same)}, which therefore says nothing and scores the middle."
            if same
            else "",
            self._once_sure(),
            self.age_sentence(),
        )

    def values(self) -> dict[str, Any]:
        """Return the values that the notebook records."""
        if self.is_empty:
            return {"customers": 0, "segments": {}}
        counts = self.segments[self.segments["customers"] > 0].set_index("segment")["customers"]
        return {
            "customers": len(self.scored),
            "segments": {name: int(n) for name, n in counts.items()},
            "sales": f"{self.segments['sales'].sum():.2f}",
            "quiet": len(self.quiet),
            **self.cluster_values(),
            "as_of": words.day(self.as_of),
        }

    def _before(self) -> pd.Series:
        """Customers by segment as they were `days` days ago."""
        try:
            summary = rfm_summary(self.orders, self.as_of - pd.Timedelta(days=self.days))
        except UsageError:
            return pd.Series(dtype="int64")
        return RFM().fit_transform(summary)["segment"].value_counts()

    def _change(self, now: int, before: int) -> tuple[str, str]:
        then = words.day(self.as_of - pd.Timedelta(days=self.days))
        if not before:
            return "", f"none on {then}"
        return words.change(now, before), f"than on {then} ({words.whole(before)})"

    def _leaving(self) -> str:
        going = self.segments[self.segments["segment"].isin(["Can't lose", "At risk"])]
        return (
            f"{words.of(going['customers'].sum(), len(self.scored), 'customer')}, bought often or for much but not "
            "for long "
            f"(At risk, Can't lose); {words.percent(going['sales_share'].sum())} of sales came from them."
        )

    def _quiet_sentence(self) -> str:
        regular = int((self.orders.groupby("customer_id")["order_date"].nunique() >= 3).sum())
        if not regular:
            return "No customer has bought on three days or more, so nobody's usual interval is known."
        return (
            f"{words.of(len(self.quiet), regular, 'customer')}, who bought on three days or more have been silent for "
            "twice their usual interval or longer."
        )

    def _once_sentence(self) -> str:
        once = int((self.summary["frequency"] == 1).sum())
        return f"{words.of(once, len(self.summary), 'customer')}, have bought once only." if once else ""

    def _once_sure(self) -> str:
        once = float((self.summary["frequency"] == 1).mean())
        if once < 0.4:
            return ""
        return (
            f"{words.percent(once)} of the customers have one invoice and so share one frequency score: among them, "
            "recency and "
            "monetary value alone tell customers apart."
        )


def _card(label: str, customers: int, note: str, change: tuple[str, str]) -> Card:
    unit = "" if label == "Customers" else "customer" if customers == 1 else "customers"
    return Card(label, words.whole(customers), unit, note, *change)
