"""Scans from a folder, searched recursively, or from single files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from invoice_lab.errors import NothingFoundError, ScanError
from invoice_lab.sources.names import text_name
from invoice_lab.sources.scan import Scan
from invoice_lab.sources.source import Item


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
            files.append((text_name(path.name), path))
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
    return sorted((text_name(file.relative_to(folder).as_posix()), file) for file in found)


@dataclass(frozen=True)
class FolderSource:
    """A folder, searched recursively, or one file, as a `Source`.

    Attributes
    ----------
    name : str
    listing : Listing
    most_bytes : int
        The largest file that is read.
    """

    name: str
    listing: Listing
    most_bytes: int
    concurrency: int = 1

    @classmethod
    def of(cls, path: Path, suffixes: Iterable[str], most_bytes: int) -> FolderSource:
        """List a folder; raises as `list_scans` does."""
        return cls(text_name(str(path)), list_scans([path], suffixes), most_bytes)

    @property
    def passed_over(self) -> int:
        """Files without a known image suffix."""
        return self.listing.passed_over

    def items(self, since: str = "") -> Iterator[Item]:
        """List the files, all of them; see `Source`."""
        return (Item(name, str(path)) for name, path in self.listing.files)

    def fetch(self, item: Item) -> bytes:
        """Read a file; raises as `read_file` does."""
        return read_file(Path(item.place), self.most_bytes)


def load_scan(name: str, path: Path, most_bytes: int) -> Scan:
    """Read one file as a scan; raises as `read_file` does."""
    return Scan.of(name, read_file(path, most_bytes))


def read_file(path: Path, most_bytes: int) -> bytes:
    """Read one file, whole and no larger than allowed.

    Raises
    ------
    ScanError
        For what can't be opened, is no regular file (a pipe would be waited for in vain), or is too large. One such
        file doesn't end a batch.
    """
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise ScanError("not-readable", "It is no regular file.")
        if about.st_size > most_bytes:
            size = f"{about.st_size / 1e6:.1f} MB"
            raise ScanError("not-readable", f"The file has {size}; the limit is {most_bytes / 1e6:g} MB.")
        return path.read_bytes()
    except OSError as error:
        raise ScanError("not-readable", f"The file can't be opened: {error.strerror}.") from error
