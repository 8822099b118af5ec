"""Processes that run notebooks: forked from one that has imported what they need, and holds no lock or file of ours."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver, get_context

_PRELOADED = "invoice_lab.reporting.preloaded"
_SAFE_PATH = "PYTHONSAFEPATH"


def prepare_processes() -> None:
    """Start the process that they are forked from; it imports while this one goes on."""
    get_context("forkserver").set_forkserver_preload([_PRELOADED])
    with _without_current_folder():
        forkserver.ensure_running()


def notebook_processes(count: int) -> ProcessPoolExecutor:
    """Return so many processes; the environment is this one's of now."""
    prepare_processes()
    return ProcessPoolExecutor(
        max_workers=count,
        mp_context=get_context("forkserver"),
        initializer=_take_environment,
        initargs=(dict(os.environ),),
    )


@contextlib.contextmanager
def _without_current_folder() -> Iterator[None]:
    """Keep a Python that is started in the block, by ``-c``, from importing what lies in the current folder."""
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        del os.environ[_SAFE_PATH]
        if before is not None:
            os.environ[_SAFE_PATH] = before


def _take_environment(environment: Mapping[str, str]) -> None:
    """Replace the environment of the process that was forked from, which may have been started long ago."""
    os.environ.clear()
    os.environ.update(environment)
