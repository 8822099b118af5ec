"""A scan: a file's bytes, known by their sha256."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Scan:
    """One file as it arrived.

    Attributes
    ----------
    name : str
        Path below the folder (or key in the source) it came from, with forward slashes.
    data : bytes
        The file's bytes, unchanged.
    sha256 : str
        Hexadecimal digest of `data`: what the scan is known by.
    """

    name: str
    data: bytes
    sha256: str

    @classmethod
    def of(cls, name: str, data: bytes) -> Scan:
        """Make a scan of bytes, hashing them once."""
        return cls(name, data, hashlib.sha256(data).hexdigest())

    def __repr__(self) -> str:
        return f"Scan({self.name!r}, {len(self.data)} bytes, {self.sha256[:12]})"
