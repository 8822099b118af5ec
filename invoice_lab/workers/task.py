"""What a worker does: read one scan and judge what was read."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from invoice_lab.ocr.engines import Line, LineCache
from invoice_lab.ocr.page import Page
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.judge import Judgement, judge
from invoice_lab.workers.limits import STANDARD, WorkLimits

OUT_OF_MEMORY = ("Insufficient memory", "bad_alloc", "Unable to allocate")
"""What OpenCV, C++ and NumPy say where memory ends."""


class Store(Protocol):
    """Where the bytes of scans are kept; a value that can be pickled."""

    def get(self, sha256: str, name: str = "") -> Scan:
        """Return a scan by its sha256."""


class LineSession(LineCache, Protocol):
    """The line cache for one scan: it also tells which lines are new."""

    new: list[Line]


class Lines(Protocol):
    """The line cache of a workspace; a value that can be pickled."""

    def session(self) -> LineSession:
        """Return the line cache for one scan; for workers."""

    def elsewhere(self) -> Lines:
        """Return the line cache for workers on other machines."""

    def keep(self, lines: Iterable[Line]) -> None:
        """Write new lines down; for the loader."""


@dataclass(frozen=True)
class Reading:
    """What a worker made of a scan.

    Attributes
    ----------
    judgements : tuple of Judgement
        One a part.
    seconds : float
        Taken by it.
    lines : tuple of (bytes, str)
        What was read of lines that the line cache did not know.
    """

    judgements: tuple[Judgement, ...]
    seconds: float
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Task:
    """A scan to read.

    Attributes
    ----------
    sha256, name : str
    engine : str
    scan : Scan or None
        The scan itself, where its bytes travel to the worker.
    store : Store or None
        Where the worker gets it from, where they don't.
    limits : WorkLimits
    lines : Lines or None
        The line cache.
    """

    sha256: str
    name: str
    engine: str
    scan: Scan | None = None
    store: Store | None = None
    limits: WorkLimits = STANDARD
    lines: Lines | None = None

    def run(self) -> Reading:
        """Read and judge, within the limits; whatever goes wrong becomes a ``failed`` part."""
        with self.limits.alarm():
            try:
                scan = self.scan or (self.store.get(self.sha256, self.name) if self.store else None)
            except Exception as error:
                return Reading((failed(self.sha256, "not-readable", f"The scan store failed: {error}"),), 0.0)
            assert scan is not None, "a task has a scan or a store"
            return read_and_judge(scan, self.engine, self.lines.session() if self.lines else None)


def read_and_judge(scan: Scan, engine: str, lines: LineSession | None = None) -> Reading:
    """Read one scan and judge what was read; whatever goes wrong becomes a ``failed`` part of this scan alone."""
    from invoice_lab.ocr.read import Reader

    start = time.perf_counter()
    try:
        judgements = tuple(judge(page) for page in Reader(engine, lines=lines).read(scan))
    except Exception as error:
        judgements = (_broken(scan.sha256, error),)
    return Reading(judgements, time.perf_counter() - start, tuple(lines.new) if lines else ())


def _broken(sha256: str, error: Exception) -> Judgement:
    if isinstance(error, MemoryError) or any(said in str(error) for said in OUT_OF_MEMORY):
        return failed(sha256, "memory-limit", "Reading took more memory than a scan may.")
    return failed(sha256, "internal-error", f"Reading broke: {type(error).__name__}: {error}.")


def failed(sha256: str, code: str, message: str) -> Judgement:
    """Return the judgement on a scan that we could not read."""
    return judge(Page(sha256, engine="none", engine_version="").with_problem(code, message))
