"""CPU time of reading and judging a page, beside the first version's, interleaved on the same scans in one process."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks import first_version
from benchmarks.figures import Figure
from benchmarks.pages import drawn_pages
from invoice_lab.sources.scan import Scan
from invoice_lab.workers import one_thread_each, read_and_judge

GOALS = {"auto": ">= 80x", "tesserocr": ">= 9x", "pytesseract": ">= 3x"}
NAMES = {"auto": "exact reader, bytes to invoice", "tesserocr": "tesserocr", "pytesseract": "pytesseract"}
TIMES = 5
"""How often a page is read by the exact reader, for the clock of CPU time counts hundredths of a second."""
SEED = 404


def reading(pages: int) -> Iterator[Figure]:
    """Measure each engine on healthy pages of the sample generator."""
    os.environ["OMP_THREAD_LIMIT"] = "1"  # for our engines; the first version does without
    one_thread_each()
    scans = [Scan.of(f"{number}.png", page.data()) for number, page in enumerate(drawn_pages(pages, SEED, None))]
    for scan in scans:
        read_and_judge(scan, "auto")  # loads each layout's fonts, and compiles
    for engine in GOALS:
        read_and_judge(scans[0], engine)  # loads the models
    first: list[float] = []
    ours: dict[str, list[float]] = {engine: [] for engine in GOALS}
    for scan in scans:
        first.append(_milliseconds(partial(first_version.read, scan.data)))
        for engine in GOALS:
            times = TIMES if engine == "auto" else 1
            ours[engine].append(_milliseconds(partial(read_and_judge, scan, engine), times))
    yield Figure.of("first version's reading, CPU a page", first, "ms")
    for engine, samples in ours.items():
        ratio = statistics.median(one / other for one, other in zip(first, samples, strict=True))
        yield Figure.of(f"{NAMES[engine]}, CPU a page", samples, "ms", GOALS[engine], ratio)


def _milliseconds(work: Callable[[], object], times: int = 1) -> float:
    """Return the CPU time of this process and its children for doing something once, in milliseconds."""
    before = os.times()
    for _ in range(times):
        work()
    after = os.times()
    return 1000 * (sum(after[:4]) - sum(before[:4])) / times
