"""What a segments report said of each customer, in PostgreSQL for other tools: the table ``customer_segments``."""

from __future__ import annotations

import hashlib
import io
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
            cursor.execute("select pg_advisory_xact_lock(hashtext(current_schema() || ' segments'))")
            if _is_there(cursor, report):
                return None
            _replace(cursor, report, file.read())
            return report.customers
    except (DatabaseError, psycopg2.Error) as error:
        reason = error.message if isinstance(error, DatabaseError) else str(error).strip().splitlines()[0]
        raise DatabaseError(
            f"The segments as of {as_of} are not in the table {TABLE} of the workspace {workspace!r}: {reason}",
            "The reports are written. Run the same command again once PostgreSQL can be written to.",
        ) from error


class _Report(NamedTuple):
    """A row of ``segment_reports``."""

    as_of: str
    fingerprint: str
    digest: str
    customers: int


def _is_there(cursor: Cursor, report: _Report) -> bool:
    """Tell whether a report's rows are in the table, all of them."""
    cursor.execute(
        "select as_of::text, fingerprint, digest, count(customer_id)::int"
        f" from segment_reports left join {TABLE} using (as_of, fingerprint) where as_of = %s group by as_of",
        (report.as_of,),
    )
    return cursor.fetchone() == report


def _replace(cursor: Cursor, report: _Report, table: pa.Table) -> None:
    cursor.execute("delete from segment_reports where as_of = %s", (report.as_of,))
    cursor.execute("insert into segment_reports (as_of, fingerprint, digest, customers) values %s", (report,))
    rows = table.append_column("fingerprint", pa.array([report.fingerprint] * report.customers, pa.string()))
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    data = io.BytesIO()
    pyarrow.csv.write_csv(rows, data, _AS_CSV)
    data.seek(0)
    copy = sql.SQL("copy {} ({}) from stdin with (format csv)").format(sql.Identifier(TABLE), columns)
    cursor.copy_expert(copy, data)
