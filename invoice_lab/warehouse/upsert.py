"""Rows into tables: COPY into a temporary table, then one statement that writes nothing where nothing changed."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import IO, Any

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

Row = Sequence[Any]


def insert_rows(cursor: Cursor, table: str, columns: Sequence[str], rows: Iterable[Row], on_conflict: str = "") -> None:
    """Insert many rows at once.

    Parameters
    ----------
    cursor : psycopg2 cursor
        In a transaction.
    table : str
    columns : sequence of str
    rows : iterable of sequence
        In the columns' order; None for null.
    on_conflict : str, optional
        The rest of the statement, such as ``on conflict do nothing``; SQL of ours, never a user's text.
    """
    data = _csv(rows)
    if data.getvalue():
        insert_file(cursor, table, columns, data, on_conflict)


def insert_file(cursor: Cursor, table: str, columns: Sequence[str], file: IO[Any], on_conflict: str = "") -> None:
    """Insert the rows of a CSV file, which has no header and nothing at all for null; else as `insert_rows`."""
    names = {
        "table": sql.Identifier(table),
        "new": sql.Identifier(f"new_{table}"),
        "columns": sql.SQL(", ").join(map(sql.Identifier, columns)),
        "rest": sql.SQL(on_conflict),
    }
    create = "create temporary table {new} on commit drop as select {columns} from {table} with no data"
    cursor.execute(sql.SQL("drop table if exists pg_temp.{new}").format(**names))
    cursor.execute(sql.SQL(create).format(**names))
    cursor.copy_expert(sql.SQL("copy {new} ({columns}) from stdin with (format csv)").format(**names), file)
    cursor.execute(sql.SQL("insert into {table} ({columns}) select {columns} from {new} {rest}").format(**names))


def _csv(rows: Iterable[Row]) -> io.StringIO:
    """Write rows as PostgreSQL's CSV: null is nothing, every value is quoted, so an empty text stays one.

    The standard library's writer can tell the two apart only from Python 3.12 on.
    """
    return io.StringIO("".join(",".join(map(_quoted, row)) + "\n" for row in rows))


def _quoted(value: object) -> str:
    return "" if value is None else '"' + str(value).replace('"', '""') + '"'
