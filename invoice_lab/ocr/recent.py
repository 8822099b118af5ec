"""The scans that this process read and still holds, so that a page can show what it was read from."""

from __future__ import annotations

from weakref import WeakValueDictionary

from invoice_lab.sources.scan import Scan

_held: WeakValueDictionary[str, Scan] = WeakValueDictionary()


def remember(scan: Scan) -> None:
    """Keep in mind that a scan was read; it is forgotten as soon as nobody else holds it."""
    _held[scan.sha256] = scan


def recall(sha256: str) -> Scan | None:
    """Return a scan that was read, None where nobody holds it any more."""
    return _held.get(sha256)
