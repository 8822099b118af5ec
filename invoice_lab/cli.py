"""``invoice-lab``: a thin shell; each command calls one library function with the same parameters."""

from __future__ import annotations

import json
import logging
import os
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TextIO

import click

from invoice_lab import __version__
from invoice_lab.cli_batches import batches, ingest, watch
from invoice_lab.cli_engines import engine_study, engines
from invoice_lab.cli_options import ENGINE, PROGRESS, WORKERS, tell_failures, workspace_option
from invoice_lab.cli_review import review
from invoice_lab.cli_transactions import import_transactions
from invoice_lab.errors import EXIT_FAILED_SCANS, InterruptedRunError, InvoiceLabError, UsageError
from invoice_lab.logs import VARIABLE as LOG_VARIABLE
from invoice_lab.logs import log_to_file
from invoice_lab.settings import DEFAULT_WORKSPACE, Settings

# What is heavy is imported within the commands, so that `invoice-lab --help` answers at once.

PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))


class Commands(click.Group):
    """The group: turns our errors into a message and their exit code."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever the command returns
        """Run the command."""
        try:
            return super().invoke(ctx)
        except InvoiceLabError as error:
            _fail(ctx, error)
        except KeyboardInterrupt:
            _fail(ctx, InterruptedRunError("Stopped."))
        except OSError as error:
            _fail(ctx, UsageError(f"{error.filename or 'The disk'} can't be used: {error.strerror}.", ""))


def _fail(ctx: click.Context, error: InvoiceLabError) -> NoReturn:
    click.echo(f"Error: {error.message}", err=True)
    if error.remedy:
        click.echo(error.remedy, err=True)
    ctx.exit(error.exit_code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="invoice-lab")
@click.option("-v", "--verbose", is_flag=True, help="Tell what happens behind the scenes.")
@click.option("--log", type=click.Path(dir_okay=False), help="Log into a file, as JSON lines [$INVOICE_LAB_LOG].")
def main(verbose: bool, log: str | None) -> None:
    """Read invoice scans, keep them in books, and report on customers and products.

    Exit codes: 0 all went well, 1 some scans failed, 2 wrong usage or nothing found, 130 stopped by the user; others
    are told with the error.
    """
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    logging.root.handlers[0].setLevel(level)  # what the file takes from INFO on need not be said
    if log:
        os.environ[LOG_VARIABLE] = log  # kernels and workers log there, too
    log_to_file()


main.add_command(batches)
main.add_command(engine_study)
main.add_command(engines)
main.add_command(import_transactions)
main.add_command(ingest)
main.add_command(review)
main.add_command(watch)


@main.command()
@PATHS
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File for the readings (JSON lines).",
)
@ENGINE
@WORKERS
@PROGRESS
def read(paths: tuple[Path, ...], output: Path, engine: str, workers: int, progress: bool) -> None:
    """Read scans into a file, one JSON object an invoice; no database.

    Folders are searched recursively; names without a known image suffix are passed over and counted.
    """
    from invoice_lab.ocr.decode import SUFFIXES
    from invoice_lab.reading import read_listing, write_records
    from invoice_lab.sources.folder import list_scans

    listing = list_scans(paths, SUFFIXES)
    counts = write_records(read_listing(listing, engine, workers, progress), output)
    passed = f"{listing.passed_over} files of other kinds passed over"
    click.echo(f"{_counted(counts)}; {passed}. Written to {output}.", err=True)
    if counts["failed"]:
        raise SystemExit(EXIT_FAILED_SCANS)


@main.command()
@PATHS
@click.option("--truth", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The truth (JSON lines).")
@click.option(
    "--json", "json_path", type=click.File("w", encoding="utf-8", lazy=False), help="Write the counts here too."
)
@ENGINE
@WORKERS
@PROGRESS
def evaluate(
    paths: tuple[Path, ...], *, truth: Path, json_path: TextIO | None, engine: str, workers: int, progress: bool
) -> None:
    """Read scans and compare them with the truth, field by field."""
    from invoice_lab.reading import evaluate_paths

    result, unmatched = evaluate_paths(paths, truth, engine, workers, progress)
    text = json.dumps(result.to_record(), indent=2)
    click.echo(text)
    if unmatched:
        click.echo(f"{len(unmatched)} scans have no truth, such as {unmatched[0]}.", err=True)
    if json_path:
        json_path.write(text + "\n")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--count", default=300, show_default=True, help="Scans to draw.")
@click.option("--seed", default=2026, show_default=True, help="The same seed draws the same bytes.")
def sample(folder: Path, count: int, seed: int) -> None:
    """Draw look-alike invoices with known truth into FOLDER."""
    from invoice_lab.samples import draw_samples

    truth = draw_samples(folder, count=count, seed=seed)
    click.echo(f"{count} scans drawn in {folder}; the truth is {truth}.")


@main.command()
@workspace_option(DEFAULT_WORKSPACE)
def refresh(workspace: str) -> None:
    """Write a new DuckDB cache from the books."""
    from invoice_lab.warehouse.refresh import refresh as run

    meta = run(workspace, Settings.from_environment())
    click.echo(f"{meta.counts['invoices']} invoices as of {meta.as_of}, fingerprint {meta.fingerprint}.")


@main.command()
@click.option("--scans", type=click.Path(path_type=Path), help="Folder of scans to ingest first.")
@workspace_option(None)
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Reference date [default: the day after the last invoice]."
)
@ENGINE
@WORKERS
@click.option("--anew", is_flag=True, help="Make also those again that nothing has changed for.")
@click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="REPORT.NAME=VALUE",
    help="A parameter of a report's notebook, such as segments.language=fr.",
)
def report(
    scans: Path | None,
    workspace: str | None,
    as_of: datetime | None,
    *,
    engine: str,
    workers: int,
    anew: bool,
    parameters: tuple[str, ...],
) -> None:
    """Make the HTML reports; without --scans of the made-up sample batch.

    With DATABASE_URL set, or a workspace named, and no --scans, the reports are of what is in the books.
    """
    from invoice_lab.pipeline import report as run

    settings = Settings.from_environment()
    day = as_of.date() if as_of else None
    result = run(
        settings,
        scans=scans,
        workspace=workspace,
        as_of=day,
        parameters=parameters,
        engine=engine,
        workers=workers,
        anew=anew,
        say=click.echo,
    )
    if result.summary:
        click.echo(str(result.summary))
    click.echo(f"{'Reports':15} {settings.reports_dir / 'index.html'}")
    click.echo(f"{'All in all':15} {result.seconds:.1f} seconds")
    tell_failures(result.summary.failures if result.summary else [])


@main.command()
@workspace_option(None)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on: loopback only.")
@click.option("--port", default=8866, show_default=True, help="Port to listen on.")
def dashboards(workspace: str | None, host: str, port: int) -> None:
    """Serve the read-only dashboards of a workspace on this machine.

    Without --workspace: of `default` once there is something in it, else of `sample`.
    """
    from invoice_lab.dashboards.server import serve

    settings = Settings.from_environment()
    name = workspace or settings.usual_workspace()
    click.echo(f"Starting the dashboards of the workspace {name!r}; Ctrl-C stops them.")
    serve(settings, name, host, port, announce=click.echo)


@main.command()
@click.option("--port", default=8888, show_default=True, help="Port to listen on.")
@click.option("--browser/--no-browser", default=True, help="Open a browser.")
def lab(port: int, browser: bool) -> None:
    """Open JupyterLab with the notebooks, the package and the database ready."""
    from invoice_lab.lab import run_lab

    run_lab(Settings.from_environment(), port, open_browser=browser, announce=click.echo)


@main.command()
@workspace_option(None)
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Folder [default: the workspace's].")
def export(workspace: str | None, output: Path | None) -> None:
    """Write the accountants' files: accepted invoices and lines by month, as CSV and Parquet.

    Without --workspace: of `default` once there is something in it, else of `sample`.
    """
    from invoice_lab.reporting.exports import write_exports

    settings = Settings.from_environment()
    for path in write_exports(workspace or settings.usual_workspace(), settings, output):
        click.echo(path)


@main.command()
def doctor() -> None:
    """Tell what is there, what is missing, and how to get it."""
    from invoice_lab.doctor import diagnose

    checks = diagnose(Settings.from_environment())
    for check in checks:
        click.echo(str(check))
    if not all(check.ok for check in checks):
        raise SystemExit(1)


def _counted(counts: dict[str, int]) -> str:
    return " / ".join(f"{number} {status}" for status, number in counts.items())
