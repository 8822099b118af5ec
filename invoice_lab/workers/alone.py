"""Read a scan in a process of its own: what kills that process is the scan's doing."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from multiprocessing.connection import Connection

from invoice_lab.errors import WorkersLostError
from invoice_lab.validation.judge import Judgement
from invoice_lab.workers.prepare import start_worker
from invoice_lab.workers.task import Reading, Task, failed


def read_alone(task: Task) -> Reading:
    """Read a scan whose worker was lost; where the second one is lost too, the scan becomes ``failed``.

    Raises
    ------
    WorkersLostError
        The second one ended before it could read: that is no scan's doing.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_read, args=(theirs, task), daemon=True)
    process.start()
    theirs.close()
    begun, reading = False, None
    with contextlib.suppress(EOFError), ours:
        begun = ours.recv()
        reading = ours.recv()
    process.join()
    if not begun:
        message = f"A worker can't be started: it ended with the exit code {process.exitcode}."
        remedy = "See what it printed; a script of your own needs `if __name__ == '__main__':` around what it does."
        raise WorkersLostError(message, remedy)
    return reading or Reading((_lost(task, process.exitcode),), 0.0)


def _read(answer: Connection, task: Task) -> None:
    start_worker(task.engine, task.limits)
    answer.send(True)
    answer.send(task.run())


def _lost(task: Task, exitcode: int | None) -> Judgement:
    if exitcode == -signal.SIGALRM:
        message = f"Reading took longer than {task.limits.seconds:g} seconds, twice, and was ended."
        return failed(task.sha256, "time-limit", message)
    message = "The worker that read this scan was killed twice, most likely for want of memory."
    return failed(task.sha256, "worker-lost", message)
