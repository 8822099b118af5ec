"""A folder for each run: several runs at once don't get in each other's way, and nothing is left of killed ones."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from invoice_lab.reporting.files import DATA_REMEDY, check_folder
from invoice_lab.warehouse.locks import FileLock, is_free

_LOCK = ".lock"
_WAIT_SECONDS = 60.0


@contextlib.contextmanager
def work_folder(runs: Path) -> Iterator[Path]:
    """Give a run a folder of its own for the block.

    Parameters
    ----------
    runs : Path
        Where the folders of all runs are; folders of runs that were killed are removed first.

    Raises
    ------
    UsageError
        Where nothing can be written there.
    """
    check_folder(runs, DATA_REMEDY)
    with FileLock(runs / _LOCK) as making:
        making.exclusive(_WAIT_SECONDS)  # a folder without its lock yet must not be taken for a killed run's
        _remove_killed(runs)
        folder = Path(tempfile.mkdtemp(dir=runs, prefix="run-"))
        own = FileLock(folder / _LOCK)
        own.exclusive()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        own.close()


def _remove_killed(runs: Path) -> None:
    for folder in runs.glob("run-*"):
        with contextlib.suppress(OSError):
            if not (folder / _LOCK).is_file() or is_free(folder / _LOCK):
                shutil.rmtree(folder, ignore_errors=True)
