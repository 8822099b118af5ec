"""What a report said of each customer, in PostgreSQL for other tools: a table's rows are those of the report's file."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import NamedTuple

import psycopg2
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from invoice_lab.errors import DatabaseError
from invoice_lab.settings import Settings
from invoice_lab.warehouse.connection import database

_AS_CSV = pyarrow.csv.WriteOptions(include_header=False, quoting_style="all_valid")  # null is nothing, "" a text


@dataclass(frozen=True)
class ReportTable:
    """A table that a report's Parquet file is copied into, by as_of.

    Attributes
    ----------
    name : str
        Of the table.
    reports : str
        Of the table with one row a day that a report was of.
    counted : str
        Its column with the number of rows.
    what : str
        What the rows are, for messages.
    """

    name: str
    reports: str
    counted: str
    what: str


SEGMENTS = ReportTable("customer_segments", "segment_reports", "customers", "segments")
RECOMMENDATIONS = ReportTable("recommendations", "recommendation_reports", "recommendations", "recommendations")


def store_report(workspace: str, settings: Settings, parquet: bytes, table: ReportTable) -> int | None:
    """Replace the rows of a report's day by those of its file, in one transaction.

    Parameters
    ----------
    workspace : str
    settings : Settings
    parquet : bytes
        Columns as those of the table; its metadata says as_of and fingerprint of the data.
    table : ReportTable

    Returns
    -------
    int or None
        How many rows were written; None where this file's are there already, or the file is of no day.

    Raises
    ------
    DatabaseError
        Where they can't be written; what was there stays.
    """
    file = pq.ParquetFile(io.BytesIO(parquet))
    about = {key.decode(): value.decode() for key, value in file.schema_arrow.metadata.items()}
    if not (as_of := about["as_of"]):
        return None
    report = _Report(as_of, about["fingerprint"], hashlib.sha256(parquet).hexdigest(), file.metadata.num_rows)
    try:
        with (
            database(settings) as books,
            books.connect("loader", workspace) as connection,
            connection.cursor() as cursor,
        ):
            lock = f"select pg_advisory_xact_lock(hashtext(current_schema() || ' {table.what}'))"
            cursor.execute(lock)
            if _is_there(cursor, report, table):
                return None
            _replace(cursor, report, table, file.read())
            return report.rows
    except (DatabaseError, psycopg2.Error) as error:
        reason = error.message if isinstance(error, DatabaseError) else str(error).strip().splitlines()[0]
        raise DatabaseError(
            f"The {table.what} as of {as_of} are not in the table {table.name} of the workspace {workspace!r}: "
            f"{reason}",
            "The reports are written. Run the same command again once PostgreSQL can be written to.",
        ) from error


class _Report(NamedTuple):
    """A row of the table of reports."""

    as_of: str
    fingerprint: str
    digest: str
    rows: int


def _is_there(cursor: Cursor, report: _Report, table: ReportTable) -> bool:
    """Tell whether a report's rows are in the table, all of them."""
    cursor.execute(
        "select as_of::text, fingerprint, digest, count(customer_id)::int"
        f" from {table.reports} left join {table.name} using (as_of, fingerprint) where as_of = %s group by as_of",
        (report.as_of,),
    )
    return cursor.fetchone() == report


def _replace(cursor: Cursor, report: _Report, table: ReportTable, found: pa.Table) -> None:
    cursor.execute(f"delete from {table.reports} where as_of = %s", (report.as_of,))
    cursor.execute(f"insert into {table.reports} (as_of, fingerprint, digest, {table.counted}) values %s", (report,))
    rows = found.append_column("fingerprint", pa.array([report.fingerprint] * report.rows, pa.string()))
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    data = io.BytesIO()
    pyarrow.csv.write_csv(rows, data, _AS_CSV)
    data.seek(0)
    copy = sql.SQL("copy {} ({}) from stdin with (format csv)").format(sql.Identifier(table.name), columns)
    cursor.copy_expert(copy, data)
