"""The ``postgres`` process of the embedded server: what its pid file says, how it is started, watched and stopped.

Only the standard library: the keeper must come up in a few milliseconds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_STOP_SECONDS = 60.0
_IMMEDIATE_STOP_SECONDS = 10.0
_SETTINGS = {
    # Durability (fsync, full_page_writes, synchronous_commit) stays at its safe defaults.
    "max_connections": "50",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and row contents are strangers' text and people's data: not for the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True)
class PidFile:
    """What ``postmaster.pid`` says.

    Attributes
    ----------
    pid : int
    port : int
    ready : bool
        Whether connections are accepted.
    """

    pid: int
    port: int
    ready: bool


def read_pid_file(data: Path) -> PidFile | None:
    """Return what the pid file of the data folder says, or None where there is none or it is half written."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        return PidFile(int(lines[0]), int(lines[3]), len(lines) > 7 and lines[7].strip() == "ready")
    except (OSError, ValueError, IndexError):
        return None


def is_postmaster(pid: int, data: Path) -> bool:
    """Tell whether `pid` is a living ``postgres`` on this data folder, not another process that got its number."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return Path(os.fsdecode(arguments[0])).name == "postgres" and os.fsencode(data) in arguments


def disown_stale_pid_file(data: Path) -> None:
    """Make a pid file left by a killed server acceptable to the next one.

    PostgreSQL refuses to start while the recorded pid lives, even as a zombie that nobody reaps or, in a new
    container, as an unrelated process. Writing our own pid in its place makes it stale (PostgreSQL passes over its
    parent's pid) and keeps the other lines, by which it checks that no process of the old server still has its memory.
    """
    path = data / "postmaster.pid"
    known = read_pid_file(data)
    if known is None or is_postmaster(known.pid, data) or not Path("/proc/self").exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    with path.open("r+", encoding="utf-8") as file:  # in place: owner and mode stay
        file.write("".join([f"{os.getpid()}\n", *lines[1:]]))
        file.truncate()


def run_as(uid: int, gid: int) -> dict[str, Any]:
    """Return the `subprocess` arguments that run a server program as this user, in a clean environment."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    arguments: dict[str, Any] = {"cwd": "/", "env": {**kept, "LC_ALL": "C", "TZ": "UTC"}, "stdin": subprocess.DEVNULL}
    if os.geteuid() == 0:
        arguments |= {"user": uid, "group": gid, "extra_groups": []}
    return arguments


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postmaster:
    """A server, started by us or adopted from a keeper that was killed.

    Attributes
    ----------
    data : Path
    pid, port : int
    """

    def __init__(self, data: Path, pid: int, port: int, child: subprocess.Popen[bytes] | None = None) -> None:
        self.data = data
        self.pid = pid
        self.port = port
        self._child = child

    @classmethod
    def start(cls, programs: Path, data: Path) -> Postmaster:
        """Start ``postgres`` on loopback TCP only, as the owner of the data folder; its log goes to our stderr."""
        port = free_port()
        owner = data.stat()
        command = [str(programs / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", ""]
        command += [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        child = subprocess.Popen(command, stdout=2, **run_as(owner.st_uid, owner.st_gid))
        return cls(data, child.pid, port, child)

    @classmethod
    def running_on(cls, data: Path) -> Postmaster | None:
        """Return the server that already runs on this data folder, if any."""
        known = read_pid_file(data)
        return cls(data, known.pid, known.port) if known and is_postmaster(known.pid, data) else None

    def running(self) -> bool:
        """Tell whether the process lives; reaps it if it was our child and died."""
        if self._child is not None:
            return self._child.poll() is None
        return is_postmaster(self.pid, self.data)

    def wait_ready(self, seconds: float) -> bool:
        """Wait until it accepts connections; False where it died or did not get there in time."""
        deadline = time.monotonic() + seconds
        while self.running() and time.monotonic() < deadline:
            known = read_pid_file(self.data)
            if known and known.pid == self.pid and known.ready:
                return True
            time.sleep(0.01)
        return False

    def stop(self) -> None:
        """Stop it: a fast shutdown, which ends connections and loses nothing; an immediate one where that hangs."""
        for number, seconds in ((signal.SIGINT, _STOP_SECONDS), (signal.SIGQUIT, _IMMEDIATE_STOP_SECONDS)):
            deadline = time.monotonic() + seconds
            with contextlib.suppress(ProcessLookupError):
                if self.running():
                    os.kill(self.pid, number)
            while self.running():
                if time.monotonic() > deadline:
                    break
                time.sleep(0.01)
            else:
                return
