"""The sections on how well the next basket is foretold: protocols, methods, differences, choice, lists, segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import pandas as pd

from invoice_lab.recommendation.by_group import FEWEST, by_group
from invoice_lab.recommendation.evaluation import BASE, Evaluation
from invoice_lab.recommendation.methods import AUTO, CHANCE, METHODS
from invoice_lab.recommendation.metrics import DEFINITIONS, OF_LISTS, PER_CUSTOMER
from invoice_lab.recommendation.protocols import DATE, LAST_BASKET, MEANINGS, usual_day
from invoice_lab.reporting import words
from invoice_lab.reporting.charts import plot_intervals
from invoice_lab.reporting.figures import figure, side_by_side
from invoice_lab.reporting.markup import Html, join, paragraph
from invoice_lab.reporting.pages.recommendations_data import RecommendationsData, method_title
from invoice_lab.reporting.tables import Column, table

NAMES = {
    "hit_rate": "Hit rate",
    "recall": "Recall",
    "ndcg": "NDCG",
    "mrr": "MRR",
    "new_recall": "New recall",
    "coverage": "Coverage",
    "repeats": "Repeats",
    "popularity_bias": "Popularity bias",
}
"""What readers call each metric."""
FORETOLD = (*PER_CUSTOMER, "new_recall")
"""Metrics of how well lists foretell; `OF_LISTS` are of what they hold."""
RATIOS = ("popularity_bias",)
"""Metrics that aren't shares."""
_ROW = 0.32
_HEAD = 0.9


