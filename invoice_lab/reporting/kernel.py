"""The kernels that notebooks run in: what they may know, and how Ctrl-C reaches them."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, cast

from invoice_lab.reporting.assets import PAGE_VARIABLE
from invoice_lab.reporting.files import PAGE_FILES_VARIABLE
from invoice_lab.settings import DATABASE_VARIABLES, Settings

REPEATABLE = {
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    # one thread: sums in another order would differ in their last bits
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MPLBACKEND": "agg",
    PAGE_VARIABLE: "report",
}
# the kernel would warn on stderr that its loopback sockets (with signed messages) are not encrypted
_QUIET = ("--log-level=50", "--HistoryManager.enabled=False")


def kernel_environment(settings: Settings, *, credentials: bool, files: Path | None = None) -> dict[str, str]:
    """Return the environment of a notebook's kernel.

    Parameters
    ----------
    settings : Settings
    credentials : bool
        Whether it has the database's credentials.
    files : Path, optional
        Where the files that belong to the page go; without it a notebook writes none.
    """
    environment = {name: value for name, value in os.environ.items() if name != PAGE_FILES_VARIABLE}
    if files is not None:
        environment[PAGE_FILES_VARIABLE] = str(files.resolve())
    if not credentials:
        environment = {name: value for name, value in environment.items() if name not in DATABASE_VARIABLES}
        environment |= REPEATABLE
    elif settings.database_url:
        environment["DATABASE_URL"] = settings.database_url
    environment["INVOICE_LAB_DATA"] = str(settings.data_dir)
    environment["INVOICE_LAB_REPORTS"] = str(settings.reports_dir)
    return environment


def kernel_manager_class(environment: dict[str, str], started: list[Any]) -> type:
    """Return a kernel manager whose kernels get `environment`; each adds itself to `started`."""
    from jupyter_client.manager import AsyncKernelManager

    class ReportKernelManager(AsyncKernelManager):  # type: ignore[misc]
        # Sockets in a folder of the kernel's own: two runs that start at once may choose the same free TCP port.
        transport = "ipc"

        async def _async_pre_start_kernel(self, **options: object) -> tuple[list[str], dict[str, Any]]:
            started.append(self)
            self._folder = tempfile.TemporaryDirectory(prefix="il-")
            self.connection_file = str(Path(self._folder.name) / "kernel.json")
            given = options.pop("extra_arguments", None) or []
            quiet = [*cast("list[str]", given), *_QUIET]
            return await super()._async_pre_start_kernel(**(options | {"env": environment, "extra_arguments": quiet}))

        pre_start_kernel = _async_pre_start_kernel

    return ReportKernelManager


@contextlib.contextmanager
def interruptible(started: list[Any]) -> Iterator[list[int]]:
    """Send Ctrl-C on to the kernel and its workers, so that they end what they do; a second one ends everything.

    Yields
    ------
    list of int
        The signals that arrived.
    """
    arrived: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield arrived
        return

    def pass_on(number: int, frame: FrameType | None) -> None:
        arrived.append(number)
        if len(arrived) > 1 or not _interrupt(started):
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, pass_on)
    try:
        yield arrived
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt(started: list[Any]) -> bool:
    """Interrupt the process group of the newest kernel; tell whether there was one."""
    provisioner = getattr(started[-1], "provisioner", None) if started else None
    pid = getattr(provisioner, "pid", None)
    if not pid:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.killpg(os.getpgid(pid), signal.SIGINT)
        return True
    return False
