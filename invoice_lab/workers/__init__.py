"""Readings on all cores, or on other machines: scans in, judgements out, in the order given."""

from invoice_lab.workers.executors import EXECUTORS, Workforce, worker_count
from invoice_lab.workers.limits import WorkLimits
from invoice_lab.workers.pool import WorkerPool, is_killed_worker, lost_workers
from invoice_lab.workers.prepare import one_thread_each
from invoice_lab.workers.task import Lines, Reading, Task, failed, read_and_judge

__all__ = [
    "EXECUTORS",
    "Lines",
    "Reading",
    "Task",
    "WorkLimits",
    "WorkerPool",
    "Workforce",
    "failed",
    "is_killed_worker",
    "lost_workers",
    "one_thread_each",
    "read_and_judge",
    "worker_count",
]
