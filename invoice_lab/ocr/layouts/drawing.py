"""How a layout's pages are drawn, where that is known: fonts, sizes, colours, places.

With it a page can be drawn again from what was read, which is how readings are certified and doubtful ones decided.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import PositiveInt, model_validator

from invoice_lab.ocr.layouts.forms import Part

FIELD = re.compile(r"\{(\w+)(?::(\d+))?\}")
"""``{field}``, or ``{field:6}`` set to the right in six characters, within a cell's text."""


class Ink(Part):
    """A colour (red, green, blue, 0 to 255) and how opaque it is, 0 to 255."""

    colour: tuple[int, int, int]
    opacity: int = 255


class Cell(Part):
    """A text at a fixed place of its block.

    Attributes
    ----------
    text : str
        As it is printed, with ``{field}`` for what changes.
    at : (x, y)
        Its upper left corner: pen and top of the em box, in pixels from the block's.
    font : str
        A name of `Drawing.fonts`.
    size : int
        Pixels an em.
    ink : str
        A name of `Drawing.inks`.
    right : int
        Where the text must end, in pixels from the block's left.
    """

    text: str
    at: tuple[int, int]
    font: str
    size: int
    ink: str
    right: int

    @property
    def label(self) -> str:
        """What stands before the first field."""
        return FIELD.split(self.text, maxsplit=1)[0]

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields, from left to right."""
        return tuple(name for name, _ in FIELD.findall(self.text))


class Rule(Part):
    """A line of one pixel that is drawn over the text.

    Attributes
    ----------
    at : (x, y)
        Where it begins, in pixels from the table's left and from the end of the last line.
    width : int
    ink : str
        A name of `Drawing.inks`. One that is wholly transparent leaves white what it crosses.
    """

    at: tuple[int, int]
    width: PositiveInt
    ink: str


class Table(Part):
    """The product lines and what stands below them, which move together.

    Attributes
    ----------
    at : (x, y)
        Upper left corner of the first line on an unmoved page.
    pitch : int
        Pixels from line to line.
    line : tuple of Cell
        The cells of a line.
    foot_at : int
        Pixels from the end of the last line (its top plus `pitch`) to the foot.
    foot : tuple of Cell
        What stands below the lines. The first one's label tells where the foot is.
    head : tuple of Cell
        What stands above the lines, such as column titles.
    rule : Rule or None
    """

    at: tuple[int, int]
    pitch: int
    line: tuple[Cell, ...]
    foot_at: int
    foot: tuple[Cell, ...]
    head: tuple[Cell, ...] = ()
    rule: Rule | None = None


class Block(Part):
    """Texts that move together.

    Attributes
    ----------
    at : (x, y)
        Upper left corner on an unmoved page.
    cells : tuple of Cell
    """

    at: tuple[int, int]
    cells: tuple[Cell, ...]


class Drawing(Part):
    """How the pages of a layout are drawn.

    Attributes
    ----------
    shaping : {"basic", "raqm"}
        How letters are put side by side.
    fonts : dict of str to str
        Name to the font's file.
    inks : dict of str to Ink
    alphabet : str
        Name of the set of letters that may occur (``typography.yaml``).
    header : Block
    table : Table
    """

    shaping: Literal["basic", "raqm"] = "basic"
    fonts: dict[str, str]
    inks: dict[str, Ink]
    alphabet: str = "latin-1"
    header: Block
    table: Table

    def opaque(self) -> Drawing:
        """Return the drawing as programs show it that leave out how opaque each pixel is."""
        inks = {name: ink.model_copy(update={"opacity": 255}) for name, ink in self.inks.items()}
        return self.model_copy(update={"inks": inks})

    @model_validator(mode="after")
    def _names_known(self) -> Drawing:
        for cell in (*self.header.cells, *self.table.head, *self.table.line, *self.table.foot):
            if cell.font not in self.fonts or cell.ink not in self.inks:
                raise ValueError(
                    f"The cell {cell.text!r} names the font {cell.font!r} or ink {cell.ink!r}, not described."
                )
        if self.table.rule and self.table.rule.ink not in self.inks:
            raise ValueError(f"The rule names the ink {self.table.rule.ink!r}, not described.")
        return self
