"""What a source of scans is: it lists what it holds, in an order that stays, and hands out the bytes of each scan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Item:
    """A scan that a source lists.

    Attributes
    ----------
    name : str
        Its name in the source, with forward slashes: the same at every run. It is text that can be stored and printed.
    place : str
        Where its bytes are: a path, a URL, a member of an archive; whatever the source needs to fetch it. No secret.
    mark : str
        The watermark that is reached with it: once it and all before it are in the books, the next run may begin its
        listing here. Empty where the source has none and is always listed as a whole.
    version : str
        Which version of the file it is, by the source's own account (an ETag, or time and size): while it stays the
        same, the scan is not fetched again. Empty where the source doesn't say.
    """

    name: str
    place: str
    mark: str = ""
    version: str = ""


class Source(Protocol):
    """Where scans come from. A source is a value: it can be pickled, and workers on other machines fetch with it."""

    @property
    def name(self) -> str:
        """What it is called in the books (`batches.source`), and what its watermark is kept under. No secret."""

    @property
    def concurrency(self) -> int:
        """How many scans may be fetched at once."""

    @property
    def passed_over(self) -> int:
        """How many files of other kinds the listing passed over so far."""

    def items(self, since: str = "") -> Iterator[Item]:
        """List the scans.

        Parameters
        ----------
        since : str
            A watermark of an earlier run; scans before it are left out.

        Raises
        ------
        NothingFoundError
            There is nothing of that name.
        SourceError
            The listing can't be read, or not to its end; what was listed before counts.
        """

    def fetch(self, item: Item) -> bytes:
        """Return the bytes of a scan, whole.

        Raises
        ------
        ScanError
            With the code ``not-readable``: this one can't be had, after all tries. The others may.
        """
