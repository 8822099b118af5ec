"""A slot: where a text stands on a page, what it is drawn with, and what it may say."""

from __future__ import annotations

from dataclasses import dataclass

from invoice_lab.ocr.glyphs.grammar import Grammar
from invoice_lab.ocr.glyphs.inked import Ink
from invoice_lab.ocr.glyphs.typeface import Typeface


@dataclass(frozen=True)
class Rule:
    """A line of one pixel that is drawn over texts: where it begins on the canvas, how long it is, and its ink."""

    left: int
    row: int
    width: int
    ink: Ink


@dataclass(frozen=True)
class Slot:
    """A place for a text on a page.

    Attributes
    ----------
    name : str
    typeface : Typeface
    ink : Ink
    pen : (x, y)
        Where the text starts: the pen, and the top of the em box, in pixels of the canvas.
    right : int
        The column before which the text ends.
    label : str
        What the text begins with, for certain.
    grammar : Grammar
        What it may say, the label included.
    alphabet : str
        The characters that may occur.
    cut : int or None
        The row of the canvas that a `Rule` covers, where one crosses it.
    """

    name: str
    typeface: Typeface
    ink: Ink
    pen: tuple[int, int]
    right: int
    label: str
    grammar: Grammar
    alphabet: str
    cut: int | None = None
