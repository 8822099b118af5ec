"""``invoice-lab review``: decisions of a person, each command one call of `invoice_lab.review.Reviews`."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from invoice_lab.cli_options import workspace_option
from invoice_lab.settings import DEFAULT_WORKSPACE, Settings

if TYPE_CHECKING:
    from invoice_lab.review import Reviews
    from invoice_lab.warehouse.parts import Part

WORKSPACE = workspace_option(DEFAULT_WORKSPACE)
SCAN = click.argument("scan")
REASON = click.option("--reason", required=True, help="Why; it is kept in the audit log.")
REVIEWER = click.option("--reviewer", help="Who decides [default: the system user].")
REVISE = click.option("--revise", is_flag=True, help="Revise an earlier decision.")
DESPITE = click.option("--despite", multiple=True, metavar="CODE", help="Overrule this finding; may be repeated.")
SHARE = click.option(
    "--share", type=click.FloatRange(0, 1), default=0.01, show_default=True, help="Share of the audit sample."
)


@click.group()
def review() -> None:
    """Look at doubtful invoices and decide on them.

    SCAN is the beginning of a scan's sha256, a name of the scan, or the printed id; :1 behind it means the second
    invoice in the scan.
    """


@review.command("list")
@WORKSPACE
@click.option("--audit", is_flag=True, help="List the random sample of accepted invoices instead.")
@SHARE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_parts(workspace: str, audit: bool, share: float, as_json: bool) -> None:
    """List what waits for a person: name, id, findings, doubtful fields."""
    from invoice_lab.reporting.markup import clean
    from invoice_lab.review import Reviews

    records = Reviews(workspace).records(audit=audit, share=share)
    if as_json:
        click.echo(json.dumps(records, ensure_ascii=False, indent=2))
        return
    for record in records:
        doubtful = ", ".join(record["doubtful"]) or "none"
        head = f"{record['sha256'][:12]}:{record['part']}  {record['name']}  {record['printed_id'] or 'no id'}"
        said = ", ".join(record["findings"]) or "no findings"
        click.echo(clean(f"{head}  {said}; doubtful: {doubtful}").replace("\n", " "))
    click.echo(f"{len(records)} to look at.", err=True)


@review.command()
@SCAN
@WORKSPACE
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write an HTML page with pictures instead."
)
def show(scan: str, workspace: str, output: Path | None) -> None:
    """Show a part: each field as it was read, and its findings; as a page, beside the pixels."""
    from invoice_lab.review import Reviews

    view = Reviews(workspace).show(scan)
    if output:
        view.write_page(output)
    click.echo(f"Written to {output}." if output else str(view))


@review.command()
@SCAN
@WORKSPACE
@REASON
@DESPITE
@REVISE
@REVIEWER
def accept(
    scan: str, workspace: str, *, reason: str, despite: tuple[str, ...], revise: bool, reviewer: str | None
) -> None:
    """Accept a part as it was read, or confirm an accepted one."""
    with _reviewing(workspace, reviewer) as reviews:
        _tell(reviews.accept(scan, reason, despite=despite, revise=revise))


@review.command()
@SCAN
@WORKSPACE
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Give a field another value.")
@click.option("--add-line", multiple=True, metavar="PRODUCT;QUANTITY;PRICE", help="Add a line at the end.")
@click.option("--remove-line", multiple=True, type=int, metavar="N", help="Take out line N, counted from 1.")
@REASON
@DESPITE
@REVISE
@REVIEWER
def correct(
    scan: str,
    workspace: str,
    *,
    settings: tuple[str, ...],
    add_line: tuple[str, ...],
    remove_line: tuple[int, ...],
    reason: str,
    despite: tuple[str, ...],
    revise: bool,
    reviewer: str | None,
) -> None:
    """Correct a part; it is accepted once nothing stands against it.

    Fields are named as `review show` names them, such as total or lines.2.quantity; an empty value says that there is
    none.
    """
    from invoice_lab.validation.correction import parse_settings

    values = parse_settings(settings)
    with _reviewing(workspace, reviewer) as reviews:
        done = reviews.correct(
            scan, reason, values, added=add_line, removed=remove_line, despite=despite, revise=revise
        )
        _tell(done)


@review.command()
@SCAN
@WORKSPACE
@REASON
@REVISE
@REVIEWER
def reject(scan: str, workspace: str, *, reason: str, revise: bool, reviewer: str | None) -> None:
    """Reject a part: it is no invoice for these books."""
    with _reviewing(workspace, reviewer) as reviews:
        _tell(reviews.reject(scan, reason, revise=revise))


@review.command()
@click.argument("truth", type=click.Path(path_type=Path, dir_okay=False))
@WORKSPACE
@click.option(
    "--scans", type=click.Path(path_type=Path, file_okay=False), help="Copy the scans into this folder beside it."
)
def export(truth: Path, workspace: str, scans: Path | None) -> None:
    """Write what was accepted or corrected into TRUTH, for `invoice-lab evaluate`."""
    from invoice_lab.review import Reviews

    done = Reviews(workspace).export(truth, scans)
    further = f" {done.left_out} further parts of their scans were left out." if done.left_out else ""
    click.echo(f"{done.records} records written to {truth}.{further}")


@review.command()
@WORKSPACE
@SHARE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def stats(workspace: str, share: float, as_json: bool) -> None:
    """Tell what was decided, and how many accepted invoices are wrong by the audit sample."""
    from invoice_lab.review import Reviews

    found = Reviews(workspace).stats(share)
    click.echo(json.dumps(found.to_record(), indent=2) if as_json else str(found))


@contextlib.contextmanager
def _reviewing(workspace: str, reviewer: str | None) -> Iterator[Reviews]:
    """Give the block the reviews of a workspace; once a decision was made, the cache follows."""
    from invoice_lab.review import Reviews
    from invoice_lab.warehouse.connection import database
    from invoice_lab.warehouse.refresh import refresh

    settings = Settings.from_environment()
    with database(settings):  # held, so that an embedded server is not stopped and started between the two
        yield Reviews(workspace, reviewer, settings)
        refresh(workspace, settings)


def _tell(part: Part) -> None:
    from invoice_lab.reporting.markup import clean

    where = f" as {part.invoice_id}" if part.invoice_id else ""
    click.echo(clean(f"{part.name} is {part.status} now{where}."))
    for finding in part.findings:
        if finding.severity == "warning":
            click.echo(clean(f"{finding.code}: {finding.message}"))
