"""An engine that runs in an environment of its own: one worker process, pictures in, words out.

What is said stands in `invoice_lab.ocr.engines.foreign.worker`. Another package can use `SubprocessEngine` with a
worker of its own that says the same.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from invoice_lab.errors import MissingToolError, ScanError
from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.engines.base import Hint, Word
from invoice_lab.ocr.page import Box

logger = logging.getLogger(__name__)

WORKER = Path(__file__).parent / "foreign" / "worker.py"
TIMEOUT_SECONDS = 120.0
"""For one picture; the slowest engine takes 7 seconds a page."""
START_SECONDS = 300.0
"""For loading an engine: torch takes 13 seconds, minutes from a cold and slow disk."""
_ENDING_SECONDS = 2.0

PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE",
)  # fmt: skip
"""The only variables that a worker gets from our environment: none that leads to a database or a network."""
SET = {
    **dict.fromkeys(("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"), "1"),
    **dict.fromkeys(("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "CUDA_VISIBLE_DEVICES": "",
}
"""No download, no telemetry; one thread, since processes share the work."""


def worker_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return a worker's environment variables."""
    return {name: environ[name] for name in PASSED_ON if name in environ} | SET


class SubprocessEngine:
    """Speaks the engine protocol; a worker in another environment does the reading.

    The worker is started at once and kept. It ends with this process, however that ends.

    Parameters
    ----------
    name : str
        The engine's name, also for the worker.
    python : Path
        The environment's interpreter.
    options : mapping of str to str
        Handed to the worker's adapter.
    worker : Path
        The worker's script.
    timeout, start_timeout : float
        Seconds that a picture, and the start, may take.

    Raises
    ------
    MissingToolError
        Where the worker can't be started, or lacks its library or weights.
    """

    def __init__(
        self, name: str, python: Path, options: Mapping[str, str] | None = None, *,
        worker: Path = WORKER, timeout: float = TIMEOUT_SECONDS, start_timeout: float = START_SECONDS,
    ) -> None:  # fmt: skip
        self.name = name
        self.version = ""
        self._command = [str(python), "-I", "-X", "utf8", str(worker), name, json.dumps(dict(options or {}))]
        self._timeout, self._start_timeout = timeout, start_timeout
        self._one_at_a_time = threading.Lock()
        self._worker: _Worker | None = None
        try:
            self._running()
        except (OSError, ValueError) as error:
            raise MissingToolError(f"The engine {name!r} can't be started: {error}.") from error

    def words(self, picture: Pixels, hint: Hint) -> list[Word]:
        """Read the words of a grey picture, shape (height, width).

        Raises
        ------
        ScanError
            ``engine-failed``: the engine broke on this picture, or its worker was lost twice.
        """
        header = {"shape": list(picture.shape), "hint": hint.shape, "characters": hint.characters}
        pixels = np.ascontiguousarray(picture, dtype=np.uint8).tobytes()
        with self._one_at_a_time:
            answer = self._answer(json.dumps(header).encode() + b"\n" + pixels)
        if "error" in answer:
            raise ScanError("engine-failed", f"{self.name} could not read the page: {answer['error']}.")
        return [Word(text, Box(*box), confidence) for text, *box, confidence in answer["words"]]

    def close(self) -> None:
        """End the worker; the next picture starts another."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def _answer(self, request: bytes) -> dict[str, Any]:
        problem: Exception | None = None
        for _ in range(2):
            try:
                return self._running().ask(request, self._timeout)
            except (OSError, ValueError) as error:
                problem = error
                self.close()
        raise ScanError("engine-failed", f"{self.name} was started twice and failed twice: {problem}.") from problem

    def _running(self) -> _Worker:
        if self._worker is None:
            self._worker = _Worker(self._command)
            hello = self._worker.ask(b"", self._start_timeout)
            if "missing" in hello:
                self.close()
                raise MissingToolError(f"The engine {self.name!r} can't be used: {hello['missing']}.")
            self.version = str(hello["version"])
        return self._worker


class _Worker:
    """One worker process; whatever goes wrong with it is an `OSError` or, where it talks nonsense, a `ValueError`."""

    def __init__(self, command: list[str]) -> None:
        self._errors = tempfile.TemporaryFile("a+b", buffering=0)  # noqa: SIM115 - it lives as long as the process
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env=worker_environment(),
            start_new_session=True,  # Ctrl-C is ours to handle; the worker ends when we do
        )  # fmt: skip
        self._overdue = False
        self.end = weakref.finalize(self, _end, self._process)

    def ask(self, request: bytes, timeout: float) -> dict[str, Any]:
        """Send a request, if there is one, and return the next answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        os.ftruncate(self._errors.fileno(), 0)
        watchdog = threading.Timer(timeout, self._give_up)
        watchdog.daemon = True
        watchdog.start()
        try:
            stdin.write(request)
            stdin.flush()
            line = stdout.readline()
        finally:
            watchdog.cancel()
            if self._overdue:
                raise TimeoutError(f"no answer within {timeout:g} seconds")
        if not line:
            raise ConnectionError(f"its process ended: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _give_up(self) -> None:
        self._overdue = True
        _kill(self._process)

    def _last_words(self) -> str:
        """Return the last line that the worker wrote to standard error; all of it goes to the log."""
        self._process.wait()
        size = os.fstat(self._errors.fileno()).st_size
        text = os.pread(self._errors.fileno(), 4000, max(size - 4000, 0)).decode(errors="replace").strip()
        logger.info("The worker's standard error:\n%s", text)
        return text.splitlines()[-1][:300] if text else f"exit code {self._process.returncode}"


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the worker and what it may have started: a child that kept its standard output would keep us waiting."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a worker: the end of its standard input tells it, and what does not listen is killed."""
    for stream in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            stream.close()  # type: ignore[union-attr]
    try:
        process.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        _kill(process)
        process.wait()
