"""Texts drawn as Pillow draws them, and held against a page: see `invoice_lab.ocr.exact`."""

from __future__ import annotations

import numpy as np
from numba import njit

from invoice_lab.ocr.decode.compiled.unfilter import over_white
from invoice_lab.ocr.glyphs.compiled.exact import screened


@njit(cache=True)
def _blend(coverage, below, above):
    """Mix two levels in the fixed point arithmetic of Pillow (libImaging/Paste.c, BLEND)."""
    mixed = above * coverage + below * (255 - coverage) + 128
    return ((mixed >> 8) + mixed) >> 8


@njit(cache=True)
def _ink(pixel, coverage, ink):
    """Put ink on an RGBA pixel; one that was wholly transparent takes its colour whole (fill_mask_L)."""
    of_colour = coverage if pixel[3] else 255
    for channel in range(3):
        pixel[channel] = _blend(of_colour, np.int64(pixel[channel]), ink[channel])
    pixel[3] = _blend(coverage, np.int64(pixel[3]), ink[3])


@njit(cache=True)
def draw_text(page, pen, numbers, ink, kerning, arrays):
    """Draw the glyphs of a text on an RGBA page; what would reach beyond the page is left out."""
    data, start, height, width, left, top, advance = arrays[:7]
    rows, columns = page.shape[:2]
    # the text's coverage as a whole first: where its own letters overlap, ink is not put on twice
    first = min(top[numbers].min(), 0)
    deep = (top[numbers] + height[numbers]).max() - first
    before = min(left[numbers].min(), 0)
    wide = ((advance[numbers].sum() + np.abs(kerning[numbers][:, numbers]).max() * numbers.size) >> 6) + 2
    covered = np.zeros((max(deep, 0), wide + (left[numbers] + width[numbers]).max() - before), np.uint8)
    here, previous = np.int64(0), -1
    for glyph in numbers:
        here += kerning[previous, glyph] if previous >= 0 else 0
        x, y, at = ((here + 32) >> 6) + left[glyph] - before, top[glyph] - first, start[glyph]
        for i in range(height[glyph]):
            for j in range(width[glyph]):
                covered[y + i, x + j] = screened(np.int64(covered[y + i, x + j]), np.int64(data[at]))
                at += 1
        here += advance[glyph]
        previous = glyph
    for i in range(covered.shape[0]):
        y = pen[1] + first + i
        for j in range(covered.shape[1]):
            x = pen[0] + before + j
            if covered[i, j] and 0 <= y < rows and 0 <= x < columns:
                _ink(page[y, x], np.int64(covered[i, j]), ink)


@njit(cache=True)
def is_as_drawn(canvas, page, known, passed_over, area):
    """Tell whether every pixel of an area is known and as it is drawn on an RGBA page that lies on white.

    All are known where `known` has no pixels; those `passed_over` don't count.
    """
    top, bottom, left, right = area
    for y in range(top, min(bottom, canvas.shape[0])):
        for x in range(left, min(right, canvas.shape[1])):
            if passed_over[y, x]:
                continue
            if known.size and not known[y, x]:
                return False
            alpha = np.int64(page[y, x, 3])
            for channel in range(3):
                level = np.int64(page[y, x, channel])
                if canvas[y, x, channel] != (level if alpha == 255 else over_white(level, alpha)):
                    return False
    return True
