"""A server of ours in a process of its own: started, waited for, and stopped with all that it started."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from invoice_lab.errors import InvoiceLabError, UsageError

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
_START_SECONDS = 120
_STOP_SECONDS = 15
_LOG_LINES = 15


def free_port(host: str, port: int) -> int:
    """Return `port` if nothing listens there, or any free port for 0.

    Raises
    ------
    UsageError
        Where the port is taken or may not be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"Port {port} on {host} can't be used: {error}.",
                "Stop what listens there, or choose another by --port.",
            ) from error
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def server_process(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    log: Path,
    health_url: str,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for the block; it is ready when the block begins and gone when it ends.

    The process has a session of its own, so that Ctrl-C reaches only us and we stop it in order. It gets a pipe as its
    standard input: when we die, the pipe ends.

    Raises
    ------
    InvoiceLabError
        Where it ends before it answers, or doesn't answer within two minutes.
    """
    with log.open("wb") as file:
        process = subprocess.Popen(
            list(command), cwd=cwd, env=dict(environment), stdin=subprocess.PIPE, stdout=file, stderr=file,
            start_new_session=True,
        )  # fmt: skip
    try:
        _wait_until_it_answers(process, health_url, log)
        yield process
    finally:
        _stop(process)


@contextlib.contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """Give an event that SIGINT and SIGTERM set for the block; outside the main thread nobody sets it."""
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_for_end(process: subprocess.Popen[bytes], stopped: threading.Event, log: Path) -> None:
    """Wait until told to stop.

    Raises
    ------
    InvoiceLabError
        Where the server ends by itself.
    """
    while not stopped.wait(timeout=0.5):
        if process.poll() is not None:
            raise InvoiceLabError(f"The server stopped by itself (exit code {process.returncode}); see {log}.")


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(url):
        if process.poll() is not None:
            raise InvoiceLabError(f"The server didn't start (exit code {process.returncode}):\n{_last_lines(log)}\n")
        if time.monotonic() > deadline:
            raise InvoiceLabError(f"The server didn't answer within {_START_SECONDS} s; see {log}.")
        time.sleep(_POLL_SECONDS)


def _answers(url: str) -> bool:
    # no proxy of the environment may come between us and our own loopback server
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        logger.warning("the server %d didn't stop within %d s and is killed", process.pid, _STOP_SECONDS)
        process.kill()
        process.wait()
