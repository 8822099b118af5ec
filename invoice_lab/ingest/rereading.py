"""Read scans of the books again, from the scan store, after an engine or a layout has changed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import uuid4

from psycopg2.extensions import connection as Connection

from invoice_lab import __version__
from invoice_lab.errors import InterruptedRunError
from invoice_lab.ingest.batch import books_for, follow, started_pool
from invoice_lab.ingest.run import Run
from invoice_lab.ingest.stop import StopRequest
from invoice_lab.ingest.summary import IngestSummary
from invoice_lab.logs import log_to_file
from invoice_lab.ocr.engines import load_engine
from invoice_lab.ocr.layouts import layout_digest, load_layouts
from invoice_lab.ocr.read import DRAWING, DRAWING_VERSION
from invoice_lab.progress import Progress
from invoice_lab.settings import Settings
from invoice_lab.warehouse.arrival import Arrival, Batch
from invoice_lab.warehouse.load import holds_made_up
from invoice_lab.warehouse.reread import Readers, affected_scans, load_rereads
from invoice_lab.warehouse.scan_store import ScanStore
from invoice_lab.workers import Task, WorkerPool, Workforce

SOURCE = "scan store"
"""What the batch of a re-reading says it read."""


def reread(
    *,
    workspace: str,
    engine: str = "auto",
    workers: int | Workforce = 0,
    every: bool = False,
    progress: bool = True,
    settings: Settings | None = None,
) -> IngestSummary:
    """Read again what an engine or a layout that changed since has read, and judge it anew.

    The earlier reading stays in the books until the new one is committed in its place, a whole scan at a time; where
    we break (``failed``), it stays for good. Scans on which a person decided are left as they are. After an
    interruption the same call goes on with what is left, but for `every`, which begins anew.

    Parameters
    ----------
    workspace : str
    engine : str
        What reads: parts that another engine read, or another version, are affected.
    workers : int or Workforce
        Processes that read; 0 means one a core.
    every : bool
        Read all scans again, whatever read them.
    progress : bool
        Whether to show a progress bar.
    settings : Settings, optional
        From the environment by default.

    Returns
    -------
    IngestSummary
        Its outcome ``reread`` counts the scans.

    Raises
    ------
    UsageError
        There is no such workspace.
    InterruptedRunError
        When the user stopped it; what was committed stays.
    """
    log_to_file()
    settings = settings or Settings.from_environment()
    summary = IngestSummary(workspace, SOURCE, engine)
    start = time.perf_counter()
    with Progress(progress) as shown, books_for(workspace, settings, there=True) as connection:
        readers = readers_of(engine)
        scans = affected_scans(connection, None if every else readers)
        connection.rollback()
        if scans:
            again = _Again(scans, ScanStore(settings.scan_store_dir(workspace)))
            lines = settings.line_cache_file(workspace)
            _run(again, readers, connection, summary, workers=workers, shown=shown, lines=lines)
    summary.seconds = time.perf_counter() - start
    return summary


def _run(
    again: _Again,
    readers: Readers,
    connection: Connection,
    summary: IngestSummary,
    *,
    workers: int | Workforce,
    shown: Progress,
    lines: Path,
) -> None:
    version = f"{__version__} {', '.join(f'{name} {of}' for name, of in readers.versions.items())}"
    batch = Batch(uuid4(), SOURCE, readers.asked, version, holds_made_up(connection))
    connection.rollback()
    with StopRequest() as stop, started_pool(readers.asked, workers, lines) as pool:
        run = Run(connection, batch, load_rereads, stop.wanted)
        follow(run.through(again.of(pool), pool), summary, shown, lambda: len(again.scans))
        if summary.scans < len(again.scans):
            said = f"Stopped after {summary.scans} of {len(again.scans)} scans; these are in the books."
            raise InterruptedRunError(said)
        run.finish()


def readers_of(engine: str) -> Readers:
    """Return what reads now: the engines with their versions, and the layouts with their digests."""
    chosen = load_engine(engine)
    versions = {chosen.name: chosen.version} | ({DRAWING: DRAWING_VERSION} if engine == "auto" else {})
    return Readers(engine, versions, {name: layout_digest(name) for name in load_layouts()}, layout_digest(None))


class _Again:
    """Scans of the store as tasks of a pool."""

    def __init__(self, scans: list[tuple[str, str]], store: ScanStore, pool: WorkerPool | None = None) -> None:
        self.scans, self._store, self._pool = scans, store, pool

    def of(self, pool: WorkerPool) -> _Again:
        """Return the same scans as tasks of a pool."""
        return _Again(self.scans, self._store, pool)

    def __iter__(self) -> Iterator[tuple[Arrival, Task | None]]:
        assert self._pool is not None
        for number, (sha256, name) in enumerate(self.scans, start=1):
            yield Arrival(number, name, sha256), self._pool.task(sha256, name, self._store)

    def committed(self, arrivals: Iterable[Arrival]) -> None:
        """Nothing has to be forgotten."""
