"""Scans from a folder, searched recursively, or from single files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from invoice_lab.errors import NothingFoundError
from invoice_lab.sources.scan import Scan


@dataclass(frozen=True)
class Listing:
    """What a source holds.

    Attributes
    ----------
    files : tuple of (str, Path)
        Name below the given path, and where the file is; in the order in which they are read.
    passed_over : int
        Files without a known image suffix.
    """

    files: tuple[tuple[str, Path], ...]
    passed_over: int

    def __len__(self) -> int:
        return len(self.files)


def list_scans(paths: Sequence[Path], suffixes: Iterable[str]) -> Listing:
    """List the scans below the given paths: arguments in their order, then names.

    Parameters
    ----------
    paths : sequence of Path
        Files (taken whatever their suffix) and folders (searched recursively).
    suffixes : iterable of str
        The lower-case suffixes of images, such as ".png".

    Raises
    ------
    NothingFoundError
        Where a path does not exist, or there is no scan in any of them.
    """
    known, files, passed_over = frozenset(suffixes), [], 0
    for path in paths:
        if path.is_dir():
            found = _walk(path)
            images = [(name, file) for name, file in found if file.suffix.lower() in known]
            passed_over += len(found) - len(images)
            files += images
        elif path.exists():
            files.append((path.name, path))
        else:
            raise NothingFoundError(f"There is no file or folder {path}.")
    if not files:
        where = ", ".join(map(str, paths))
        raise NothingFoundError(f"No scan was found in {where}; {passed_over} files of other kinds were passed over.")
    return Listing(tuple(files), passed_over)


def _walk(folder: Path) -> list[tuple[str, Path]]:
    """Return the files below a folder, sorted by name; links to folders are followed once, so that none loops."""
    found, seen = [], set()
    for where, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(where)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        found += [Path(where, name) for name in names]
    named = ((file.relative_to(folder).as_posix(), file) for file in found)
    return sorted(named)


def load_scan(name: str, path: Path) -> Scan:
    """Read one file. An `OSError` is the caller's: one unreadable file doesn't end a batch."""
    return Scan.of(name, path.read_bytes())
