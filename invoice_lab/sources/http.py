"""What the sources that speak HTTP share: one client a process, patience, limits, and no secret in what is told."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import quote, urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from invoice_lab.errors import SourceError, UsageError

RETRIES = 5
"""Tries of one request, the first included."""
LISTING_BYTES = 64_000_000
"""The largest page of a listing that is read: 5,000 blobs with long names and properties have 10 MB."""
MOST_REDIRECTS = 5
BUSY = frozenset({408, 429})
"""Besides 500 and more: statuses after which the same request may go well."""


@dataclass(frozen=True)
class Patience:
    """How long and how often a source is asked.

    Attributes
    ----------
    tries : int
        Tries of one request.
    first_wait, longest_wait : float
        Seconds before the second try, and at most before a later one; each is about twice the one before.
    longest_asked : float
        Seconds that are waited at most where the server says how long (Retry-After).
    connect, read, whole : float
        Seconds for a connection, for each next piece of an answer, and for all of it.
    """

    tries: int = RETRIES
    first_wait: float = 0.5
    longest_wait: float = 30.0
    longest_asked: float = 60.0
    connect: float = 10.0
    read: float = 60.0
    whole: float = 600.0


PATIENCE = Patience()


@dataclass(frozen=True)
class Answer:
    """What a server sent.

    Attributes
    ----------
    data : bytes
    date : datetime or None
        The server's clock at the answer, with a time zone; None where it didn't say.
    """

    data: bytes
    date: datetime | None


def get(url: str, *, most_bytes: int, bearer: str = "", query: str = "") -> Answer | None:
    """Ask for a URL, several times where that may help.

    Parameters
    ----------
    url : str
        It may have a query of its own, but no secret in it: it shows in messages, without the query.
    most_bytes : int
        No more than this is read into memory.
    bearer : str
        A token for the Authorization header; it goes to no other host.
    query : str
        A secret query (a SAS token); where it is given, no other host is followed to.

    Returns
    -------
    Answer or None
        None for the status 404: there is no such thing.

    Raises
    ------
    SourceError
        It can't be had, after all tries. No secret is in it, nor in what it was raised from.
    """
    try:
        return retrying(_worth_another_try)(_once, url, most_bytes, bearer, query)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        problem = _problem(error)
    raise SourceError(f"{shown(url)} {problem}.")


def retrying(worth_another_try: Callable[[BaseException], bool]) -> Retrying:
    """Return what calls a function again, with growing waits, as long as its error is worth it and patience lasts."""
    again, enough = retry_if_exception(worth_another_try), stop_after_attempt(PATIENCE.tries)
    return Retrying(retry=again, stop=enough, wait=_wait, reraise=True)


def _wait(state: RetryCallState) -> float:
    patience = PATIENCE
    growing = wait_exponential(patience.first_wait, max=patience.longest_wait) + wait_random(0, patience.first_wait)
    error = state.outcome.exception() if state.outcome else None
    asked = _retry_after(error.response) if isinstance(error, httpx.HTTPStatusError) else 0.0
    return max(growing(state), min(asked, patience.longest_asked))


def _retry_after(response: httpx.Response) -> float:
    """Return the seconds that a server asks to wait, given as a number or as a date; 0 where it doesn't."""
    text = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    date = read_date(text)
    return (date - datetime.now(UTC)).total_seconds() if date else 0.0


