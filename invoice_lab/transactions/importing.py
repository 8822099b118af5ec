"""One import: a file is looked at, kept, read, judged and written into the books; all of it or nothing."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import psycopg2
from psycopg2.extensions import connection as Connection

from invoice_lab import __version__
from invoice_lab.errors import DatabaseError, NothingFoundError, UsageError
from invoice_lab.reporting.work import work_folder
from invoice_lab.settings import SAMPLE_WORKSPACE, Settings, workspace_name
from invoice_lab.transactions.books import compare, write
from invoice_lab.transactions.columns import places
from invoice_lab.transactions.opened import REMEDY, Opened, open_file
from invoice_lab.transactions.read import Form, read_rows
from invoice_lab.transactions.rejects import REASONS, check_rejects, count_rejects, write_rejects
from invoice_lab.transactions.summary import ImportSummary
from invoice_lab.warehouse.arrival import Batch
from invoice_lab.warehouse.cache_write import first_line
from invoice_lab.warehouse.connection import Database, database
from invoice_lab.warehouse.load import finish_batch, known_scans, start_batch
from invoice_lab.warehouse.migrate import migrate
from invoice_lab.warehouse.parts import IMPORTED
from invoice_lab.warehouse.refresh import refresh
from invoice_lab.warehouse.scan_store import ScanStore

_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNTS = """
    select
        (select count(*) from raw) + (select count(*) from malformed)                      as rows,
        (select count(*) from lines)                                                       as lines,
        (select count(*) from fresh where not is_completed)                                as baskets,
        (select count(*) from completed)                                                   as completed_baskets,
        (select count(distinct customer) from fresh)                                       as customers,
        (select count(distinct product) from lines)                                        as products,
        (select count(*) from baskets anti join fresh using (basket) where reason is null) as known_baskets,
        (select count(*) from fresh where total < 0)                                       as credit_notes,
        (select min(sold_at)::date from fresh)                                                  as first,
        (select max(sold_at)::date from fresh)                                                  as last,
        (select count(*) from lines where is_rounded)                                      as rounded_prices,
        (select count(*) from lines where is_birth_left_out)                               as birth_dates_left_out,
        (select count(*) from fresh where basket in (select basket from rejected))         as incomplete_baskets
