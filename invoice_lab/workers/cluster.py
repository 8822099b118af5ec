"""A dask cluster as an executor; only imported where one is asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import dask
from distributed import Client, LocalCluster, Worker, WorkerPlugin

from invoice_lab.errors import UsageError
from invoice_lab.workers.limits import WorkLimits
from invoice_lab.workers.prepare import prepare_reading

CONNECT_SECONDS = "10s"
DEATHS = 0
"""Workers that may be lost before dask gives up what they were to do: it is read again by us, each scan alone."""


class Prepare(WorkerPlugin):
    """Prepares each worker of a cluster, also those that come later.

    Parameters
    ----------
    engine : str
    limits : WorkLimits
    """

    name = "invoice_lab"

    def __init__(self, engine: str, limits: WorkLimits) -> None:
        self._engine, self._limits = engine, limits

    def setup(self, worker: Worker) -> None:
        """Prepare one."""
        prepare_reading(self._engine, self._limits)

    def teardown(self, worker: Worker) -> None:
        """Leave it without limits."""
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
        client.register_plugin(Prepare(engine, limits))
        stack.callback(_forget, client)
        yield client


def _check_threads(client: Client) -> None:
    """Refuse workers of several threads: the alarm that ends a scan which takes too long is one a process."""
    threads = max(client.nthreads().values(), default=1)
    if threads > 1:
        raise UsageError(
            f"The cluster's workers have {threads} threads.", "Start them with `dask worker --nthreads 1`."
        )


def _forget(client: Client) -> None:
    """Let the workers of others be as they were; a scheduler that is lost has nothing to be told."""
    if client.status == "running":
        with contextlib.suppress(Exception):
            client.unregister_worker_plugin(Prepare.name)
