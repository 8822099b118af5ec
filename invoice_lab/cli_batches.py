"""``invoice-lab ingest``, ``watch`` and ``batches``: scans into the books, and how that went."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from invoice_lab.cli_options import ENGINE, PROGRESS, WORKERS, tell_failures, workspace_option
from invoice_lab.errors import UsageError
from invoice_lab.settings import DEFAULT_WORKSPACE, Settings

if TYPE_CHECKING:
    from invoice_lab.ingest import IngestSummary
    from invoice_lab.warehouse.batches import BatchRecord
    from invoice_lab.workers import Workforce

_COLUMNS = "{:17} {:>8} {:>7} {:>7} {:>6} {:>9} {:>7} {:>8} {:>7} {:>9} {:>9}  {:12} {}"
_HEADING = (
    "started (UTC)", "scans", "new", "known", "dupl.", "accepted", "review", "rejected", "failed", "seconds", "scans/s",
    "engine", "source",
)  # fmt: skip


def workforce_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say who reads; the command gets a `Workforce`."""

    @click.option("--executor", default="process", show_default=True, help="Who reads: process, thread or dask.")
    @click.option("--scheduler", help="With --executor dask: the scheduler's address, such as tcp://10.0.0.5:8786.")
    @WORKERS
    @functools.wraps(command)
    def wrapped(*args: object, executor: str, scheduler: str | None, workers: int, **options: object) -> None:
        from invoice_lab.workers import Workforce

        command(*args, workforce=Workforce(workers, executor, scheduler), **options)

    return wrapped


@click.command()
@click.argument("source", required=False)
@workspace_option(DEFAULT_WORKSPACE)
@click.option(
    "--reread", "reread_what", type=click.Choice(["changed", "all"]), is_flag=False, flag_value="changed",
    help="Instead of SOURCE: read scans of the books again, those that an engine or layout which changed has read, or"
    " all.",
)  # fmt: skip
@ENGINE
@workforce_options
@PROGRESS
def ingest(
    source: str | None, *, workspace: str, reread_what: str | None, engine: str, workforce: Workforce, progress: bool
) -> None:
    """Read the scans of SOURCE into the books, and refresh the cache.

    SOURCE is a folder, a file, a zip or tar archive, the invoice API (api+https://...), a blob container
    (blob+https://...), or any URL that fsspec knows (s3://, abfs://, gs://, sftp://). What is in the books already is
    not read again; after an interruption the same command goes on.
    """
    from invoice_lab.ingest import ingest as run
    from invoice_lab.ingest import reread
    from invoice_lab.warehouse.connection import database
    from invoice_lab.warehouse.refresh import refresh

    if (source is None) == (reread_what is None):
        raise UsageError("Name a source, or say --reread.", "See `invoice-lab ingest --help`.")
    settings = Settings.from_environment()
    options: dict[str, Any] = {"workspace": workspace, "engine": engine, "workers": workforce, "progress": progress}
    with database(settings):  # held, so that an embedded server is not stopped and started between the two
        if source is None:
            summary = reread(every=reread_what == "all", settings=settings, **options)
        else:
            summary = run(source, settings=settings, **options)
        refresh(workspace, settings)
    click.echo(str(summary))
    tell_failures(summary.failures)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@workspace_option(DEFAULT_WORKSPACE)
@ENGINE
@workforce_options
def watch(folder: Path, workspace: str, engine: str, workforce: Workforce) -> None:
    """Ingest what comes new into FOLDER, until Ctrl-C."""
    from invoice_lab.ingest import watch as run

    click.echo(f"Watching {folder} for the workspace {workspace!r}; Ctrl-C stops.")
    run(folder, workspace=workspace, engine=engine, workforce=workforce, say=_tell)


def _tell(summary: IngestSummary) -> None:
    click.echo(str(summary))
    for failure in summary.failures:
        click.echo(f"failed: {failure}", err=True)


@click.command()
@workspace_option(None)
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True, help="How many of the latest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def batches(workspace: str | None, last: int, as_json: bool) -> None:
    """List the batches of a workspace: counts, seconds, engine, throughput.

    Without --workspace: of `default` once there is something in it, else of `sample`.
    """
    from invoice_lab.warehouse.batches import list_batches
    from invoice_lab.warehouse.connection import database
    from invoice_lab.warehouse.migrate import migrate, require_workspace

    settings = Settings.from_environment()
    name = workspace or settings.usual_workspace()
    with database(settings) as books:
        require_workspace(books, name)
        migrate(books, name)
        with books.connect("reader", name) as connection:
            found = list_batches(connection, last)
    if as_json:
        for batch in found:
            more = {"seconds": batch.seconds, "throughput": batch.throughput}
            click.echo(json.dumps(asdict(batch) | more, default=str))
        return
    click.echo(_COLUMNS.format(*_HEADING))
    for batch in found:
        click.echo(_row(batch))
    if not found:
        click.echo(f"There was no batch in the workspace {name!r} yet: `invoice-lab ingest <folder>` starts one.")


def _row(batch: BatchRecord) -> str:
    outcomes, statuses = batch.outcomes, batch.statuses
    new = outcomes.get("new", 0) + outcomes.get("reread", 0) - batch.missed
    failed = statuses.get("failed", 0) + batch.missed
    speed = f"{batch.throughput:.1f}" if batch.throughput else "-"
    return _COLUMNS.format(
        f"{batch.started_at:%Y-%m-%d %H:%M}", batch.scans, new, outcomes.get("known", 0),
        outcomes.get("duplicate", 0), statuses.get("accepted", 0), statuses.get("review", 0),
        statuses.get("rejected", 0), failed, f"{batch.seconds:.1f}", speed, batch.engine,
        batch.source + ("" if batch.finished else " (not finished)"),
    )  # fmt: skip
