"""The main job: scans to books, books to cache, cache to reports."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from invoice_lab.errors import NotebookError
from invoice_lab.progress import Follower
from invoice_lab.reporting import words
from invoice_lab.reporting.files import RECOMMENDATIONS_PARQUET, SEGMENTS_PARQUET
from invoice_lab.reporting.parameters import by_report
from invoice_lab.reporting.processes import prepare_processes
from invoice_lab.reporting.record import recorded
from invoice_lab.reporting.reports import REPORTS, check_writable, write_reports
from invoice_lab.reporting.runner import run_notebook
from invoice_lab.settings import DEFAULT_WORKSPACE, SAMPLE_WORKSPACE, Settings, workspace_name
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.migrate import drop_workspace
from invoice_lab.warehouse.refresh import refresh
from invoice_lab.warehouse.report_tables import RECOMMENDATIONS, SEGMENTS, ReportTable, store_report

if TYPE_CHECKING:
    from invoice_lab.ingest import IngestSummary

Say = Callable[[str], None]


@dataclass(frozen=True)
class PipelineResult:
    """What `report` did.

    Attributes
    ----------
    workspace : str
    summary : IngestSummary or None
        Of the batch; None where nothing was ingested.
    reports : list of Path
    seconds : float
    """

    workspace: str
    summary: IngestSummary | None
    reports: list[Path]
    seconds: float


def report(
    settings: Settings,
    *,
    scans: Path | None = None,
    workspace: str | None = None,
    as_of: date | None = None,
    parameters: Sequence[str] = (),
    engine: str = "auto",
    workers: int = 0,
    anew: bool = False,
    say: Say = lambda line: None,
) -> PipelineResult:
    """Make the reports of a workspace, ingesting scans first.

    Parameters
    ----------
    settings : Settings
    scans : Path, optional
        What to ingest. Without it the made-up sample batch is drawn and ingested, unless a workspace is named or
        ``DATABASE_URL`` is set: then the reports are of what is in the books.
    workspace : str, optional
        ``default`` for scans and for a database of one's own, ``sample`` for the sample batch.
    as_of : date, optional
        The reports' reference date; the day after the last invoice by default.
    parameters : sequence of str
        As for `invoice_lab.reporting.reports.write_reports`.
    engine, workers
        As for `invoice_lab.ingest.ingest`.
    anew : bool
        As for `invoice_lab.reporting.reports.write_reports`.
    say : callable
        Gets a line for the user at each step.
    """
    start = time.perf_counter()
    drawn = scans is None and settings.database_url is None and workspace in (None, SAMPLE_WORKSPACE)
    name = workspace_name(workspace or (SAMPLE_WORKSPACE if drawn else DEFAULT_WORKSPACE))
    if scans is not None:
        from invoice_lab.ingest import open_scans  # slow, and many reports are of what is in the books

        open_scans(scans, name)  # tells at once where there is nothing to read
    check_writable(settings)
    by_report(parameters, REPORTS)
    prepare_processes()
    if drawn or scans is not None:
        settings.make_workspace_dir(name)
    source = _draw(settings, say) if drawn else scans
    summary = None
    if source is not None:
        say(f"Reading the scans in {source} into the workspace {name!r} ...")
        summary = _extract(settings, source, name, engine, workers)
    else:
        say(f"Nothing to ingest; refreshing the cache of the workspace {name!r} ...")
        refresh(name, settings)
    say("Writing the reports ...")

    store = partial(_store, name, settings, say)
    reports = write_reports(name, settings, as_of=as_of, parameters=parameters, anew=anew, say=say, finished=store)
    return PipelineResult(name, summary, reports, time.perf_counter() - start)


_STORED = {
    "segments": (SEGMENTS_PARQUET, SEGMENTS),
    "recommendations": (RECOMMENDATIONS_PARQUET, RECOMMENDATIONS),
}
"""File and table by report."""


def _store(workspace: str, settings: Settings, say: Say, pages: Path) -> None:
    """Write what the reports say of each customer into the database, for other tools."""
    for report, (file, table) in _STORED.items():
        _store_one(workspace, settings, say, pages / file, report=report, table=table)


def _store_one(workspace: str, settings: Settings, say: Say, file: Path, *, report: str, table: ReportTable) -> None:
    if not file.is_file():
        raise NotebookError(
            f"The reports are written, but not the table {table.name}: the notebook {report!r} made no {file.name}.",
            "Put its cell `page.exports()` back.",
        )
    rows = store_report(workspace, settings, file.read_bytes(), table)
    if rows is not None:
        say(f"The table {table.name} has {words.count(rows, 'row')} of this report.")


def _draw(settings: Settings, say: Say) -> Path:
    """Draw the sample batch; where another batch than before was drawn, the sample workspace begins anew."""
    from invoice_lab.samples import draw_samples

    say("Drawing the sample batch of made-up invoices ...")
    drawn = hashlib.sha256(draw_samples(settings.samples_dir).read_bytes()).hexdigest()
    mark = settings.workspace_dir(SAMPLE_WORKSPACE) / "drawn.sha256"
    if not mark.is_file() or mark.read_text() != drawn:
        with database(settings) as books:
            drop_workspace(books, SAMPLE_WORKSPACE)
        shutil.rmtree(settings.workspace_dir(SAMPLE_WORKSPACE))
        settings.make_workspace_dir(SAMPLE_WORKSPACE)
        mark.write_text(drawn)
    return settings.samples_dir


def _extract(settings: Settings, source: Path, workspace: str, engine: str, workers: int) -> IngestSummary:
    """Run the `extract` notebook; the executed notebook is kept with the workspace's data."""
    from invoice_lab.ingest import IngestSummary

    parameters = {"source": str(source.resolve()), "workspace": workspace, "engine": engine, "workers": workers}
    kept = settings.workspace_dir(workspace) / "extract.ipynb"
    # The database is held here too, so that an embedded server is not stopped while the kernel ends.
    with database(settings), tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "extract.ipynb"
        with Follower(Path(folder) / "progress.jsonl").running():
            run_notebook("extract", parameters, output, settings=settings, credentials=True, kept=kept)
        return IngestSummary.from_record(recorded(output)["summary"])
