"""The figures of a benchmark: one table for people, one JSON file a group with all that was measured."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).with_name("results")
PACKAGES = (
    "duckdb", "isal", "numba", "numpy", "opencv-python", "pandas", "pillow", "psycopg2-binary", "pytesseract",
    "scikit-learn", "tesserocr", "zxing-cpp",
)  # fmt: skip
HEADING = f"{'what':48} {'reached':>14} {'spread':>17} {'n':>9} {'ratio':>8} {'asked':>10} {'':>3}"


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Attributes
    ----------
    what : str
    value : float
        The median of `samples`, or what was measured once.
    unit : str
    n : int
        How many things were measured.
    samples : sequence of float
        Single measurements, in `unit`.
    ratio : float or None
        How many times less than what it is held against.
    goal : str
        What is asked for, such as ``>= 80x`` or ``< 2 s``; empty where nothing is.
    """

    what: str
    value: float
    unit: str
    n: int
    samples: Sequence[float] = field(default=(), repr=False)
    ratio: float | None = None
    goal: str = ""

    @classmethod
    def of(cls, what: str, samples: Sequence[float], unit: str, goal: str = "", ratio: float | None = None) -> Figure:
        """Make a figure of single measurements."""
        return cls(what, statistics.median(samples), unit, len(samples), samples, ratio, goal)

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        found = re.fullmatch(r"(>=|<) ([\d.]+) ?(\S*)", self.goal)
        if found is None:
            return None
        value = self.ratio if found[3] == "x" else self.value
        assert value is not None, f"{self.what} has no ratio"
        return value >= float(found[2]) if found[1] == ">=" else value < float(found[2])

    def __str__(self) -> str:
        spread = ""
        if len(self.samples) > 1:
            low, *_, high = statistics.quantiles(self.samples, n=10, method="inclusive")
            spread = f"{_short(low)} - {_short(high)}"
        ratio = f"{self.ratio:.1f}x" if self.ratio is not None else ""
        reached = {True: "yes", False: "no", None: ""}[self.reached]
        value = f"{_short(self.value)} {self.unit}"
        return f"{self.what:48} {value:>14} {spread:>17} {self.n:>9,} {ratio:>8} {self.goal:>10} {reached:>3}"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine() -> dict[str, object]:
    """Describe this machine and what it runs, without its name."""
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": processor[1] if processor else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory / 1e9, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def write_results(group: str, figures: Sequence[Figure], folder: Path = RESULTS) -> None:
    """Write what was measured, with machine and versions."""
    folder.mkdir(exist_ok=True)
    rows = [asdict(figure) | {"reached": figure.reached} for figure in figures]
    content = {"group": group, "invoice_lab": version("invoice-lab"), "machine": machine(), "figures": rows}
    (folder / f"{group}.json").write_text(json.dumps(content, indent=1) + "\n")
