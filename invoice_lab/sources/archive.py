"""Scans from zip and tar archives, read where they lie: nothing is extracted to disk."""

from __future__ import annotations

import bz2
import copy
import gzip
import io
import itertools
import lzma
import os
import stat
import struct
import tarfile
import threading
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO

from invoice_lab.errors import NothingFoundError, ScanError, SourceError
from invoice_lab.sources.names import printable, text_name
from invoice_lab.sources.source import Item

CONCURRENCY = 1
ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
AHEAD_BYTES = 64_000_000
"""How much of a compressed tar is read ahead; one whose members lie in another order than that of their names is read
through once for each so many bytes, not once for each member."""
PIECE = 4096
"""Bytes read at once: zipfile inflates what it reads of LZMA in one go, to up to 7,000 times as much."""
HEADER_BYTES = 1_000_000
"""The longest header of a tar's member that is read: tarfile takes it into memory whole, whatever its length."""
DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error),
    *(OSError, EOFError, ValueError, RuntimeError),
)
"""What zipfile, tarfile and what they decompress with raise for damaged data."""


@dataclass(frozen=True)
class ArchiveSource:
    """A zip or tar archive as a `Source`: its images in the order of their names, of equal ones in the archive's.

    An item's place is its number among the archive's members. What is open is kept aside, one archive a process, so
    that the source stays a value.

    Attributes
    ----------
    path : Path
    suffixes : tuple of str
        The lower-case suffixes of images.
    most_bytes : int
        The largest member that is read, by what it really inflates to.
    """

    path: Path
    suffixes: tuple[str, ...]
    most_bytes: int
    concurrency: int = CONCURRENCY

    @classmethod
    def of(cls, path: Path, suffixes: Iterable[str], most_bytes: int) -> ArchiveSource:
        """Make a source of an archive's path; it is opened when it is listed."""
        return cls(path, tuple(suffixes), most_bytes)

    @property
    def name(self) -> str:
        """What it is called in the books."""
        return text_name(str(self.path))

    @property
    def passed_over(self) -> int:
        """Members that are no regular files or have no known image suffix; folders aren't counted."""
        return self._open().passed_over

    def items(self, since: str = "") -> Iterator[Item]:
        """List the images, all of them; see `Source`.

        Raises
        ------
        NothingFoundError
            There is no such file, or no scan in it.
        SourceError
            It can't be opened, or is damaged behind what was listed.
        """
        archive = self._open()
        yield from (Item(archive.names[number], str(number)) for number in archive.order)
        if archive.problem:
            problem = f"The archive {self.name} can't be read to its end: {archive.problem}."
            raise SourceError(problem, "Get the archive again; what could be listed of it is taken.")
        if not archive.order:
            raise NothingFoundError(
                f"No scan was found in {self.name}; {archive.passed_over} files of other kinds were passed over."
            )

    def fetch(self, item: Item) -> bytes:
        """Read a member; see `Source`."""
        try:
            archive = self._open()
        except (NothingFoundError, SourceError) as error:
            raise ScanError("not-readable", error.message) from error
        number = int(item.place)
        if archive.names.get(number) != item.name:
            raise ScanError("not-readable", "The archive is another one than when it was listed.")
        try:
            with archive.lock:
                return archive.read(number)
        except NotImplementedError:
            raise ScanError("not-readable", "It is packed in a way that can't be unpacked here.") from None
        except DAMAGE as error:
            raise ScanError("not-readable", f"It is damaged within the archive: {_told(error)}.") from error

    def _open(self) -> _Archive:
        try:
            about = self.path.stat()
            return _opened(os.getpid(), self, (about.st_mtime_ns, about.st_size, about.st_ino))
        except FileNotFoundError:
            raise NothingFoundError(f"There is no file or folder {self.name}.") from None
        except DAMAGE as error:
            remedy = "Look whether it is whole, and a zip or tar archive as its name says."
            raise SourceError(f"The archive {self.name} can't be opened: {_told(error)}.", remedy) from error


class _Archive(ABC):
    """An open archive: the names of its images by their number, in order, and what was passed over."""

    def __init__(self, files: Iterable[tuple[int, str]], others: int, suffixes: tuple[str, ...]) -> None:
        self.names: dict[int, str] = {}
        self.passed_over, self.problem, self.lock = others, "", threading.Lock()
        for number, name in files:
            if PurePosixPath(name).suffix.lower() in suffixes:
                self.names[number] = printable(text_name(name))
            else:
                self.passed_over += 1
        self.order = sorted(self.names, key=lambda number: (self.names[number], number))

    @abstractmethod
    def read(self, number: int) -> bytes:
        """Return a member's bytes."""


@lru_cache(maxsize=1)
def _opened(process: int, source: ArchiveSource, version: tuple[int, ...]) -> _Archive:
    """Open an archive, once in each process (a fork must not share its parent's place in the file) and version."""
    return _Zip(source) if source.path.name.lower().endswith(".zip") else _Tar(source)


