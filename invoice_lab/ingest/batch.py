"""Ingest: the scans of a source into a workspace's books."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import psycopg2
from psycopg2.extensions import connection as Connection

from invoice_lab import __version__
from invoice_lab.errors import DatabaseError, InterruptedRunError, SourceError, UsageError
from invoice_lab.ingest.arrivals import Arrivals
from invoice_lab.ingest.run import Run
from invoice_lab.ingest.stop import StopRequest
from invoice_lab.ingest.summary import IngestSummary
from invoice_lab.logs import log_to_file
from invoice_lab.ocr.decode import SUFFIXES, Limits
from invoice_lab.ocr.engines import load_engine
from invoice_lab.progress import Progress
from invoice_lab.settings import SAMPLE_WORKSPACE, Settings
from invoice_lab.sources.folder import FolderSource
from invoice_lab.sources.opened import open_source
from invoice_lab.sources.source import Source
from invoice_lab.warehouse.arrival import Arrival, Batch, Loaded
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.line_store import LineStore
from invoice_lab.warehouse.load import load, set_versions, set_watermark
from invoice_lab.warehouse.migrate import migrate, require_workspace
from invoice_lab.warehouse.scan_store import ScanStore
from invoice_lab.workers import WorkerPool, Workforce

DRAWN = ".drawn.json"
"""The list that `invoice_lab.samples` leaves with the scans it draws."""


def ingest(
    source: str | Path | Source,
    *,
    workspace: str,
    engine: str = "auto",
    workers: int | Workforce = 0,
    progress: bool = True,
    settings: Settings | None = None,
) -> IngestSummary:
    """Read the scans of a source into a workspace's books.

    What is in the books already is not read again. Scans are committed in the source's order, several whole scans at a
    time; after an interruption the same call goes on where it stopped.

    Parameters
    ----------
    source : str, Path or Source
        A folder, searched recursively, a file, an archive, or a URL as `open_source` takes it.
    workspace : str
        The set of books; made where it does not exist.
    engine : str
        ``auto``, or one that `engine_names` gives.
    workers : int or Workforce
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
    SourceError
        The source can't be listed to its end; what came before is in the books.
    UsageError
        For an unknown engine, or real scans meant for the workspace of made-up ones.
    InterruptedRunError
        When the user stopped it; what was committed stays.
    """
    log_to_file()
    settings = settings or Settings.from_environment()
    scans, made_up = open_scans(source, workspace)
    batch = Batch(uuid4(), scans.name, engine, _version_of(engine), made_up)
    settings.make_workspace_dir(workspace)
    summary = IngestSummary(workspace, scans.name, engine)
    start = time.perf_counter()
    _run(scans, batch, summary, workers=workers, settings=settings, progress=progress)
    summary.seconds = time.perf_counter() - start
    return summary


def _run(
    scans: Source, batch: Batch, summary: IngestSummary, *, workers: int | Workforce, settings: Settings, progress: bool
) -> None:
    """Ingest, and count in `summary` what becomes of the scans."""
    store = ScanStore(settings.scan_store_dir(summary.workspace))
    store.sweep()
    lines = settings.line_cache_file(summary.workspace)
    with (
        Progress(progress) as shown, StopRequest() as stop,
        books_for(summary.workspace, settings) as connection, started_pool(batch.engine, workers, lines) as pool,
    ):  # fmt: skip
        arrivals = Arrivals(scans, store, connection, pool=pool, wanted=stop.wanted)
        run = Run(connection, batch, load_arrivals, stop.wanted)
        follow(run.through(arrivals, pool), summary, shown, lambda: arrivals.listed)
        summary.passed_over = scans.passed_over
        _end(run, arrivals, stop, summary)


def load_arrivals(connection: Connection, batch: Batch, arrivals: Sequence[Arrival]) -> list[Loaded]:
    """Write arrivals, their versions, and the watermark reached with them, within the connection's transaction."""
    loaded = load(connection, batch.batch, arrivals)
    set_versions(connection, batch.source, arrivals)
    reached = next((arrival.mark for arrival in reversed(arrivals) if arrival.mark), None)
    if reached:
        set_watermark(connection, batch.source, reached)
    return loaded


def _end(run: Run, arrivals: Arrivals, stop: StopRequest, summary: IngestSummary) -> None:
    if arrivals.broken:
        said = f"{arrivals.broken.message} The {summary.scans} scans before that are in the books."
        raise SourceError(said, arrivals.broken.remedy) from arrivals.broken
    complete = arrivals.listed_all and summary.scans == arrivals.listed
    if stop.requested and not complete:
        raise InterruptedRunError(f"Stopped after {summary.scans} scans; these are in the books.")
    run.finish()


def follow(loaded: Iterator[Loaded], summary: IngestSummary, shown: Progress, listed: Callable[[], int]) -> None:
    """Count what was committed, and show it beside how much is known to come."""
    for one in loaded:
        shown.expect(listed())
        summary.add(one)
        shown.update(summary.word_for(one))


@contextlib.contextmanager
def books_for(workspace: str, settings: Settings, *, there: bool = False) -> Iterator[Connection]:
    """Give the block a loader's connection to a workspace's books, which are brought to this version.

    Parameters
    ----------
    workspace : str
    settings : Settings
    there : bool
        Whether the workspace must be there already; it is made otherwise.

    Raises
    ------
    UsageError
        There is no such workspace.
    DatabaseError
        Whatever PostgreSQL refuses within the block.
    """
    try:
        with database(settings) as books:
            if there:
                require_workspace(books, workspace)
            migrate(books, workspace)
            with books.connect("loader", workspace) as connection:
                yield connection
    except psycopg2.Error as error:
        raise DatabaseError(f"The books refused a batch: {str(error).strip()}.") from error


def started_pool(engine: str, workers: int | Workforce, lines: Path) -> WorkerPool:
    """Start the workers; `lines` is the file of the line cache."""
    return WorkerPool(engine, workers if isinstance(workers, Workforce) else Workforce(workers), LineStore(lines))


def _version_of(engine: str) -> str:
    chosen = load_engine(engine)
    return f"{__version__} {chosen.name} {chosen.version}"


def open_scans(source: str | Path | Source, workspace: str) -> tuple[Source, bool]:
    """Open a source and tell whether its scans are made up; raises as `ingest` does."""
    scans = open_source(str(source), SUFFIXES, Limits().bytes) if isinstance(source, str | Path) else source
    made_up = isinstance(scans, FolderSource) and _is_made_up(Path(scans.name))
    if workspace == SAMPLE_WORKSPACE and not made_up:
        remedy = "Name another with --workspace (WORKSPACE=)."
        raise UsageError(f"The workspace {SAMPLE_WORKSPACE!r} is for made-up invoices alone.", remedy)
    return scans, made_up


def _is_made_up(source: Path) -> bool:
    """Tell whether scans were drawn by `invoice_lab.samples`: its list lies with, above or below them."""
    real = source.resolve()
    with_or_above = any((folder / DRAWN).is_file() for folder in (real, *real.parents))
    return with_or_above or (real.is_dir() and next(real.rglob(DRAWN), None) is not None)
