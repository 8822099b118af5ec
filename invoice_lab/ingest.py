"""The batch run: scans from a source through reading and validation into the books."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import uuid4

import psycopg2
from psycopg2.extensions import connection as Connection

from invoice_lab import __version__
from invoice_lab.errors import DatabaseError, InterruptedRunError, ScanError, UsageError
from invoice_lab.ocr.decode import SUFFIXES, Limits
from invoice_lab.ocr.engines import load_engine
from invoice_lab.progress import Progress
from invoice_lab.settings import SAMPLE_WORKSPACE, Settings
from invoice_lab.sources.folder import Listing, list_scans, load_scan
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.finding import STATUSES
from invoice_lab.warehouse.arrival import Arrival, Batch, Loaded
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.load import finish_batch, known_scans, load, start_batch
from invoice_lab.warehouse.migrate import migrate
from invoice_lab.warehouse.scan_store import ScanStore
from invoice_lab.workers import Reading, WorkerPool

DRAWN = ".drawn.json"
"""The list that `invoice_lab.samples` leaves with the scans it draws."""
SCANS_A_COMMIT = 25
SECONDS_A_COMMIT = 1.0


@dataclass
class IngestSummary:
    """What a batch came to.

    Attributes
    ----------
    workspace, source, engine : str
    scans : int
        Scans that arrived.
    passed_over : int
        Files without a known image suffix.
    statuses : Counter
        Parts read in this batch, by status.
    outcomes : Counter
        Arrivals by outcome: new, known, duplicate.
    seconds : float
    failures : list of str
        One sentence a scan that failed.
    """

    workspace: str
    source: str
    engine: str
    scans: int = 0
    passed_over: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    def add(self, loaded: Loaded) -> None:
        """Count one arrival."""
        self.scans += 1
        self.outcomes[loaded.outcome] += 1
        if loaded.arrival.problem:
            self.statuses["failed"] += 1
            self.failures.append(f"{loaded.arrival.name}: {loaded.arrival.problem}")
        for part in loaded.parts:
            self.statuses[part.judgement.status] += 1
            if part.judgement.status == "failed":
                self.failures.append(f"{loaded.arrival.name}: {part.judgement.findings[0].message}")

    def to_record(self) -> dict[str, Any]:
        """Return the summary as JSON-ready values."""
        return {**vars(self), "statuses": dict(self.statuses), "outcomes": dict(self.outcomes)}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> IngestSummary:
        """Make a summary of what `to_record` gave."""
        counters = {name: Counter(record[name]) for name in ("statuses", "outcomes")}
        return cls(**{**record, **counters})

    def rows(self) -> list[tuple[str, str]]:
        """Return the summary as label and value."""
        statuses = " / ".join(f"{self.statuses[status]} {status}" for status in STATUSES)
        known = f"{self.outcomes['known']} known / {self.outcomes['duplicate']} duplicate"
        rate = f", {self.scans / self.seconds:.1f} scans a second" if self.seconds else ""
        return [
            ("Scans", f"{self.scans} from {self.source} ({self.passed_over} files of other kinds passed over)"),
            ("Read", statuses),
            ("Arrived before", known),
            ("Time", f"{self.seconds:.1f} seconds{rate}, engine {self.engine}"),
        ]

    def __str__(self) -> str:
        return "\n".join(f"{label:15} {value}" for label, value in self.rows())

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{escape(label)}</th><td>{escape(value)}</td></tr>" for label, value in self.rows())
        return f"<table>{rows}</table>"


def ingest(
    source: str | Path,
    *,
    workspace: str,
    engine: str = "auto",
    workers: int = 0,
    progress: bool = True,
    settings: Settings | None = None,
) -> IngestSummary:
    """Read the scans below a folder into a workspace's books.

    What is in the books already is not read again. Scans are committed in the order of their names, several whole
    scans at a time; after an interruption the same call goes on where it stopped.

    Parameters
    ----------
    source : str or Path
        A folder, searched recursively, or one file.
    workspace : str
        The set of books; made where it does not exist.
    engine : str
        ``auto``, ``tesserocr`` or ``pytesseract``.
    workers : int
        Processes that read; 0 means one a core.
    progress : bool
        Whether to show a progress bar.
    settings : Settings, optional
        From the environment by default.

    Returns
    -------
    IngestSummary

    Raises
    ------
    NothingFoundError
        Where there is no scan.
    UsageError
        For an unknown engine, or real scans meant for the workspace of made-up ones.
    InterruptedRunError
        When the user stopped it; what was committed stays.
    """
    settings = settings or Settings.from_environment()
    listing, made_up = find_scans(Path(source), workspace)
    chosen = load_engine(engine)
    settings.make_workspace_dir(workspace)
    summary = IngestSummary(workspace, str(source), engine, passed_over=listing.passed_over)
    start = time.perf_counter()
    with Progress(len(listing), progress) as shown, StopRequest() as stop:
        version = f"{__version__} {chosen.name} {chosen.version}"
        batch = Batch(uuid4(), summary.source, summary.engine, version, made_up)
        for loaded in _load_all(listing, workspace, batch, workers=workers, settings=settings, stop=stop):
            summary.add(loaded)
            shown.update(_what(loaded))
    summary.seconds = time.perf_counter() - start
    if stop.requested and summary.scans < len(listing):
        raise InterruptedRunError(f"Stopped after {summary.scans} of {len(listing)} scans; these are in the books.")
    return summary


def _load_all(
    listing: Listing, workspace: str, batch: Batch, *, workers: int, settings: Settings, stop: StopRequest
) -> Iterator[Loaded]:
    store = ScanStore(settings.scan_store_dir(workspace))
    try:
        with database(settings) as books:
            migrate(books, workspace)
            with books.connect("loader", workspace) as connection, WorkerPool(batch.engine, workers) as pool:
                yield from _Run(connection, batch, listing, store, stop).through(pool)
    except psycopg2.Error as error:
        raise DatabaseError(f"The books refused a batch: {str(error).strip()}.") from error


def find_scans(source: Path, workspace: str) -> tuple[Listing, bool]:
    """List a source's scans and tell whether they are made up; raises as `ingest` does."""
    listing = list_scans([source], SUFFIXES)
    made_up = _is_made_up(source)
    if workspace == SAMPLE_WORKSPACE and not made_up:
        remedy = "Name another with --workspace (WORKSPACE=)."
        raise UsageError(f"The workspace {SAMPLE_WORKSPACE!r} is for made-up invoices alone.", remedy)
    return listing, made_up


