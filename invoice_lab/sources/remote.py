"""Scans from whatever fsspec reaches: s3://, abfs://, gs://, sftp://, ftp://, memory:// and more."""

from __future__ import annotations

import ftplib
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote

from invoice_lab.errors import InvoiceLabError, MissingToolError, NothingFoundError, ScanError, SourceError, UsageError
from invoice_lab.sources.http import retrying
from invoice_lab.sources.names import printable
from invoice_lab.sources.source import Item

CONCURRENCY = 8
KEPT_SECONDS = 60.0
"""How long a connection is kept: some remember listings, and may not see what is new, or that a file has grown."""
_PASSWORD = re.compile(r"(://[^/:@]*):([^/]*(?=@)|(?!\d*/).*(?=@))")
"""A password: it ends at the last @ before the first slash, or, where it holds a slash itself, at the last of all."""
_TAGS = ("ETag", "etag", "md5Hash", "content_md5")
_TIMES = ("LastModified", "last_modified", "updated", "mtime", "modify", "modified")
"""What the packages behind fsspec call a file's tag and the time of its last change."""
_FOR_GOOD = (
    *(FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, FileExistsError),
    *(ImportError, ValueError, TypeError, NotImplementedError, AttributeError, KeyError, ftplib.error_perm),
)
"""Errors that another try doesn't change. Others may be of any class: each package has its own."""
_T = TypeVar("_T")
_kept = threading.local()


class _Files(Protocol):
    """What is used of an fsspec file system."""

    def ls(self, path: str, *, detail: bool) -> list[dict[str, Any]]: ...

    def cat_file(self, path: str, *, start: int, end: int) -> bytes: ...


