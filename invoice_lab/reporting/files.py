"""Files that are never half there, and folders that can be written to."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from invoice_lab.errors import UsageError

REPORTS_REMEDY = "Make it writable, or name another with INVOICE_LAB_REPORTS."
PAGE_FILES_VARIABLE = "INVOICE_LAB_PAGE_FILES"
"""Environment variable of a report's kernel, and of no other: the folder of the files that belong to its page."""
DATA_REMEDY = "Make it writable, or name another with INVOICE_LAB_DATA."
SEGMENTS_CSV, SEGMENTS_PARQUET = "segments.csv", "segments.parquet"
RECOMMENDATIONS_CSV, RECOMMENDATIONS_PARQUET = "recommendations.csv", "recommendations.parquet"
RULES_CSV, RULES_PARQUET = "rules.csv", "rules.parquet"
_UNFINISHED = ".new"


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file beside its place, then put it there; its folder is made. Several may write the same file at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_UNFINISHED}")
    try:
        with new.open("xb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def is_unfinished(path: Path) -> bool:
    """Tell whether a file or folder was being written by a run that may have been killed."""
    return path.name.startswith(".") and path.name.endswith(_UNFINISHED)


def unfinished(path: Path) -> Path:
    """Return where the folder that will be `path` is prepared: beside it, so that one rename puts it in place."""
    return path.with_name(f".{path.name}{_UNFINISHED}")


def page_files() -> Path | None:
    """Return the folder of the files that belong to the page being made; None where none may be written."""
    folder = os.environ.get(PAGE_FILES_VARIABLE)
    return Path(folder) if folder else None


@contextlib.contextmanager
def usable(folder: Path, remedy: str) -> Iterator[None]:
    """Turn what the file system refuses in the block into a `UsageError` that names the folder."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"The folder {folder} can't be written to: {error.strerror or error}.", remedy) from error


def check_folder(folder: Path, remedy: str) -> None:
    """Make a folder, and raise `UsageError` where no file can be made in it."""
    with usable(folder, remedy):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
