"""How a process becomes a worker."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading

from invoice_lab.workers.limits import WorkLimits, this_is_a_worker


def start_worker(engine: str, limits: WorkLimits) -> None:
    """Prepare a worker: Ctrl-C is the parent's to handle, the parent's death ends it, one engine a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    prepare_reading(engine, limits)


def prepare_reading(engine: str, limits: WorkLimits) -> None:
    """Load what reads, on one core and within limits, in a process that does nothing else."""
    os.environ["OMP_THREAD_LIMIT"] = "1"  # before Tesseract is loaded
    one_thread_each()
    from invoice_lab.ocr.engines import load_engine

    load_engine(engine)
    limits.limit_memory()
    this_is_a_worker()


def one_thread_each() -> None:
    """Keep a worker to one core: the processes share the work, threads beside them would only wait on each other."""
    import cv2
    import numpy  # noqa: F401 - loads the libraries whose threads are limited
    from threadpoolctl import threadpool_limits

    cv2.setNumThreads(1)
    threadpool_limits(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
