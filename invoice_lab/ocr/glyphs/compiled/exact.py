"""Depth-first look-up of glyphs that explain every pixel: see `invoice_lab.ocr.glyphs.lookup`."""

from __future__ import annotations

import numpy as np
from numba import njit

LONGEST = 160
"""Glyphs a text may have."""
TRIES = 4000
"""Glyphs that are laid on a text before it is given up: a text of 60 letters takes about a hundred."""


@njit(cache=True)
def _fits(strip, x, y, size, masks, at, table):
    """Tell whether no pixel of a glyph, whose mask begins at `at`, is darker than the strip."""
    rows, columns = strip.shape
    for i in range(size[0]):
        for j in range(size[1]):
            ink = masks[at]
            at += 1
            if ink:
                if not (0 <= y + i < rows and 0 <= x + j < columns) or table[ink] > strip[y + i, x + j]:
                    return False
    return True


@njit(cache=True)
def screened(below, above):
    """Return the coverage of two glyphs, as Pillow reckons: what one leaves white the other may cover."""
    both = below * above + 128
    return below + above - (((both >> 8) + both) >> 8)


@njit(cache=True)
def _lay(drawn, x, y, glyph, arrays, before):
    """Lay a glyph on what is drawn; keep in `before` what was there."""
    data, start, height, width = arrays[0], arrays[1], arrays[2], arrays[3]
    at, kept = start[glyph], 0
    for i in range(height[glyph]):
        for j in range(width[glyph]):
            before[kept] = drawn[y + i, x + j]
            drawn[y + i, x + j] = screened(np.int64(before[kept]), np.int64(data[at]))
            at += 1
            kept += 1


@njit(cache=True)
def _lift(drawn, x, y, glyph, arrays, before):
    """Take a glyph away again."""
    height, width = arrays[2], arrays[3]
    kept = 0
    for i in range(height[glyph]):
        for j in range(width[glyph]):
            drawn[y + i, x + j] = before[kept]
            kept += 1


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
    data, start, height, width, left, top, _, weight, table, probe = arrays
    rows, columns = strip.shape
    fitting = np.empty(allowed.size, np.int64)
    count = 0
    for glyph in allowed:
        pen = (x + (kerning[previous, glyph] if previous >= 0 else 0) + 32) >> 6
        row, column = y + probe[0, glyph], pen + probe[1, glyph]  # its darkest pixel is asked first
        if 0 <= row < rows and 0 <= column < columns and probe[2, glyph] > strip[row, column]:
            continue
        size = (height[glyph], width[glyph])
        if _fits(strip, pen + left[glyph], y + top[glyph], size, data, start[glyph], table):
            fitting[count] = glyph
            count += 1
    found = fitting[:count]
    return found[np.argsort(-weight[found], kind="mergesort")]


@njit(cache=True)
def look_up_glyphs(strip, under, pen, own, blank_columns, allowed, kerning, arrays):
    """Search depth first; a branch ends where a column left of the pen is not as drawn.

    Returns the glyphs, -1 alone where there are none that explain the strip, and the coverage with them.
    """
    left, top, advance, table = arrays[4], arrays[5], arrays[6], arrays[8]
    overhang = left.min() - 1
    pen_x, pen_y = pen
    end = _end(strip, own, blank_columns, pen_x)
    pens, chosen, corners = np.empty(LONGEST + 1, np.int64), np.empty(LONGEST, np.int64), np.empty(LONGEST, np.int64)
    options = [_candidates(strip, pen_x << 6, pen_y, -1, allowed, kerning, arrays)]
    position = np.zeros(LONGEST + 1, np.int64)
    before = np.empty((LONGEST, (arrays[2] * arrays[3]).max()), np.uint8)
    drawn = under.copy()
    pens[0] = pen_x << 6
    depth, tries = 0, 0
    while tries < TRIES:
        if (pens[depth] >> 6) >= end and _explained(strip, drawn, table, own, pen_x + overhang, end):
            return chosen[:depth].copy(), drawn
        if depth == LONGEST or position[depth] == options[depth].size or (pens[depth] >> 6) > end + blank_columns:
            if not depth:
                break
            options.pop()
            depth -= 1
            _lift(drawn, corners[depth], pen_y + top[chosen[depth]], chosen[depth], arrays, before[depth])
            continue
        glyph = options[depth][position[depth]]
        position[depth] += 1
        tries += 1
        here = pens[depth] + (kerning[chosen[depth - 1], glyph] if depth else 0)
        corner, after = ((here + 32) >> 6) + left[glyph], here + advance[glyph]
        _lay(drawn, corner, pen_y + top[glyph], glyph, arrays, before[depth])
        if not _explained(strip, drawn, table, own, (pens[depth] >> 6) + overhang, (after >> 6) + overhang):
            _lift(drawn, corner, pen_y + top[glyph], glyph, arrays, before[depth])
            continue
        chosen[depth], corners[depth] = glyph, corner
        depth += 1
        pens[depth], position[depth] = after, 0
        options.append(_candidates(strip, after, pen_y, glyph, allowed, kerning, arrays))
    return np.full(1, -1), under
