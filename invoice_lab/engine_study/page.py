"""The page of the engine study, section by section, as the notebook `engines` calls it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from invoice_lab.engine_study import tables
from invoice_lab.engine_study.conclusion import GOOD, conclusion
from invoice_lab.engine_study.failures import failures, gallery, places
from invoice_lab.engine_study.measure import EngineRun, chosen_engines, look_for, run_engine
from invoice_lab.engine_study.sample import StudyParameters, fingerprint, kinds_of, study_pages
from invoice_lab.errors import MissingToolError
from invoice_lab.reporting import words
from invoice_lab.reporting.assets import page_assets
from invoice_lab.reporting.cards import Card, cards
from invoice_lab.reporting.charts import plot_bars, plot_heat_map, plot_intervals
from invoice_lab.reporting.figures import HALF, WIDE, figure, side_by_side
from invoice_lab.reporting.header import findings, header, notes
from invoice_lab.reporting.markup import Html, join, paragraph
from invoice_lab.reporting.method import method
from invoice_lab.reporting.tables import Column, table
from invoice_lab.samples.damage import DAMAGES

LIMITS = (
    "Fully right means every field of the truth: those that are printed and those that stand in the QR code alone. "
    "Fields right and lines right count printed fields.",
    "auto reads pages of layouts whose drawing is known by drawing them, and all others by the default engine. Made-up "
    "pages are of such layouts: on a layout of yours that has no drawing, auto is as good as the engine behind it.",
    "Every engine gets the same pre-processed page, and the same rules make fields of its words. An engine may be "
    "better on documents of another kind.",
    "Time is wall-clock time of reading and judging a page, one process, one thread, models loaded. It is of the "
    "machine that made this report, so two runs differ in it.",
    "Confusions are counted in fields that were read, where up to three characters differ; longer differences are "
    "other texts, not confusions.",
)


class EnginesPage:
    """Measures the engines and shows what came out.

    Parameters
    ----------
    parameters : StudyParameters

    Raises
    ------
    UsageError
        Where a parameter can't be.
    MissingToolError
        Where none of the engines can be used.
    """

    def __init__(self, parameters: StudyParameters) -> None:
        self.given, self.kinds = parameters, kinds_of(parameters.kinds)
        self.versions, self.absent = look_for(chosen_engines(parameters.engines))
        if not self.versions:
            lacking = self.absent[0]
            raise MissingToolError(lacking.problem, lacking.remedy)
        self.pages = study_pages(parameters)

    @cached_property
    def runs(self) -> list[EngineRun]:
        """What each engine made of the pages, the best first; takes seconds to minutes an engine."""
        runs = {name: run_engine(name, version, self.pages) for name, version in self.versions.items()}
        return [runs[name] for name in tables.by_engine(list(runs.values()))["engine"]]

    @cached_property
    def engines(self) -> pd.DataFrame:
        """One row an engine, the best first."""
        return tables.by_engine(self.runs)

    def header(self) -> Html:
        """Return what this is: the pages, the kinds, the engines."""
        each = len(self.pages) // len(self.kinds)
        facts = {
            "Pages": f"{words.whole(each)}, {self._origin}",
            "Each read": ", ".join(self.kinds),
            "Readings an engine": words.whole(len(self.pages)),
            "Engines": words.whole(len(self.versions)),
        }
        what = "The same pages through each OCR engine that is installed: what a person needs to choose one."
        return page_assets() + header("OCR engines", what, facts, fingerprint(self.pages), sample=not self.given.scans)

    def findings(self) -> Html:
        """Return what the numbers say, in words."""
        return findings(*conclusion(self.engines, self.runs, self.absent))

    def key_figures(self) -> Html:
        """Return the best engine's figures as cards."""
        best = self.engines.iloc[0]
        n = words.count(best.pages, "page")
        return cards(
            Card("Best engine", best.label, "", best.version),
            Card("Fully right and accepted", words.percent(best.share), "", f"{best.good} of {n}"),
            Card("Accepted but wrong", words.whole(best.accepted_wrong), "", f"of {n}"),
            Card("Fields right", words.percent(best.fields)),
            Card("Lines right", words.percent(best.lines)),
            Card("Time a page", words.decimal(best.seconds), "s", "median"),
        )

    def right_and_fast(self) -> Html:
        """Return how many pages are right, and how long one takes, as two figures."""
        frame = self.engines
        best, height = frame.iloc[0], 1.2 + 0.42 * len(frame)
        shares = frame.assign(value=frame["share"], text=[f"{words.percent(share)}" for share in frame["share"]])
        right = figure(
            f"{words.percent(best.share)} of the pages are {GOOD} with {best.label}", plot_intervals, shares,
            xlabel=f"Pages {GOOD}, %", height=height, width=HALF, source=f"{self._source()} Lines: 95 % intervals.",
            alt=f"Dots with intervals: {_listed(shares['label'], shares['text'])}.",
        )  # fmt: skip
        times = frame.sort_values("seconds").set_index("label")["seconds"]
        texts = [f"{words.decimal(value)} s" for value in times]
        fast = figure(
            f"{times.index[0]} is fastest: {texts[0]} a page", plot_bars, times, xlabel="Seconds a page (median)",
            texts=texts, height=height, width=HALF, source=self._source(),
            alt=f"Bars of seconds a page: {_listed(times.index, texts)}.",
        )  # fmt: skip
        return side_by_side(right, fast)

    def engines_table(self) -> Html:
        """Return all figures of all engines."""
        columns = [
            Column("label", "Engine", "fixed"),
            Column("version", "Version", "fixed"),
            Column("seconds", "Seconds a page", "decimal", "Median of reading and judging"),
            Column("fields", "Fields right", "percent", "Of the printed fields"),
            Column("lines", "Lines right", "percent", "Product, quantity and unit price right"),
            Column("full", "Fully right", "percent", "Every field of the page"),
            Column("accepted", "Accepted", "percent", "Every check passed: no person looks at it"),
            Column("share", "Right and accepted", "percent"),
            Column("accepted_wrong", "Accepted but wrong", "whole", "Pages with a wrong field that nobody would see"),
        ]
        return table(self.engines, columns, table_id="engines", caption=self._source())

    def by_kind(self) -> Html:
        """Return the pages that are right and accepted by kind of page."""
        counts = tables.by_kind(self.runs, self.kinds)
        each = len(self.pages) // len(self.kinds)
        best = counts.iloc[0]
        hardest = f"finds {best.idxmin()} the hardest: {best.min()} of {words.count(each, 'page')}"
        title = f"{best.name} {hardest if best.min() < best.max() else 'does equally well on every kind'}"
        meanings = [f"{kind}: {DAMAGES[kind].description}" for kind in self.kinds]
        drawn = figure(
            title,
            plot_heat_map, counts, xlabel=f"Kind of page ({each} each)", ylabel="", width=WIDE,
            height=1.0 + 0.45 * len(counts), source=f"{self._source()} Pages {GOOD}.",
            alt="Counts of pages right and accepted by engine and kind.",
        )  # fmt: skip
        return drawn + paragraph(" ".join(meanings), kind="il-note")

    def by_field(self) -> Html:
        """Return which kinds of fields are wrong or missing."""
        counts = tables.wrong_by_field(self.runs)
        if not counts.to_numpy().any():
            return paragraph("No engine read a printed field wrong.")
        total = counts.sum()
        return figure(
            f"Most often wrong: {total.idxmax()}, {words.count(total.max(), 'time')} over all engines",
            plot_heat_map, counts, xlabel="Kind of field", ylabel="", width=WIDE, height=1.0 + 0.45 * len(counts),
            source=f"{self._source()} Fields wrong or not read.",
            alt="Counts of wrong fields by engine and kind of field.",
        )  # fmt: skip

    def confusions(self) -> Html:
        """Return which characters each engine takes for which others."""
        frame = tables.confused(self.runs, self.given.confused)
        if frame.empty:
            return paragraph("No engine took a character for another one.")
        columns = [
            Column("engine", "Engine", "fixed"), Column("true", "True", "fixed"), Column("read", "Read as", "fixed"),
            Column("times", "Times", "whole"), Column("text", "Text, for example", "long"),
            Column("said", "Read as a whole", "long"),
        ]  # fmt: skip
        caption = f"The {self.given.confused} most frequent confusions of each engine, over all kinds of pages."
        return table(frame, columns, table_id="confusions", caption=caption)

    def failures(self) -> Html:
        """Return pictures of what each engine read wrong; on accepted pages first."""
        known = places(self.runs)
        chosen = {tables.label(run.name): failures(run, known, self.given.shown) for run in self.runs}
        shown = [gallery(name, some) for name, some in chosen.items() if some]
        none = [name for name, some in chosen.items() if not some]
        if none:
            shown.append(paragraph(f"No field read wrong by {words.listing(none)}.", kind="il-note"))
        return join(shown)

    def not_installed(self) -> Html:
        """Return the engines that could not be compared, and how to get each."""
        if not self.absent:
            return paragraph("Every engine asked for was compared.")
        frame = pd.DataFrame(
            [{"name": one.name, "problem": _here(one.problem), "remedy": one.remedy} for one in self.absent]
        )
        columns = [
            Column("name", "Engine", "fixed"), Column("problem", "What is missing", "long"),
            Column("remedy", "How to get it", "long"),
        ]  # fmt: skip
        return table(frame, columns, table_id="absent")

    def how_sure(self) -> Html:
        """Return how far these numbers carry."""
        best = self.engines.iloc[0]
        return notes(
            f"{words.count(len(self.pages), 'reading')} an engine bound the best one's share of pages {GOOD} to "
            f"{words.percent(best.low)} to {words.percent(best.high)} (95 %, Wilson). Engines are compared on the same "
            "pages by McNemar's exact test; the same page in several kinds of damage is counted as several pages, "
            "which makes the intervals a little too narrow.",
            "More pages, or your own with a truth, tell more: invoice-lab engine-study --sample 50 --scans FOLDER.",
        )

    def method(self) -> Html:
        """Return method and limits, folded away."""
        return method(self._told(), LIMITS, "invoice-lab engine-study")

    def values(self) -> dict[str, Any]:
        """Return the values that the notebook records."""
        rows = self.engines.drop(columns=["label", "seconds"]).to_dict("records")
        return {"engines": rows, "absent": [one.name for one in self.absent], "pages": len(self.pages)}

    @property
    def _origin(self) -> str:
        return f"of the folder {Path(self.given.scans).name}" if self.given.scans else "made up"

    def _told(self) -> dict[str, object]:
        """Return the parameters without paths of this machine."""
        return {**vars(self.given), "scans": Path(self.given.scans).name, "truth": Path(self.given.truth).name}

    def _source(self) -> str:
        return f"Source: pages {self._origin}, {words.count(len(self.pages), 'reading')} an engine."


def _listed(names: Iterable[str], texts: Iterable[str]) -> str:
    return words.listing([f"{name} {text}" for name, text in zip(names, texts, strict=True)])


def _here(problem: str) -> str:
    """Return a problem without the folder of this machine that it names in brackets."""
    return problem if "(" not in problem else f"{problem.partition(' (')[0]}."
