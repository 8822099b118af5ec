"""Scans from Azure blob containers, by their listing in XML and without Azure's own packages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import quote, unquote
from xml.parsers import expat

from invoice_lab.errors import NothingFoundError, ScanError, SourceError, UsageError
from invoice_lab.sources.http import LISTING_BYTES, base_url, encoded, get, read_date, secret
from invoice_lab.sources.names import printable
from invoice_lab.sources.source import Item

VARIABLE = "INVOICE_LAB_BLOB_SAS"
"""The environment variable of the SAS token."""
CONCURRENCY = 8
EVERY_YEAR = "invoices-*"
"""What a URL ends with that means a container a year."""
FIRST_YEAR = 2000
CLOCK_SLACK = timedelta(minutes=5)
"""How far apart the clocks of the service's own machines may be."""
_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_BLOB = ["EnumerationResults", "Blobs", "Blob"]
_NAME, _CHANGED = [*_BLOB, "Name"], [*_BLOB, "Properties", "Last-Modified"]
_NEXT = ["EnumerationResults", "NextMarker"]


@dataclass(frozen=True)
class BlobSource:
    """An Azure blob container, or one a year, as a `Source`.

    Containers list by name, not by time, so that every run lists them whole. The watermark spares the fetching: blobs
    that were last modified before it are left out, those of the very second are not. It is the latest time seen, but
    no later than the service's clock, less `CLOCK_SLACK`, when the listing began: a blob may be written while the
    listing goes on, under a name that it has passed. Only the last item of a whole listing carries it, and none where
    the service doesn't tell its time. A blob that comes in with an older time of modification (a folder renamed in a
    hierarchical namespace, a deleted blob restored) is seen only by a listing without a watermark.

    The SAS token is taken from ``INVOICE_LAB_BLOB_SAS``, if it is set.

    Attributes
    ----------
    container : str
        The container's URL, without secrets; ending with ``invoices-*`` for those of every year since 2000.
    suffixes : tuple of str
        The lower-case suffixes of images.
    most_bytes : int
        The largest scan that is read.
    tally : Counter
        What the listing in this process passed over so far.
    """

    container: str
    suffixes: tuple[str, ...]
    most_bytes: int
    concurrency: int = CONCURRENCY
    tally: Counter[str] = field(default_factory=Counter, repr=False, compare=False)

    @classmethod
    def of(cls, url: str, suffixes: Iterable[str], most_bytes: int) -> BlobSource:
        """Make a source of a container's URL; raises as `base_url` does."""
        return cls(base_url(url, VARIABLE), tuple(suffixes), most_bytes)

    @property
    def name(self) -> str:
        """What it is called in the books."""
        return f"blob+{self.container}"

    @property
    def passed_over(self) -> int:
        """Blobs without a known image suffix."""
        return self.tally["passed over"]

    def items(self, since: str = "") -> Iterator[Item]:
        """List the blobs modified since a watermark; see `Source`.

        Raises
        ------
        NothingFoundError
            There is no such container.
        SourceError
            It can't be listed to its end.
        """
        start = _start(since)
        self.tally.clear()
        began, latest, held = None, start, None
        try:
            for number, (container, page) in enumerate(self._pages()):
                began = page.date if number == 0 else began
                for blob in self._scans(page):
                    latest = max(latest, blob.changed)
                    if blob.changed >= start:
                        if held:
                            yield held
                        held = self._item(container, blob.name)
        except SourceError:
            if held:
                yield held
            raise
        if held:
            yield replace(held, mark=_mark(min(latest, began - CLOCK_SLACK)) if began else "")

    def fetch(self, item: Item) -> bytes:
        """Fetch a blob; see `Source`."""
        try:
            answer = get(item.place, most_bytes=self.most_bytes, query=_token())
        except SourceError as error:
            raise ScanError("not-readable", error.message) from error
        if answer is None:
            raise ScanError("not-readable", f"{item.place} answered with the status 404.")
        return answer.data

    def _scans(self, page: _Page) -> Iterator[_Blob]:
        for blob in page.blobs:
            if PurePosixPath(blob.name).suffix.lower() in self.suffixes:
                yield blob
            else:
                self.tally["passed over"] += 1

    def _item(self, container: str, blob: str) -> Item:
        folder = "" if container == self.container else container.rpartition("/")[2] + "/"
        return Item(folder + printable(blob), f"{container}/{encoded(blob, safe='/')}")

    def _pages(self) -> Iterator[tuple[str, _Page]]:
        found = False
        for container in self._containers():
            for page in _pages_of(container):
                found = True
                yield container, page
        if not found:
            raise NothingFoundError(
                f"There is no container {self.container}: it answered with the status 404.",
                f"Check its name, and the token in {VARIABLE}.",
            )

    def _containers(self) -> list[str]:
        if not self.container.endswith(f"/{EVERY_YEAR}"):
            return [self.container]
        anywhere = datetime.now(UTC) + timedelta(hours=14)  # the new year begins in the east of UTC
        stem = self.container.removesuffix("*")
        return [f"{stem}{year}" for year in range(FIRST_YEAR, anywhere.year + 1)]


