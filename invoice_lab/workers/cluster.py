"""A dask cluster as an executor; only imported where one is asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from uuid import uuid4

import dask
from distributed import Client, LocalCluster, Worker, WorkerPlugin

from invoice_lab.errors import UsageError
from invoice_lab.workers.limits import WorkLimits
from invoice_lab.workers.prepare import prepare_reading

CONNECT_SECONDS = "10s"
DEATHS = 0
"""Workers that may be lost before dask gives up what they were to do: it is read again by us, each scan alone."""


SEVERAL_THREADS = "The cluster's workers have {} threads."
_RUNS: set[str] = set()
"""Of a worker: the plugins of the runs that it works for."""


class Prepare(WorkerPlugin):
    """Prepares each worker of a cluster, also those that come later; several runs may share one.

    Parameters
    ----------
    engine : str
    limits : WorkLimits
    """

    def __init__(self, engine: str, limits: WorkLimits) -> None:
        self.name = f"invoice_lab-{uuid4()}"
        self._engine, self._limits = engine, limits

    def setup(self, worker: Worker) -> None:
        """Prepare one; refuse one of several threads, which came later than the check."""
        if worker.state.nthreads > 1:
            raise RuntimeError(SEVERAL_THREADS.format(worker.state.nthreads))
        prepare_reading(self._engine, self._limits)
        _RUNS.add(self.name)

    def teardown(self, worker: Worker) -> None:
        """Leave it without limits, if no other run is left."""
        _RUNS.discard(self.name)
        if not _RUNS:
            self._limits.lift()


@contextlib.contextmanager
def connected(scheduler: str | None, workers: int, engine: str, limits: WorkLimits) -> Iterator[Client]:
    """Give the block a client of a cluster.

    Parameters
    ----------
    scheduler : str or None
        Its address; None starts a cluster on this machine, which ends with the block.
    workers : int
        Processes of a cluster that is started.
    engine : str
    limits : WorkLimits

    Raises
    ------
    UsageError
        The scheduler can't be reached.
    """
    with dask.config.set({"distributed.scheduler.allowed-failures": DEATHS}), contextlib.ExitStack() as stack:
        address = scheduler
        if address is None:
            cluster = LocalCluster(n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
            address = stack.enter_context(cluster).scheduler_address
        try:
            client = stack.enter_context(Client(address, timeout=CONNECT_SECONDS))
        except (OSError, ValueError) as error:
            where = f"The dask scheduler {scheduler} can't be reached: {error}."
            raise UsageError(where, "Start it with `dask scheduler`, and name it with --scheduler.") from error
        _check_threads(client)
        prepare = Prepare(engine, limits)
        client.register_plugin(prepare)
        stack.callback(_forget, client, prepare.name)
        yield client


def _check_threads(client: Client) -> None:
    """Refuse workers of several threads: the alarm that ends a scan which takes too long is one a process."""
    threads = max(client.nthreads().values(), default=1)
    if threads > 1:
        raise UsageError(SEVERAL_THREADS.format(threads), "Start them with `dask worker --nthreads 1`.")


def _forget(client: Client, plugin: str) -> None:
    """Let the workers of others be as they were; a scheduler that is lost has nothing to be told."""
    if client.status == "running":
        with contextlib.suppress(Exception):
            client.unregister_worker_plugin(plugin)