class EvaluationSections(RecommendationsData):
    """Sections on how well the next basket is foretold."""

    @cached_property
    def evaluations(self) -> dict[str, Evaluation | str]:
        """What each protocol found, or why it found nothing."""
        return {LAST_BASKET: self.last_basket, DATE: self.by_date}

    def comparison(self) -> Html:
        """Return, for each protocol, hit rate and NDCG of the methods with intervals, as two figures."""
        return Html() if self.is_bare else join(map(self._comparison, self.evaluations))

    def comparison_tables(self) -> Html:
        """Return, for each protocol, every metric of each method and the paired differences, with intervals."""
        if self.is_bare:
            return Html()
        found = [(name, one) for name, one in self.evaluations.items() if not isinstance(one, str)]
        parts = (self._metrics_table, self._gains_table, self._over_chance_table)
        return join(part(name, one) for name, one in found for part in parts)

    def choice_table(self) -> Html:
        """Return what validation chose, by what margin, and with which parameters."""
        if self.is_bare or isinstance(self.last_basket, str):
            return Html()
        choice = self.last_basket.choice
        if choice.table.empty:
            return paragraph(self.choice_sentence())
        best = choice.table["method"] == choice.method
        frame = choice.table.assign(
            title=choice.table["method"].map(method_title),
            behind=choice.table["behind"].mask(best),
            interval=pd.Series(_between(choice.table, "behind"), choice.table.index).mask(best, ""),
            source=[METHODS[name].source for name in choice.table["method"]],
            parameters=[_said(choice.of(name) or {}) for name in choice.table["method"]],
        )
        return table(
            frame,
            [
                Column("title", "Method", "fixed"),
                Column("source", "Where it comes from", "long"),
                *(Column(name, NAMES[name], "percent", DEFINITIONS[name]) for name in ("hit_rate", "ndcg")),
                Column("score", "Score", "percent", "Mean of hit rate and NDCG: the highest is chosen."),
                Column("behind", "Behind the best", "percent", "The best score less this one; the same customers."),
                Column("interval", "95 %, points", "fixed"),
                Column("new_recall", NAMES["new_recall"], "percent", DEFINITIONS["new_recall"]),
                Column("parameters", "Best parameters", "wrapped"),
            ],
            table_id="choice",
            caption=self.choice_sentence(),
        )

    def lists_table(self) -> Html:
        """Return, for each protocol, what the lists hold: repeats, popularity bias and coverage, with intervals."""
        if self.is_bare:
            return Html()
        found = [(name, one) for name, one in self.evaluations.items() if not isinstance(one, str)]
        return join(self._lists_table(name, one) for name, one in found)

    def segment_table(self) -> Html:
        """Return, by segment, how well the next basket is foretold, what is gained, and what the lists hold."""
        if self.is_bare or isinstance(self.last_basket, str):
            return Html()
        if self.by_segment.empty:
            return paragraph(f"No segment has {FEWEST} tested customers, so none is judged by itself.")
        choice = self.last_basket.choice
        about = (
            f"{METHODS[choice.method].title}, new recall: {METHODS[choice.new].title}; last basket held out, by the "
            "segment that customers are in on the day of the report. Segments with fewer than "
            f"{FEWEST} tested customers are left out."
        )
        metrics, gains = _metrics(self.by_segment, FORETOLD), _metrics(self.by_segment, FORETOLD, "_gain")
        said = "Paired differences to best sellers, of the same customers, by segment."
        holds = f"What the lists of {self.k} hold, by segment, and the paired differences to best sellers."
        return join(
            [
                self._by_segment(*metrics, "by-segment", about),
                self._by_segment(*gains, "by-segment-gains", said),
                self._by_segment(*_holding(self.by_segment), "by-segment-lists", holds),
            ]
        )

    @cached_property
    def by_segment(self) -> pd.DataFrame:
        """The method chosen, judged segment by segment."""
        assert not isinstance(self.last_basket, str)
        return by_group(self.last_basket, AUTO, self.segment_of)

    def definitions(self) -> Html:
        """Return what each metric is."""
        if self.is_bare:
            return Html()
        frame = pd.DataFrame([{"metric": NAMES[name], "meaning": text} for name, text in DEFINITIONS.items()])
        return table(
            frame,
            [Column("metric", "Metric", "fixed"), Column("meaning", f"What it is (k = {self.k})", "long")],
            table_id="definitions",
        )

    def choice_sentence(self) -> str:
        """Say which method was chosen, by what margin, and on whom; empty where nothing was judged."""
        if isinstance(self.last_basket, str):
            return ""
        choice = self.last_basket.choice
        best, new = METHODS[choice.method].title, METHODS[choice.new].title
        if choice.table.empty:
            return (
                f"Too few customers have four baskets to choose a method on earlier ones: lists are by {best}, new "
                f"products by {new}, as usual."
            )
        second = choice.table[choice.table["method"] != choice.method].head(1)
        lead = "".join(
            f", {100 * row.behind:.1f} points before {METHODS[row.method].title} (95 % interval "
            f"{100 * row.behind_low:.1f} to {100 * row.behind_high:.1f})"
            for row in second.itertuples()
        )
        return (
            f"{best} was chosen on the baskets before the last of {words.count(choice.customers, 'customer')}: the "
            f"mean of hit rate and NDCG is {words.percent(choice.table['score'].iloc[0])}{lead}. "
            f"New products are by {new}."
        )

    def protocol_sentence(self, protocol: str) -> str:
        """Say what a protocol does, and on how many customers."""
        found = self.evaluations[protocol]
        day = f" The day is {words.day(usual_day(self.baskets))}." if protocol == DATE else ""
        return f"{MEANINGS[protocol]}{day}" + ("" if isinstance(found, str) else f" {_tested(found)}")

    def _comparison(self, protocol: str) -> Html:
        found = self.evaluations[protocol]
        if isinstance(found, str):
            return paragraph(
                f"{MEANINGS[protocol]} {found} Until then the lists rest on habit and popularity, untested."
            )
        return paragraph(self.protocol_sentence(protocol)) + side_by_side(
            self._metric(found, "hit_rate", "customers with at least one hit"),
            self._metric(found, "ndcg", "hits weighted by their rank"),
        )

    def _metric(self, found: Evaluation, name: str, what: str) -> Html:
        rows = found.table[~found.table["used"].duplicated(keep="last")]  # not the chosen one twice
        frame = pd.DataFrame(
            {
                "label": [
                    method_title(row.used) + (" (chosen)" if row.used == found.choice.method else "")
                    for row in rows.itertuples()
                ],
                "value": rows[name],
                "low": rows[f"{name}_low"],
                "high": rows[f"{name}_high"],
            }
        ).sort_values("value", ascending=False, kind="stable")
        frame["text"] = [words.percent(value) for value in frame["value"]]
        popular, best = float(found.row(BASE)[name]), frame.iloc[0]
        return figure(
            f"{NAMES[name]} at {self.k} is highest for {best.label}: {words.percent(best.value)}",
            plot_intervals,
            frame,
            xlabel=f"{NAMES[name]} at {self.k}: {what}",
            baseline=popular,
            baseline_label=f"best sellers {words.percent(popular)}",
            alt=f"{NAMES[name]} with 95 % intervals: "
            + words.listing([f"{row.label} {row.text}" for row in frame.itertuples()])
            + ".",
            source=self.source(len(found.customers), "customer") + " Lines are 95 % intervals.",
            height=_HEAD + _ROW * len(frame),
        )

    def _metrics_table(self, protocol: str, found: Evaluation) -> Html:
        frame, columns = _metrics(_titled(found.table), FORETOLD)
        return table(
            frame, [Column("title", "Method", "long"), *columns], table_id=_table_id("metrics", protocol),
            caption=f"{_title(protocol)}: every method on the same {words.count(len(found.customers), 'customer')}, "
            f"lists of {self.k}, 95 % bootstrap intervals over customers.",
        )  # fmt: skip

    def _lists_table(self, protocol: str, found: Evaluation) -> Html:
        frame, columns = _holding(_titled(found.table))
        coverage = Column("coverage", NAMES["coverage"], "percent", DEFINITIONS["coverage"])
        return table(
            frame, [Column("title", "Method", "long"), *columns, coverage], table_id=_table_id("lists", protocol),
            caption=f"{_title(protocol)}: what the lists of {self.k} hold, and the paired differences to best sellers. "
            "Coverage is of all lists together, so it has no interval over customers.",
        )  # fmt: skip

    def _gains_table(self, protocol: str, found: Evaluation) -> Html:
        return self._differences(protocol, found, BASE, "_gain")

    def _over_chance_table(self, protocol: str, found: Evaluation) -> Html:
        return self._differences(protocol, found, CHANCE, "_over_chance")

    def _differences(self, protocol: str, found: Evaluation, base: str, what: str) -> Html:
        rows = found.table[~found.table["method"].isin([base, CHANCE])]
        frame, columns = _metrics(_titled(rows), FORETOLD, what)
        return table(
            frame, [Column("title", "Method", "long"), *columns], table_id=_table_id(what.strip("_"), protocol),
            caption=f"{_title(protocol)}: paired differences to {method_title(base).lower()}, the same customers and "
            "the same resamples, intervals in points. An interval above 0 is a gain.",
        )  # fmt: skip

    def _by_segment(self, frame: pd.DataFrame, columns: Sequence[Column], table_id: str, caption: str) -> Html:
        segment = Column("group", "Segment", "segment", colour=self.colours.__getitem__)
        return table(frame, [segment, Column("n", "Tested", "whole"), *columns], table_id=table_id, caption=caption)