"""


@dataclass(frozen=True)
class _Import:
    """What is to be imported, and where to."""

    opened: Opened
    places: Mapping[str, int]
    form: Form
    today: date
    rejects: Path | None


def import_transactions(
    file: Path,
    *,
    workspace: str,
    columns: Mapping[str, str] | None = None,
    form: Form | None = None,
    encoding: str | None = None,
    rejects: Path | None = None,
    today: date | None = None,
    settings: Settings | None = None,
) -> ImportSummary:
    """Import rows of transactions into a workspace of their own, and refresh its cache.

    The file is kept in the scan store. Each row is a product in a basket; rows of one basket make an invoice. Negative
    quantities are goods that came back, and an invoice whose total is negative is a credit note. Rows that can't be are
    left out and listed; see `REASONS`. The same file again changes nothing; of another, known baskets are passed or
    completed.

    Parameters
    ----------
    file : Path
        CSV (commas, semicolons or tabs; also gzipped) or Parquet.
    workspace : str
        Holds transactions or nothing; made where it does not exist.
    columns : mapping of str to str, optional
        Column by role; those that are called as roles by default. See `ROLES`.
    form : Form, optional
        How values are written.
    encoding : str, optional
        Of CSV; UTF-8 by default.
    rejects : Path, optional
        Lists the rejected rows; ``rejects-<sha256>.csv`` in the workspace's folder by default.
    today : date, optional
        The last day a basket can be of; the clock's by default.
    settings : Settings, optional
        From the environment by default.

    Returns
    -------
    ImportSummary

    Raises
    ------
    NothingFoundError
        There is no such file, or no row of it can be used; the books stay as they were, as with any error.
    UsageError
        The file or its columns can't be used, the rejected rows would overwrite it, or the workspace holds scans.
    DatabaseError
        The books can't be reached, or refuse what is written.
    """
    start, settings, form = time.perf_counter(), settings or Settings.from_environment(), form or Form()
    name = _check(file, workspace, form, rejects)
    settings.make_workspace_dir(name)
    with work_folder(settings.workspace_dir(name) / "runs") as work:
        opened = open_file(file, work, encoding)
        wanted = _Import(opened, places(columns, opened.header), form, today or date.today(), rejects)
        with database(settings) as books:
            counts = _imported(wanted, books, name, settings, work)
            refresh(name, settings)
    return ImportSummary(name, opened.name, **counts, seconds=time.perf_counter() - start)


def _check(file: Path, workspace: str, form: Form, rejects: Path | None) -> str:
    if not file.is_file():
        raise NothingFoundError(f"There is no file {file}.", REMEDY)
    if rejects:
        check_rejects(rejects, file)
    if workspace == SAMPLE_WORKSPACE:
        raise UsageError(f"The workspace {SAMPLE_WORKSPACE!r} is for made-up invoices alone.", "Name another.")
    if not _CURRENCY.fullmatch(form.currency):
        raise UsageError(f"{form.currency!r} is no currency.", "Give its code of three capitals, such as EUR.")
    return workspace_name(workspace)


def _imported(wanted: _Import, books: Database, workspace: str, settings: Settings, work: Path) -> dict[str, Any]:
    opened = wanted.opened
    migrate(books, workspace)
    batch = Batch(uuid4(), opened.name, IMPORTED, __version__)
    with _loader(books, workspace) as connection, connection.cursor() as cursor:
        start_batch(connection, batch)
        if known_scans(connection, [opened.sha256]):
            connection.rollback()
            return {"is_known": True}
        ScanStore(settings.scan_store_dir(workspace)).put_file(opened.copy, opened.sha256)
        with _rows(work) as rows:
            read_rows(rows, opened, wanted.places, wanted.form, wanted.today)
            compare(cursor, rows, work)
            counts = _counts(rows)
            default = settings.workspace_dir(workspace) / f"rejects-{opened.sha256[:12]}.csv"
            if counts["rejected"]:
                counts["rejects"] = wanted.rejects or default
                write_rejects(rows, opened.header, 2 if opened.separator else 1, counts["rejects"])
            _require_rows(counts, opened)
            write(cursor, rows, batch, opened, work)
        finish_batch(connection, batch)
    return counts


@contextlib.contextmanager
def _loader(books: Database, workspace: str) -> Iterator[Connection]:
    try:
        with books.connect("loader", workspace) as connection:
            yield connection
    except psycopg2.Error as error:
        raise DatabaseError(f"The books refused an import: {str(error).strip()}.") from error


@contextlib.contextmanager
def _rows(work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give the block a database on disk: a file may have more rows than memory holds."""
    try:
        with duckdb.connect(str(work / "rows.duckdb")) as rows:
            yield rows
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        said = f"The rows can't be worked on in {work}: {first_line(error)}."
        raise UsageError(said, "See to space on the disk; a file takes about five times its size there.") from error


def _counts(rows: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    found = rows.execute(_COUNTS)
    names = [name for name, *_ in found.description]
    (values,) = found.fetchall()
    credited = rows.execute("select currency, sum(total) from fresh where total < 0 group by 1 order by 1").fetchall()
    return {**dict(zip(names, values, strict=True)), "credited": dict(credited), "rejected": count_rejects(rows)}


def _require_rows(counts: Mapping[str, Any], opened: Opened) -> None:
    if counts["baskets"] or counts["completed_baskets"] or counts["known_baskets"]:
        return
    said = "; ".join(f"{number:,} {code}: {REASONS[code]}" for code, number in counts["rejected"].items())
    where = f"They are listed in {counts['rejects']}." if counts["rejected"] else ""
    raise NothingFoundError(f"No row of {opened.name} can be imported. {said}".strip(), where)
