"""Pieces of a page: texts with blank paper around them, each read by itself.

An engine reads a row better alone than among others, and what it reads of a piece depends on the piece's pixels and on
nothing else: so it need not be read twice, wherever it stands.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.page import Box

INK = 0.8
"""Share of the paper's brightness below which a pixel is ink."""
GAP = 2.4
"""Heights of a piece's row that make a blank beside it one between pieces; a space is a quarter of the height."""
SMALLEST, TALLEST = 5, 60
"""Pixels of canvas: what is lower is dust, what is higher no row of text."""
MOST = 200
"""Pieces of a page: of more, dust or a photo's shades are cut apart."""

Mask = npt.NDArray[np.bool_]


def pieces(grey: Pixels, scale: float) -> list[Box] | None:
    """Cut a page into pieces at blank rows and columns.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    scale : float
        Pixels of the page for one of the canvas.

    Returns
    -------
    list of Box or None
        From top to bottom and left to right, columns whose rows are not level one after the other. None where the page
        does not fall into rows of text.
    """
    ink: Mask = grey < INK * np.percentile(grey[::4, ::4], 90)
    found = []
    for top, bottom in _rows(_spans(np.any(ink, axis=1), 1), SMALLEST * scale):
        height = bottom - top
        if height > TALLEST * scale:
            return None
        if height >= SMALLEST * scale:
            for left, right in _spans(np.any(ink[top:bottom], axis=0), round(GAP * height)):
                own = _rows(_spans(np.any(ink[top:bottom, left:right], axis=1), 1), SMALLEST * scale)
                rows = [(top + start, top + end) for start, end in own] if len(own) > 1 else [(top, bottom)]
                found += [Box(left, start, right - left, end - start) for start, end in rows]
    return found if 0 < len(found) <= MOST else None


def _rows(spans: list[tuple[int, int]], smallest: float) -> list[tuple[int, int]]:
    """Join what is too low to be a row, such as underscores and accents, with the row that it is nearest to."""
    rows = [span for span in spans if span[1] - span[0] >= smallest]
    for top, bottom in spans:
        if bottom - top >= smallest or not rows:
            continue
        near = min(range(len(rows)), key=lambda number: max(rows[number][0] - bottom, top - rows[number][1]))
        if max(rows[near][0] - bottom, top - rows[near][1]) < smallest:
            rows[near] = (min(rows[near][0], top), max(rows[near][1], bottom))
    return rows


def _spans(inked: Mask, gap: int) -> list[tuple[int, int]]:
    """Return first and end of the runs of ink, those nearer than `gap` as one."""
    places = np.flatnonzero(inked)
    if not places.size:
        return []
    breaks = np.flatnonzero(np.diff(places) > gap)
    starts, ends = places[np.r_[0, breaks + 1]], places[np.r_[breaks, -1]]
    return [(int(start), int(end) + 1) for start, end in zip(starts, ends, strict=True)]
