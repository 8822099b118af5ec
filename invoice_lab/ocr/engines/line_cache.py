"""Nothing is read twice: an engine that looks a line's pixels up before it reads them."""

from __future__ import annotations

import hashlib
from typing import Protocol

from invoice_lab import __version__
from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.engines.base import Hint, OcrEngine, Word

FORMAT = 1
"""Of what is remembered; to be raised when words, or what our engines make of a line, change between two releases."""


Line = tuple[bytes, str]
"""A line's key and what was read of it, packed to be kept."""


class LineCache(Protocol):
    """Remembers what was read of lines of text."""

    def get(self, key: bytes) -> list[Word] | None:
        """Return what was read of the line of this key; None where it is not known."""
        ...

    def put(self, key: bytes, words: list[Word]) -> None:
        """Remember what was read of it."""
        ...


def line_key(engine: OcrEngine, picture: Pixels, hint: Hint) -> bytes:
    """Return a digest of all that a reading depends on: pixels, engine, hint.

    Returns
    -------
    bytes
        SHA-256, 32 bytes.
    """
    model = getattr(engine, "model", "")
    made_by = (__version__, FORMAT, engine.name, engine.version, model)
    digest = hashlib.sha256(repr((made_by, hint, picture.shape)).encode())
    digest.update(picture.tobytes())
    return digest.digest()


class RememberingEngine:
    """An engine that reads each line once.

    Parameters
    ----------
    engine : OcrEngine
    lines : LineCache
        Whatever it holds was read by the same engine of the same pixels, so readings don't depend on what it holds.
    """

    def __init__(self, engine: OcrEngine, lines: LineCache) -> None:
        self._engine, self._lines = engine, lines
        self.name, self.version = engine.name, engine.version
        self.by_piece = getattr(engine, "by_piece", False)

    def words(self, picture: Pixels, hint: Hint) -> list[Word]:
        """Read the words of a grey picture, where it is a line that was not read before."""
        if hint.shape != "line":
            return self._engine.words(picture, hint)
        key = line_key(self._engine, picture, hint)
        words = self._lines.get(key)
        if words is None:
            words = self._engine.words(picture, hint)
            self._lines.put(key, words)
        return words
