"""Advisory file locks (flock): they fall by themselves when their holder dies, however it dies.

A lock belongs to the open file, not to the process: a child made by *fork* shares it and keeps it held until it has
ended too, so start worker processes by ``spawn`` or ``forkserver``, never by fork. Programs that are executed don't
inherit it (the descriptor is closed on exec).
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

_PAUSE_SECONDS = 0.02


class FileLock:
    """One lock file, open in this process.

    Parameters
    ----------
    path : Path
        Made with mode 0600 where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def __enter__(self) -> FileLock:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the lock. Closed, not unlocked: a forked child that closes can't take its parent's lock away."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def shared(self, seconds: float = 0.0) -> bool:
        """Take the lock beside other sharers, waiting up to `seconds`; tell whether it was got."""
        return self._take(fcntl.LOCK_SH, seconds)

    def exclusive(self, seconds: float = 0.0) -> bool:
        """Take the lock alone, waiting up to `seconds`; tell whether it was got."""
        return self._take(fcntl.LOCK_EX, seconds)

    def _take(self, kind: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(self._fd, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_PAUSE_SECONDS)
            else:
                return True


def is_free(path: Path) -> bool:
    """Tell whether nobody holds the lock file at `path`, shared or exclusive."""
    with FileLock(path) as lock:
        return lock.exclusive()
