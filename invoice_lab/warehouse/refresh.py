"""The books into the DuckDB cache: COPY as CSV from PostgreSQL, read by DuckDB with the columns' types."""

from __future__ import annotations

import tempfile
from functools import partial
from importlib import resources
from pathlib import Path

import duckdb
from psycopg2.extensions import connection as Connection

from invoice_lab.settings import Settings
from invoice_lab.warehouse.cache import TABLES, CacheMeta, open_cache, publish
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.load import holds_made_up
from invoice_lab.warehouse.migrate import migrate, require_workspace


def refresh(workspace: str, settings: Settings | None = None) -> CacheMeta:
    """Write a new cache from a workspace's books and switch to it.

    Parameters
    ----------
    workspace : str
    settings : Settings, optional
        From the environment by default.

    Returns
    -------
    CacheMeta
        What the new cache holds.

    Raises
    ------
    UsageError
        Where there is no such workspace.
    """
    settings = settings or Settings.from_environment()
    with database(settings) as books:
        require_workspace(books, workspace)
        settings.make_workspace_dir(workspace)
        migrate(books, workspace)
        with books.connect("reader", workspace) as connection:
            # One snapshot for all tables: a load that commits meanwhile is in all of them or in none.
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            made_up = holds_made_up(connection)
            publish(settings.cache_dir(workspace), workspace, partial(_fill, connection), sample=made_up)
    with open_cache(workspace, settings) as cache:
        return cache.meta


def _fill(connection: Connection, cache: duckdb.DuckDBPyConnection) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for table in TABLES:
            path = Path(folder) / f"{table}.csv"
            query = resources.files(__package__).joinpath("exports", f"{table}.sql").read_text()
            with connection.cursor() as cursor, path.open("wb") as file:
                cursor.copy_expert(f"copy ({query}) to stdout with (format csv)", file)
            _read(cache, table, path)
            path.unlink()


def _read(cache: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """Read a CSV file into a table. Null is nothing at all, an empty text is a pair of quotes."""
    described = cache.execute(f"describe {table}").fetchall()
    columns = {name: kind for name, kind, *_ in described}
    cache.execute(
        f"""insert into {table} select * from read_csv($path, columns = $columns, header = false, delim = ',',
            quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, auto_detect = false,
            max_line_size = 10000000, new_line = '\\n')""",
        {"path": str(path), "columns": columns},
    )
