"""The protocol that every OCR engine speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.page import Box


@dataclass(frozen=True)
class Word:
    """A word as an engine saw it: text, where (pixels of the picture it was given), how sure (0 to 1)."""

    text: str
    box: Box
    confidence: float


@dataclass(frozen=True)
class Hint:
    """What is known of a picture before it is read.

    Attributes
    ----------
    shape : {"block", "line"}
        Rows of text, or a single one.
    characters : str
        The only characters that can occur; empty means any.
    """

    shape: Literal["block", "line"] = "block"
    characters: str = ""


class OcrEngine(Protocol):
    """Reads pictures of text.

    An engine may have two attributes beside those below: ``by_piece``, true where a call costs nothing beside the
    reading, so that a page may be given to it piece by piece; ``model``, which says what model reads where that can
    change while `version` stays.
    """

    name: str
    version: str

    def words(self, picture: Pixels, hint: Hint) -> list[Word]:
        """Read the words of a grey picture, shape (height, width), dark text on light ground."""
        ...