def _is_made_up(source: Path) -> bool:
    """Tell whether scans were drawn by `invoice_lab.samples`: its list lies with, above or below them."""
    real = source.resolve()
    with_or_above = any((folder / DRAWN).is_file() for folder in (real, *real.parents))
    return with_or_above or (real.is_dir() and next(real.rglob(DRAWN), None) is not None)


def _what(loaded: Loaded) -> str:
    """Return the word a progress bar counts a scan under."""
    if loaded.arrival.problem:
        return "failed"
    return loaded.parts[0].judgement.status if loaded.parts else loaded.outcome


class StopRequest:
    """Turns Ctrl-C (SIGINT) and SIGTERM into a request to finish the scans in hand; a second one ends at once."""

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():  # only there can handlers be set
            self._before = {kind: signal.signal(kind, self._request) for kind in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *exc: object) -> None:
        for kind, handler in self._before.items():
            signal.signal(kind, handler)

    def _request(self, kind: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


class _Run:
    """One run over a listing."""

    def __init__(
        self, connection: Connection, batch: Batch, listing: Listing, store: ScanStore, stop: StopRequest
    ) -> None:
        self._connection = connection
        self._batch = batch
        self._listing = listing
        self._store = store
        self._stop = stop

    def through(self, pool: WorkerPool) -> Iterator[Loaded]:
        """Read, judge and commit; yield what became of each arrival once it is committed."""
        start_batch(self._connection, self._batch)
        self._connection.commit()
        waiting: list[Arrival] = []
        committed = time.monotonic()
        for arrival, reading in pool.read(self._opened()):
            waiting.append(_with_reading(arrival, reading))
            if len(waiting) >= SCANS_A_COMMIT or time.monotonic() - committed > SECONDS_A_COMMIT:
                yield from self._commit(waiting)
                committed = time.monotonic()
        yield from self._commit(waiting)
        finish_batch(self._connection, self._batch)

    def _opened(self) -> Iterator[tuple[Arrival, Scan | None]]:
        """Open the files in their order; hand out the scans that are not known, their bytes safe in the store."""
        for no, (name, path) in enumerate(self._listing.files, start=1):
            if self._stop.requested:
                return
            try:
                scan = load_scan(name, path, Limits().bytes)
            except ScanError as error:
                yield Arrival(no, name, None, problem=error.message), None
                continue
            arrival = Arrival(no, name, scan.sha256, len(scan.data))
            if known_scans(self._connection, [scan.sha256]):
                yield arrival, None
            else:
                self._store.put(scan)
                yield arrival, scan

    def _commit(self, waiting: list[Arrival]) -> list[Loaded]:
        loaded = load(self._connection, self._batch.batch, waiting)
        self._connection.commit()
        waiting.clear()
        return loaded


def _with_reading(arrival: Arrival, reading: Reading | None) -> Arrival:
    return replace(arrival, judgements=reading.judgements, seconds=reading.seconds) if reading else arrival
