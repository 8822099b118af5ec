"""The segments report: data quality, named RFM segments, clusters, movement, customers, value and products."""

from __future__ import annotations

from typing import Any

from invoice_lab.reporting import words
from invoice_lab.reporting.cards import Card, cards
from invoice_lab.reporting.header import findings, notes
from invoice_lab.reporting.interactive import chart_assets
from invoice_lab.reporting.markup import Html
from invoice_lab.reporting.pages.map_sections import MapSections
from invoice_lab.reporting.pages.movement_sections import MovementSections
from invoice_lab.reporting.pages.product_sections import ProductSections
from invoice_lab.reporting.pages.quality_sections import QualitySections
from invoice_lab.reporting.pages.segment_exports import SegmentExports
from invoice_lab.segmentation.rfm import SCORE_COLUMNS
from invoice_lab.segmentation.segments import level_of

_MANY_ONCE = 0.4
_SLIPPING = 2
"""Recency score up to which a customer who used to buy is said to be slipping away."""


class SegmentsPage(QualitySections, MapSections, MovementSections, SegmentExports, ProductSections):
    """Who the customers are: RFM segments, clusters, what moved, and what to do."""

    report = "segments"
    title = "Customer segments"
    what = "Who buys lately, often and for much; who is drifting away; and what to do about it."
    limits = (
        "Recency is whole days from a customer's last invoice to the day of the report, frequency the number of "
        "invoices, monetary value the sum of their totals. Credit notes lower the monetary value and are no purchases.",
        "Each value is scored 1 (worst) to 5 (best) among these customers; equal values share a score. Every one "
        "of the 125 combinations of scores has a name. Scores are relative: in any shop some customers score 5, "
        "whatever they spend. Schemes r and classic score and name as R's package rfm does.",
        "How sure a segment is: the share of 100 resamples of the customers in which it is the same.",
        "Clusters are K-means on the values made even by Yeo and Johnson's transform and standardised. Their number is "
        "the largest from 2 to 8 whose clusters are found again in resamples (median adjusted Rand index of .90 or "
        "more, 5 % quantile of .75 or more), hold 20 customers and 2 %, and are told by a rule of three questions in "
        ".83 of the cases. Letters are those of the clusters on the earlier day that share most customers.",
        "What is expected: BG/NBD (Fader, Hardie and Lee, 2005) and Gamma-Gamma (Fader and Hardie, 2013), fitted by "
        "maximum likelihood. Their intervals are those of the expectation; single customers scatter more.",
        "Segments on two days are both scored by the later day's limits, so that a move is the customer's own and not "
        "that of the limits.",
        "Shares have exact 95 % intervals (Clopper and Pearson), means of groups bootstrap intervals; seeds are fixed.",
        "A segment describes the past. That a customer would react to an action is not shown by these data.",
    )

    def header(self) -> Html:
        """Return what this is, and what draws its charts."""
        return super().header() + (Html() if self.is_empty else chart_assets(self.settings.data_dir))

    def findings(self) -> Html:
        """Return what the numbers say."""
        if self.is_empty:
            return self.empty()
        return (
            findings(
                self._best_sentence(),
                self._leaving_sentence(),
                self.movement_sentence(),
                self.cluster_sentence(),
                self.value_sentence(),
            )
            + self.other_currencies()
        )

    def key_figures(self) -> Html:
        """Return the customers of some segments now and before, as cards."""
        if self.is_empty:
            return Html()
        before = self.scored_before["segment"].value_counts()
        by_sales = self.segments[self.segments["customers"] > 0].sort_values("sales", ascending=False)
        items = [self._card("Customers", len(self.scored), "", len(self.scored_before))]
        for row in by_sales.head(5).itertuples():
            note = f"{words.percent(row.sales_share)} of sales"
            items.append(self._card(row.segment, row.customers, note, int(before.get(row.segment, 0))))
        return cards(*items)

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
            self.segments_sure(),
            self.value_caveat(),
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
            **self.movement_values(),
            **self.value_values(),
            "oddities": [oddity.code for oddity in self.oddities],
            "as_of": words.day(self.as_of),
        }

    def _card(self, label: str, customers: int, note: str, before: int) -> Card:
        unit = "" if label == "Customers" else "customer" if customers == 1 else "customers"
        then = words.day(self.then)
        change = words.change(customers, before) if before else ""
        since = "since" if customers == before else "than on"
        against = f"{since} {then} ({words.whole(before)})" if before else f"none on {then}"
        return Card(self.label(label), words.whole(customers), self.label(unit), note, change, against)

    def _best_sentence(self) -> str:
        n = len(self.scored)
        rows = self.segments[self.segments["customers"] > 0].sort_values("sales", ascending=False)
        first, rest = rows.iloc[0], rows.iloc[1:]
        said = (
            f"{words.of(first.customers, n, 'customer')}, are {self.label(first.segment)} ({first.meaning}) and bring "
            f"{words.percent(first.sales_share)} of sales"
        )
        if rest.empty or not rest["customers"].iloc[0]:
            return f"{said}."
        second = rest.iloc[0]
        return (
            f"{said}; {self.label(second.segment)} follow with {words.of(second.customers, n, 'customer')}, and "
            f"{words.percent(second.sales_share)} of sales."
        )

    def _leaving_sentence(self) -> str:
        """Tell of those who bought much or often, but not for long, whatever the scheme calls them."""
        scores = level_of(self.scored[list(SCORE_COLUMNS)].to_numpy(), self.bins) + 1
        was_good = (scores[:, 1] >= 4) | (scores[:, 2] >= 4)
        going = self.scored[(scores[:, 0] <= _SLIPPING) & was_good]
        share = going["monetary"].sum() / (self.scored["monetary"].sum() or 1.0)
        return (
            f"{words.of(len(going), len(self.scored), 'customer')}, bought often or for much, but not lately; "
            f"{words.percent(share)} of sales came from them."
        )

    def _once_sure(self) -> str:
        once = float((self.summary["frequency"] == 1).mean())
        if once < _MANY_ONCE:
            return ""
        return (
            f"{words.percent(once)} of the customers have one invoice and so share one frequency score: among them, "
            "recency and monetary value alone tell customers apart."
        )
