"""CPU time of reading and judging a page, beside the first version's, interleaved on the same scans in one process."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks import first_version
from benchmarks.figures import Figure
from benchmarks.pages import drawn_pages
from invoice_lab.ocr.decode import SUFFIXES, Limits
from invoice_lab.ocr.engines import Word
from invoice_lab.samples import draw_samples
from invoice_lab.sources.folder import list_scans, load_scan
from invoice_lab.sources.scan import Scan
from invoice_lab.warehouse.line_store import LineSession, LineStore
from invoice_lab.workers import one_thread_each, read_and_judge

GOALS = {"auto": ">= 80x", "tesserocr": ">= 9x", "pytesseract": ">= 3x"}
NAMES = {
    "auto": "exact reader, bytes to invoice",
    "tesserocr": "tesserocr, line cache empty",
    "pytesseract": "pytesseract",
}
TIMES = 5
"""How often a page is read by the exact reader, for the clock of CPU time counts hundredths of a second."""
SEED = 404


def reading(pages: int, many: int, sample: int) -> Iterator[Figure]:
    """Measure each engine on healthy pages of the sample generator, and `auto` on the sample batch.

    Parameters
    ----------
    pages : int
        What each engine reads, beside the first version.
    many : int
        What the default engine reads with the line cache, as `ingest` does; of these, too, `pages` beside the first
        version.
    sample : int
        Scans of the sample batch.
    """
    os.environ["OMP_THREAD_LIMIT"] = "1"  # for our engines; the first version does without
    one_thread_each()
    scans = _drawn(pages)
    for scan in scans:
        read_and_judge(scan, "auto")  # loads each layout's fonts, and compiles
    for engine in GOALS:
        read_and_judge(scans[0], engine)  # loads the models
    yield from _engines(scans)
    yield from _with_lines(_drawn(many), max(many // pages, 1))
    yield _sample(sample)


def _drawn(count: int) -> list[Scan]:
    return [Scan.of(f"{number}.png", page.data()) for number, page in enumerate(drawn_pages(count, SEED, None))]


def _engines(scans: Sequence[Scan]) -> Iterator[Figure]:
    first: list[float] = []
    alone: list[float] = []
    ours: dict[str, list[float]] = {engine: [] for engine in GOALS}
    for scan in scans:
        first.append(_milliseconds(partial(first_version.read, scan.data)))
        alone.append(_milliseconds(partial(first_version.read, scan.data, one_thread=True)))
        for engine in GOALS:
            times = TIMES if engine == "auto" else 1
            ours[engine].append(_milliseconds(partial(read_and_judge, scan, engine), times))
    yield Figure.of("first version's reading, CPU a page", first, "ms")
    yield Figure.of("the same with one thread, as ours read", alone, "ms")
    for engine, samples in ours.items():
        ratio = statistics.median(one / other for one, other in zip(first, samples, strict=True))
        yield Figure.of(f"{NAMES[engine]}, CPU a page", samples, "ms", GOALS[engine], ratio)


def _with_lines(scans: Sequence[Scan], every: int) -> Iterator[Figure]:
    """Read scans with a line cache that is empty at first; one in `every` by the first version, too."""
    first, ours, asked = [], [], Counter[bool]()
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        store = LineStore(Path(place) / "lines.sqlite")
        for number, scan in enumerate(scans):
            ours.append(_milliseconds(partial(_read_and_keep, scan, store, asked)))
            if number % every == every // 2:
                first.append(_milliseconds(partial(first_version.read, scan.data)))
    ratio = statistics.mean(first) / statistics.mean(ours)
    yield Figure.of("tesserocr with the line cache, CPU a page", ours, "ms", GOALS["tesserocr"], ratio)
    yield Figure("of which the line cache knew of the lines", 100 * asked[True] / asked.total(), "%", asked.total())


class _Counted:
    """The line cache for one scan, which counts whether it knew what it was asked for."""

    def __init__(self, session: LineSession, asked: Counter[bool]) -> None:
        self._session, self._asked, self.new = session, asked, session.new

    def get(self, key: bytes) -> list[Word] | None:
        words = self._session.get(key)
        self._asked[words is not None] += 1
        return words

    def put(self, key: bytes, words: list[Word]) -> None:
        self._session.put(key, words)


def _read_and_keep(scan: Scan, store: LineStore, asked: Counter[bool]) -> None:
    store.keep(read_and_judge(scan, "tesserocr", _Counted(store.session(), asked)).lines)


def _sample(count: int) -> Figure:
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        draw_samples(Path(place), count=count)
        files = list_scans([Path(place)], SUFFIXES).files
        scans = [load_scan(name, path, Limits().bytes) for name, path in files]
        samples = [_milliseconds(partial(read_and_judge, scan, "auto")) for scan in scans]
    mean = statistics.mean(samples)
    return Figure("a page of the sample batch, CPU on average", mean, "ms", len(samples), samples)


def _milliseconds(work: Callable[[], object], times: int = 1) -> float:
    """Return the CPU time of this process and its children for doing something once, in milliseconds."""
    before = os.times()
    for _ in range(times):
        work()
    after = os.times()
    return 1000 * (sum(after[:4]) - sum(before[:4])) / times
