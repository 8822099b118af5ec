"""Readings on all cores: a pool of processes, one OCR engine each, that outlives a killed worker."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, TypeVar

from invoice_lab.ocr.page import Page
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.checks import check_layouts
from invoice_lab.validation.judge import Judgement, judge

Key = TypeVar("Key")

IN_FLIGHT = 4
"""Scans handed out for each worker at once: enough to keep it busy, few enough to keep memory flat."""


@dataclass(frozen=True)
class Reading:
    """What a worker made of a scan: one judgement a part, and the seconds it took."""

    judgements: tuple[Judgement, ...]
    seconds: float


def worker_count(wanted: int) -> int:
    """Return how many workers to start; 0 or less means one for each core that this process may use."""
    return wanted if wanted > 0 else len(os.sched_getaffinity(0))


def _start_worker(engine: str) -> None:
    """Prepare a worker: Ctrl-C is the parent's to handle, the parent's death ends it, one engine a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    one_thread_each()
    from invoice_lab.ocr.engines import load_engine

    load_engine(engine)


def one_thread_each() -> None:
    """Keep a worker to one core: the processes share the work, threads beside them would only wait on each other."""
    import cv2
    import numpy  # noqa: F401 - loads the libraries whose threads are limited
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    cv2.setNumThreads(1)
    threadpool_limits(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def read_and_judge(scan: Scan, engine: str) -> Reading:
    """Read one scan and judge what was read; whatever goes wrong becomes a ``failed`` part of this scan alone."""
    from invoice_lab.ocr.read import Reader

    start = time.perf_counter()
    try:
        judgements = tuple(judge(page) for page in Reader(engine).read(scan))
    except Exception as error:
        judgements = (failed(scan.sha256, "internal-error", f"Reading broke: {type(error).__name__}: {error}."),)
    return Reading(judgements, time.perf_counter() - start)


def failed(sha256: str, code: str, message: str) -> Judgement:
    """Return the judgement on a scan that we could not read."""
    return judge(Page(sha256, engine="none", engine_version="").with_problem(code, message))


@dataclass
class _Task(Generic[Key]):
    key: Key
    scan: Scan | None
    future: Future[Reading] | None


class WorkerPool:
    """Reads scans in the order given, several at once.

    Workers are spawned, not forked: a forked one would share the embedded server's lock.

    Parameters
    ----------
    engine : str
    workers : int
        0 means one a core.

    Raises
    ------
    UsageError
        A layout can't be understood: better told once than with every scan.
    """

    def __init__(self, engine: str, workers: int = 0) -> None:
        check_layouts()
        self._engine = engine
        self._workers = worker_count(workers)
        self._pool = self._start(self._workers)

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _start(self, workers: int) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(self._engine,))

    def read(self, items: Iterable[tuple[Key, Scan | None]]) -> Iterator[tuple[Key, Reading | None]]:
        """Read scans; an item without a scan is handed through at its place.

        Parameters
        ----------
        items : iterable of (key, Scan or None)

        Yields
        ------
        (key, Reading or None)
            In the order of `items`.
        """
        waiting: deque[_Task[Key]] = deque()
        for key, scan in items:
            waiting.append(_Task(key, scan, self._submit(scan) if scan else None))
            while len(waiting) >= self._workers * IN_FLIGHT or (waiting and waiting[0].scan is None):
                yield self._next(waiting)
        while waiting:
            yield self._next(waiting)

    def _submit(self, scan: Scan) -> Future[Reading]:
        try:
            return self._pool.submit(read_and_judge, scan, self._engine)
        except BrokenProcessPool as error:
            lost: Future[Reading] = Future()
            lost.set_exception(error)
            return lost

    def _next(self, waiting: deque[_Task[Key]]) -> tuple[Key, Reading | None]:
        task = waiting.popleft()
        if task.scan is None or task.future is None:
            return task.key, None
        try:
            return task.key, task.future.result()
        except BrokenProcessPool:
            reading = self._alone(task.scan)
            self._restart(waiting)
            return task.key, reading

    def _alone(self, scan: Scan) -> Reading:
        """Read a scan whose worker was lost in a process of its own: if that is lost too, it is the scan's doing."""
        with self._start(1) as pool:
            try:
                return pool.submit(read_and_judge, scan, self._engine).result()
            except BrokenProcessPool:
                message = "The worker that read this scan was killed twice, most likely for want of memory."
                return Reading((failed(scan.sha256, "worker-lost", message),), 0.0)

    def _restart(self, waiting: deque[_Task[Key]]) -> None:
        """Replace a broken pool and hand out again what it had not finished."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._start(self._workers)
        for task in waiting:
            if task.scan and not (task.future and _finished(task.future)):
                task.future = self._submit(task.scan)


def _finished(future: Future[Reading]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
