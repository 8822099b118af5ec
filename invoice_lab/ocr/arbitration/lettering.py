"""Lettering: texts drawn in a font at a size, from glyphs that are drawn once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from invoice_lab.ocr.arbitration.laid import GlyphTable, Laid, Picture, Plane
from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.glyphs.fonts import Shaping, load_font
from invoice_lab.ocr.glyphs.typeface import load_typeface, rendered

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
        self._table = GlyphTable(self._glyph)
        self._drawn: dict[str, Drawn] = {}
        tall, deep = self.draw("\N{LATIN CAPITAL LETTER E WITH ACUTE}"), self.draw("gj")
        self.above, self.below = tall.top, deep.top + deep.ink.shape[0]
        self.space = max(round(self._face.getlength(" ")), 1)

    def draw(self, text: str) -> Drawn:
        """Draw a text whose pen starts at a whole pixel."""
        drawn = self._drawn.get(text)
        if drawn is None:
            if len(self._drawn) >= KEPT:
                self._drawn.clear()
            drawn = self._drawn[text] = self._draw(text)
        return drawn

    def laid(self, text: str) -> Laid | None:
        """Return which glyphs a text is drawn with, and where; None where only Pillow knows that."""
        if self.shaping == "basic":  # glyphs side by side, as Pillow's basic layout does
            numbers = self._table.numbers(text)
            advances = self._table.advances(numbers)
            return Laid(self._table, numbers, np.cumsum(advances) - advances)
        if self._typeface is None or not self._typeface.holds(text):
            return None
        glyphs = self._typeface.split(text)
        return Laid(self._table, self._table.numbers(glyphs), self._typeface.pens(glyphs))

    def _glyph(self, text: str) -> tuple[Picture, int]:
        return self._picture(text), round(self._face.getlength(text))

    def _draw(self, text: str) -> Drawn:
        laid = self.laid(text)
        if laid is None:
            stops = tuple(round(self._face.getlength(text[:end])) for end in range(len(text) + 1))
            return Drawn(*self._picture(text), stops)
        if self._typeface is None:
            return Drawn(*laid.ink(), (0, *np.cumsum(self._table.advances(laid.numbers)).tolist()))
        return Drawn(*laid.ink(), tuple(self._typeface.columns(text).tolist()))

    def _picture(self, text: str) -> Picture:
        mask, left, top = rendered(self._face, text)
        return _coverage(mask), left, top


def _coverage(mask: Pixels) -> Plane:
    return (mask / 255).astype(np.float32)


@cache
def lettering(font: str, size: float, shaping: Shaping = "basic") -> Lettering:
    """Return a lettering; each is made once a process."""
    return Lettering(font, size, shaping)
