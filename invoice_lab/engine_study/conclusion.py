"""What the study says in plain words, from its numbers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from invoice_lab.engine_study import tables
from invoice_lab.engine_study.measure import AUTO, Absent, EngineRun
from invoice_lab.reporting import words

CHANCE = 0.05
"""A difference that is likelier than this by chance is called one that could be chance."""
GOOD = "fully right and accepted"


def conclusion(engines: pd.DataFrame, runs: Sequence[EngineRun], absent: Sequence[Absent]) -> list[str]:
    """Return the sentences, some of them empty; `engines` as `tables.by_engine` has them, `runs` in the same order."""
    return [_best(engines), _runner_up(engines, runs), _other_layouts(engines), _danger(engines), _fastest(engines),
            _missing(absent)]  # fmt: skip


def _best(engines: pd.DataFrame) -> str:
    best = engines.iloc[0]
    if not best.good:
        most = engines.sort_values("fields", ascending=False, kind="stable").iloc[0]
        return (
            f"None of these engines had a page {GOOD}. {most.label} reads most fields right, "
            f"{words.percent(most.fields)}; every invoice would need a person."
        )
    return (
        f"Take {best.label}: {words.of(best.good, best.pages, 'page')}, are {GOOD} (95 % interval "
        f"{words.percent(best.low)} to {words.percent(best.high)}), {words.whole(best.accepted_wrong)} accepted "
        f"with a wrong field, at {words.decimal(best.seconds)}{words.NBSP}s a page."
    )


def _runner_up(engines: pd.DataFrame, runs: Sequence[EngineRun]) -> str:
    if len(runs) == 1:
        return "It is the only engine that was compared."
    if not engines["good"].any():
        return ""
    second = engines.iloc[1]
    if second.good == engines["good"].iloc[0]:
        return (
            f"{second.label} has as many, with {words.whole(second.accepted_wrong)} accepted with a wrong field, at "
            f"{words.decimal(second.seconds)}{words.NBSP}s a page: more pages, or harder ones, would tell them apart."
        )
    chance = tables.could_be_chance(runs[0], runs[1])
    verdict = "is more than chance" if chance < CHANCE else "could be chance: more pages would tell"
    return (
        f"{second.label} follows with {words.of(second.good, second.pages, 'page')}; the difference {verdict} "
        f"(p{words.NBSP}={words.NBSP}{words.decimal(chance, 3)})."
    )


def _other_layouts(engines: pd.DataFrame) -> str:
    others = engines[engines["engine"] != AUTO]
    if engines["engine"].iloc[0] != AUTO or others.empty:
        return ""
    first = others.iloc[0]
    return (
        f"Layouts whose drawing is not described are read by an OCR engine alone; the best of these is {first.label} "
        f"with {words.percent(first.fields)} of the fields and {words.percent(first.full)} of the pages right."
    )


def _danger(engines: pd.DataFrame) -> str:
    wrong = engines[engines["accepted_wrong"] > 0]
    if wrong.empty:
        return "No engine's reading was accepted with a wrong field."
    told = words.listing([f"{row.label} {words.whole(row.accepted_wrong)}" for row in wrong.itertuples()])
    return f"Pages accepted with a wrong field, which nobody would see: {told}, of {engines['pages'].iloc[0]} each."


def _fastest(engines: pd.DataFrame) -> str:
    if len(engines) == 1:
        return ""
    fast, slow = (engines.sort_values("seconds").iloc[place] for place in (0, -1))
    times = words.decimal(slow.seconds / max(fast.seconds, 1e-9), 1)
    return f"{fast.label} is the fastest; {slow.label}, the slowest, takes {times} times as long."


def _missing(absent: Sequence[Absent]) -> str:
    if not absent:
        return ""
    names = words.listing([one.name for one in absent])
    return f"Not compared, since not installed: {names}; how to get them stands below."
