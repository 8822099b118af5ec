"""Baskets into the books: a file is a scan, a basket a part of it, all in one transaction."""

from __future__ import annotations

from pathlib import Path

import duckdb
from psycopg2.extensions import cursor as Cursor

from invoice_lab import __version__
from invoice_lab.ocr.page import Page
from invoice_lab.transactions.opened import Opened
from invoice_lab.transactions.read import sql
from invoice_lab.warehouse.arrival import Arrival, Batch, Loaded
from invoice_lab.warehouse.cache_export import read_csv
from invoice_lab.warehouse.parts import IMPORTED, page_adapter
from invoice_lab.warehouse.upsert import insert_file, insert_rows
from invoice_lab.warehouse.write import (
    CUSTOMER_COLUMNS,
    INVOICE_COLUMNS,
    LINE_COLUMNS,
    PART_COLUMNS,
    PRICE_COLUMNS,
    UPDATE_PRICE,
    write_arrivals,
)

LAYOUT = "transactions"
"""Stands where the layout of an invoice stands."""
_DETAILS = ("email", "birth_date", "gender", "category")
# A completed basket describes its customer anew.
_IS_NEWER = """(excluded.described_by = customers.described_by
                or (excluded.described_at, excluded.described_by collate "C")
                 > (customers.described_at, customers.described_by collate "C"))"""
# The latest basket describes a customer; what it says nothing of stays.
_UPDATE_CUSTOMER = f"""
    on conflict (customer_id) do update set
    name = coalesce(case when {_IS_NEWER} then nullif(excluded.name, excluded.number) end,
                    nullif(customers.name, customers.number), excluded.name),
    {
    ", ".join(
        f"{name} = coalesce(case when {_IS_NEWER} then excluded.{name} end, customers.{name}, excluded.{name})"
        for name in _DETAILS
    )
},
    described_at = case when {_IS_NEWER} then excluded.described_at else customers.described_at end,
    described_by = case when {_IS_NEWER} then excluded.described_by else customers.described_by end
"""
_UPDATE_PRODUCT = """
    on conflict (product_id) do update set name = excluded.name
    where products.name = products.code and products.name <> excluded.name
"""
# Only completed baskets are there already. They have more lines than before, so each known line gives way to a new one.
_COMPLETE_INVOICE = """
    on conflict (invoice_id) do update set (issued_at, total, sha256, part, digest)
      = (excluded.issued_at, excluded.total, excluded.sha256, excluded.part, excluded.digest)
"""
_COMPLETE_LINE = """
    on conflict (invoice_id, line_no) do update set (product_id, quantity, unit_price, amount)
      = (excluded.product_id, excluded.quantity, excluded.unit_price, excluded.amount)
"""
_DELETE_FORMER_PARTS = """
    delete from parts using invoices
    where invoices.sha256 = %s and parts.invoice_id = invoices.invoice_id
      and (parts.sha256, parts.part) <> (invoices.sha256, invoices.part)
"""
_KNOWN = "select printed_id, digest from invoices where layout = %s"
_KNOWN_LINES = """
    select printed_id, customer_id, issued_at::date, currency, product_id, quantity, unit_price
    from invoices join invoice_lines using (invoice_id) where layout = %s and printed_id = any(%s)
"""
_TABLES = {
    "customers": (CUSTOMER_COLUMNS, _UPDATE_CUSTOMER),
    "products": (("product_id", "code", "name"), _UPDATE_PRODUCT),
    "invoices": (INVOICE_COLUMNS, _COMPLETE_INVOICE),
    "invoice_lines": (LINE_COLUMNS, _COMPLETE_LINE),
    "prices": (PRICE_COLUMNS, UPDATE_PRICE),
    "parts": (PART_COLUMNS, ""),
}


def compare(cursor: Cursor, connection: duckdb.DuckDBPyConnection, work: Path) -> None:
    """Tell what of the rows is new: makes the tables of ``sql/baskets.sql`` and ``sql/fresh.sql``.

    Parameters
    ----------
    cursor : psycopg2 cursor
        Of the loader, with the lock of the books.
    connection : duckdb connection
        With the rows; see `read_rows`.
    work : Path
        A folder for files.
    """
    path = work / "known.csv"
    connection.execute("create table known (basket varchar, digest varchar)")
    _copy_out(cursor, cursor.mogrify(_KNOWN, (LAYOUT,)), path)
    read_csv(connection, "known", path)
    connection.execute(sql("baskets"))
    disputed = connection.execute("select basket from baskets where reason = 'basket-in-conflict'").fetchall()
    connection.execute(
        "create table known_lines (basket varchar, customer_id varchar, day date, currency varchar, product_id varchar,"
        " quantity bigint, unit_price decimal(14, 4))"
    )
    _copy_out(cursor, cursor.mogrify(_KNOWN_LINES, (LAYOUT, [basket for (basket,) in disputed])), path)
    read_csv(connection, "known_lines", path)
    connection.execute(sql("fresh"))


def _copy_out(cursor: Cursor, query: bytes, path: Path) -> None:
    with path.open("wb") as file:
        cursor.copy_expert(f"copy ({query.decode()}) to stdout with (format csv, force_quote *)", file)


def write(cursor: Cursor, connection: duckdb.DuckDBPyConnection, batch: Batch, opened: Opened, work: Path) -> None:
    """Write the new and the completed baskets of a file into the books, within the cursor's transaction.

    Parameters
    ----------
    cursor, connection, work
        As for `compare`, after it.
    batch : Batch
        Which has begun.
    opened : Opened
        The file.
    """
    page = Page(opened.sha256, layout=LAYOUT, engine=IMPORTED, engine_version=__version__)
    values = {"sha256": opened.sha256, "engine": IMPORTED, "version": __version__}
    for name, value in {**values, "page": page_adapter().dump_json(page).decode()}.items():
        connection.execute(f"set variable {name} = ?", [value])
    connection.execute(sql("books"))
    insert_rows(cursor, "scans", ("sha256", "name", "bytes"), [(opened.sha256, opened.name, opened.size)])
    for table, (columns, on_conflict) in _TABLES.items():
        path = work / f"{table}.csv"
        rows = f"select {', '.join(columns)} from book_{table}"
        quoted = str(path).replace("'", "''")
        connection.execute(f"copy ({rows}) to '{quoted}' (format csv, header false)")
        with path.open("rb") as file:
            insert_file(cursor, table, columns, file, on_conflict)
        path.unlink()
    cursor.execute(_DELETE_FORMER_PARTS, (opened.sha256,))
    (found,) = connection.execute("select count(*) from fresh").fetchall()
    arrival = Arrival(1, opened.name, opened.sha256, opened.size, engine=IMPORTED)
    write_arrivals(cursor, batch.batch, [Loaded(arrival, "new" if found[0] else "duplicate", ())])
