"""Who reads: processes of this machine, threads, or a dask cluster, all behind `concurrent.futures.Executor`."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal, get_args

from invoice_lab.errors import MissingToolError, UsageError
from invoice_lab.workers.limits import STANDARD, WorkLimits
from invoice_lab.workers.prepare import start_worker

ExecutorKind = Literal["process", "thread", "dask"]
EXECUTORS: tuple[ExecutorKind, ...] = get_args(ExecutorKind)


def _always() -> bool:
    return True


@dataclass(frozen=True)
class Started:
    """What reads, once it was started.

    Attributes
    ----------
    executor : concurrent.futures.Executor
    workers : int
        How many it has.
    is_there : callable
        Tells whether it is still there; where not, what it was to do never comes.
    """

    executor: Executor
    workers: int
    is_there: Callable[[], bool] = _always


@dataclass(frozen=True)
class Workforce:
    """Who reads.

    Attributes
    ----------
    workers : int
        Processes or threads; 0 means one a core. A cluster that is there already has its own.
    executor : {"process", "thread", "dask"}
        Threads share one process: nothing ends one that reads too long, or takes too much memory.
    scheduler : str or None
        Address of a dask scheduler, such as ``tcp://10.0.0.5:8786``; None: a cluster of this machine alone.
    limits : WorkLimits

    Raises
    ------
    UsageError
        There is no such executor, or a scheduler is named for another than dask.
    """

    workers: int = 0
    executor: str = "process"
    scheduler: str | None = None
    limits: WorkLimits = STANDARD

    def __post_init__(self) -> None:
        if self.executor not in EXECUTORS:
            raise UsageError(f"There is no executor {self.executor!r}.", f"Known: {', '.join(EXECUTORS)}.")
        if self.scheduler and self.executor != "dask":
            raise UsageError("A scheduler is for dask alone.", "Add --executor dask.")

    @property
    def count(self) -> int:
        """How many read at once, where that is ours to say."""
        return worker_count(self.workers)

    def start(self, engine: str, stack: ExitStack) -> Started:
        """Start what reads; what has to be ended beside the executor is left to `stack`.

        Processes are spawned, not forked: a forked one would share the embedded server's lock.

        Raises
        ------
        MissingToolError
            The package of a cluster is not installed.
        UsageError
            The scheduler can't be reached.
        """
        if self.executor == "dask":
            return _dask_executor(self, engine, stack)
        if self.executor == "thread":
            return Started(ThreadPoolExecutor(self.count, "reader"), self.count)
        context = multiprocessing.get_context("spawn")
        arguments = (engine, self.limits)
        executor = ProcessPoolExecutor(self.count, context, initializer=start_worker, initargs=arguments)
        return Started(executor, self.count)


def worker_count(wanted: int) -> int:
    """Return how many workers to start; 0 or less means one for each core that this process may use."""
    return wanted if wanted > 0 else len(os.sched_getaffinity(0))


def _dask_executor(workforce: Workforce, engine: str, stack: ExitStack) -> Started:
    try:
        from invoice_lab.workers.cluster import connected
    except ImportError as error:
        what = f"The executor dask can't be used: {error}."
        raise MissingToolError(what, "Run `pip install 'invoice-lab[dask]'`.") from error
    client = stack.enter_context(connected(workforce.scheduler, workforce.count, engine, workforce.limits))
    connection = client.scheduler_comm

    def is_there() -> bool:
        # after another connection was made, what was asked for on this one never comes
        return bool(client.status == "running" and client.scheduler_comm is connection)

    return Started(client.get_executor(pure=False), max(len(client.nthreads()), 1), is_there)
