"""Processes that run notebooks: forked from one that has imported what they need, and holds no lock or file of ours."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver, get_context

_PRELOADED = "invoice_lab.reporting.preloaded"


def prepare_processes() -> None:
    """Start the process that they are forked from; it imports while this one goes on."""
    get_context("forkserver").set_forkserver_preload([_PRELOADED])
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


def _take_environment(environment: Mapping[str, str]) -> None:
    """Replace the environment of the process that was forked from, which may have been started long ago."""
    os.environ.clear()
    os.environ.update(environment)
