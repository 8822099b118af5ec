"""The study's results as frames: one row an engine, a kind of page, a kind of field, a confusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd
from scipy.stats import binomtest

from invoice_lab.engine_study.confusions import confusions
from invoice_lab.engine_study.measure import AUTO, EngineRun

CERTAINTY = 0.95
NOTHING, SPACE = "(nothing)", "(space)"


def label(name: str) -> str:
    """Return an engine's name for readers."""
    return "auto (drawing)" if name == AUTO else name


def by_engine(runs: Sequence[EngineRun]) -> pd.DataFrame:
    """Return one row an engine, the best first.

    Best is who has most pages fully right and accepted, then fewest accepted but wrong, then who is fastest. `low` and
    `high` bound the share of pages fully right and accepted (Wilson, JASA 22, 1927; 95 %).
    """
    rows = []
    for run in runs:
        counts, fields = run.counts, [one.right for result in run.results for one in result.fields]
        interval = binomtest(counts.full_accepted, counts.n).proportion_ci(CERTAINTY, method="wilson")
        rows.append({
            "engine": run.name, "label": label(run.name), "version": run.version, "pages": counts.n,
            "seconds": float(pd.Series([result.seconds for result in run.results]).median()),
            "fields": sum(fields) / max(len(fields), 1), "lines": counts.lines_right / max(counts.lines, 1),
            "full": counts.full / counts.n, "good": counts.full_accepted, "share": counts.full_accepted / counts.n,
            "low": float(interval.low), "high": float(interval.high),
            "accepted": counts.accepted / counts.n, "accepted_wrong": counts.accepted_wrong,
        })  # fmt: skip
    frame = pd.DataFrame(rows)
    order = frame.sort_values(["good", "accepted_wrong", "seconds"], ascending=[False, True, True], kind="stable")
    return order.reset_index(drop=True)


def by_kind(runs: Sequence[EngineRun], kinds: Sequence[str]) -> pd.DataFrame:
    """Return pages fully right and accepted: a row an engine, a column a kind of page."""
    rows = {
        label(run.name): Counter(result.page.kind for result in run.results if result.accepted and result.right)
        for run in runs
    }
    return pd.DataFrame([[row[kind] for kind in kinds] for row in rows.values()], index=list(rows), columns=list(kinds))


def wrong_by_field(runs: Sequence[EngineRun]) -> pd.DataFrame:
    """Return how many fields are wrong or missing: a row an engine, a column a kind of field, in an invoice's order."""
    kinds = list(dict.fromkeys(one.kind for run in runs for result in run.results for one in result.fields))
    rows = {
        label(run.name): Counter(one.kind for result in run.results for one in result.fields if not one.right)
        for run in runs
    }
    names = [kind.replace("_", " ") for kind in kinds]
    return pd.DataFrame([[row[kind] for kind in kinds] for row in rows.values()], index=list(rows), columns=names)


def confused(runs: Sequence[EngineRun], most: int) -> pd.DataFrame:
    """Return the `most` frequent confusions of each engine."""
    rows = []
    for run in runs:
        found = confusions(one for result in run.results for one in result.fields)
        rows += [
            {"engine": label(run.name), "true": _visible(one.true), "read": _visible(one.read), "times": one.times,
             "text": one.example.true, "said": one.example.read}
            for one in found[:most]
        ]  # fmt: skip
    return pd.DataFrame(rows, columns=["engine", "true", "read", "times", "text", "said"])


def could_be_chance(one: EngineRun, other: EngineRun) -> float:
    """Return how likely it is that engines equally good differ so on these pages (McNemar's exact test, two-sided)."""
    pairs = [
        (here.accepted and here.right, there.accepted and there.right)
        for here, there in zip(one.results, other.results, strict=True)
    ]
    first, second = pairs.count((True, False)), pairs.count((False, True))
    return float(binomtest(first, first + second).pvalue) if first + second else 1.0


def _visible(text: str) -> str:
    return text.replace(" ", SPACE) or NOTHING
