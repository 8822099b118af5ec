"""The exact reader: texts of which every pixel is as the layout's fonts draw it, certified by drawing them again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.drawn_layout import DrawnLayout, Placement
from invoice_lab.ocr.glyphs.compiled.draw import draw_text, is_as_drawn
from invoice_lab.ocr.glyphs.inked import Ink, inked_glyphs
from invoice_lab.ocr.glyphs.lookup import look_up
from invoice_lab.ocr.glyphs.slot import Rule, Slot
from invoice_lab.ocr.glyphs.typeface import Typeface
from invoice_lab.ocr.layouts.drawing import Cell

LEFT = 8
"""Columns of a strip left of the pen."""
DEPTH = 1.35
"""How far a text reaches below the top of its em box, in ems."""


def read_exact(
    canvas: Pixels, drawn: DrawnLayout, placement: Placement, known: npt.NDArray[np.bool_] | None = None
) -> dict[str, str]:
    """Read what is drawn on a page exactly as the layout says.

    Parameters
    ----------
    canvas : ndarray of uint8, shape (height, width, 3)
        The page, moved by whole pixels at the most.
    drawn : DrawnLayout
    placement : Placement
    known : ndarray of bool, shape (height, width), optional
        The pixels that are known; all by default.

    Returns
    -------
    dict of str to str
        Slot name to its text, for those slots alone whose pixels are all known and as they are drawn again.
    """
    texts: dict[str, str] = {}
    cover: defaultdict[Ink, Pixels] = defaultdict(lambda: np.zeros(canvas.shape[:2], np.uint8))
    slots = drawn.slots(placement)
    for slot, bottom in zip(slots, _bottoms(drawn, placement), strict=True):
        text = _look_up(canvas, slot, bottom, cover[slot.ink])
        if text is not None:
            texts[slot.name] = text
    page = draw_again(drawn, placement, texts, canvas.shape[:2])
    sheet = (canvas, page, np.zeros((0, 0), np.bool_) if known is None else known, drawn.pictures)
    return {slot.name: texts[slot.name] for slot in slots if slot.name in texts and is_as_drawn(*sheet, _area(slot))}


def place_exactly(canvas: Pixels, drawn: DrawnLayout) -> Placement | None:
    """Tell how many lines a page has whose blocks are where they should be, by the label below them.

    Returns
    -------
    Placement or None
        None where the label stands, to the pixel, in none of its places.
    """
    height, table = canvas.shape[0], drawn.drawing.table
    foot = next((cell for cell in table.foot if len(cell.label.strip()) > 2), None)
    if foot is None:
        return None
    mask, left, top = _label(drawn, foot)
    ink = drawn.ink(foot)
    light = 255 - ink.darkness()[mask]
    for lines in range((height - table.at[1]) // table.pitch):
        x, y = drawn.foot_at(lines)
        x, y = x + foot.at[0] + left, y + foot.at[1] + top
        if np.array_equal(canvas[y : y + mask.shape[0], x : x + mask.shape[1], ink.channel], light):
            return Placement(lines=lines)
    return None


@cache
def _label(drawn: DrawnLayout, cell: Cell) -> tuple[Pixels, int, int]:
    """Draw a cell's label; see `Typeface.render`."""
    return drawn.typeface(cell).render(cell.label.rstrip())


@lru_cache(maxsize=256)
def _bottoms(drawn: DrawnLayout, placement: Placement) -> list[int]:
    """Return for each slot the row at which the next text below begins."""
    slots = drawn.slots(placement)
    return [_next_below(slot, slots) for slot in slots]


def _next_below(slot: Slot, slots: Sequence[Slot]) -> int:
    lower = [
        other.pen[1]
        for other in slots
        if other.pen[1] > slot.pen[1] and other.pen[0] < slot.right and slot.pen[0] < other.right
    ]
    return min([*lower, slot.pen[1] + round(DEPTH * slot.typeface.size)])


def _look_up(canvas: Pixels, slot: Slot, bottom: int, cover: Pixels) -> str | None:
    x, y = slot.pen
    glyphs = inked_glyphs(slot.typeface, slot.ink)
    above = -min(0, int(glyphs.top.min()))  # accents on capitals stand above the em box
    left, top = max(x - LEFT, 0), y - above
    rows, columns = slice(top, y + round(DEPTH * slot.typeface.size)), slice(left, slot.right)
    if x < 0 or top < 0 or rows.stop > canvas.shape[0] or columns.stop > canvas.shape[1]:
        return None
    strip = 255 - canvas[rows, columns, slot.ink.channel]
    own = (0, bottom - above - top)
    allowed = _allowed(slot.typeface, slot.alphabet)
    found = look_up(strip, glyphs, (x - left, above), own, under=cover[rows, columns], allowed=allowed)
    if found is None:
        return None
    text, cover[rows, columns] = found
    return text


@cache
def _allowed(typeface: Typeface, alphabet: str) -> npt.NDArray[np.int64]:
    return np.flatnonzero([set(text) <= set(alphabet) for text in typeface.texts])


def _area(slot: Slot) -> tuple[int, int, int, int]:
    """Return the surroundings of a text: first row, row after the last, first column, column after the last."""
    x, y = slot.pen
    return max(y, 0), max(y + round(DEPTH * slot.typeface.size), 0), max(x - LEFT, 0), slot.right


def draw_again(drawn: DrawnLayout, placement: Placement, texts: Mapping[str, str], size: tuple[int, int]) -> Pixels:
    """Draw texts as the layout says, bit for bit as Pillow does.

    Parameters
    ----------
    drawn : DrawnLayout
    placement : Placement
    texts : mapping of str to str
        Slot name to its text.
    size : (height, width)

    Returns
    -------
    ndarray of uint8, shape (height, width, 4)
        RGBA on opaque white; half-transparent ink is not laid on it.
    """
    page = np.full((*size, 4), 255, np.uint8)
    slots = drawn.slots(placement)
    foot = len(slots) - len(drawn.drawing.table.foot)
    for number, slot in enumerate(slots):
        if number == foot:
            _draw_rule(page, drawn.rule_at(placement))
        text = texts.get(slot.name)
        if text:
            face, glyphs = slot.typeface, inked_glyphs(slot.typeface, slot.ink)
            draw_text(page, slot.pen, face.numbers(text), slot.ink.rgba, face.kerning, glyphs.arrays)
    return page


def _draw_rule(page: Pixels, rule: Rule | None) -> None:
    if rule and 0 <= rule.row < page.shape[0]:
        page[rule.row, max(rule.left, 0) : max(rule.left + rule.width, 0)] = rule.ink.rgba