@dataclass(frozen=True)
class RemoteSource:
    """A folder, searched recursively, or a file at an fsspec URL, as a `Source`.

    Credentials are read by the packages behind fsspec, from the environment and the files that they know.

    Attributes
    ----------
    name : str
        The URL without a password.
    url : str
        The URL as it was given; with the password, if it has one: not shown, but workers elsewhere need it.
    suffixes : tuple of str
        The lower-case suffixes of images.
    most_bytes : int
        The largest file that is read.
    tally : Counter
        What the listing in this process passed over so far.
    """

    name: str
    url: str = field(repr=False)
    suffixes: tuple[str, ...]
    most_bytes: int
    concurrency: int = CONCURRENCY
    tally: Counter[str] = field(default_factory=Counter, repr=False, compare=False)

    @classmethod
    def of(cls, url: str, suffixes: Iterable[str], most_bytes: int) -> RemoteSource:
        """Make a source of a URL; nothing is asked of the other side yet.

        Raises
        ------
        UsageError
            fsspec knows no such protocol.
        MissingToolError
            The protocol's package is not installed.
        """
        from fsspec import get_filesystem_class

        name, protocol = _PASSWORD.sub(r"\1", url), re.split("://|::", url)[0]
        if "?" in url:
            remedy = "Leave the query out: what is secret in it goes where the package for that protocol looks for it."
            raise UsageError(f"{name.partition('?')[0]} was given with a query, where secrets stand.", remedy)
        try:
            get_filesystem_class(protocol)
        except ImportError as error:
            raise _missing(name, error) from error
        except ValueError:
            remedy = "Name a folder, an archive, or a URL such as s3://bucket/folder or blob+https://account/container."
            raise UsageError(f"{name}: there is no way to {protocol}:// known here.", remedy) from None
        return cls(name, url, tuple(suffixes), most_bytes)

    @property
    def passed_over(self) -> int:
        """Files without a known image suffix."""
        return self.tally["passed over"]

    def items(self, since: str = "") -> Iterator[Item]:
        """List the files, all of them, in the order of their names; see `Source`.

        Raises
        ------
        NothingFoundError
            There is nothing at the URL.
        SourceError
            It can't be listed, or not all of it: then nothing is.
        """
        self.tally.clear()
        for name, place, version in sorted(self._found()):
            if PurePosixPath(place).suffix.lower() in self.suffixes:
                yield Item(name, place, version=version)
            else:
                self.tally["passed over"] += 1

    def fetch(self, item: Item) -> bytes:
        """Read a file; see `Source`."""
        problem, most = f"The file has more than the limit of {self.most_bytes / 1e6:g} MB.", self.most_bytes
        try:
            data = self._tried(lambda files, _: files.cat_file(item.place, start=0, end=most + 1))
            if len(data) <= most:
                return data
        except ImportError as error:
            raise _missing(self.name, error) from error
        except Exception as error:
            problem = f"The file can't be read: {self._told(error)}."
        raise ScanError("not-readable", problem)  # outside of the block: what is behind it may tell the password

    def _found(self) -> list[tuple[str, str, str]]:
        try:
            return self._walk()
        except InvoiceLabError:
            raise
        except ImportError as error:
            raise _missing(self.name, error) from error
        except Exception as error:
            problem = f"{self.name} can't be listed: {self._told(error)}."
        raise SourceError(problem)

    def _walk(self) -> list[tuple[str, str, str]]:
        """Return name, place and version of all files; fsspec's own walk passes over folders that it can't list."""
        _kept.key = None
        root = self._tried(lambda _, path: path.rstrip("/"))
        found, waiting, seen = [], [root], {root}
        while waiting:
            folder = waiting.pop()
            for entry in self._list(folder, is_root=folder == root):
                place = str(entry["name"]).rstrip("/")
                if entry["type"] != "directory":
                    if not str(entry["name"]).endswith("/"):  # an object that stands for a folder
                        found.append((_below(root, place), place, _version(entry)))
                elif place not in seen:
                    seen.add(place)
                    waiting.append(place)
        return found

    def _list(self, folder: str, *, is_root: bool) -> list[dict[str, Any]]:
        try:
            return self._tried(partial(_list_folder, folder=folder))
        except FileNotFoundError:
            if is_root:
                raise NothingFoundError(f"There is no file or folder {self.name}.") from None
            raise

    def _tried(self, action: Callable[[_Files, str], _T]) -> _T:
        """Do something with the file system and the path in it, several times where that may help."""

        def attempt() -> _T:
            try:
                return action(*_opened(self.url))
            except Exception:
                _kept.key = None  # the connection may be what is broken
                raise

        return retrying(_worth_another_try)(attempt)

    def _told(self, error: Exception) -> str:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        for _, password in _PASSWORD.findall(self.url):
            for form in {password, unquote(password)} - {""}:
                said = said.replace(form, "***")
        return printable(said)[:300].rstrip(".")


def _worth_another_try(error: BaseException) -> bool:
    return isinstance(error, Exception) and not isinstance(error, (InvoiceLabError, *_FOR_GOOD))


def _opened(url: str) -> tuple[_Files, str]:
    """Return the file system of a URL and the path in it, kept for a while: each thread and process has its own."""
    from fsspec.core import url_to_fs

    key = (url, os.getpid())
    if getattr(_kept, "key", None) != key or time.monotonic() > _kept.until:
        _kept.key = None
        _kept.opened = url_to_fs(url, skip_instance_cache=True)
        _kept.key, _kept.until = key, time.monotonic() + KEPT_SECONDS
    return _kept.opened


def _list_folder(files: _Files, _: str, folder: str) -> list[dict[str, Any]]:
    return files.ls(folder, detail=True)


def _version(entry: Mapping[str, Any]) -> str:
    """Return what tells a file's version; empty where the other side doesn't."""
    tag = next((entry[key] for key in _TAGS if entry.get(key)), None)
    if tag is not None:
        return printable(str(tag))
    changed = next((entry[key] for key in _TIMES if entry.get(key)), None)
    return printable(f"{changed}, {entry.get('size')} bytes") if changed is not None else ""


def _below(root: str, place: str) -> str:
    inside = place.removeprefix(root).strip("/") if place != root else place.rpartition("/")[2]
    return printable(inside)


def _missing(name: str, error: ImportError) -> MissingToolError:
    return MissingToolError(
        f"{name} needs a package that is not installed: {error}.", "Run `pip install 'invoice-lab[cloud]'`."
    )
