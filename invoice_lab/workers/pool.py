"""Readings in the order of the scans, several at once, by workers of which any may be lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import takewhile
from types import TracebackType
from typing import Any, Generic, TypeVar

from invoice_lab.errors import WorkersLostError
from invoice_lab.ocr.engines import Line
from invoice_lab.validation.checks import check_layouts
from invoice_lab.workers.alone import read_alone
from invoice_lab.workers.executors import Workforce
from invoice_lab.workers.task import Lines, Reading, Store, Task

Key = TypeVar("Key")
Result = TypeVar("Result")

POLL_SECONDS = 1.0
"""How often it is asked whether a cluster is still there, while something is waited for."""
IN_FLIGHT = 32
"""Scans handed out for each worker at once: enough to keep the others busy while one reads a difficult scan."""


@dataclass
class _Waiting(Generic[Key]):
    key: Key
    task: Task | None
    future: Future[Reading] | None


def is_killed_worker(error: BaseException) -> bool:
    """Tell whether a cluster gave something up because the workers that did it were lost."""
    return type(error).__name__ == "KilledWorker"  # distributed's class, which may not be installed


def lost_workers(error: BaseException) -> WorkersLostError:
    """Return what to say where workers are lost for good."""
    return WorkersLostError(f"The workers were lost: {type(error).__name__}: {error}.")


class WorkerPool:
    """Reads scans in the order given, several at once.

    Parameters
    ----------
    engine : str
    workforce : Workforce, optional
        One process a core by default.
    lines : Lines, optional
        The line cache that is handed to the readers.

    Raises
    ------
    UsageError
        A layout can't be understood: better told once than with every scan.
    """

    def __init__(self, engine: str, workforce: Workforce | None = None, lines: Lines | None = None) -> None:
        check_layouts()
        self.engine, self.lines = engine, lines
        self.workforce = workforce or Workforce()
        self._beside = ExitStack()
        self._started = self.workforce.start(engine, self._beside)

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._beside:
            if self.is_cluster:
                self._started.executor.shutdown(wait=False)  # dask's knows no cancel_futures; its client cancels them
            else:
                self._started.executor.shutdown(wait=True, cancel_futures=True)

    @property
    def is_cluster(self) -> bool:
        """Whether the workers may be of other machines."""
        return self.workforce.executor == "dask"

    @property
    def executor(self) -> Executor:
        """What runs the workers: of a cluster, also other work may be handed to it."""
        return self._started.executor

    def task(self, sha256: str, name: str, store: Store) -> Task:
        """Return what to read of a scan of the store."""
        lines = self.lines.elsewhere() if self.lines and self.workforce.scheduler else self.lines
        return Task(sha256, name, self.engine, store=store, limits=self.workforce.limits, lines=lines)

    def keep(self, lines: list[Line]) -> None:
        """Have the line cache write down lines that were new to the readers."""
        if self.lines:
            self.lines.keep(lines)
        lines.clear()

    def read(
        self, items: Iterable[tuple[Key, Task | None]], wanted: Callable[[], bool] = lambda: True
    ) -> Iterator[tuple[Key, Reading | None]]:
        """Read scans; an item without a task is handed through at its place.

        Parameters
        ----------
        items : iterable of (key, Task or None)
        wanted : callable
            Tells whether to go on; where not, scans in hand are finished, and those after them left out.

        Yields
        ------
        (key, Reading or None)
            In the order of `items`.

        Raises
        ------
        WorkersLostError
            The whole cluster was lost.
        """
        waiting: deque[_Waiting[Key]] = deque()
        for key, task in items:
            if not wanted():
                break
            waiting.append(_Waiting(key, task, self._submit(task) if task else None))
            while waiting and (len(waiting) >= self._started.workers * IN_FLIGHT or _is_done(waiting[0])):
                yield self._next(waiting)
        while waiting:
            if not wanted():
                _leave_out(waiting)
            if waiting:
                yield self._next(waiting)

    def result(self, future: Future[Result]) -> Result:
        """Wait for what a worker does; raises what that raises.

        Raises
        ------
        WorkersLostError
            The whole cluster was lost: then nothing comes any more.
        """
        while not wait([future], timeout=POLL_SECONDS).done:
            self.check()
        return future.result()

    def check(self) -> None:
        """Raise `WorkersLostError` where the whole cluster was lost: then nothing comes any more."""
        if not self._started.is_there():
            raise WorkersLostError("The workers were lost: the scheduler is not there any more.")

    def _submit(self, task: Task) -> Future[Reading]:
        try:
            return self._started.executor.submit(Task.run, task)
        except BrokenExecutor as error:
            lost: Future[Reading] = Future()
            lost.set_exception(error)
            return lost

    def _next(self, waiting: deque[_Waiting[Key]]) -> tuple[Key, Reading | None]:
        first = waiting.popleft()
        if first.task is None or first.future is None:
            return first.key, None
        try:
            return first.key, self.result(first.future)
        except BrokenExecutor:
            self._recover([first, *waiting])
            return first.key, first.future.result()
        except WorkersLostError:
            raise
        except (Exception, CancelledError) as error:
            if not is_killed_worker(error):
                raise lost_workers(error) from error
            # It may have been another scan's doing, which was handed to the same worker.
            return first.key, read_alone(first.task)

    def _recover(self, waiting: Sequence[_Waiting[Key]]) -> None:
        """Read alone what was being read as the pool broke, then replace the pool and hand out the rest again.

        Scans are begun in their order, so these are the first that have no result: as many as there are workers.
        """
        self._started.executor.shutdown(wait=False, cancel_futures=True)
        lost = [item for item in waiting if item.task and not (item.future and _has_result(item.future))]
        suspects, rest = lost[: self._started.workers], lost[self._started.workers :]
        with ThreadPoolExecutor(self._started.workers) as threads:
            for item, reading in zip(suspects, threads.map(_alone, suspects), strict=True):
                item.future = Future()
                item.future.set_result(reading)
        self._started = self.workforce.start(self.engine, self._beside)
        for item in rest:
            assert item.task is not None
            item.future = self._submit(item.task)


def _alone(item: _Waiting[Any]) -> Reading:
    assert item.task is not None
    return read_alone(item.task)


def _leave_out(waiting: deque[_Waiting[Any]]) -> None:
    """Take back what no worker has begun, and leave out all that comes after the first of it."""
    left = {id(item) for item in reversed(waiting) if item.future is not None and item.future.cancel()}
    begun = list(takewhile(lambda item: id(item) not in left, waiting))
    waiting.clear()
    waiting.extend(begun)


def _is_done(item: _Waiting[Any]) -> bool:
    return item.future is None or item.future.done()


def _has_result(future: Future[Reading]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
