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
