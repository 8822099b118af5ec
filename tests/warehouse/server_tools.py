"""Helpers for tests of the embedded server: users in processes of their own, and what runs on a server folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from invoice_lab.settings import Settings
from invoice_lab.warehouse.embedded import embedded_status
from invoice_lab.warehouse.keeper import read_record
from invoice_lab.warehouse.server_folder import existing_folder

USE = """
import sys
from pathlib import Path
from invoice_lab.settings import Settings
from invoice_lab.warehouse.connection import database
with database(Settings(Path(sys.argv[1]), Path(sys.argv[1]) / "reports")) as db:
    print(db.url_for_humans, flush=True)
    sys.stdin.read()
"""
IS_ROOT = os.geteuid() == 0


class User:
    """A process that uses the server of a data folder until it is told to leave, or killed."""

    def __init__(self, settings: Settings, *prefix: str) -> None:
        command = [*prefix, sys.executable, "-c", USE, str(settings.data_dir)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def url(self) -> str:
        """Wait until it has attached; the URL that it sees."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> int:
        """Let it leave; its exit code."""
        self.process.communicate()
        return self.process.returncode

    def kill(self) -> None:
        """Kill it as the machine would."""
        self.process.kill()
        self.process.communicate()


def processes(settings: Settings) -> list[str]:
    """The command lines of everything that runs on the server folder of these settings."""
    folder = existing_folder(settings.data_dir)
    if folder is None:
        return []
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            continue
        if any(word.startswith(os.fsencode(folder.path)) for word in words):
            found.append(b" ".join(words).decode(errors="replace"))
    return found


def eventually(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def kill_keeper(settings: Settings) -> None:
    """Kill the server's keeper and wait until it is gone; the server runs on."""
    folder = existing_folder(settings.data_dir)
    assert folder is not None
    record = read_record(folder.path)
    assert record is not None
    os.kill(record["keeper"], signal.SIGKILL)
    assert eventually(lambda: not embedded_status(settings).kept)


def kill_postmaster(settings: Settings) -> None:
    """Kill the server's first process and wait until it is gone."""
    pid = embedded_status(settings).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not embedded_status(settings).running)
