"""The exact reader: texts of which every pixel is as the layout's fonts draw it, certified by drawing them again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.drawn_layout import DrawnLayout, Placement
from invoice_lab.ocr.glyphs.inked import inked_glyphs
from invoice_lab.ocr.glyphs.lookup import look_up
from invoice_lab.ocr.glyphs.slot import Slot
from invoice_lab.ocr.glyphs.typeface import Typeface

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
    slots = drawn.slots(placement)
    below = [_next_below(slot, slots) for slot in slots]
    cover = {slot.ink: np.zeros(canvas.shape[:2], np.uint8) for slot in slots}
    texts: dict[str, str] = {}
    for slot, bottom in zip(slots, below, strict=True):
        text = _look_up(canvas, slot, bottom, cover[slot.ink])
        if text is not None:
            texts[slot.name] = text
    same = np.all(draw_again(drawn, placement, slots, texts, canvas.shape[:2]) == canvas, axis=2)
    return _certified(same if known is None else same & known, drawn, slots, texts)


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
    mask, left, top = drawn.typeface(foot).render(foot.label.rstrip())
    ink = drawn.ink(foot)
    dark, seen = ink.darkness()[mask], 255 - canvas[:, :, ink.channel]
    for lines in range((height - table.at[1]) // table.pitch):
        x, y = drawn.foot_at(lines)
        x, y = x + foot.at[0] + left, y + foot.at[1] + top
        if np.array_equal(seen[y : y + mask.shape[0], x : x + mask.shape[1]], dark):
            return Placement(lines=lines)
    return None


def _next_below(slot: Slot, slots: Sequence[Slot]) -> int:
    """Return the row at which the next text below begins."""
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
def _allowed(typeface: Typeface, alphabet: str) -> npt.NDArray[np.bool_]:
    return np.array([set(text) <= set(alphabet) for text in typeface.texts])


def _certified(
    same: npt.NDArray[np.bool_], drawn: DrawnLayout, slots: Sequence[Slot], texts: dict[str, str]
) -> dict[str, str]:
    """Keep the texts in whose surroundings every pixel is as it is drawn again."""
    for x, y, width, height in drawn.layout.pictures:
        same[y : y + height, x : x + width] = True
    return {slot.name: texts[slot.name] for slot in slots if slot.name in texts and _is_same(same, slot)}


def _is_same(same: npt.NDArray[np.bool_], slot: Slot) -> bool:
    x, y = slot.pen
    area = same[max(y, 0) : y + round(DEPTH * slot.typeface.size), max(x - LEFT, 0) : slot.right]
    return bool(area.all())


def draw_again(
    drawn: DrawnLayout, placement: Placement, slots: Sequence[Slot], texts: dict[str, str], size: tuple[int, int]
) -> Pixels:
    """Draw texts as the layout says, on white.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
    """
    page = Image.new("RGBA", (size[1], size[0]), (255, 255, 255, 255))
    draw = ImageDraw.Draw(page)
    foot = len(slots) - len(drawn.drawing.table.foot)
    for number, slot in enumerate(slots):
        if number == foot:
            _draw_rule(draw, drawn, placement)
        red, green, blue, opacity = slot.ink.colour
        ink = (red, green, blue, round(opacity * 255))
        draw.text(slot.pen, texts.get(slot.name, ""), fill=ink, font=slot.typeface.font)
    paper = Image.new("RGBA", page.size, "white")
    paper.alpha_composite(page)
    return np.asarray(paper.convert("RGB"))


def _draw_rule(draw: ImageDraw.ImageDraw, drawn: DrawnLayout, placement: Placement) -> None:
    rule = drawn.rule_at(placement)
    if rule:
        red, green, blue, opacity = rule.ink.colour
        fill = (red, green, blue, round(opacity * 255))
        draw.line((rule.left, rule.row, rule.left + rule.width - 1, rule.row), fill=fill)
