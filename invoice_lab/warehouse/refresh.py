"""The books into the DuckDB cache: what changed since it was made, or everything where that can't be or isn't less.

All is read from one snapshot of the books. A cache that is missing, damaged, locked or of another format is written
anew, and the log says so.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from invoice_lab.errors import CacheError
from invoice_lab.settings import Settings
from invoice_lab.warehouse.cache import open_version
from invoice_lab.warehouse.cache_export import Snapshot, export_sql, fill, snapshot
from invoice_lab.warehouse.cache_files import is_whole, next_version, pointed, work_folder
from invoice_lab.warehouse.cache_increment import Increment
from invoice_lab.warehouse.cache_meta import CacheMeta
from invoice_lab.warehouse.cache_write import create_tables, finish, finish_in_full, first_line, write_version, writing
from invoice_lab.warehouse.changes import Position, changed_keys, is_known, newest_position
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.load import holds_made_up
from invoice_lab.warehouse.migrate import migrate, require_workspace

MOST_CHANGED = 0.2
"""Where more keys than this share of the rows changed since the cache was written in full, it is written in full again:
rows that come one by one lie scattered, and take up room twice."""
_COUNTED = ("customers", "products", "invoices", "parts")
_log = logging.getLogger(__name__)


def refresh(workspace: str, settings: Settings | None = None) -> CacheMeta:
    """Bring a workspace's cache to the state of its books, and switch to it.

    What changed is taken over into a copy. The cache is written in full where it is missing or not to be used (a
    warning tells why), where the log of changes doesn't reach back to it, and where too much changed. Where nothing
    did, it stays.

    Parameters
    ----------
    workspace : str
    settings : Settings, optional
        From the environment by default.

    Returns
    -------
    CacheMeta
        What the cache holds; its `increments` is 0 where it was written in full.

    Raises
    ------
    UsageError
        Where there is no such workspace.
    CacheError
        The cache can't be written; the one of before stays.
    """
    settings = settings or Settings.from_environment()
    with database(settings) as books:
        require_workspace(books, workspace)
        settings.make_workspace_dir(workspace)
        migrate(books, workspace)
        folder = settings.cache_dir(workspace)
        with writing(folder, workspace), work_folder(folder) as work, snapshot(books, workspace) as state:
            return _Refresh(workspace, folder, work, state).run()


@dataclass(frozen=True)
class _Reason:
    """Why a cache is written in full; `broken` where that should not have been necessary."""

    text: str
    broken: bool = False


class _Refresh:
    """One refresh: the books in one state, the folder for one writer."""

    def __init__(self, workspace: str, folder: Path, work: Path, books: Snapshot) -> None:
        self._workspace = workspace
        self._folder = folder
        self._work = work
        self._books = books
        with books.connection.cursor() as cursor:
            self._now = newest_position(cursor)
            cursor.execute(export_sql("unopened"))
            self._unopened = set(cursor.fetchall())
        self._sample = holds_made_up(books.connection)

    def run(self) -> CacheMeta:
        updated = self._updated()
        if isinstance(updated, CacheMeta):
            _log.info("The cache of %r is up to date.", self._workspace)
            return updated
        written = self._written_in_full()
        if updated.broken:
            _log.warning("The cache of %r was rebuilt: %s.", self._workspace, updated.text)
        else:
            _log.info("The cache of %r was written in full: %s.", self._workspace, updated.text)
        return written

    def _updated(self) -> CacheMeta | _Reason:
        path = pointed(self._folder)
        if path is None:
            left = any(self._folder.glob("cache-*.duckdb"))
            return _Reason("its pointer is missing", broken=True) if left else _Reason("there was none")
        try:
            with open_version(path) as cache:
                seen = cache.meta
                unopened = set(cache.connection.execute("select sha256, name, problem from unopened").fetchall())
        except CacheError as error:
            return _Reason(error.message.rstrip("."), broken=True)
        except duckdb.Error as error:
            return _Reason(f"it can't be read: {first_line(error)}", broken=True)
        if seen.position is None or seen.sample != self._sample or not self._reaches(seen.position):
            return _Reason("the log of changes doesn't tell all that happened since")
        if seen.position == self._now and unopened == self._unopened:
            return seen if is_whole(path) else _Reason("its file is not as it was written", broken=True)
        return self._brought_up_to_date(path, seen, seen.position)

    def _reaches(self, seen: Position) -> bool:
        with self._books.connection.cursor() as cursor:
            return is_known(cursor, seen)

    def _brought_up_to_date(self, path: Path, seen: CacheMeta, position: Position) -> CacheMeta | _Reason:
        with self._books.connection.cursor() as cursor:
            keys = changed_keys(cursor, position)
        changed = seen.changed + sum(map(len, keys.values()))
        if changed > MOST_CHANGED * sum(seen.counts[table] for table in _COUNTED):
            return _Reason("much has changed since that was done last")
        new = next_version(self._folder)
        meta = replace(seen, position=self._now, increments=seen.increments + 1, changed=changed)

        def write(cache: duckdb.DuckDBPyConnection) -> CacheMeta:
            increment = Increment(cache, self._books, self._work, seen.digest)
            increment.follow(position, keys)
            return finish(cache, replace(meta, digest=increment.digest))

        try:
            return write_version(new, write, copy_of=path)
        except CacheError as error:
            return _Reason(error.message.rstrip("."), broken=True)
        except duckdb.Error as error:
            return _Reason(f"it can't be brought up to date: {first_line(error)}", broken=True)

    def _written_in_full(self) -> CacheMeta:
        def write(cache: duckdb.DuckDBPyConnection) -> CacheMeta:
            create_tables(cache)
            fill(cache, self._books, self._work)
            return finish_in_full(cache, CacheMeta(self._workspace, None, 0, {}, self._sample, self._now))

        return write_version(next_version(self._folder), write)
