"""Rows of a PNG, unfiltered and laid on white: see `invoice_lab.ocr.decode.png`."""

from __future__ import annotations

import numpy as np
from numba import njit

NONE, SUB, UP, AVERAGE, PAETH = range(5)
"""Filters of a row (PNG specification, 9.2)."""
GREY, RGB = 1, 3
"""Channels."""


@njit(cache=True)
def over_white(ink, alpha):
    """Lay a pixel's channel on white, in the fixed point arithmetic of Pillow (libImaging/AlphaComposite.c)."""
    mixed = (ink * alpha + 255 * (255 - alpha) + 0x80) << 7
    return ((mixed >> 8) + mixed) >> 15


@njit(cache=True)
def _paeth(left, above, corner):
    guess = left + above - corner
    to_left, to_above, to_corner = abs(guess - left), abs(guess - above), abs(guess - corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner


@njit(cache=True)
def _is_zero(packed):
    seen = np.uint8(0)
    for i in range(packed.size):  # no early end: so that it is done 16 bytes at a time
        seen = np.uint8(seen | packed[i])
    return seen == 0


@njit(cache=True)
def _unfilter_row(kind, packed, row, channels):
    """Undo a row's filter; `row` holds the row above before, this one after."""
    if kind == NONE:
        row[:] = packed
    elif kind == UP:
        for i in range(row.size):
            row[i] = np.uint8(row[i] + packed[i])
    else:
        for channel in range(channels):
            left, corner = np.int64(0), np.int64(0)
            for i in range(channel, row.size, channels):
                above = np.int64(row[i])
                if kind == SUB:
                    guess = left
                elif kind == AVERAGE:
                    guess = (left + above) >> 1
                else:
                    guess = _paeth(left, above, corner)
                left = (packed[i] + guess) & 255
                row[i] = left
                corner = above


@njit(cache=True)
def _to_rgb(row, channels, rgb):
    for x in range(rgb.size // 3):
        at, to = x * channels, x * 3
        if channels == GREY:
            rgb[to] = rgb[to + 1] = rgb[to + 2] = row[at]
        elif channels == RGB or row[at + 3] == 255:
            rgb[to], rgb[to + 1], rgb[to + 2] = row[at], row[at + 1], row[at + 2]
        else:
            alpha = np.int64(row[at + 3])
            for channel in range(3):
                rgb[to + channel] = over_white(np.int64(row[at + channel]), alpha)


@njit(cache=True)
def unfilter(rows, channels, rgb):
    """Fill `rgb`, shape (height, 3 * width), from the rows, each a filter's number and ``width * channels`` bytes.

    Returns whether there are all the filters that rows have.
    """
    height, width = rgb.shape[0], rgb.shape[1] // 3
    length = width * channels
    row = np.zeros(length, np.uint8)
    for y in range(height):
        at = y * (length + 1)
        kind, packed = rows[at], rows[at + 1 : at + 1 + length]
        if kind > PAETH:
            return False
        if y and kind == UP and _is_zero(packed):  # most of a page's rows are as the one above
            for i in range(rgb.shape[1]):
                rgb[y, i] = rgb[y - 1, i]
            continue
        _unfilter_row(kind, packed, row, channels)
        _to_rgb(row, channels, rgb[y])
    return True
