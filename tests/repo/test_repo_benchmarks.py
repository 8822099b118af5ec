"""`make bench` prints its table: a measurement that no longer runs is noticed here, not when it is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT


def test_the_benchmarks_run(tmp_path: Path):
    command = [sys.executable, "-m", "benchmarks", "--small", "--results", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=True)
    heading, *rows = result.stdout.splitlines()
    assert heading.split() == ["what", "reached", "spread", "n", "ratio", "asked"]
    asked = {row[:48].strip() for row in rows if ">=" in row or "<" in row}
    assert {"exact reader, bytes to invoice, CPU a page", "invoice-lab --help", "the same scans again"} <= asked
    for group in ("reading", "startup", "ingest", "cache", "analytics", "segmentation", "recommendation"):
        found = json.loads((tmp_path / f"{group}.json").read_text())
        assert found["machine"]["packages"]["numba"]
        assert found["machine"]["cores"] >= 1
        assert [figure["what"] for figure in found["figures"]] == [
            row[:48].strip() for row in rows if row[:48].strip() in {each["what"] for each in found["figures"]}
        ]


def test_figures_are_held_against_their_goals(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.figures import Figure

    assert Figure("a", 12.0, "ms", 3, ratio=85.0, goal=">= 80x").reached
    assert not Figure("a", 12.0, "ms", 3, ratio=75.0, goal=">= 80x").reached
    assert Figure("a", 0.1, "s", 3, goal="< 0.3 s").reached
    assert not Figure("a", 0.3, "s", 3, goal="< 0.3 s").reached
    assert Figure("a", 0.3, "s", 3).reached is None
    assert Figure.of("a", [3.0, 1.0, 2.0], "s").value == 2.0


def test_goals_of_the_verdict_are_held_against_a_hundred_data_sets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.verdicts import ASKED, _figure

    found = _figure("drawn", ASKED, [True] * 97 + [False] * 3)
    assert (found.value, found.unit, found.n, found.goal, found.reached) == (97, "%", 100, ">= 95 %", True)
    silent = _figure("real", 0.0, [True] * 6 + [False] * 94)
    assert (silent.value, silent.goal, silent.reached) == (94, ">= 95 %", False)
    assert _figure("drawn", 0.1, [True] * 100).goal == ""
    for share, right in ((ASKED, 5), (0.3, 5), (0.0, 1)):
        few = _figure("real", share, [True] * 5 + [False])
        assert (few.value, few.unit, few.n, few.reached) == (right, "of 6", 6, None)


def test_the_verdict_is_measured_as_it_is_given(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import verdicts
    from invoice_lab.recommendation import taste

    held_against = []

    def watched(*arguments, **named):
        held_against.append(taste.taste(*arguments, **named).permutations)
        return taste.taste(*arguments, **named)

    monkeypatch.setattr(verdicts, "taste", watched)
    assert verdicts._seen_in_drawn(0.3, 0)
    assert verdicts._seen_in_real(verdicts.few_products(0), 0.3, 0)
    assert held_against == [39, 39]
