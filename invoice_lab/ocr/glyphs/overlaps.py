"""Ink on ink: where letters of two lines meet, a cedilla above an accent, pixels are less dark than both together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from invoice_lab.ocr.glyphs.canvas import FittedText
from invoice_lab.ocr.glyphs.inked import Ink
from invoice_lab.ocr.glyphs.spread import Area, Plane


def overlaps(texts: Sequence[FittedText]) -> Iterator[tuple[Plane, Area, Ink]]:
    """Return by how much texts of one ink are darker, drawn one by one, than drawn on one another.

    Of what shares a and b of an ink leave of the paper, (1 - a)(1 - b) is left by both.

    Yields
    ------
    ndarray, shape (height, width)
        Darkness.
    (slice, slice)
        Where on the canvas.
    Ink
    """
    for first, second in combinations(texts, 2):
        if first.slot.ink != second.slot.ink:
            continue
        area = _common(first.area, second.area)
        twice = _part(first, area) * _part(second, area)
        if twice.any():
            yield twice / first.slot.ink.luma()[255].astype(twice.dtype), area, first.slot.ink


def _common(first: Area, second: Area) -> Area:
    """Return what two areas have in common."""
    rows, columns = (
        slice(start := max(one.start, other.start), max(min(one.stop, other.stop), start))
        for one, other in zip(first, second, strict=True)
    )
    return rows, columns


def _part(text: FittedText, area: Area) -> Plane:
    """Return a text as it is drawn on a part of its area."""
    (top, bottom), (left, right) = (
        (part.start - whole.start, part.stop - whole.start) for part, whole in zip(area, text.area, strict=True)
    )
    return text.drawn[max(top, 0) : bottom, max(left, 0) : right]
