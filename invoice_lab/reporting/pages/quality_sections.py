"""The section on data quality: what is odd about the data, and what that means for the results below."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from invoice_lab.reporting import words
from invoice_lab.reporting.markup import Html, paragraph
from invoice_lab.reporting.pages.segments_data import SegmentsData
from invoice_lab.reporting.tables import Column, table
from invoice_lab.segmentation.quality import MATTERS, Oddity, oddities

_GOOD = (
    "Nothing odd was found: no copied baskets, no fixed basket sizes, no uniform popularity, no gaps, no outliers, no "
    "namesakes, and all birth dates are known."
)


class QualitySections(SegmentsData):
    """Sections on data quality."""

    @cached_property
    def oddities(self) -> list[Oddity]:
        """What is odd about the data."""
        bought = self.customers[self.customers["customer_id"].isin(self.scored.index)]
        return oddities(self.lines, bought.rename(columns={"customer": "name"}))

    @property
    def credit_notes(self) -> pd.DataFrame:
        """Orders of a negative amount."""
        return self.orders[self.orders["amount"] < 0]

    def quality_sentence(self) -> str:
        """Say how many things are odd, and the one that weighs most."""
        if not self.oddities:
            return "Nothing odd was found in the data."
        weighty = [oddity for oddity in self.oddities if oddity.found >= MATTERS * oddity.of]
        first = (weighty or self.oddities)[0]
        more = f" {words.whole(len(self.oddities))} such things in all are listed below." if self.oddities[1:] else ""
        return f"{first.said} {first.means}{more}"

    def quality(self) -> Html:
        """Return what is odd about the data as a table, and what was left out."""
        if self.is_empty:
            return Html()
        t = self.label
        if not self.oddities:
            return paragraph(_GOOD) + self._credit_notes()
        first = paragraph(self.quality_sentence())
        rows = pd.DataFrame(
            [
                {
                    "what": t(oddity.code),
                    "found": oddity.found,
                    "of": oddity.of,
                    "said": oddity.said,
                    "means": oddity.means,
                }
                for oddity in self.oddities
            ]
        )
        return (
            first
            + table(
                rows,
                [
                    Column("what", t("Oddity"), "wrapped"),
                    Column("found", t("Found"), "whole"),
                    Column("of", t("Of"), "whole"),
                    Column("said", t("What was found"), "long"),
                    Column("means", t("What that means for the results below"), "long"),
                ],
                table_id="quality",
                label=self.label,
            )
            + self._credit_notes()
        )

    def _credit_notes(self) -> Html:
        notes = self.credit_notes
        if notes.empty:
            return Html()
        left = int((~self.orders["customer_id"].drop_duplicates().isin(self.scored.index)).sum())
        text = (
            f"{words.count(len(notes), 'credit note')} of {words.money(-notes['amount'].sum(), self.currency)} are "
            "taken off sales and count as no purchase."
        )
        only = f" {words.count(left, 'customer')} with credit notes alone are left out." if left else ""
        return paragraph(text + only)
