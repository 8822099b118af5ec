"""Put a workspace's new reports in place: whole or not at all, one run at a time, the earlier ones kept.

The new folder is prepared beside its place, where the reports are (the data folder may be on another file system);
earlier reports are copied to the archive before anything is moved; two renames then change one folder for the other.
Only a run that is killed between the two leaves no folder there: the next run finishes what it began.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from invoice_lab.errors import UsageError
from invoice_lab.reporting.archive import Edition, archive_dir, keep_earlier, read_edition
from invoice_lab.reporting.files import REPORTS_REMEDY, is_unfinished, unfinished, usable
from invoice_lab.warehouse.locks import FileLock

LOCK = ".lock"
_WAIT_SECONDS = 120.0


@contextlib.contextmanager
def reports_lock(reports: Path) -> Iterator[None]:
    """Be the only one who changes the folder of all reports for the block; waits for another run.

    Raises
    ------
    UsageError
        Where the folder can't be written to, or another run doesn't end with it.
    """
    with usable(reports, REPORTS_REMEDY):
        reports.mkdir(parents=True, exist_ok=True)
        lock = FileLock(reports / LOCK)
    with lock:
        if not lock.exclusive(_WAIT_SECONDS):
            raise UsageError(f"Another run has been writing to {reports} for long.", "End it, then run this again.")
        yield


def put_in_place(made: Path, target: Path, edition: Edition) -> None:
    """Make a folder of new reports the workspace's current one; to be called within `reports_lock`.

    Parameters
    ----------
    made : Path
        What was made, on any file system; it stays.
    target : Path
        The workspace's folder in the folder of all reports.
    edition : Edition
        What the new reports are of. Reports of other data or another day go to the archive; those of the same are
        replaced, and other files beside them stay.
    """
    clean_up(target)
    earlier = read_edition(target)
    if earlier is not None and earlier.folder != edition.folder:
        keep_earlier(target, archive_dir(target) / earlier.folder)
    elif target.is_dir():
        copy_files(target, unfinished(target))
    copy_files(made, unfinished(target))
    _exchange(unfinished(target), target)


def clean_up(target: Path) -> None:
    """Finish or remove what a killed run left; to be called within `reports_lock`."""
    new, old = unfinished(target), _old(target)
    if not target.exists():
        for left in (new, old):
            if read_edition(left) is not None:  # it is written last: without it the folder is not complete
                left.rename(target)
                break
    for left in (new, old, *filter(is_unfinished, archive_dir(target).glob(".*"))):
        shutil.rmtree(left, ignore_errors=True)
    for left in filter(is_unfinished, target.parent.glob(".*")):
        if left.is_file():
            left.unlink()


def copy_files(source: Path, target: Path) -> None:
    """Copy all files below a folder, what says that they are complete at the end."""
    for file in sorted(files_below(source), key=lambda path: (path.name == Edition.FILE, path)):
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)


def files_below(folder: Path) -> list[Path]:
    """Return the files below a folder that are complete."""
    return [path for path in folder.rglob("*") if path.is_file() and not is_unfinished(path)]


def _exchange(new: Path, target: Path) -> None:
    old = _old(target)
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")
