"""One run: what workers read is committed in the source's order, whole scans at a time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

import psycopg2
from psycopg2.extensions import connection as Connection
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from invoice_lab.ocr.engines import Line
from invoice_lab.warehouse.arrival import Arrival, Batch, Loaded
from invoice_lab.warehouse.load import finish_batch, start_batch
from invoice_lab.workers import Reading, Task, WorkerPool, failed

SCANS_A_COMMIT = 100
SECONDS_A_COMMIT = 1.0
CONFLICTS = (psycopg2.errors.SerializationFailure, psycopg2.errors.DeadlockDetected)
"""What another transaction's work can do to ours: the same again goes well."""
TRIES = 5
REFUSED = (psycopg2.DataError, psycopg2.IntegrityError)
"""What PostgreSQL says to values that a table can't hold."""

_log = logging.getLogger(__name__)

Result = TypeVar("Result")
Load = Callable[[Connection, Batch, Sequence[Arrival]], list[Loaded]]


class Tasks(Protocol):
    """What is to be read."""

    def __iter__(self) -> Iterator[tuple[Arrival, Task | None]]:
        """Give each arrival, with a task where it has to be read."""

    def committed(self, arrivals: Iterable[Arrival]) -> None:
        """Learn that arrivals are in the books."""


class Run:
    """One run of a batch.

    Parameters
    ----------
    connection : psycopg2 connection
        To the books, as loader.
    batch : Batch
    load : callable
        Writes arrivals into the books, within the connection's transaction.
    wanted : callable
        Tells whether the run goes on; where it does not, scans in hand are finished.
    """

    def __init__(self, connection: Connection, batch: Batch, load: Load, wanted: Callable[[], bool]) -> None:
        self._connection, self._batch, self._load, self._wanted = connection, batch, load, wanted

    def through(self, tasks: Tasks, pool: WorkerPool) -> Iterator[Loaded]:
        """Read, judge and commit; yield what became of each arrival once it is committed."""
        self._committed(lambda: start_batch(self._connection, self._batch))
        source = {"source": self._batch.source, "engine": self._batch.engine, "version": self._batch.version}
        _log.info("batch begins", extra={"batch": str(self._batch.batch), **source})
        waiting: list[Arrival] = []
        lines: list[Line] = []
        committed = time.monotonic()
        for arrival, reading in pool.read(tasks, self._wanted):
            waiting.append(self._with_reading(arrival, reading))
            lines += reading.lines if reading else ()
            if len(waiting) >= SCANS_A_COMMIT or time.monotonic() - committed > SECONDS_A_COMMIT:
                yield from self._commit(waiting, tasks)
                pool.keep(lines)
                committed = time.monotonic()
        yield from self._commit(waiting, tasks)
        pool.keep(lines)

    def finish(self) -> None:
        """Record that the batch went through."""
        self._committed(lambda: finish_batch(self._connection, self._batch))
        _log.info("batch is through", extra={"batch": str(self._batch.batch)})

    def _commit(self, waiting: list[Arrival], tasks: Tasks) -> list[Loaded]:
        try:
            loaded = self._committed(lambda: self._load(self._connection, self._batch, waiting))
        except REFUSED:
            loaded = [one for arrival in waiting for one in self._commit_alone(arrival)]
        tasks.committed(waiting)
        waiting.clear()
        self._tell(loaded)
        return loaded

    def _commit_alone(self, arrival: Arrival) -> list[Loaded]:
        """Commit one arrival; where the books can't hold what was read of it, that is a failure of this scan alone."""
        try:
            return self._committed(lambda: self._load(self._connection, self._batch, [arrival]))
        except REFUSED as error:
            if not arrival.judgements:
                raise
            said = f"The books can't hold what was read: {str(error).strip()}."
            refused = replace(arrival, judgements=(failed(arrival.sha256 or "", "internal-error", said),))
            return self._committed(lambda: self._load(self._connection, self._batch, [refused]))

    def _committed(self, work: Callable[[], Result]) -> Result:
        """Do something in a transaction of its own; again, where it came into conflict with another one."""
        tries = Retrying(
            retry=retry_if_exception_type(CONFLICTS),
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(0.05, max=2),
            reraise=True,
        )
        return tries(self._try_to_commit, work)

    def _try_to_commit(self, work: Callable[[], Result]) -> Result:
        try:
            result = work()
            self._connection.commit()
        except (*CONFLICTS, *REFUSED):
            self._connection.rollback()
            raise
        return result

    def _tell(self, loaded: Sequence[Loaded]) -> None:
        if not _log.isEnabledFor(logging.INFO):
            return
        for one in loaded:
            statuses = [part.judgement.status for part in one.parts]
            about = {"batch": str(self._batch.batch), "scan": one.arrival.sha256, "scan_name": one.arrival.name}
            what = {"outcome": one.outcome, "statuses": statuses, "seconds": round(one.arrival.seconds, 4)}
            _log.info(one.arrival.problem or "committed", extra={**about, **what})

    def _with_reading(self, arrival: Arrival, reading: Reading | None) -> Arrival:
        if reading is None:
            return arrival
        judgements, seconds = reading.judgements, reading.seconds
        return replace(arrival, judgements=judgements, seconds=seconds, engine=self._batch.engine)
