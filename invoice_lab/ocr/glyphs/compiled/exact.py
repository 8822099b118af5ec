"""Depth-first look-up of glyphs that explain every pixel: see `invoice_lab.ocr.glyphs.lookup`."""

from __future__ import annotations

import numpy as np
from numba import njit

LONGEST = 160
"""Glyphs a text may have."""
TRIES = 4000
"""Glyphs that are laid on a text before it is given up: a text of 60 letters takes about a hundred."""


@njit(cache=True)
def _fits(strip, x, y, glyph, arrays):
    """Tell whether no pixel of the glyph is darker than the strip."""
    data, start, height, width, table = arrays[0], arrays[1], arrays[2], arrays[3], arrays[8]
    rows, columns = strip.shape
    at = start[glyph]
    for i in range(height[glyph]):
        for j in range(width[glyph]):
            ink = data[at]
            at += 1
            if ink:
                if not (0 <= y + i < rows and 0 <= x + j < columns) or table[ink] > strip[y + i, x + j]:
                    return False
    return True


@njit(cache=True)
def _lay(drawn, x, y, glyph, arrays):
    """Lay a glyph on what is drawn, as Pillow does: where two overlap, what one leaves white the other may cover."""
    data, start, height, width = arrays[0], arrays[1], arrays[2], arrays[3]
    at = start[glyph]
    for i in range(height[glyph]):
        for j in range(width[glyph]):
            below, above = np.int64(drawn[y + i, x + j]), np.int64(data[at])
            both = below * above + 128
            drawn[y + i, x + j] = below + above - (((both >> 8) + both) >> 8)
            at += 1


@njit(cache=True)
def _explained(strip, drawn, table, own, first, last):
    """Tell whether columns `first` to before `last` are as dark on the strip as they are drawn."""
    for j in range(max(first, 0), min(last, strip.shape[1])):
        for i in range(own[0], own[1]):
            if strip[i, j] != table[drawn[i, j]]:
                return False
    return True


@njit(cache=True)
def _end(strip, own, blank_columns, first):
    """Return the column after the last ink before a wide blank."""
    end, blank = first, 0
    for j in range(max(first, 0), strip.shape[1]):
        dark = False
        for i in range(own[0], own[1]):
            dark = dark or strip[i, j] > 0
        blank = 0 if dark else blank + 1
        if dark:
            end = j + 1
        elif end > first and blank > blank_columns:
            break
    return end


@njit(cache=True)
def _candidates(strip, x, y, previous, allowed, kerning, arrays):
    """Return the glyphs that fit at the pen, the heaviest first: a glyph that holds another is tried before it."""
    left, top, weight = arrays[4], arrays[5], arrays[7]
    fitting = np.empty(allowed.size, np.int64)
    count = 0
    for glyph in range(allowed.size):
        if not allowed[glyph]:
            continue
        moved = x + (kerning[previous, glyph] if previous >= 0 else 0)
        if _fits(strip, ((moved + 32) >> 6) + left[glyph], y + top[glyph], glyph, arrays):
            fitting[count] = glyph
            count += 1
    found = fitting[:count]
    return found[np.argsort(-weight[found], kind="mergesort")]


@njit(cache=True)
def look_up_glyphs(strip, under, pen, own, blank_columns, allowed, kerning, arrays):
    """Search depth first; a branch ends where a column left of the pen is not as drawn."""
    left, top, advance, table = arrays[4], arrays[5], arrays[6], arrays[8]
    overhang = left.min() - 1
    pen_x, pen_y = pen
    end = _end(strip, own, blank_columns, pen_x)
    pens = np.empty(LONGEST + 1, np.int64)
    chosen = np.empty(LONGEST, np.int64)
    options = [_candidates(strip, pen_x << 6, pen_y, -1, allowed, kerning, arrays)]
    position = np.zeros(LONGEST + 1, np.int64)
    drawn = np.zeros((LONGEST + 1, *strip.shape), np.uint8)
    drawn[0] = under
    pens[0] = pen_x << 6
    depth, tries = 0, 0
    while depth >= 0 and tries < TRIES:
        if (pens[depth] >> 6) >= end and _explained(strip, drawn[depth], table, own, pen_x + overhang, end):
            return chosen[:depth].copy(), drawn[depth].copy()
        if depth == LONGEST or position[depth] == options[depth].size or (pens[depth] >> 6) > end + blank_columns:
            depth -= 1
            options.pop()
            continue
        glyph = options[depth][position[depth]]
        position[depth] += 1
        tries += 1
        previous = chosen[depth - 1] if depth else -1
        here = pens[depth] + (kerning[previous, glyph] if depth else 0)
        drawn[depth + 1] = drawn[depth]
        _lay(drawn[depth + 1], ((here + 32) >> 6) + left[glyph], pen_y + top[glyph], glyph, arrays)
        after = here + advance[glyph]
        if not _explained(strip, drawn[depth + 1], table, own, (pens[depth] >> 6) + overhang, (after >> 6) + overhang):
            continue
        chosen[depth] = glyph
        pens[depth + 1] = after
        depth += 1
        position[depth] = 0
        options.append(_candidates(strip, after, pen_y, glyph, allowed, kerning, arrays))
    return np.full(1, -1), under