def _titled(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(title=[method_title(row.method, row.used) for row in rows.itertuples()])


def _metrics(frame: pd.DataFrame, metrics: Sequence[str], what: str = "") -> tuple[pd.DataFrame, list[Column]]:
    """Return a frame with intervals as texts, and the columns of metrics, or of a difference of them, with intervals.

    Parameters
    ----------
    frame : DataFrame
        As `evaluate` and `by_group` return it.
    metrics : sequence of str
    what : str
        ``_gain`` or ``_over_chance``; the metrics themselves where empty.
    """
    texts, columns = {}, []
    for metric in metrics:
        name, is_ratio = f"{metric}{what}", metric in RATIOS
        texts[f"{name}_interval"] = _between(frame, name, 1 if is_ratio else 100)
        columns += [
            Column(name, NAMES[metric], "decimal" if is_ratio else "percent", DEFINITIONS[metric]),
            Column(f"{name}_interval", "95 %", "fixed", "" if is_ratio or not what else "In points."),
        ]
    return frame.assign(**texts), columns


def _holding(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Column]]:
    """Return a frame with intervals as texts, and the columns of what lists hold, each with its difference."""
    columns = []
    for metric in OF_LISTS:
        frame, own = _metrics(frame, [metric])
        frame, (gain, interval) = _metrics(frame, [metric], "_gain")
        less = replace(gain, label="Less best sellers'", meaning="The same customers, paired.")
        columns += [*own, less, interval]
    return frame, columns


def _table_id(what: str, protocol: str) -> str:
    return f"{what}-{protocol}".replace("_", "-")


def _title(protocol: str) -> str:
    return {LAST_BASKET: "Last basket held out", DATE: "Split at a day"}[protocol]


def _tested(found: Evaluation) -> str:
    total = len(found.everything.customers)
    return f"Tested: {words.of(len(found.customers), total, 'customer')}."


def _between(frame: pd.DataFrame, name: str, unit: int = 100) -> list[str]:
    """Return intervals as texts: of shares in percent, of ratios (unit 1) with two digits."""
    digits = 1 if unit > 1 else 2
    pairs = zip(unit * frame[f"{name}_low"], unit * frame[f"{name}_high"], strict=True)
    return ["" if pd.isna(low) else f"{low:.{digits}f} to {high:.{digits}f}" for low, high in pairs]


def _said(parameters: object) -> str:
    assert isinstance(parameters, dict)
    return ", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
                     for name, value in parameters.items()) or "none"  # fmt: skip
