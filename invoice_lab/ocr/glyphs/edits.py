"""Readings near another one: a glyph replaced by one of another width, two by one, one by two; what follows moves.

In a proportional typeface under blur, what looks like two narrow letters may be one wide letter, and the search may have
lost the right one early. These readings are tried where a text does not explain the sheet.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from invoice_lab.ocr.glyphs.search import Found
from invoice_lab.ocr.glyphs.typeface import Ints

MOVED = 80
"""64ths of a pixel by which what follows may move."""


def edits(found: Found, advance: Ints, repeated: Ints) -> Iterator[Found]:
    """Return readings near another one.

    Parameters
    ----------
    found : Found
    advance : ndarray of int, shape (glyphs,)
        64ths of a pixel.
    repeated : ndarray of bool, shape (steps,)
        Steps of the grammar at which any number of glyphs may stand; only these are edited.
    """
    glyphs, steps = found.glyphs, found.steps
    pairs = advance[:, None] + advance[None, :]
    for place, (glyph, step) in enumerate(zip(glyphs.tolist(), steps.tolist(), strict=True)):
        if not repeated[step]:
            continue
        for one in np.flatnonzero(np.abs(advance - advance[glyph]) <= MOVED):
            if one != glyph:
                yield _with(found, place, 1, [int(one)])
        for first, second in np.argwhere(np.abs(pairs - advance[glyph]) <= MOVED):
            yield _with(found, place, 1, [int(first), int(second)])
        if place + 1 < len(glyphs) and steps[place + 1] == step:
            both = advance[glyph] + advance[glyphs[place + 1]]
            for one in np.flatnonzero(np.abs(advance - both) <= MOVED):
                yield _with(found, place, 2, [int(one)])


def _with(found: Found, place: int, count: int, new: list[int]) -> Found:
    """Return a reading with `count` glyphs from a place on replaced."""
    glyphs, steps = found.glyphs, found.steps
    step = np.full(len(new), steps[place])
    return Found(
        np.concatenate([glyphs[:place], new, glyphs[place + count :]]).astype(np.int64),
        np.concatenate([steps[:place], step, steps[place + count :]]).astype(np.int64),
        found.cost,
    )
