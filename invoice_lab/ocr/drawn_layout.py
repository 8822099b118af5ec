"""A layout's drawing with its typefaces loaded: anchors to find a page by, slots to read it by."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from invoice_lab.errors import MissingToolError
from invoice_lab.ocr.anchors import Anchor, anchor
from invoice_lab.ocr.glyphs.grammar import (
    ANY,
    SPACES,
    Grammar,
    characters_of,
    integer,
    literal,
    mask,
    number,
    written_in,
)
from invoice_lab.ocr.glyphs.inked import Ink
from invoice_lab.ocr.glyphs.slot import Rule, Slot
from invoice_lab.ocr.glyphs.typeface import Typeface, load_typeface
from invoice_lab.ocr.glyphs.typography import typography
from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.layouts.drawing import FIELD, Cell, Drawing
from invoice_lab.ocr.pose import Points

ABOVE, TALLEST = 8, 1.6
"""Pixels above a text's em box, and font sizes from its top down, that whatever the text says may reach."""
MOST_PIECES = 4
"""Digits a quantity may have."""
NUMBERS = frozenset({"unit_price", "amount", "total", "net", "tax"})

Offset = tuple[int, int]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Placement:
    """Where the blocks of a page stand and how many lines it has.

    Attributes
    ----------
    header, table : (x, y)
        How far they have moved from their places on the canvas, in pixels.
    lines : int
    """

    header: Offset = (0, 0)
    table: Offset = (0, 0)
    lines: int = 0