class _Zip(_Archive):
    """A zip archive: any member is near."""

    def __init__(self, source: ArchiveSource) -> None:
        self._zip, self._most = zipfile.ZipFile(source.path), source.most_bytes
        self._members = self._zip.infolist()
        listed = [(number, member) for number, member in enumerate(self._members) if not member.is_dir()]
        files = [(number, member.filename) for number, member in listed if _is_file(member)]
        super().__init__(files, len(listed) - len(files), source.suffixes)

    def read(self, number: int) -> bytes:
        member = self._members[number]
        if member.flag_bits & 1:
            raise ScanError("not-readable", "It is encrypted within the archive.")
        if member.compress_type == zipfile.ZIP_BZIP2:
            with self._zip.open(_as_stored(member)) as packed, bz2.BZ2File(packed) as file:
                return _read(file, self._most)
        with self._zip.open(member) as file:
            return _read(file, self._most)


def _as_stored(member: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Return a member by which its packed bytes are read: zipfile inflates bzip2 without any limit, BZ2File with one.

    The checksum is that of the unpacked bytes, so it is left out; bzip2 has its own.
    """
    packed = copy.copy(member)
    packed.compress_type, packed.file_size = zipfile.ZIP_STORED, member.compress_size
    del packed.CRC
    return packed


def _is_file(member: zipfile.ZipInfo) -> bool:
    """Tell a file from a link or device; where the archive comes from Windows, there is no such thing."""
    return stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG)


class _Tar(_Archive):
    """A tar archive; in a compressed one, only what lies ahead is near."""

    def __init__(self, source: ArchiveSource) -> None:
        unpack = _unpacking(source.path)
        self._most, self._is_packed = source.most_bytes, unpack is not None
        self._stream = _Stream(unpack(source.path) if unpack else source.path.open("rb"))
        self._tar = tarfile.TarFile(fileobj=self._stream, encoding="utf-8", errors="surrogateescape")
        self._members: list[tarfile.TarInfo] = []
        problem = self._find_members()
        listed = [(number, member) for number, member in enumerate(self._members) if not member.isdir()]
        files = [(number, member.name) for number, member in listed if member.isreg()]
        super().__init__(files, len(listed) - len(files), source.suffixes)
        self.problem = problem
        self._ranks = {number: rank for rank, number in enumerate(self.order)}
        self._ahead: dict[int, bytes | Exception] = {}

    def _find_members(self) -> str:
        """Find all members; return what is wrong behind the last one that could be found."""
        try:
            while member := self._tar.next():
                self._members.append(member)
        except DAMAGE as error:
            return _told(error)
        # tarfile takes a header that it can't read for the end; the true end is a block of zeros, or that of the file.
        return "there is no header where one should be" if self._stream.last.strip(b"\0") else ""

    def read(self, number: int) -> bytes:
        if not self._is_packed:
            return self._read_member(number)
        if number not in self._ahead:
            self._read_ahead(number)
        found = self._ahead.pop(number)
        if isinstance(found, Exception):
            raise found
        return found

    def _read_ahead(self, number: int) -> None:
        """Read a member and those that will be asked for next, in the order in which they lie in the archive."""
        wanted: list[int] = []
        room = AHEAD_BYTES
        for following in itertools.islice(self.order, self._ranks[number], None):
            room -= min(self._members[following].size, self._most)
            if wanted and room < 0:
                break
            wanted.append(following)
        self._ahead.clear()
        for one in sorted(wanted):
            try:
                self._ahead[one] = self._read_member(one)
            except (ScanError, *DAMAGE) as error:
                self._ahead[one] = error

    def _read_member(self, number: int) -> bytes:
        member = self._members[number]
        if member.size > self._most:  # a tar's sizes are true: they say where the next member is
            raise _too_large(self._most)
        file = self._tar.extractfile(member)
        assert file is not None  # it is a regular file
        with file:
            return _read(file, self._most)


def _unpacking(path: Path) -> Callable[[Path], io.BufferedIOBase] | None:
    """Return what unpacks a compressed tar, by its first bytes; None where it isn't compressed."""
    with path.open("rb") as file:
        start = file.read(6)
    kinds: dict[bytes, Callable[[Path], io.BufferedIOBase]] = {
        b"\x1f\x8b": gzip.GzipFile,
        b"BZh": bz2.BZ2File,
        b"\xfd7zXZ\0": lzma.LZMAFile,
    }
    return next((unpack for magic, unpack in kinds.items() if start.startswith(magic)), None)


class _Stream(io.BufferedIOBase):
    """A file that keeps the last piece read, and reads none that would fill the memory."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file, self.last = file, b""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= HEADER_BYTES:
            raise tarfile.ReadError(f"it has a header of {size} bytes")
        self.last = self._file.read(size)
        return self.last

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _read(file: IO[bytes], most_bytes: int) -> bytes:
    pieces, size = [], 0
    while piece := file.read(PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > most_bytes:
            raise _too_large(most_bytes)
    return b"".join(pieces)


def _too_large(most_bytes: int) -> ScanError:
    return ScanError("not-readable", f"The file has more than the limit of {most_bytes / 1e6:g} MB.")


def _told(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(said.split())[:200].rstrip(".") or type(error).__name__