@dataclass(frozen=True)
class _Blob:
    name: str
    changed: datetime


@dataclass(frozen=True)
class _Page:
    blobs: tuple[_Blob, ...]
    following: str
    date: datetime | None


def _pages_of(container: str) -> Iterator[_Page]:
    """List a container, page after page; nothing for one that doesn't exist."""
    marker, seen = "", set[str]()
    while True:
        asked = f"{container}?restype=container&comp=list" + (f"&marker={quote(marker, safe='')}" if marker else "")
        answer = get(asked, most_bytes=LISTING_BYTES, query=_token())
        if answer is None and not marker:
            return
        if answer is None:
            raise SourceError(f"{container} went away while it was listed: it answered with the status 404.")
        reader = _ListingReader(container)
        reader.read(answer.data)
        yield _Page(tuple(reader.blobs), reader.following, answer.date)
        marker = reader.following
        if marker in seen:
            raise SourceError(f"The listing of {container} goes in a circle: it names a page that it gave before.")
        if not marker:
            return
        seen.add(marker)


class _ListingReader:
    """Reads one page of a listing, a tag at a time; what declares a document type, and with it entities, is refused."""

    def __init__(self, container: str) -> None:
        self.blobs: list[_Blob] = []
        self.following = ""
        self._container = container
        self._path: list[str] = []
        self._text: list[str] = []
        self._is_encoded = False
        self._name, self._changed = "", ""

    def read(self, data: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise self._error(f"is no XML that can be read ({error})") from None

    def _error(self, problem: str) -> SourceError:
        return SourceError(f"The listing of {self._container} {problem}.", "Check the URL of the container.")

    def _refuse(self, *_: object) -> None:
        raise self._error("declares a document type, as no container does")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._path and tag != _NEXT[0]:
            raise self._error(f"begins with {printable(tag)!r:.60} instead of {_NEXT[0]}")
        self._path.append(tag)
        self._text.clear()
        if self._path == _BLOB:
            self._name, self._changed = "", ""
        elif self._path == _NAME:
            self._is_encoded = attributes.get("Encoded") == "true"

    def _end(self, _: str) -> None:
        text = "".join(self._text)
        if self._path == _NAME:
            self._name = unquote(text) if self._is_encoded else text
        elif self._path == _CHANGED:
            self._changed = text
        elif self._path == _NEXT:
            self.following = text.strip()
        elif self._path == _BLOB:
            self._add()
        self._path.pop()
        self._text.clear()

    def _add(self) -> None:
        changed = read_date(self._changed)
        if not self._name or changed is None:
            raise self._error(f"has a blob without a name or a Last-Modified: {printable(self._name)!r:.200}")
        self.blobs.append(_Blob(self._name, changed))


def _token() -> str:
    return secret(VARIABLE).lstrip("?&")


def _mark(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _start(since: str) -> datetime:
    try:
        date = datetime.fromisoformat(since) if since else _BEGINNING
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{since!r} is no date to begin at.", "Write it as YYYY-MM-DDTHH:MM:SSZ.") from None
