"""The embedded server's keeper: one small process that holds the server for all of its users.

``python -m invoice_lab.warehouse.keeper <server folder> <data folder> <programs folder>`` starts ``postgres`` (or
adopts the one that a killed keeper left behind), ends with 0 as soon as that answers, and leaves a detached child which
waits until no user holds ``users.lock`` any more, stops the server, and ends. From the moment that it decides to
stop until it has ended it holds ``users.lock`` alone, so that newcomers wait. Its stderr is the server's log.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from invoice_lab.warehouse.locks import FileLock
from invoice_lab.warehouse.postmaster import Postmaster, disown_stale_pid_file

POLL_SECONDS = 0.1
READY_SECONDS = 120.0
_PREDECESSOR_SECONDS = 10.0
_RETRY_SECONDS = 10.0
_ATTEMPTS = 3


def write_record(folder: Path, postmaster: Postmaster) -> None:
    """Write ``server.json``: the port, the server's pid and the keeper's pid."""
    record = {"port": postmaster.port, "pid": postmaster.pid, "keeper": os.getpid()}
    beside = folder / f"server.json.{os.getpid()}"
    beside.write_text(json.dumps(record) + "\n", encoding="utf-8")
    beside.replace(folder / "server.json")


def read_record(folder: Path) -> dict[str, int] | None:
    """Return what ``server.json`` says, or None where no server is recorded."""
    try:
        record = json.loads((folder / "server.json").read_text(encoding="utf-8"))
        return {name: int(record[name]) for name in ("port", "pid", "keeper")}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_record(folder: Path) -> None:
    """Remove ``server.json`` if it is this keeper's (the folder may have been deleted and made anew)."""
    record = read_record(folder)
    if record is not None and record["keeper"] == os.getpid():
        (folder / "server.json").unlink(missing_ok=True)


def start_or_adopt(data: Path, programs: Path) -> Postmaster | None:
    """Return a server that accepts connections, or None where it can't be started.

    After a kill -9 PostgreSQL refuses for about two seconds, until the old server's processes are gone: a data folder
    that was not left cleanly gets ten seconds of attempts. Each attempt takes another port.
    """
    deadline = time.monotonic() + _RETRY_SECONDS
    attempt = 0
    while True:
        attempt += 1
        postmaster = Postmaster.running_on(data)
        if postmaster is None:
            left_behind = (data / "postmaster.pid").exists()
            disown_stale_pid_file(data)
            postmaster = Postmaster.start(programs, data)
        else:
            left_behind = True
        if postmaster.wait_ready(READY_SECONDS):
            return postmaster
        if postmaster.running():  # it hangs: leave nothing behind that nobody keeps
            postmaster.stop()
            return None
        if time.monotonic() > deadline or (not left_behind and attempt >= _ATTEMPTS):
            return None
        time.sleep(0.2)


def watch(folder: Path, postmaster: Postmaster) -> None:
    """Wait for the last user to leave, for a signal, or for the server to die by itself; then see it stopped."""
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    users = FileLock(folder / "users.lock")  # never closed: held until this process has ended
    while postmaster.running():
        if asked or users.exclusive():
            postmaster.stop()
            break
        time.sleep(POLL_SECONDS)
    remove_record(folder)


def keep(folder: Path, data: Path, programs: Path, ready: int) -> int:
    """Keep the server, from its start to its end; write one byte to the descriptor `ready` when it answers."""
    lock = FileLock(folder / "keeper.lock")  # never closed: held until this process has ended
    if not lock.exclusive(_PREDECESSOR_SECONDS):
        return 1
    postmaster = start_or_adopt(data, programs)
    if postmaster is None:
        return 1
    write_record(folder, postmaster)
    with contextlib.suppress(BrokenPipeError):  # the starter was killed meanwhile: its lock has fallen, we'll see
        os.write(ready, b".")
    os.close(ready)
    watch(folder, postmaster)
    return 0


def main(arguments: list[str]) -> int:
    """Fork the keeper off, so that it is nobody's child, and wait until its server answers."""
    folder, data, programs = (Path(argument) for argument in arguments)
    answers, ready = os.pipe()
    if os.fork():
        os.close(ready)
        return 0 if os.read(answers, 1) else 1
    os.close(answers)
    return keep(folder, data, programs, ready)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
