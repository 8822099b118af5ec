"""Rows of the books for a cache: one snapshot over several connections, COPY as CSV, read by DuckDB with its types."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import duckdb
from psycopg2.extensions import connection as Connection

from invoice_lab.warehouse.cache_unopened import put_in
from invoice_lab.warehouse.cache_write import columns
from invoice_lab.warehouse.connection import Database

_CONNECTIONS = 2
_LARGEST_FIRST = ("invoice_lines", "invoices", "parts", "field_counts", "customers", "findings", "products")
_BUFFER = 1 << 20


@dataclass(frozen=True)
class Snapshot:
    """One state of the books, seen by several connections: a load that commits meanwhile is in none of them."""

    connections: Sequence[Connection]

    @property
    def connection(self) -> Connection:
        """One of the connections."""
        return self.connections[0]

    def copy(self, query: str, path: Path, value: object = None) -> Path:
        """Run one query into a CSV file; `value` fills its one placeholder."""
        return _copy(self.connection, query, path, value)

    def copies(self, queries: Mapping[str, str], folder: Path) -> Generator[tuple[str, Path], None, None]:
        """Run queries, as many at once as there are connections, each into a CSV file.

        Parameters
        ----------
        queries : mapping of str to str
            SQL by name; those that take long first.
        folder : Path

        Yields
        ------
        tuple of str and Path
            A query's name and its file, in the order in which they are done; the file may be removed.
        """
        free: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        for connection in self.connections:
            free.put(connection)

        def copy(name: str) -> tuple[str, Path]:
            connection = free.get()
            try:
                return name, _copy(connection, queries[name], folder / f"{name}.csv")
            finally:
                free.put(connection)

        with ThreadPoolExecutor(len(self.connections)) as pool:
            try:
                for done in as_completed([pool.submit(copy, name) for name in queries]):
                    yield done.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for connection in self.connections:
                    connection.cancel()
                raise


@contextlib.contextmanager
def snapshot(books: Database, workspace: str) -> Iterator[Snapshot]:
    """Give the block a state of a workspace's books."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(books.connect("reader", workspace)) for _ in range(_CONNECTIONS)]
        for connection in connections:
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connections[0].cursor() as cursor:
            cursor.execute("select pg_export_snapshot()")
            name = cursor.fetchone()
        for connection in connections[1:]:
            with connection.cursor() as cursor:
                cursor.execute("set transaction snapshot %s", name)
        yield Snapshot(connections)


def _copy(connection: Connection, query: str, path: Path, value: object = None) -> Path:
    with connection.cursor() as cursor, path.open("wb", buffering=_BUFFER) as file:
        sql = f"copy ({query}) to stdout with (format csv)"
        cursor.copy_expert(sql if value is None else cursor.mogrify(sql, (value,)), file)
    return path


def fill(cache: duckdb.DuckDBPyConnection, books: Snapshot, work: Path) -> None:
    """Read all that the books hold into a cache's empty tables."""
    queries = {table: export_sql(table) for table in (*_LARGEST_FIRST, "unopened")}
    queries["field_counts"] += " where number > 0"
    with contextlib.closing(books.copies(queries, work)) as copies:
        for table, path in copies:
            read_csv(cache, table, path)
    put_in(cache)


def export_sql(name: str) -> str:
    """Return the query that gives a table's rows in the books."""
    return resources.files(__package__).joinpath("exports", f"{name}.sql").read_text()


def read_csv(cache: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """Read a CSV file of PostgreSQL into a table. Null is nothing at all, an empty text is a pair of quotes."""
    cache.execute(
        f"""insert into {table} select * from read_csv($path, columns = $columns, header = false, delim = ',',
            quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, auto_detect = false,
            max_line_size = 10000000, new_line = '\\n')""",
        {"path": str(path), "columns": columns(cache, table)},
    )
    path.unlink()
