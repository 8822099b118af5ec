"""Texts laid on a plane and taken out of one; compiled, for arbitration tries thousands of them a page."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def lay(plane, pen, numbers, pens, arrays):
    """Lay the glyphs of a text on a plane, as FreeType's pictures are laid on each other; what lies beyond is cut."""
    data, start, height, width, left, top = arrays[:6]
    for place in range(numbers.size):
        glyph = numbers[place]
        x0, y0, at = pen[0] + pens[place] + left[glyph], pen[1] + top[glyph], start[glyph]
        for i in range(height[glyph]):
            for j in range(width[glyph]):
                y, x = y0 + i, x0 + j
                if 0 <= y < plane.shape[0] and 0 <= x < plane.shape[1]:
                    plane[y, x] += data[at] - plane[y, x] * data[at]
                at += 1


@njit(cache=True)
def unexplained(seen, gain, pen, numbers, pens, arrays):
    """Return the squares, summed over the rows, of what is left of a plane when a text is taken out."""
    ink = np.zeros(seen.shape, np.float32)
    lay(ink, pen, numbers, pens, arrays)
    columns = np.zeros(seen.shape[1], np.float32)
    for y in range(seen.shape[0]):
        for x in range(seen.shape[1]):
            rest = seen[y, x] - np.float32(gain) * ink[y, x]
            columns[x] += rest * rest
    return columns


@njit(cache=True)
def summed(columns, width):
    """Return for each column the sum over so many, with it and those before it."""
    sums = np.empty_like(columns)
    for end in range(columns.size):
        total = np.float32(0)
        for column in range(max(end - width + 1, 0), end + 1):
            total += columns[column]
        sums[end] = total
    return sums
