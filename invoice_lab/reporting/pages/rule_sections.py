"""The section on products that are bought together: rules as a table and as a picture."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from invoice_lab.recommendation.network import rules_network
from invoice_lab.recommendation.rules import ABOVE_CHANCE, FALSE_DISCOVERIES, LEAST, association_rules
from invoice_lab.reporting import words
from invoice_lab.reporting.charts_recommendations import plot_network
from invoice_lab.reporting.figures import WIDE, figure
from invoice_lab.reporting.files import RULES_CSV, RULES_PARQUET
from invoice_lab.reporting.markup import Html, join, paragraph
from invoice_lab.reporting.pages.page_exports import write_page_files
from invoice_lab.reporting.pages.recommendations_data import RecommendationsData
from invoice_lab.reporting.tables import Column, table
from invoice_lab.reporting.typed_files import Kind
from invoice_lab.segmentation.quality import copied_baskets

RULE_COLUMNS: dict[str, Kind] = {
    "product_id": "text",
    "then": "text",
    "product": "text",
    "then_product": "text",
    "baskets": "whole",
    "of": "whole",
    "support": "score",
    "confidence": "share",
    "confidence_low": "share",
    "confidence_high": "share",
    "lift": "score",
    "lift_low": "score",
    "lift_high": "score",
    "expected": "score",
    "copied": "whole",
    "rests_on_copies": "flag",
}
"""Kind by column of the files of rules, in their order."""
_SHOWN = 200
_HEIGHT = 6.4


class RuleSections(RecommendationsData):
    """Sections on products that are bought together."""

    @cached_property
    def least_together(self) -> int:
        """Invoices that must hold both products of a rule."""
        return max(LEAST, self.least_baskets)

    @cached_property
    def rules(self) -> pd.DataFrame:
        """Association rules, those with most invoices beyond chance first."""
        if self.is_bare:
            return pd.DataFrame(columns=list(RULE_COLUMNS))
        copied = copied_baskets(self.line_details)
        return association_rules(self.lines, self.least_together, copied=copied)

    def rule_table(self) -> Html:
        """Return the rules and their files; where there are none, the sentence on why."""
        if self.is_bare:
            return self._rule_files()
        if self.rules.empty:
            return join((paragraph(self._none()), self._rule_files()))
        frame = self.rules.head(_SHOWN)
        frame = frame.assign(
            confidence_interval=[f"{100 * r.confidence_low:.1f} to {100 * r.confidence_high:.1f}"
                                 for r in frame.itertuples()],
            lift_interval=[f"{r.lift_low:,.1f} to {r.lift_high:,.1f}" for r in frame.itertuples()],
            copies=[_copies(r.copied, bool(r.rests_on_copies)) for r in frame.itertuples()],
        )  # fmt: skip
        columns = [
            Column("product", "Who buys", "long"),
            Column("then_product", "also buys", "long"),
            Column("baskets", "Invoices with both", "whole"),
            Column("expected", "By chance", "decimal", "Invoices with both if products were dealt out anew."),
            Column("support", "Support", "percent", "Share of all invoices that hold both."),
            Column("confidence", "Confidence", "percent", "Share of the invoices with the first that hold both."),
            Column("confidence_interval", "95 %", "fixed", "Of the confidence (Clopper and Pearson)."),
            Column("lift", "Lift", "decimal", "Confidence, by the share of all invoices that hold the second."),
            Column("lift_interval", "95 %", "fixed", "Of the lift (delta method)."),
        ]
        if self.rules["copied"].any():
            columns.append(Column("copies", "Copied invoices", "fixed", "Begin with the same lines as another's."))
        return join((table(frame, columns, table_id="rules", caption=self._rules_are()), self._rule_files()))

    def rule_figure(self) -> Html:
        """Return the first rules as a picture; nothing where there are none."""
        if self.is_bare or self.rules.empty:
            return Html()
        nodes, edges = rules_network(self.rules)
        copied = " Dashed lines rest on copied invoices." if edges["rests_on_copies"].any() else ""
        first = edges.iloc[0]
        return figure(
            f"{words.count(len(edges), 'pair')} of products {'is' if len(edges) == 1 else 'are'} bought together "
            f"most, in {words.count(nodes['group'].nunique(), 'group')}",
            plot_network,
            nodes,
            edges,
            width=WIDE,
            height=_HEIGHT,
            size=(WIDE, _HEIGHT),
            alt=f"Network of {words.count(len(nodes), 'product')} joined by {words.count(len(edges), 'line')}; the "
            f"first joins {first['product']} and {first.then_product}.",
            source=self.source(len(self.baskets.by_basket().indptr) - 1, "invoice")
            + f" Larger points are on more invoices, thicker lines have a higher lift.{copied}",
        )

    def _rule_files(self) -> Html:
        return write_page_files(self, (RULES_CSV, RULES_PARQUET), RULE_COLUMNS, lambda: self.rules, "All rules")

    def _rules_are(self) -> str:
        total = words.count(len(self.rules), "rule")
        shown = f"The first {_SHOWN} of {total}" if len(self.rules) > _SHOWN else f"All {total}"
        resting = int(self.rules["rests_on_copies"].sum())
        warned = (
            f" {words.count(resting, 'rule')} {'rests' if resting == 1 else 'rest'} on copied invoices and would not "
            "stand without them: marked."
            if resting
            else ""
        )
        return (
            f"{shown}, those with most invoices beyond chance first: pairs on {self.least_together} invoices or more "
            f"that surely exceed {ABOVE_CHANCE:g} times chance; {words.percent(FALSE_DISCOVERIES)} of them at most are "
            f"chance.{warned}"
        )

    def _none(self) -> str:
        return (
            f"No two products are on {self.least_together} or more invoices together more often than by chance: there "
            "are no rules on what is bought together."
        )


def _copies(copied: int, rests: bool) -> str:
    return f"{copied}, rests on them" if rests else str(copied)
