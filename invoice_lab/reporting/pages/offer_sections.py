"""The sections for a salesperson: what each customer is offered, why, and what that is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invoice_lab.recommendation.chances import LISTS
from invoice_lab.reporting import words
from invoice_lab.reporting.markup import Html, paragraph
from invoice_lab.reporting.pages.chosen import as_many_of_each
from invoice_lab.reporting.pages.recommendations_data import MOST_CUSTOMERS, RecommendationsData
from invoice_lab.reporting.picker import Choice, picker
from invoice_lab.reporting.tables import Column, table
from invoice_lab.reporting.theme import UNKNOWN_SEGMENT
from invoice_lab.warehouse.queries.shares import interval

LIST_NAMES = {"again": "Buys again", "new": "New to them"}
NO_SEGMENT = "(none)"
"""Stands for the segment of a customer without a purchase."""
_OFFERS = "offers"


class OfferSections(RecommendationsData):
    """Sections on what customers are offered."""

    def offers(self) -> Html:
        """Return both lists of the customers shown, with reason and expected value."""
        if self.is_bare:
            return Html()
        shown = self.shown_customers
        if shown.empty:
            return paragraph(f"No customer is in the segment {self.segment} on {words.day(self.as_of)}.")
        frame = self.offers_to(shown.index)
        if frame.empty:
            return paragraph(self._nothing())
        return table(
            frame, self.offer_columns(), table_id=_OFFERS, page_rows=2 * self.k, caption=self._who_is_shown(len(shown))
        )  # fmt: skip

    def customer_picker(self) -> Html:
        """Return choices of segment and customer for the table of offers."""
        if self.is_bare or self.shown_customers.empty or self.offers_to(self.shown_customers.index).empty:
            return Html()
        shown = self.shown_customers.sort_values("label", kind="stable")
        segment = shown["segment"].fillna(NO_SEGMENT)
        there = [name for name in (*self.colours, NO_SEGMENT) if (segment == name).any()]
        return picker(
            _OFFERS,
            Choice("segment", "Segment", "All segments", there),
            Choice("label", "Customer", "All customers", list(shown["label"]), list(segment)),
        )

    def chance_table(self) -> Html:
        """Return how often each rank was bought in the evaluation, from which the expected value is reckoned."""
        if self.is_bare:
            return Html()
        if isinstance(self.last_basket, str):
            return paragraph(f"Chances and expected values are left out: {self.last_basket}")
        columns, frame = [Column("rank", "Rank", "whole")], pd.DataFrame({"rank": np.arange(1, self.k + 1)})
        for kind in LISTS:
            found = self.chances[kind]
            low, high = interval(found["hits"], found["lists"])
            between = [
                f"{100 * a:.1f} to {100 * b:.1f}" if n else ""
                for a, b, n in zip(low, high, found["lists"], strict=True)
            ]
            frame = frame.assign(
                **{f"{kind}_chance": found["chance"], f"{kind}_95": between, f"{kind}_lists": found["lists"]}
            )
            name = LIST_NAMES[kind]
            columns += [
                Column(f"{kind}_chance", f"{name}: chance", "percent", "Share of lists with a hit, evened out."),
                Column(f"{kind}_95", "95 %", "fixed", "Of the share as it was found (Clopper and Pearson)."),
                Column(f"{kind}_lists", "Lists", "whole", "Tested customers whose list is so long."),
            ]  # fmt: skip
        return table(
            frame, columns, table_id="chances", page_rows=max(self.k, 10),
            caption="How often the product at each rank of each list was in the basket that was held out. The expected "
            "value of an offer is this chance times the usual price of one piece of the product, the median of what "
            "was paid.",
        )  # fmt: skip

    @property
    def shown_customers(self) -> pd.DataFrame:
        """The customers of the page, the highest sales first: as many of each segment where it has them."""
        among = self.customers.head(MOST_CUSTOMERS)
        if self.segment:
            among = among[among["segment"] == self.segment]
        return as_many_of_each(among, among["segment"].fillna(NO_SEGMENT), self.shown)

    def offers_to(self, customers: pd.Index) -> pd.DataFrame:
        """Return both lists of customers as a table shows them, in the customers' order."""
        lists = self.lists[self.lists["customer_id"].isin(customers)]
        who = self.customers.loc[customers, ["label", "segment"]].fillna({"segment": NO_SEGMENT})
        return lists.join(who, on="customer_id").assign(list=lists["kind"].map(LIST_NAMES))

    def offer_columns(self) -> list[Column]:
        """Return the columns of a table of offers."""
        return [
            Column("label", "Customer"),
            Column("segment", "Segment", "segment", colour=self.colour_of),
            Column("list", "List", "fixed"),
            Column("rank", "Rank", "whole"),
            Column("product", "Product", "long"),
            Column("reason", "Why", "long"),
            Column("chance", "Chance", "percent", "That the next basket holds the product at this rank of this list."),
            Column("expected_value", f"Expected, {self.currency}", "money", "Chance times usual price of one piece."),
        ]  # fmt: skip

    def colour_of(self, segment: str) -> str:
        """Return a segment's colour."""
        return self.colours.get(segment, UNKNOWN_SEGMENT)

    def _who_is_shown(self, shown: int) -> str:
        among = self.customers if not self.segment else self.customers[self.customers["segment"] == self.segment]
        who = f"the segment {self.segment}" if self.segment else "all segments"
        total = words.count(len(among), "customer")
        part = f"All {total} of {who}" if shown == len(among) else (
            f"The {shown:,} customers with the highest sales of {total} of {who}, as many of each segment where it has "
            "them; all are in recommendations.csv"
        )  # fmt: skip
        support = (
            f" Products on fewer than {words.count(self.least_baskets, 'invoice')} are left out."
            if self.least_baskets
            else ""
        )
        return f"{part}. Choose a customer, or search for a name, number or product.{support}"

    def _nothing(self) -> str:
        return (
            f"No product is on {words.count(self.least_baskets, 'invoice')} or more, so there is nothing to recommend. "
            "Give a lower `least_baskets`."
        )
