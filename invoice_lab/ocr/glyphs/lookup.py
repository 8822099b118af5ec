"""Look up the glyphs of a text whose pixels are exactly those that the font draws."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.glyphs.compiled.exact import look_up_glyphs
from invoice_lab.ocr.glyphs.inked import InkedGlyphs

BLANK = 10
"""Widths of the em after which a text has ended: more than any gap before a number that is set to the right."""

Allowed = npt.NDArray[np.int64]


def look_up(
    strip: Pixels, glyphs: InkedGlyphs, pen: tuple[int, int], own: tuple[int, int], *, under: Pixels, allowed: Allowed
) -> tuple[str, Pixels] | None:
    """Read a text from left to right.

    Parameters
    ----------
    strip : ndarray of uint8, shape (height, width)
        Darkness of the page in the ink's channel.
    glyphs : InkedGlyphs
    pen : (x, y)
        Where the text starts: the pen, and the top of the em box, in pixels of `strip`.
    own : (first, last)
        The rows of `strip` from `first` to before `last` hold nothing but this text; above and below, letters of
        neighbours may reach in.
    under : ndarray of uint8, shape (height, width)
        Coverage of what was drawn before and reaches in.
    allowed : ndarray of int
        The numbers of the glyphs that may occur.

    Returns
    -------
    (str, ndarray) or None
        The text, and the strip's coverage with it; None where there is a pixel that no sequence of glyphs explains.
    """
    face = glyphs.typeface
    found, drawn = look_up_glyphs(
        np.ascontiguousarray(strip), under, pen, own, BLANK * face.size, allowed, face.kerning, glyphs.arrays
    )
    return ("".join(face.texts[number] for number in found).rstrip(), drawn) if len(found) and found[0] >= 0 else None