class DrawnLayout:
    """A layout whose drawing is known."""

    def __init__(self, layout: Layout, drawing: Drawing) -> None:
        self.layout, self.drawing = layout, drawing
        self.alphabet = typography().alphabets[drawing.alphabet]
        self._slots_of = lru_cache(maxsize=256)(self._made_slots)

    @cached_property
    def opaque(self) -> DrawnLayout | None:
        """The layout as programs show it that leave out how opaque each pixel is; None where all inks are opaque."""
        opaque = self.drawing.opaque()
        return None if opaque == self.drawing else DrawnLayout(self.layout, opaque)

    # --- anchors -----------------------------------------------------------------------------------------------------

    def header_anchors(self) -> list[Anchor]:
        """Return the labels of the header, from top to bottom."""
        block = self.drawing.header
        return [self._anchor(cell, block.at) for cell in block.cells if len(cell.label.strip()) > 2]

    def foot_anchors(self, lines: int = 0) -> list[Anchor]:
        """Return the labels below `lines` product lines; the first tells where the foot is."""
        x, y = self.foot_at(lines)
        return [self._anchor(cell, (x, y)) for cell in self.drawing.table.foot if len(cell.label.strip()) > 2]

    def line_anchors(self, line: int) -> list[Anchor]:
        """Return what stands at the end of the cells of a line, such as a unit."""
        x, y = self.line_at(line)
        anchors = []
        for cell in self.drawing.table.line:
            pieces = FIELD.split(cell.text)
            widths = [width for _, width in FIELD.findall(cell.text)]
            if len(pieces[-1].strip()) > 1 and all(widths):
                before = FIELD.sub(lambda found: " " * int(found.group(2)), cell.text)[: -len(pieces[-1])]
                face = self.typeface(cell)
                pen = x + cell.at[0] + round(face.font.getlength(before))
                anchors.append(anchor(pieces[-1], face, self.ink(cell), (pen, y + cell.at[1])))
        return anchors

    def foot_at(self, lines: int) -> Offset:
        """Return the upper left corner of the foot on an unmoved page with so many lines."""
        table = self.drawing.table
        return table.at[0], table.at[1] + table.pitch * lines + table.foot_at

    def line_at(self, line: int) -> Offset:
        """Return the upper left corner of a line (0, 1, ...) on an unmoved page."""
        table = self.drawing.table
        return table.at[0], table.at[1] + table.pitch * line

    def rule_at(self, placement: Placement) -> Rule | None:
        """Return the table's rule; None without one."""
        rule = self.drawing.table.rule
        if rule is None:
            return None
        (x, y), (left, end) = rule.at, self.line_at(placement.lines)
        moved = placement.table
        return Rule(left + moved[0] + x, end + moved[1] + y, rule.width, self._ink(rule.ink))

    def _anchor(self, cell: Cell, at: Offset) -> Anchor:
        pen = (at[0] + cell.at[0], at[1] + cell.at[1])
        return anchor(cell.label.rstrip(), self.typeface(cell), self.ink(cell), pen)

    @property
    def code_corners(self) -> Points | None:
        """Where the QR code's corners lie on the canvas, clockwise from the upper left; None without a code."""
        qr = self.layout.qr
        if qr is None:
            return None
        x, y = qr.corner
        return np.array([(x, y), (x + qr.edge, y), (x + qr.edge, y + qr.edge), (x, y + qr.edge)], float)

    @cached_property
    def pictures(self) -> npt.NDArray[np.bool_]:
        """The canvas's pixels that pictures cover, shape (height, width)."""
        width, height = self.layout.canvas
        covered = np.zeros((height, width), np.bool_)
        for x, y, wide, high in self.layout.pictures:
            covered[y : y + high, x : x + wide] = True
        return covered

    def holds(self, slot: Slot) -> bool:
        """Tell whether a slot lies on the canvas, whatever its text."""
        (x, y), (width, height) = slot.pen, self.layout.canvas
        return x >= 0 and y >= ABOVE and y + TALLEST * slot.typeface.size < height and slot.right <= width

    # --- slots -------------------------------------------------------------------------------------------------------

    def slots(self, placement: Placement) -> list[Slot]:
        """Return the texts of a page, the header's first, then line by line, then the foot's.

        A slot is named after its block, or its line's number from 1, and its place there: ``header.0``, ``1.1``.
        """
        return list(self._slots_of(placement))

    def _made_slots(self, placement: Placement) -> tuple[Slot, ...]:
        table = self.drawing.table
        header, foot = self.drawing.header, self.foot_at(placement.lines)
        slots = [self._slot(cell, header.at, placement.header, f"header.{n}") for n, cell in enumerate(header.cells)]
        slots += [self._slot(cell, table.at, placement.table, f"head.{n}") for n, cell in enumerate(table.head)]
        for line in range(placement.lines):
            at = self.line_at(line)
            slots += [self._slot(cell, at, placement.table, f"{line + 1}.{n}") for n, cell in enumerate(table.line)]
        slots = [self._crossed(slot, placement) for slot in slots]
        slots += [self._slot(cell, foot, placement.table, f"foot.{n}") for n, cell in enumerate(table.foot)]
        return tuple(slots)

    def cells(self, placement: Placement) -> list[Cell]:
        """Return the cells of `slots`, in the same order."""
        table = self.drawing.table
        return [*self.drawing.header.cells, *table.head, *table.line * placement.lines, *table.foot]

    def _slot(self, cell: Cell, at: Offset, moved: Offset, name: str) -> Slot:
        x, y = at[0] + moved[0], at[1] + moved[1]
        grammar = self.grammar(cell)
        return Slot(
            name=name,
            typeface=self.typeface(cell),
            ink=self.ink(cell),
            pen=(x + cell.at[0], y + cell.at[1]),
            right=min(x + cell.right, self.layout.canvas[0]),
            label=cell.label,
            grammar=grammar,
            alphabet=self.alphabet if ANY[0] in grammar else characters_of(grammar),
        )

    def _crossed(self, slot: Slot, placement: Placement) -> Slot:
        """Return a slot as the rule cuts it, which is drawn after it."""
        rule = self.rule_at(placement)
        if rule is None or rule.left > slot.pen[0] or slot.right > rule.left + rule.width or slot.pen[1] >= rule.row:
            return slot
        return replace(slot, cut=rule.row)

    def load_typefaces(self) -> None:
        """Load the typefaces of all cells.

        Raises
        ------
        MissingToolError
            A font is not installed, or Raqm is missing.
        """
        for cell in self.cells(Placement(lines=1)):
            self.typeface(cell)

    def typeface(self, cell: Cell) -> Typeface:
        """Return the typeface of a cell."""
        return load_typeface(self.drawing.fonts[cell.font], cell.size, self.drawing.shaping)

    def ink(self, cell: Cell) -> Ink:
        """Return the ink of a cell."""
        return self._ink(cell.ink)

    def _ink(self, name: str) -> Ink:
        ink = self.drawing.inks[name]
        return Ink((*ink.colour, ink.opacity / 255))

    def grammar(self, cell: Cell) -> Grammar:
        """Return what a cell may say."""
        pieces = FIELD.split(cell.text)
        steps = literal(pieces[0])
        for name, width, after in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
            steps += (SPACES,) if width else ()
            steps += self._field_grammar(name) + literal(after)
        return steps

    def _field_grammar(self, name: str) -> Grammar:
        layout = self.layout
        if name == "invoice_id":
            return mask(layout.invoice_id.form)
        if name == "issued_at":
            return mask(layout.issued_at.mask)
        if name in layout.forms:
            return mask(layout.forms[name].form)
        if name == "quantity":
            return integer(MOST_PIECES)
        if name in NUMBERS:
            return number(layout.numbers.decimal, layout.numbers.thousands, layout.numbers.places)
        own = typography().fields.get(name)
        return written_in(f" {own}") if own else ANY  # blank where nothing is printed


def drawn_layout(layout: Layout) -> DrawnLayout | None:
    """Return a layout with its typefaces; made once a process.

    None where the layout's drawing is not described, or one of its fonts is not installed, which is logged.
    """
    return _made(layout.model_dump_json()) if layout.drawing else None


@cache
def _made(description: str) -> DrawnLayout | None:
    layout = Layout.model_validate_json(description)
    if layout.drawing is None:
        return None
    drawn = DrawnLayout(layout, layout.drawing)
    try:
        drawn.load_typefaces()
    except MissingToolError as error:
        logger.warning("Pages of the layout %s are read by OCR alone: %s", layout.name, error)
        return None
    return drawn
