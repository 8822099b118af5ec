"""`make bench` prints its table: a measurement that no longer runs is noticed here, not when it is needed."""

from __future__ import annotations

import subprocess
import sys

from project import ROOT


def test_the_benchmarks_run():
    command = [sys.executable, "-m", "benchmarks", "--small"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    heading, *rows = result.stdout.splitlines()
    assert heading.split() == ["what", "n", "seconds", "CPU", "s", "CPU", "ms", "each"]
    assert {"read with tesserocr", "read with pytesseract"} <= {row[:34].strip() for row in rows}
