"""How long the command line and the package take to start, from the shell's point of view."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from benchmarks.figures import Figure

HELP = "from invoice_lab.cli import main; main(['--help'])"


def starting(times: int) -> Iterator[Figure]:
    """Measure starts, after one that warms the disk's cache."""
    yield Figure.of("invoice-lab --help", _seconds(HELP, times), "s", "< 0.3 s")
    yield Figure.of("import invoice_lab", _seconds("import invoice_lab", times), "s", "< 0.2 s")


def _seconds(code: str, times: int) -> Sequence[float]:
    found = []
    for _ in range(times + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        found.append(time.perf_counter() - start)
    return found[1:]
