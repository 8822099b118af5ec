"""The recommendations report: how well the next basket can be foretold, and what each customer is offered."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.recommendation.evaluation import HIT_RATE_DEFINITION, NDCG_DEFINITION, evaluate, verdict
from invoice_lab.recommendation.recommender import Recommender
from invoice_lab.reporting import words
from invoice_lab.reporting.cards import Card, cards
from invoice_lab.reporting.charts import plot_intervals
from invoice_lab.reporting.figures import figure, side_by_side
from invoice_lab.reporting.header import findings, notes
from invoice_lab.reporting.markup import Html, paragraph
from invoice_lab.reporting.pages.base import ReportPage
from invoice_lab.reporting.tables import Column, table

METHODS = {
    "decayed": "Own purchases, fading",
    "frequency": "Own purchases, counted",
    "popularity": "Best sellers",
    "chance": "Chance",
}
NO_PURCHASES = "The invoices are of goods that came back alone: there are no purchases to learn from."
_SHOWN_PRODUCTS = 3


class RecommendationsPage(ReportPage):
    """What each customer is likely to buy next, and how far that can be trusted."""

    report = "recommendations"
    title = "Recommendations"
    what = "What each customer is offered next, why, and how far that can be trusted."
    limits = (
        "A customer is offered what they bought most, a purchase counting half after a year; ties and gaps are filled "
        "by "
        "what most customers buy. A product counts once an invoice.",
        "Evaluation: the last invoice of every customer with three or more is held out, the rest is learnt from, and "
        "the "
        "list is compared with what was bought. Customers with fewer invoices are learnt from but not tested.",
        f"Hit rate: {HIT_RATE_DEFINITION}.",
        f"NDCG: {NDCG_DEFINITION}.",
        "Intervals are 95 % percentile bootstrap intervals over customers (1,000 resamples, fixed seed). Whether an "
        "offer would "
        "sell more can only be told by an experiment.",
    )

    def __init__(self, workspace: str, as_of: str = "", k: int = 10, shown: int = 200) -> None:
        super().__init__(workspace, as_of, k=k, shown=shown)
        self.k = k
        self.shown = shown

    @cached_property
    def lines(self) -> pd.DataFrame:
        """One row a product in a basket."""
        return self.frame("lines")

    @cached_property
    def is_bare(self) -> bool:
        """Whether there is no purchase: no invoice, or none but of goods that came back."""
        return self.is_empty or not (self.lines["quantity"] > 0).any()

    @cached_property
    def evaluation(self) -> pd.DataFrame | str:
        """The comparison of methods, or the sentence on why there is none."""
        try:
            return evaluate(self.lines, self.k)
        except NotEnoughDataError as error:
            return str(error)

    @cached_property
    def ranked(self) -> pd.DataFrame:
        """The list of each customer shown, the highest sales first."""
        best = self.orders.groupby("customer_id")["amount"].sum().reset_index()
        best = best.sort_values(["amount", "customer_id"], ascending=[False, True]).head(self.shown)
        names = self.lines.drop_duplicates("product_id").set_index("product_id")["product"]
        lists = Recommender().fit(self.lines).recommend(best["customer_id"].tolist(), k=self.k)
        return lists.assign(product=lists["product_id"].map(names))

    def findings(self) -> Html:
        """Return what the numbers say."""
        if self.is_bare:
            return self.empty() if self.is_empty else paragraph(NO_PURCHASES)
        judged = self.evaluation if isinstance(self.evaluation, str) else verdict(self.evaluation)
        return findings(judged, self._against_chance(), self._own_sentence(), self._use())

    def key_figures(self) -> Html:
        """Return customers, lists and hits as cards."""
        if self.is_bare:
            return Html()
        own = float(self.ranked["reason"].str.startswith("bought").mean())
        total = int(self.orders["customer_id"].nunique())
        items = [
            Card("Customers", words.whole(total), note=f"{words.count(self.k, 'product')} offered to each"),
            Card("Repeat purchases", words.percent(own), note="of the recommendations; the others are best sellers"),
        ]
        if not isinstance(self.evaluation, str):
            rates = self.evaluation.set_index("method")
            items += [
                Card("Customers tested", words.whole(rates["n"].iloc[0]), note="those with three invoices or more"),
                _rate_card("Hit rate, own purchases", rates.loc["decayed"]),
                _rate_card("Hit rate, best sellers", rates.loc["popularity"]),
            ]
        return cards(*items)

    def comparison(self) -> Html:
        """Return hit rate and NDCG of the methods with intervals, as two figures."""
        if self.is_bare:
            return Html()
        if isinstance(self.evaluation, str):
            return paragraph(self.evaluation, "Until then the lists rest on habit and popularity, without a test.")
        return side_by_side(
            self._metric("hit_rate", f"Hit rate at {self.k}", "customers with at least one hit"),
            self._metric("ndcg", f"NDCG at {self.k}", "hits weighted by their rank"),
        )

    def comparison_table(self) -> Html:
        """Return the comparison with the paired differences to popularity."""
        if self.is_bare or isinstance(self.evaluation, str):
            return Html()
        frame = self.evaluation.assign(
            label=self.evaluation["method"].map(METHODS),
            hit_interval=_intervals(self.evaluation, "hit_rate"),
            ndcg_interval=_intervals(self.evaluation, "ndcg"),
            gain_interval=_intervals(self.evaluation, "hit_rate_gain"),
        )
        return table(
            frame,
            [
                Column("label", "Method", "fixed"),
                Column("n", "Customers", "whole"),
                Column("hit_rate", "Hit rate", "percent", HIT_RATE_DEFINITION),
                Column("hit_interval", "95 % interval", "fixed"),
                Column("ndcg", "NDCG", "percent", NDCG_DEFINITION),
                Column("ndcg_interval", "95 % interval of NDCG", "fixed"),
                Column(
                    "gain_interval",
                    "Hit rate less best sellers', 95 %",
                    "fixed",
                    "Paired: the same customers, the same resamples.",
                ),
            ],
            table_id="comparison",
        )

    def offers(self) -> Html:
        """Return what each customer is offered, with the reason."""
        if self.is_bare:
            return Html()
        customers = self.frame("customers").set_index("customer_id")[["customer", "number", "category"]]
        frame = self.ranked[self.ranked["rank"] <= _SHOWN_PRODUCTS].join(customers, on="customer_id")
        n = self.ranked["customer_id"].nunique()
        return table(
            frame,
            [
                Column("customer", "Customer"),
                Column("number", "Number", "fixed"),
                Column("rank", "Rank", "whole"),
                Column("product", "Product"),
                Column("reason", "Why", "fixed"),
            ],
            table_id="offers",
            caption=f"The first {_SHOWN_PRODUCTS} products for each of the "
            f"{words.count(n, 'customer')} with the "
            "highest sales. Search for a name or number to see one customer.",
        )

    def how_sure(self) -> Html:
        """Return on how many customers the comparison rests."""
        if self.is_bare:
            return Html()
        total = int(self.orders["customer_id"].nunique())
        if isinstance(self.evaluation, str):
            return notes(f"None of the {words.count(total, 'customer')} could be tested.")
        n = int(self.evaluation["n"].iloc[0])
        return notes(
            f"The comparison rests on {words.of(n, total, 'customer')}: those with three invoices or more. "
            "It says nothing about the others, who bought once or twice."
        )

    def values(self) -> dict[str, Any]:
        """Return the values that the notebook records."""
        if self.is_bare:
            return {"customers": 0}
        values: dict[str, Any] = {"customers": int(self.ranked["customer_id"].nunique()), "lists": len(self.ranked)}
        if isinstance(self.evaluation, str):
            return values | {"tested": 0}
        rates = {row.method: round(row.hit_rate, 6) for row in self.evaluation.itertuples()}
        return values | {"tested": int(self.evaluation["n"].iloc[0]), "hit_rate": rates}

    def _metric(self, name: str, label: str, what: str) -> Html:
        assert not isinstance(self.evaluation, str)
        frame = pd.DataFrame(
            {
                "label": self.evaluation["method"].map(METHODS),
                "value": self.evaluation[name],
                "low": self.evaluation[f"{name}_low"],
                "high": self.evaluation[f"{name}_high"],
            }
        ).sort_values("value", ascending=False, kind="stable")
        frame["text"] = [words.percent(value) for value in frame["value"]]
        popular = float(self.evaluation.loc[self.evaluation["method"] == "popularity", name].iloc[0])
        best = frame.iloc[0]
        return figure(
            f"{label}: highest is {best.label[0].lower() + best.label[1:]}, {words.percent(best.value)}",
            plot_intervals,
            frame,
            xlabel=f"{label}: {what}",
            baseline=popular,
            baseline_label=f"best sellers {words.percent(popular)}",
            alt=f"{label} with 95 % intervals: "
            + words.listing([f"{row.label} {row.text}" for row in frame.itertuples()])
            + ".",
            source=self.source(int(self.evaluation["n"].iloc[0]), "customer") + " Lines are 95 % intervals.",
            height=2.5,
        )

    def _against_chance(self) -> str:
        if isinstance(self.evaluation, str):
            return ""
        rates = self.evaluation.set_index("method")["hit_rate"]
        return (
            f"A list of {self.k} by own purchases holds something of the last basket for "
            f"{words.percent(rates['decayed'])} of the tested "
            f"customers; popularity alone for {words.percent(rates['popularity'])}, chance for "
            f"{words.percent(rates['chance'])}."
        )

    def _own_sentence(self) -> str:
        own = self.ranked["reason"].str.startswith("bought")
        part = words.of(int(own.sum()), len(own), "recommendation")
        return f"{part}, repeat what the customer bought; the others are best sellers."

    def _use(self) -> str:
        total = self.frame("customers")
        once = int((total["invoices"] == 1).sum())
        return (
            f"{words.of(once, len(total), 'customer')}, have one invoice only: their habits can't be known yet."
            if once
            else ""
        )


def _rate_card(label: str, row: pd.Series) -> Card:
    return Card(
        label,
        words.percent(row["hit_rate"]),
        note=f"95 % interval {100 * row['hit_rate_low']:.1f} to {100 * row['hit_rate_high']:.1f}{words.NBSP}%",
    )


def _intervals(frame: pd.DataFrame, name: str) -> list[str]:
    low, high = frame[f"{name}_low"], frame[f"{name}_high"]
    return [f"{100 * a:.1f} to {100 * b:.1f}{words.NBSP}%" for a, b in zip(low, high, strict=True)]
