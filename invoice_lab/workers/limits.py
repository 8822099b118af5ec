"""How long a scan may be read, and how much memory that may take, so that none holds up a batch."""

from __future__ import annotations

import contextlib
import resource
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_in_worker = threading.Event()
"""Whether this process does nothing but read, so that an alarm may end it."""


@dataclass(frozen=True)
class WorkLimits:
    """What reading a scan may take.

    Attributes
    ----------
    seconds : float
        A worker that reads longer is ended. The slowest scans, many photographed sheets, take a minute.
    megabytes : int
        Of memory (1e6 bytes) beyond what a worker takes before it has read anything.
    """

    seconds: float = 300
    megabytes: int = 4000

    @contextlib.contextmanager
    def alarm(self) -> Iterator[None]:
        """End this process if the block takes too long; in a process that does other things too, do nothing.

        The kernel's timer ends it, so that it ends also within a library that never returns.
        """
        if not _in_worker.is_set():
            yield
            return
        signal.setitimer(signal.ITIMER_REAL, self.seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def lift(self) -> None:
        """Take the limits from this process: it does other things again."""
        _in_worker.clear()
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))

    def limit_memory(self) -> None:
        """Limit the memory of this process; where it ends, allocations fail."""
        before = _data_bytes()
        if before:
            _, hard = resource.getrlimit(resource.RLIMIT_DATA)
            wanted = before + self.megabytes * 1_000_000
            soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


STANDARD = WorkLimits()


def this_is_a_worker() -> None:
    """Let alarms end this process: it does nothing but read."""
    _in_worker.set()


def _data_bytes() -> int:
    """Return how much private memory this process has set aside; 0 where the system doesn't tell."""
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.is_file() else []:
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0
