"""The DuckDB cache: a versioned file beside the old one, switched by an atomic pointer; readers open it read-only.

A writer is refused while a reader has the same file open, and re-opening the same path in one process can return old
data: hence every refresh writes a new file ``cache-<n>.duckdb`` and then replaces the pointer file ``current``.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from invoice_lab.errors import CacheError
from invoice_lab.settings import Settings

CACHE_FORMAT = "1"
POINTER = "current"
TABLES = ("customers", "products", "invoices", "invoice_lines", "parts", "fields", "findings")
_KEPT_VERSIONS = 2
_SCHEMA = Path(__file__).with_name("cache_schema.sql")


@dataclass(frozen=True)
class CacheMeta:
    """What a cache file says it holds.

    Attributes
    ----------
    workspace : str
    as_of : date or None
        The day after the last invoice; None where there is none.
    fingerprint : str
        Hexadecimal digest of every row: equal data, equal fingerprint.
    counts : dict of str to int
        Rows by table.
    sample : bool
        Whether the data is made up by `invoice_lab.samples`.
    """

    workspace: str
    as_of: date | None
    fingerprint: str
    counts: dict[str, int]
    sample: bool


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
    pointer = folder / POINTER
    if not pointer.is_file():
        there = sorted(path.parent.parent.name for path in folder.parent.parent.glob(f"*/cache/{POINTER}"))
        remedy = f"There are caches of: {', '.join(there)}. " if there else ""
        raise CacheError(
            f"The workspace {workspace!r} has no cache yet (looked in {folder}).",
            f"{remedy}Run `invoice-lab refresh --workspace {workspace}` (or `make report`) to make one.",
        )
    path = folder / pointer.read_text().strip()
    try:
        connection = duckdb.connect(str(path), read_only=True)
        return Cache(path, connection, _read_meta(connection))
    except duckdb.Error as error:
        raise CacheError(f"The cache {path} can't be read: {error}.") from error


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
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _writer(folder):
        number = max((_number(path) for path in folder.glob("cache-*.duckdb")), default=0) + 1
        path = folder / f"cache-{number}.duckdb"
        try:
            _write(path, workspace, fill, sample)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        _switch(folder, path)
        _forget_old(folder, number)
    return path


def _write(path: Path, workspace: str, fill: Callable[[duckdb.DuckDBPyConnection], None], sample: bool) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(_SCHEMA.read_text())
        fill(connection)
        counts = {table: _scalar(connection, f"select count(*) from {table}") for table in TABLES}
        last = _scalar(connection, "select max(issued_at)::date from invoices")
        rows = {
            "format": CACHE_FORMAT,
            "workspace": workspace,
            "as_of": (last + timedelta(days=1)).isoformat() if last else "",
            "fingerprint": _fingerprint(connection),
            "sample": "yes" if sample else "no",
            **{f"rows.{table}": str(count) for table, count in counts.items()},
        }
        connection.executemany("insert into meta values (?, ?)", [list(item) for item in rows.items()])


def _fingerprint(connection: duckdb.DuckDBPyConnection) -> str:
    """Digest every row of every table; the order of rows doesn't count (keys make them distinct)."""
    total = 0
    for table in TABLES:
        row = f"'{table}' || to_json({table})::varchar"
        value = _scalar(connection, f"select bit_xor(md5_number({row})) from {table}") or 0
        total ^= int(value)
    return f"{total & (2**128 - 1):032x}"[:16]


def _scalar(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:  # noqa: ANN401 - whatever the query gives
    row = connection.execute(sql).fetchone()
    return row[0] if row else None


def _read_meta(connection: duckdb.DuckDBPyConnection) -> CacheMeta:
    rows = dict(connection.execute("select key, value from meta").fetchall())
    if rows.get("format") != CACHE_FORMAT:
        raise CacheError(f"The cache has format {rows.get('format')!r}, this version reads {CACHE_FORMAT!r}.")
    return CacheMeta(
        workspace=rows["workspace"],
        as_of=date.fromisoformat(rows["as_of"]) if rows["as_of"] else None,
        fingerprint=rows["fingerprint"],
        counts={table: int(rows[f"rows.{table}"]) for table in TABLES},
        sample=rows["sample"] == "yes",
    )


def _number(path: Path) -> int:
    digits = path.stem.removeprefix("cache-")
    return int(digits) if digits.isdigit() else 0


@contextlib.contextmanager
def _writer(folder: Path) -> Iterator[None]:
    """Let one refresh at a time write."""
    with (folder / "writer.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _switch(folder: Path, path: Path) -> None:
    new = folder / f"{POINTER}.new"
    with new.open("w") as file:
        file.write(path.name)
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / POINTER)


def _forget_old(folder: Path, newest: int) -> None:
    """Drop files that no reader can still be about to open: all but the newest two."""
    for path in folder.glob("cache-*.duckdb*"):
        if _number(Path(path.name.split(".")[0])) <= newest - _KEPT_VERSIONS:
            path.unlink(missing_ok=True)
