"""Steps measured in a process each: seconds, and the most memory that the process ever held."""

from __future__ import annotations

import multiprocessing
import re
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

Result = TypeVar("Result")


@dataclass(frozen=True)
class Done:
    """What a step took: seconds, and the most memory that its process ever held, in MB."""

    seconds: float
    memory: float
    own: float = 0.0
    """Memory of the frame that it works on, in MB."""


def in_a_process(step: Callable[[Path], Result], file: Path) -> Result:
    """Run a step in a fresh process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(step, file).result()


def measured(work: Callable[[], object], frame: pd.DataFrame | None = None) -> Done:
    """Measure some work on a frame."""
    own = 0.0 if frame is None else float(frame.memory_usage(deep=True).sum()) / 1e6
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    # not ru_maxrss: a child inherits that of the process that started it
    most = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert most is not None
    return Done(seconds, int(most[1]) / 1e3, own)
