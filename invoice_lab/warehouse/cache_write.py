"""The content of a cache file: its tables, and what follows from their rows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from invoice_lab.errors import CacheError
from invoice_lab.warehouse.cache_files import copy_version, discard, pointed, publish_version, writer
from invoice_lab.warehouse.cache_meta import TABLES, CacheMeta, write_meta
from invoice_lab.warehouse.cache_sums import write_sums

_TEXT = "VARCHAR"


@contextlib.contextmanager
def writing(folder: Path, workspace: str) -> Iterator[None]:
    """Be the one who writes a workspace's cache; what goes wrong ends as one of our errors, and changes nothing.

    Raises
    ------
    CacheError
        The disk is full, or the folder or a file in it can't be written.
    """
    try:
        with writer(folder):
            yield
    except (OSError, duckdb.Error) as error:
        raise CacheError(
            f"The cache of {workspace!r} in {folder} can't be written: {first_line(error)}.",
            "The cache of before, where there is one, stays. See to space on the disk and to the folder's permissions, "
            f"then run `invoice-lab refresh --workspace {workspace}`.",
        ) from error


def write_version(
    path: Path, write: Callable[[duckdb.DuckDBPyConnection], CacheMeta], copy_of: Path | None = None
) -> CacheMeta:
    """Write a version and publish it; nothing of it stays where that fails.

    Parameters
    ----------
    path : Path
        The new file.
    write : callable
        Gets a connection to it, and returns what it says it holds.
    copy_of : Path, optional
        The version to go on with; an empty file by default.

    Raises
    ------
    CacheError
        What should be gone on with is damaged.
    """
    try:
        if copy_of is not None and not copy_version(copy_of, path):
            raise CacheError(f"The cache {copy_of} is not as it was written.")
        with duckdb.connect(str(path), config={"preserve_insertion_order": False}) as cache:
            meta = write(cache)
            cache.execute("checkpoint")  # here an error is told, on closing it is not
        publish_version(path)
    except BaseException:
        if pointed(path.parent) != path:
            discard(path)
        raise
    return meta


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of a new file, all empty."""
    connection.execute(resources.files(__package__).joinpath("cache_schema.sql").read_text())


def finish_in_full(connection: duckdb.DuckDBPyConnection, meta: CacheMeta) -> CacheMeta:
    """Write what follows from all rows, and `finish`."""
    write_sums(connection)
    return finish(connection, replace(meta, digest=digest_of_all(connection)))


def finish(connection: duckdb.DuckDBPyConnection, meta: CacheMeta) -> CacheMeta:
    """Write what the cache says of itself: `meta`, with the counts and the default `as_of` of its rows."""
    (last,) = _row(connection, "select max(issued_at)::date from invoices")
    counts = {table: _row(connection, f"select count(*) from {table}")[0] for table in TABLES}
    meta = replace(meta, as_of=last + timedelta(days=1) if last else None, counts=counts)
    write_meta(connection, meta)
    return meta


def columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Return the type of each column of a table, in order."""
    return {name: kind for name, kind, *_ in connection.execute(f"describe {table}").fetchall()}


def digest_of_all(connection: duckdb.DuckDBPyConnection) -> int:
    """Digest every row of every table; the order of rows doesn't count (keys make them distinct)."""
    total = 0
    for table in TABLES:
        total ^= digest_of(connection, table, table)
    return total


def digest_of(connection: duckdb.DuckDBPyConnection, rows: str, table: str) -> int:
    """Digest rows that belong into a table, wherever they are now."""
    (value,) = _row(connection, f"select bit_xor({row_digest(connection, table)}) from {rows}")
    return int(value or 0)


def row_digest(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return the SQL expression that digests a row of a table, all of its columns.

    A text is preceded by its length, so that no two rows are written alike; all else is written alike everywhere.
    """
    written = [
        f"coalesce(strlen({name}) || ':' || {name}, '-')" if kind == _TEXT else f"coalesce({name}::varchar, '-')"
        for name, kind in columns(connection, table).items()
    ]
    return f"md5_number(concat_ws(',', '{table}', {', '.join(written)}))"


def first_line(error: Exception) -> str:
    """Return what an error says, without its further lines."""
    return str(error).strip().partition("\n")[0].rstrip(".")


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    (row,) = connection.execute(sql).fetchall()
    return row
