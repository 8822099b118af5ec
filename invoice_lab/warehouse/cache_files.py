"""The cache's files: numbered versions, the pointer to the current one, a checksum beside each, one writer at a time.

A reader looks at the pointer, then opens the file that it names. A file is written beside the current one, made durable
and only then pointed to; the one before is kept, since somebody may just have read its name.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from isal import isal_zlib

POINTER = "current"
_KEPT_VERSIONS = 2
_CHUNK = 1 << 18  # small enough to stay in the processor while it is summed and written
_log = logging.getLogger(__name__)


@contextlib.contextmanager
def writer(folder: Path) -> Iterator[None]:
    """Let one process at a time write a cache, and remove what a killed one left."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "writer.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.info("Another process writes the cache in %s; waiting for it.", folder)
            fcntl.flock(lock, fcntl.LOCK_EX)
        _remove_leftovers(folder)
        yield


@contextlib.contextmanager
def work_folder(folder: Path) -> Iterator[Path]:
    """Give the block an empty folder beside the cache's files, and remove it; what a kill leaves the next one does."""
    work = folder / "work"
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def pointed(folder: Path) -> Path | None:
    """Return the file that the pointer names, whether it is there or not; None without a pointer."""
    try:
        name = (folder / POINTER).read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError):
        name = ""
    is_ours = _number(Path(name)) > 0 and Path(name).name == name
    return folder / (name if is_ours else "unreadable")  # which leads nowhere, and not elsewhere


def next_version(folder: Path) -> Path:
    """Return the path of the next version: its number is none that a process may have open."""
    named = pointed(folder)
    known = [*folder.glob("cache-*"), *([named] if named else [])]
    return folder / f"cache-{max(map(_number, known), default=0) + 1}.duckdb"


def discard(path: Path) -> None:
    """Remove what there is of a version that was not published."""
    for file in path.parent.glob(f"{path.stem}.*"):
        _remove(file)


def publish_version(path: Path) -> None:
    """Make a finished version durable, note its checksum, point to it and forget old ones."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        _write(_checksum_file(path), _read_through(file))
    _write(path.with_name(POINTER), path.name)
    for old in path.parent.glob("cache-*"):
        if _number(old) <= _number(path) - _KEPT_VERSIONS:
            with contextlib.suppress(OSError):  # the new one is current; the next refresh tries again
                _remove(old)


def is_whole(path: Path) -> bool:
    """Tell whether a version is, byte for byte, as it was published."""
    with path.open("rb") as file:
        return _is_noted(path, _read_through(file))


def copy_version(path: Path, new: Path) -> bool:
    """Copy a version and tell whether it is, byte for byte, as it was published."""
    with path.open("rb") as file, new.open("xb") as copy:
        return _is_noted(path, _read_through(file, copy))


def _read_through(file: IO[bytes], copy: IO[bytes] | None = None) -> str:
    """Read a file to its end, perhaps into a copy; return its size and checksum."""
    checksum = size = 0
    while chunk := file.read(_CHUNK):
        checksum, size = isal_zlib.crc32(chunk, checksum), size + len(chunk)
        if copy is not None:
            copy.write(chunk)
    return f"{size} {checksum:08x}"


def _is_noted(path: Path, summary: str) -> bool:
    try:
        return _checksum_file(path).read_text() == summary
    except (OSError, UnicodeDecodeError):
        return False


def _checksum_file(path: Path) -> Path:
    return path.with_suffix(".crc32")


def _number(path: Path) -> int:
    digits = path.name.partition(".")[0].removeprefix("cache-")
    return int(digits) if digits.isdecimal() and digits.isascii() else 0


def _write(path: Path, text: str) -> None:
    """Replace a small file's content as a whole; it lasts, and so does every name in its folder."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _remove_leftovers(folder: Path) -> None:
    """Remove what was never pointed to: versions newer than the current one, and what they were made from."""
    shutil.rmtree(folder / "work", ignore_errors=True)
    current = pointed(folder)
    if current is not None and (newest := _number(current)):
        for file in folder.glob("cache-*"):
            if _number(file) > newest:
                _remove(file)


def _remove(path: Path) -> None:
    """Remove a file, or the folder in which DuckDB keeps what doesn't fit into memory."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
