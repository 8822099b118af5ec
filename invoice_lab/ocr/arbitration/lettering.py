"""Lettering: texts drawn in a font at a size, from glyphs that are drawn once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.glyphs.fonts import Shaping, load_font
from invoice_lab.ocr.glyphs.typeface import load_typeface, rendered

Plane = npt.NDArray[np.float32]

KEPT = 4096
"""Texts whose pictures are kept."""


@dataclass(frozen=True)
class Drawn:
    """A drawn text.

    Attributes
    ----------
    ink : ndarray of float, shape (height, width)
        Coverage, 0 to 1, cut to the ink.
    left, top : int
        Of the ink: pixels right of the pen, pixels below the top of the em box.
    stops : tuple of int
        Columns right of the pen at which each character begins, and where the last one ends.
    """

    ink: Plane
    left: int
    top: int
    stops: tuple[int, ...]


class Lettering:
    """A font at a size.

    Parameters
    ----------
    font : str
        Its file's name.
    size : float
        Pixels an em.
    shaping : {"basic", "raqm"}

    Raises
    ------
    MissingToolError
        Where the font is not installed.
    """

    def __init__(self, font: str, size: float, shaping: Shaping = "basic") -> None:
        self.font, self.size, self.shaping = font, size, shaping
        self._face = load_font(font, size, shaping)
        self._typeface = load_typeface(font, int(size), shaping) if shaping == "raqm" and size == int(size) else None
        self._glyphs: dict[str, tuple[Plane, int, int, int]] = {}
        self._drawn: dict[str, Drawn] = {}
        tall, deep = self.draw("\N{LATIN CAPITAL LETTER E WITH ACUTE}"), self.draw("gj")
        self.above, self.below = tall.top, deep.top + deep.ink.shape[0]
        self.space = max(round(self._face.getlength(" ")), 1)

    def draw(self, text: str) -> Drawn:
        """Draw a text whose pen starts at a whole pixel."""
        if text not in self._drawn:
            if len(self._drawn) >= KEPT:
                self._drawn.clear()
            self._drawn[text] = self._shaped(text) if self.shaping == "raqm" else self._composed(text)
        return self._drawn[text]

    def _shaped(self, text: str) -> Drawn:
        """Put glyphs side by side as Raqm does, kerned and with ligatures, where that is known; else have it done."""
        if self._typeface is None or not self._typeface.holds(text):
            return self._whole(text)
        numbers, glyphs = self._typeface.numbers(text), self._typeface.glyphs
        pens = self._typeface.pens(numbers)
        inks = [(glyphs[number], int(pen)) for number, pen in zip(numbers, pens, strict=True)]
        parts = [(_coverage(glyph.mask), pen + glyph.left, glyph.top) for glyph, pen in inks if glyph.mask.size]
        return _joined(parts, tuple(map(int, self._typeface.columns(text))))

    def _composed(self, text: str) -> Drawn:
        """Put glyphs side by side, as Pillow's basic layout does."""
        pen, stops, parts = 0, [0], []
        for letter in text:
            ink, left, top, advance = self._glyph(letter)
            if ink.size:
                parts.append((ink, pen + left, top))
            pen += advance
            stops.append(pen)
        return _joined(parts, tuple(stops))

    def _glyph(self, letter: str) -> tuple[Plane, int, int, int]:
        if letter not in self._glyphs:
            ink, left, top = self._picture(letter)
            self._glyphs[letter] = (ink, left, top, round(self._face.getlength(letter)))
        return self._glyphs[letter]

    def _whole(self, text: str) -> Drawn:
        stops = tuple(round(self._face.getlength(text[:end])) for end in range(len(text) + 1))
        return Drawn(*self._picture(text), stops)

    def _picture(self, text: str) -> tuple[Plane, int, int]:
        mask, left, top = rendered(self._face, text)
        return _coverage(mask), left, top


def _coverage(mask: Pixels) -> Plane:
    return (mask / 255).astype(np.float32)


def _joined(parts: list[tuple[Plane, int, int]], stops: tuple[int, ...]) -> Drawn:
    if not parts:
        return Drawn(np.zeros((0, 0), np.float32), 0, 0, stops)
    left, top = min(x for _, x, _ in parts), min(y for _, _, y in parts)
    right = max(x + ink.shape[1] for ink, x, _ in parts)
    bottom = max(y + ink.shape[0] for ink, _, y in parts)
    whole = np.zeros((bottom - top, right - left), np.float32)
    for ink, x, y in parts:
        area = whole[y - top : y - top + ink.shape[0], x - left : x - left + ink.shape[1]]
        area += ink - area * ink  # where letters overlap, as FreeType's pictures are laid over each other
    return Drawn(whole, left, top, stops)


@cache
def lettering(font: str, size: float, shaping: Shaping = "basic") -> Lettering:
    """Return a lettering; each is made once a process."""
    return Lettering(font, size, shaping)
