"""The DuckDB cache: a versioned file beside the old one, switched by an atomic pointer; readers open it read-only.

A writer is refused while a reader has the same file open, and re-opening the same path in one process can return old
data: hence every refresh writes a new file ``cache-<n>.duckdb`` and then replaces the pointer file ``current``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from invoice_lab.errors import CacheError
from invoice_lab.settings import Settings
from invoice_lab.warehouse.cache_files import POINTER, next_version, pointed
from invoice_lab.warehouse.cache_meta import TABLES, CacheMeta, read_meta
from invoice_lab.warehouse.cache_write import (
    create_tables,
    finish_in_full,
    first_line,
    write_version,
    writing,
)

__all__ = ["POINTER", "TABLES", "Cache", "CacheMeta", "open_cache", "publish"]
_TRIES = 5


class Cache:
    """A cache file, open for reading.

    Attributes
    ----------
    connection : duckdb.DuckDBPyConnection
    meta : CacheMeta
    path : Path
    """

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection, meta: CacheMeta) -> None:
        self.path = path
        self.connection = connection
        self.meta = meta

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def __repr__(self) -> str:
        counts = self.meta.counts
        return f"Cache({self.meta.workspace!r}, {counts['invoices']} invoices, as of {self.meta.as_of})"


def open_cache(workspace: str, settings: Settings | None = None) -> Cache:
    """Open a workspace's current cache, read-only.

    Raises
    ------
    CacheError
        Where there is none yet, or it is broken or of another format.
    """
    folder = (settings or Settings.from_environment()).cache_dir(workspace)
    for _ in range(_TRIES):
        path = pointed(folder)
        if path is None:
            raise _missing(workspace, folder)
        try:
            return open_version(path)
        except CacheError:
            if pointed(folder) == path:
                raise
    raise CacheError(f"The cache in {folder} is replaced faster than it can be opened.", "Try again.")


def open_version(path: Path) -> Cache:
    """Open a version, current or not, read-only; raises as `open_cache` does."""
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise CacheError(f"The cache {path} can't be read: {first_line(error)}.") from error
    try:
        return Cache(path, connection, read_meta(connection))
    except BaseException:
        connection.close()
        raise


def publish(
    folder: Path, workspace: str, fill: Callable[[duckdb.DuckDBPyConnection], None], *, sample: bool = False
) -> Path:
    """Write a new cache file and switch the pointer to it.

    Parameters
    ----------
    folder : Path
        The workspace's cache folder.
    workspace : str
    fill : callable
        Gets a connection to a file with empty tables and inserts the rows.
    sample : bool
        Whether the data is made up.

    Returns
    -------
    Path
        The new file.

    Raises
    ------
    CacheError
        It can't be written; the cache of before stays.
    """

    def write(cache: duckdb.DuckDBPyConnection) -> CacheMeta:
        create_tables(cache)
        fill(cache)
        return finish_in_full(cache, CacheMeta(workspace, None, 0, {}, sample))

    with writing(folder, workspace):
        path = next_version(folder)
        write_version(path, write)
    return path


def _missing(workspace: str, folder: Path) -> CacheError:
    there = sorted(path.parent.parent.name for path in folder.parent.parent.glob(f"*/cache/{POINTER}"))
    remedy = f"There are caches of: {', '.join(there)}. " if there else ""
    return CacheError(
        f"The workspace {workspace!r} has no cache yet (looked in {folder}).",
        f"{remedy}Run `invoice-lab refresh --workspace {workspace}` (or `make report`) to make one.",
    )