def read_date(text: str) -> datetime | None:
    """Read a date as HTTP headers have it ("Wed, 09 Sep 2009 09:20:03 GMT"); None for what is none."""
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _worth_another_try(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= 500 or error.response.status_code in BUSY
    never = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
    return isinstance(error, httpx.TransportError) and not isinstance(error, never)


def _problem(error: Exception) -> str:
    """Say what went wrong in words of our own: httpx's can hold the whole URL, or a header."""
    tries = f", in {PATIENCE.tries} tries" if _worth_another_try(error) else ""
    if isinstance(error, httpx.HTTPStatusError):
        return f"answered with the status {error.response.status_code}{tries}"
    if isinstance(error, httpx.ConnectError):
        return f"can't be reached: {error}{tries}"
    kinds = {
        httpx.TimeoutException: "gave no answer in time",
        httpx.RemoteProtocolError: "broke off or garbled its answer",
        httpx.TransportError: "lost the connection",
        httpx.TooManyRedirects: "sends from one URL to the next without end",
        httpx.InvalidURL: "is no URL that can be asked for",
    }
    said = next((words for kind, words in kinds.items() if isinstance(error, kind)), "can't be asked for")
    return said + tries


def _once(url: str, most_bytes: int, bearer: str, query: str) -> Answer | None:
    client, patience = _client_of(os.getpid()), PATIENCE
    whole = url + ("&" if "?" in url else "?") + query if query else url
    headers = {"Accept-Encoding": "identity"}  # what is sent is what counts: nothing can inflate in memory
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    timeout = httpx.Timeout(patience.read, connect=patience.connect)
    first = request = client.build_request("GET", whole, headers=headers, timeout=timeout)
    for _ in range(MOST_REDIRECTS + 1):
        response = client.send(request, stream=True)
        with closing(response):
            if response.next_request is None:
                if response.status_code == 404:
                    return None
                response.raise_for_status()
                return Answer(_body(response, url, most_bytes), read_date(response.headers.get("date", "")))
            request = response.next_request  # httpx takes the Authorization header away for another host
        if query and _origin(request.url) != _origin(first.url):
            raise SourceError(
                f"{shown(url)} sends on to {_origin(request.url)}, which is not given the token in the URL.",
                "Name the URL it sends on to, if it is to be trusted.",
            )
    raise httpx.TooManyRedirects("too many", request=request)


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _body(response: httpx.Response, url: str, most_bytes: int) -> bytes:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise SourceError(f"{shown(url)} is sent compressed though that was not asked for.", "Have it stored as it is.")
    told = response.headers.get("content-length", "")
    pieces, size = [], int(told) if re.fullmatch(r"[0-9]{1,18}", told) else 0
    if size <= most_bytes:
        size, end = 0, time.monotonic() + PATIENCE.whole
        for piece in response.iter_raw():
            if time.monotonic() > end:
                raise httpx.ReadTimeout("its answer comes too slowly", request=response.request)
            pieces.append(piece)
            size += len(piece)
            if size > most_bytes:
                break
    if size > most_bytes:
        raise SourceError(f"{shown(url)} has more than the limit of {most_bytes / 1e6:g} MB.")
    return b"".join(pieces)


@lru_cache(maxsize=1)
def _client_of(process: int) -> httpx.Client:
    """Return the client of a process: after a fork, the child must not speak through its parent's connections."""
    log = logging.getLogger("httpx")
    if not any(isinstance(one, _WithoutQuery) for one in log.filters):
        log.addFilter(_WithoutQuery())
    return httpx.Client()


class _WithoutQuery(logging.Filter):
    """Takes the query, where a token may stand, out of the URLs that httpx logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(shown(str(one)) if isinstance(one, httpx.URL) else one for one in record.args)
        return True


def shown(url: str) -> str:
    """Return a URL as it may be shown and stored: without user, password, query and fragment."""
    return re.sub(r"^([^/?#]*://)[^/?#]*@", r"\1", url).partition("?")[0].partition("#")[0]


def base_url(url: str, variable: str) -> str:
    """Check a URL that a user gave, and return it without the slash at its end.

    Parameters
    ----------
    url : str
    variable : str
        The environment variable that its token belongs into.

    Raises
    ------
    UsageError
        It is no http URL, or has a user, password or query: what is secret doesn't belong into a command line.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable:
        told = "What was given" if "@" in url else shown(url)  # a password may stand where the host should
        raise UsageError(f"{told} is no URL that scans can be fetched from.", "Write https://host/path.")
    if shown(url) != url:
        raise UsageError(
            f"The URL {shown(url)} was given with a user, query or fragment, where secrets stand.",
            f"Give the URL without it, and the token in the environment variable {variable}.",
        )
    return url.rstrip("/")


def secret(variable: str) -> str:
    """Read a secret from the environment; empty where it isn't set.

    Raises
    ------
    UsageError
        It holds what no token holds, such as a line break.
    """
    value = os.environ.get(variable, "").strip()
    if not re.fullmatch(r"[!-~]*", value):
        raise UsageError(f"{variable} holds characters that no token has.", "Set it again, as one word.")
    return value


def encoded(name: str, safe: str = "") -> str:
    """Percent-encode a name for a URL's path, so that a part of it that is "." or ".." stays a part of the name."""
    return "/".join(part.replace(".", "%2E") if part in (".", "..") else part for part in quote(name, safe).split("/"))
