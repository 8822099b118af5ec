"""What a segments report said of each customer, in PostgreSQL for other tools: the table ``customer_segments``."""

from __future__ import annotations

import hashlib
import io

import psycopg2
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from invoice_lab.errors import DatabaseError
from invoice_lab.settings import Settings
from invoice_lab.warehouse.connection import database

TABLE = "customer_segments"
_AS_CSV = pyarrow.csv.WriteOptions(include_header=False, quoting_style="all_valid")  # null is nothing, "" a text


def store_segments(workspace: str, settings: Settings, parquet: bytes) -> int | None:
    """Replace the rows of a report's day by those of its file, in one transaction.

    Parameters
    ----------
    workspace : str
    settings : Settings
    parquet : bytes
        One row a customer, columns as those of the table; its metadata says as_of and fingerprint of the data.

    Returns
    -------
    int or None
        How many rows were written; None where this file's are there already, or the file is of no day.

    Raises
    ------
    DatabaseError
        Where they can't be written; what was there stays.
    """
    table = pq.read_table(io.BytesIO(parquet))
    about = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    as_of, fingerprint = about["as_of"], about["fingerprint"]
    if not as_of:
        return None
    report = (as_of, fingerprint, hashlib.sha256(parquet).hexdigest(), table.num_rows)
    try:
        with database(settings) as books, books.connect("loader", workspace) as connection:
            with connection.cursor() as cursor:
                return _replace(cursor, report, table)
    except (DatabaseError, psycopg2.Error) as error:
        reason = error.message if isinstance(error, DatabaseError) else str(error).strip().splitlines()[0]
        raise DatabaseError(
            f"The segments as of {as_of} are not in the table {TABLE} of the workspace {workspace!r}: {reason}",
            "The reports are written. Run the same command again once PostgreSQL can be written to.",
        ) from error


def _replace(cursor: Cursor, report: tuple[str, str, str, int], table: pa.Table) -> int | None:
    as_of, fingerprint, *_ = report
    cursor.execute("select pg_advisory_xact_lock(hashtext(current_schema() || ' segments'))")
    cursor.execute(
        f"select (fingerprint, digest, (select count(*) from {TABLE} as rows where rows.as_of = segment_reports.as_of))"
        " = (%s, %s, %s) from segment_reports where as_of = %s",
        (*report[1:], as_of),
    )
    if cursor.fetchone() == (True,):
        return None
    cursor.execute("delete from segment_reports where as_of = %s", (as_of,))
    cursor.execute(
        "insert into segment_reports (as_of, fingerprint, digest, customers) values (%s, %s, %s, %s)", report
    )
    rows = table.append_column("fingerprint", pa.array([fingerprint] * table.num_rows, pa.string()))
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    copy = sql.SQL("copy {} ({}) from stdin with (format csv)").format(sql.Identifier(TABLE), columns)
    cursor.copy_expert(copy, _csv(rows))
    return table.num_rows


def _csv(table: pa.Table) -> io.BytesIO:
    data = io.BytesIO()
    pyarrow.csv.write_csv(table, data, _AS_CSV)
    data.seek(0)
    return data
