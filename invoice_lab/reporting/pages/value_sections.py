"""The section on customer value: what is expected of customers, how sure that is, and whether it came true before."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.reporting import words
from invoice_lab.reporting.charts import plot_bars
from invoice_lab.reporting.charts_segments import plot_calibration
from invoice_lab.reporting.figures import figure, side_by_side
from invoice_lab.reporting.markup import Html, paragraph
from invoice_lab.reporting.pages.segments_data import SegmentsData
from invoice_lab.reporting.tables import Column, table
from invoice_lab.segmentation.expectation import Expectation, calibration, expectation

_LISTED = 50


class ValueSections(SegmentsData):
    """Sections on what customers are worth."""

    @cached_property
    def expected(self) -> Expectation | str:
        """What is expected of each customer, or the sentence on why nothing can be."""
        try:
            return expectation(self.history, self.as_of, self.days, customers=self.scored.index)
        except NotEnoughDataError as error:
            return str(error)

    def value_sentence(self) -> str:
        """Say what is expected."""
        if isinstance(self.expected, str):
            return f"What customers will bring can't be told: {self.expected}"
        e = self.expected
        return (
            f"Within {e.days} days, {words.round_money(e.total, self.currency)} are expected of today's customers (95 "
            f"% interval {words.round_money(e.total_low, '')} to {words.round_money(e.total_high, self.currency)})."
        )

    def value(self) -> Html:
        """Return what is expected by segment, and what was expected before against what came, as two figures."""
        if self.is_empty:
            return Html()
        if isinstance(self.expected, str):
            return paragraph(self.expected)
        return side_by_side(self._by_segment(self.expected), self._calibration()) + paragraph(self.value_caveat())

    def value_table(self) -> Html:
        """Return the customers of whom most is expected."""
        if self.is_empty or isinstance(self.expected, str):
            return Html()
        t, e = self.label, self.expected
        names = self.customers.set_index("customer_id")[["customer", "number"]]
        frame = e.table.join(self.scored["segment"], how="inner").join(names)
        frame = frame.reset_index().sort_values(["value", "customer_id"], ascending=[False, True]).head(_LISTED)
        return table(
            frame,
            [
                Column("customer", t("Customer")),
                Column("number", t("Number"), "fixed"),
                self.segment_column("segment", "Segment"),
                Column("alive", t("Still buys"), "percent", "Probability that the customer has not left (BG/NBD)."),
                Column("purchases", t("Purchases expected"), "decimal"),
                Column("amount", f"{t('Amount expected')}, {self.currency}", "money", "Of one purchase (Gamma-Gamma)."),
                Column("value", f"{t('Expected')}, {self.currency}", "money", "Purchases by amount."),
                Column("value_low", t("from"), "money", "95 % interval of the expectation."),
                Column("value_high", t("to"), "money", "95 % interval of the expectation."),
            ],
            table_id="value",
            label=self.label,
            caption=f"The {words.count(len(frame), 'customer')} of whom most is expected within {e.days} days after "
            f"{words.day(self.as_of)}. {self._parameters(e)}",
        )

    def value_values(self) -> dict[str, Any]:
        """Return the values that the notebook records."""
        if isinstance(self.expected, str):
            return {"expected": None, "why_no_value": self.expected}
        return {"expected": f"{self.expected.total:.2f}"}

    def _by_segment(self, e: Expectation) -> Html:
        joined = e.table.join(self.scored["segment"], how="inner")
        sums = joined.groupby("segment")["value"].sum().sort_values(ascending=False)
        counts = joined["segment"].value_counts()
        names = {self.label(name): self.colours[str(name)] for name in sums.index}
        return figure(
            f"{self.label(str(sums.index[0]))} are expected to bring most: {words.percent(sums.iloc[0] / e.total)} of "
            f"{words.round_money(e.total, self.currency)}",
            plot_bars,
            sums.rename(index=self.label),
            xlabel=f"{self.label('Expected sales')}, {self.currency}",
            texts=[f"{words.round_money(v, '')} ({words.count(counts[name], 'customer')})" for name, v in sums.items()],
            colours=names,
            height=3.6,
            alt="Bars of the sales expected by segment.",
            source=self.source(len(joined), "customer") + f" Within {e.days} days after {words.day(self.as_of)}.",
        )

    def _calibration(self) -> Html:
        try:
            groups = calibration(self.history, self.as_of)
        except NotEnoughDataError as error:
            return paragraph(f"Whether expectations come true can't be shown: {error}")
        split, expected, actual = (groups.attrs[name] for name in ("split", "expected", "actual"))
        title = (
            f"Learnt up to {words.day(split)}: {words.whole(expected)} later purchases expected, "
            f"{words.whole(actual)} came"
        )
        return figure(
            title,
            plot_calibration,
            groups,
            xlabel=self.label("Purchases expected, mean of a group"),
            ylabel=self.label("Purchases that came, mean of a group"),
            height=3.6,
            alt="Dots of what was expected of groups of customers against what came, with the diagonal: "
            + "; ".join(f"{row.expected:.2f} expected, {row.actual:.2f} came" for row in groups.itertuples())
            + ".",
            source=self.source(int(pd.Series(groups["customers"]).sum()), "customer")
            + " Lines are 95 % bootstrap intervals; on the diagonal, what was expected came.",
        )

    def _parameters(self, e: Expectation) -> str:
        told = []
        for model, name in ((e.purchases_model, "BG/NBD"), (e.amounts_model, "Gamma-Gamma")):
            values = [f"{p} {getattr(model, f'{p}_'):.4g} ± {model.standard_errors_[p]:.2g}" for p in model.NAMES]
            told.append(f"{name}: {', '.join(values)}")
        return f"Parameters with standard errors (weeks): {'; '.join(told)}. {self.value_caveat()}"

    def value_caveat(self) -> str:
        """Say what the expectations take for granted; empty where there are none."""
        if isinstance(self.expected, str):
            return ""
        once = int((self.summary["frequency"] == 1).sum())
        mean, low, high = self.expected.leaving
        return (
            f"After a purchase, a customer leaves with a probability of {words.percent(mean)} (95 % interval "
            f"{words.percent(low)} to {words.percent(high)}). The model has everybody who bought once still buying, "
            f"that is {words.of(once, len(self.summary), 'customer')}: what is expected of those may be too much."
        )
