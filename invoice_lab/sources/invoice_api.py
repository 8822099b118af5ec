"""Scans from the invoice API: a listing by date, and a picture for each invoice number."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import quote

from invoice_lab.errors import NothingFoundError, ScanError, SourceError, UsageError
from invoice_lab.sources.http import LISTING_BYTES, base_url, encoded, get, secret
from invoice_lab.sources.names import printable
from invoice_lab.sources.source import Item

VARIABLE = "INVOICE_LAB_API_TOKEN"
"""The environment variable of the bearer token."""
CONCURRENCY = 8
PAGE = 1000
"""Invoices that the API lists at most in one answer."""
BEGINNING = "1970-01-01 00:00:00"
"""Where the listing begins that has no watermark."""

EASTERNMOST = timedelta(hours=14)
"""How far ahead of UTC a clock may be that goes right."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Entry:
    number: str
    at: datetime

    @property
    def mark(self) -> str:
        """Its date as the API is asked with it, rounded down to the second."""
        return self.at.isoformat(" ", "seconds")


@dataclass(frozen=True)
class InvoiceApiSource:
    """The invoice API as a `Source`; its watermark is the date of an invoice.

    ``GET <base>/invoices?start_date=YYYY-MM-DD HH:MM:SS`` lists up to 1,000 invoices from that date on, oldest first;
    ``GET <base>/invoices/<no>`` returns the scan. A bearer token is taken from ``INVOICE_LAB_API_TOKEN``, if it is set.
    An invoice that the API adds later under a date before the watermark is not found any more.

    Attributes
    ----------
    base : str
        The API's URL, without secrets.
    suffixes : tuple of str
        The lower-case suffixes of images.
    most_bytes : int
        The largest scan that is read.
    """

    base: str
    suffixes: tuple[str, ...]
    most_bytes: int
    concurrency: int = CONCURRENCY
    passed_over: int = 0

    @classmethod
    def of(cls, url: str, suffixes: Iterable[str], most_bytes: int) -> InvoiceApiSource:
        """Make a source of the API's URL; raises as `base_url` does."""
        return cls(base_url(url, VARIABLE), tuple(suffixes), most_bytes)

    @property
    def name(self) -> str:
        """What it is called in the books."""
        return f"api+{self.base}"

    def items(self, since: str = "") -> Iterator[Item]:
        """List the invoices from a date on, each once; see `Source`.

        Raises
        ------
        NothingFoundError
            There is no such API.
        SourceError
            It can't be listed to its end, or says what can't be.
        """
        start, before = _start(since), frozenset[_Entry]()
        while page := self._page(start, is_first=not before):
            listed = frozenset(page)
            yield from (self._item(entry) for entry in dict.fromkeys(page) if entry not in before)
            reached = page[-1].mark
            if reached <= start:
                self._check_end(page, start)
                return
            start, before = reached, listed

    def _check_end(self, page: list[_Entry], start: str) -> None:
        """Take a page that leads no further as the end, unless it is full: then there may be more behind it."""
        if len(page) < PAGE:
            return
        if page[0].mark == page[-1].mark:
            why = f"lists {len(page)} invoices under one date, {start}, and can't be asked for more of them"
        else:
            why = f"answers with invoices from {page[0].mark} to {page[-1].mark} when asked for those from {start} on"
        remedy = "What comes after them is not listed: have the API list them under different dates."
        raise SourceError(f"{self.base}/invoices {why}.", remedy)

    def fetch(self, item: Item) -> bytes:
        """Fetch a scan; see `Source`."""
        try:
            answer = get(item.place, most_bytes=self.most_bytes, bearer=secret(VARIABLE))
        except SourceError as error:
            raise ScanError("not-readable", error.message) from error
        if answer is None:
            raise ScanError("not-readable", f"{item.place} answered with the status 404.")
        return answer.data

    def _item(self, entry: _Entry) -> Item:
        named = PurePosixPath(entry.number).suffix.lower() in self.suffixes
        name = printable(entry.number) + ("" if named else ".png")
        return Item(name, f"{self.base}/invoices/{encoded(entry.number)}", _believed(entry))

    def _page(self, start: str, *, is_first: bool) -> list[_Entry]:
        url = f"{self.base}/invoices"
        asked = f"{url}?start_date={quote(start)}"
        answer = get(asked, most_bytes=LISTING_BYTES, bearer=secret(VARIABLE))
        if answer is None:
            problem = f"There is no invoice API at {self.base}: {url} answered with the status 404."
            raise NothingFoundError(problem, "Check the URL.") if is_first else SourceError(problem)
        where = f"{url} (start_date={start})"
        entries = [_entry(record, f"{where}, invoice {no}") for no, record in enumerate(_records(answer.data, where))]
        for entry, following in itertools.pairwise(entries):
            if following.at < entry.at:
                both = f"{printable(following.number)} of {following.at} after {printable(entry.number)} of {entry.at}"
                raise SourceError(f"{where} is not in the order of dates: {both}.", "Have the API put in order.")
        return entries


def _start(since: str) -> str:
    try:
        return _moment(since).isoformat(" ", "seconds") if since else BEGINNING
    except (ValueError, OverflowError):
        raise UsageError(f"{since!r} is no date to begin at.", "Write it as YYYY-MM-DD HH:MM:SS.") from None


def _moment(text: str) -> datetime:
    """Read a date. One with a time zone becomes the earlier of UTC and what is written.

    The API is asked with dates without a zone, and doesn't say in which one it takes them: too early is safe.
    """
    written = datetime.fromisoformat(text.strip())
    plain = written.replace(tzinfo=None)
    return min(plain, written.astimezone(UTC).replace(tzinfo=None)) if written.tzinfo else plain


def _records(data: bytes, where: str) -> list[object]:
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        raise SourceError(f"{where} answered with what is no JSON.", "Check the URL of the invoice API.") from None
    records = answer.get("invoices") if isinstance(answer, dict) else None
    if not isinstance(records, list):
        raise SourceError(f'{where} answered without a list of "invoices".', "Check the URL of the invoice API.")
    return records


def _entry(record: object, where: str) -> _Entry:
    number, date = (record.get("no"), record.get("dt")) if isinstance(record, dict) else (None, None)
    if isinstance(number, int) and not isinstance(number, bool):
        number = str(number)
    if not isinstance(number, str) or not number or not _is_text(number):
        raise SourceError(f'{where} has no "no" that is a text or number.', "Have the API put in order.")
    try:
        return _Entry(number, _moment(date if isinstance(date, str) else ""))
    except (ValueError, OverflowError):
        told = f'{where} ({printable(number)}) has no date in "dt": {date!r:.60}.'
        raise SourceError(told, "Have the API put in order.") from None


def _believed(entry: _Entry) -> str:
    """Return an invoice's date as a watermark; none for one that is still to come anywhere: others would be skipped."""
    latest = datetime.now(UTC) + EASTERNMOST
    if entry.mark <= latest.replace(tzinfo=None).isoformat(" ", "seconds"):
        return entry.mark
    _log.warning("The invoice %s is dated %s, which is still to come.", printable(entry.number), entry.mark)
    return ""


def _is_text(number: str) -> bool:
    """Tell whether a text can be part of a URL: halves of characters, which JSON allows, can't."""
    try:
        return bool(number.encode())
    except UnicodeEncodeError:
        return False
