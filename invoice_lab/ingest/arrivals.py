"""Scans as they arrive: listed, fetched, kept in the scan store and looked up in the books, in the source's order."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from psycopg2.extensions import connection as Connection

from invoice_lab.errors import InvoiceLabError, ScanError, SourceError
from invoice_lab.sources.scan import Scan
from invoice_lab.sources.source import Item, Source
from invoice_lab.warehouse.arrival import Arrival
from invoice_lab.warehouse.load import failed_scans, known_scans, outstanding, unchanged, watermark
from invoice_lab.warehouse.scan_store import ScanStore
from invoice_lab.workers import Task, WorkerPool, is_killed_worker, lost_workers

AHEAD = 64
"""Scans fetched before they are needed, and looked up in the books at once."""
PATIENCE = 0.25
"""Seconds that fetched scans wait for others, so that they can be looked up together."""


@dataclass(frozen=True)
class Fetched:
    """What became of fetching: the scan's sha256 and size; None and why where it could not be had."""

    sha256: str | None
    size: int = 0
    problem: str | None = None


def fetch_and_keep(source: Source, item: Item, store: ScanStore) -> Fetched:
    """Fetch a scan and keep its bytes in the store.

    Raises
    ------
    UsageError
        The store can't be written: that is no fault of the scan, and ends the run.
    """
    try:
        scan = Scan.of(item.name, source.fetch(item))
    except ScanError as error:
        return Fetched(None, problem=error.message)
    store.put(scan)
    return Fetched(scan.sha256, len(scan.data))


class Arrivals:
    """The scans of one run, as tasks for its workers.

    Parameters
    ----------
    source : Source
    store : ScanStore
    connection : psycopg2 connection
        To the books, as loader.
    pool : WorkerPool
        Its workers fetch, too, where they are of a cluster.
    wanted : callable
        Tells whether the run goes on; where it does not, nothing more is listed.

    Attributes
    ----------
    listed : int
        Scans listed so far.
    listed_all : bool
        Whether the listing came to its end.
    broken : SourceError or None
        What ended the listing before its time.
    """

    def __init__(
        self, source: Source, store: ScanStore, connection: Connection, *, pool: WorkerPool, wanted: Callable[[], bool]
    ) -> None:
        self._source, self._store, self._connection, self._pool = source, store, connection, pool
        self._wanted = wanted
        self._in_hand: set[str] = set()
        self.listed, self.listed_all = 0, False
        self.broken: SourceError | None = None

    def __iter__(self) -> Iterator[tuple[Arrival, Task | None]]:
        """Give each arrival, with a task where it has to be read: it is not known, nor in hand already."""
        since = watermark(self._connection, self._source.name)
        failed = failed_scans(self._connection, self._source.name) if since else []
        self._connection.rollback()
        number = 0
        for number, (sha256, name) in enumerate(failed, start=1):  # they lie behind the watermark, and in the store
            self.listed += 1
            arrival = Arrival(number, name, sha256)
            yield arrival, self._task(arrival)
        for chunk in _chunks(self._fetched(since)):
            known = known_scans(self._connection, [found.sha256 for _, found in chunk if found.sha256])
            self._connection.rollback()  # no transaction stays open while scans are read
            for item, found in chunk:
                number += 1
                arrival = _arrived(number, item, found)
                to_read = found.sha256 is not None and found.sha256 not in known | self._in_hand
                yield arrival, self._task(arrival) if to_read else None

    def committed(self, arrivals: Iterable[Arrival]) -> None:
        """Forget scans that are in the books."""
        self._in_hand.difference_update(arrival.sha256 for arrival in arrivals if arrival.sha256)

    def _task(self, arrival: Arrival) -> Task:
        assert arrival.sha256 is not None
        self._in_hand.add(arrival.sha256)
        return self._pool.task(arrival.sha256, arrival.name, self._store)

    def _items(self, since: str) -> Iterator[Item]:
        """List what could not be had before, then what is new."""
        again = outstanding(self._connection, self._source.name) if since else []
        self._connection.rollback()
        try:
            for item in itertools.chain(again, self._source.items(since)):
                self.listed += 1
                yield item
            self.listed_all = True
        except SourceError as error:
            self.broken = error

    def _versions(self, since: str) -> Iterator[tuple[Item, str | None]]:
        """List, each with its sha256 where the source says that it has not changed since it arrived."""
        listed = self._items(since)
        while items := list(itertools.islice(listed, 1)):
            if not items[0].version:
                yield items[0], None
                continue
            items += itertools.islice(listed, AHEAD - 1)
            same = unchanged(self._connection, self._source.name, items)
            self._connection.rollback()
            for item in items:
                sha256 = same.get(item.place)
                yield item, sha256 if sha256 and sha256 in self._store else None

    def _fetched(self, since: str) -> Iterator[tuple[Item, Fetched]]:
        waiting: deque[tuple[Item, Future[Fetched]]] = deque()
        ahead = self._source.concurrency if self._pool.is_cluster else AHEAD  # a cluster would fetch all at once
        with self._fetchers() as fetchers:
            for item, sha256 in self._versions(since):
                if not self._wanted():
                    break
                waiting.append((item, _at_hand(sha256) if sha256 else self._submit(fetchers, item)))
                while waiting and (len(waiting) >= ahead or waiting[0][1].done()) and self._is_done(waiting[0][1]):
                    yield self._first(waiting)
            while waiting and self._is_done(waiting[0][1]):
                yield self._first(waiting)

    def _submit(self, fetchers: Executor, item: Item) -> Future[Fetched]:
        return fetchers.submit(fetch_and_keep, self._source, item, self._store)

    @contextlib.contextmanager
    def _fetchers(self) -> Iterator[Executor]:
        """Give the block what fetches: a cluster's workers, else threads, as many as the source allows."""
        if self._pool.is_cluster:
            yield self._pool.executor
            return
        threads = ThreadPoolExecutor(self._source.concurrency, "fetcher")
        try:
            yield threads
        finally:
            threads.shutdown(wait=self._wanted(), cancel_futures=True)

    def _is_done(self, fetching: Future[Fetched]) -> bool:
        """Wait for a scan; False where nobody wants it any more, and it hasn't come yet."""
        while not wait([fetching], timeout=PATIENCE).done:
            self._pool.check()
            if not self._wanted():
                return False
        return True

    def _first(self, waiting: deque[tuple[Item, Future[Fetched]]]) -> tuple[Item, Fetched]:
        item, future = waiting.popleft()
        try:
            return item, self._pool.result(future)
        except InvoiceLabError:
            raise
        except (Exception, CancelledError) as error:
            if not self._pool.is_cluster:
                raise
            if not is_killed_worker(error):
                raise lost_workers(error) from error
            return item, fetch_and_keep(self._source, item, self._store)


def _at_hand(sha256: str) -> Future[Fetched]:
    done: Future[Fetched] = Future()
    done.set_result(Fetched(sha256))
    return done


def _arrived(number: int, item: Item, found: Fetched) -> Arrival:
    arrival = Arrival(number, item.name, found.sha256, found.size, problem=found.problem)
    return replace(arrival, place=item.place, mark=item.mark, version=item.version)


def _chunks(fetched: Iterator[tuple[Item, Fetched]]) -> Iterator[list[tuple[Item, Fetched]]]:
    """Gather what arrives within a moment."""
    chunk: list[tuple[Item, Fetched]] = []
    since = time.monotonic()
    for one in fetched:
        chunk.append(one)
        if len(chunk) >= AHEAD or time.monotonic() - since > PATIENCE:
            yield chunk
            chunk, since = [], time.monotonic()
    if chunk:
        yield chunk
