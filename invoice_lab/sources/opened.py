"""Opens a source by what a user calls it: a path or a URL."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from invoice_lab.errors import UsageError
from invoice_lab.sources.archive import ARCHIVE_SUFFIXES, ArchiveSource
from invoice_lab.sources.folder import FolderSource
from invoice_lab.sources.source import Source


def open_source(where: str, suffixes: Iterable[str], most_bytes: int) -> Source:
    """Open a source of scans.

    Parameters
    ----------
    where : str
        A folder, a file or an archive (.zip, .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz); ``api+https://...`` for the
        invoice API; ``blob+https://...`` or an ``https://<account>.blob.core.windows.net/...`` for an Azure blob
        container; any other URL that fsspec knows.
    suffixes : iterable of str
        The lower-case suffixes of images, such as ".png".
    most_bytes : int
        The largest scan that is read.

    Raises
    ------
    UsageError
        There is no such kind of source, or a secret stands in a URL.
    NothingFoundError
        There is no such path, or no scan in the folder.
    MissingToolError
        The package that a kind of URL needs is not installed.
    """
    known = tuple(suffixes)
    scheme = re.match(r"([a-z][a-z0-9+.:-]*)://", where, re.IGNORECASE)
    if scheme is None:
        return _open_path(Path(where), known, most_bytes)
    kind, plus, protocol = scheme[1].lower().rpartition("+")
    if protocol not in ("http", "https"):
        from invoice_lab.sources.remote import RemoteSource

        return RemoteSource.of(where, known, most_bytes)
    return _open_http(kind + plus, where[len(kind + plus) :], known, most_bytes)


def _open_path(path: Path, suffixes: tuple[str, ...], most_bytes: int) -> Source:
    if path.name.lower().endswith(ARCHIVE_SUFFIXES) and path.is_file():
        return ArchiveSource.of(path, suffixes, most_bytes)
    return FolderSource.of(path, suffixes, most_bytes)


def _open_http(prefix: str, url: str, suffixes: tuple[str, ...], most_bytes: int) -> Source:
    from invoice_lab.sources.blob import BlobSource
    from invoice_lab.sources.http import shown
    from invoice_lab.sources.invoice_api import InvoiceApiSource

    is_azure = re.match(r"https://[^/?#@]+\.blob\.core\.windows\.net(/|$)", url, re.IGNORECASE)
    if prefix == "blob+" or (not prefix and is_azure):
        return BlobSource.of(url, suffixes, most_bytes)
    if prefix == "api+":
        return InvoiceApiSource.of(url, suffixes, most_bytes)
    raise UsageError(
        f"{shown(prefix + url)} doesn't say what answers there.",
        "Write api+https://... for the invoice API, or blob+https://... for an Azure blob container.",
    )
