"""The beam search over pen positions and glyphs: see `invoice_lab.ocr.glyphs.search`."""

from __future__ import annotations

import numpy as np
from numba import njit

MOST_NEAR = 8
"""Glyphs that can lie within the reach of another: at three pixels a narrow letter."""


@njit(cache=True)
def _insert(trellis, column, beam, rank, new):
    """Put a hypothesis at its place among those of a column, if its rank is low enough."""
    ranks, glyph, parent, pen, step, count, costs = trellis
    first, held = 1 + column * beam, count[column]
    if held == beam:
        if rank >= ranks[first + beam - 1]:
            return
        held -= 1
    else:
        count[column] += 1
    at = first + held
    while at > first and ranks[at - 1] > rank:
        ranks[at], glyph[at], parent[at] = ranks[at - 1], glyph[at - 1], parent[at - 1]
        pen[at], step[at], costs[at] = pen[at - 1], step[at - 1], costs[at - 1]
        at -= 1
    ranks[at] = rank
    glyph[at], parent[at], pen[at], step[at], costs[at] = new


@njit(cache=True)
def _near(trellis, at, advance, reach):
    """Return the last glyphs of a hypothesis that one at its pen can overlap: number, column where its advance ends."""
    _, glyph, parent, pen, _, _, _ = trellis
    near = np.empty((MOST_NEAR, 2), np.int64)
    count, here = 0, (pen[at] + 32) >> 6
    while at > 0 and count < MOST_NEAR:
        number = glyph[at]
        end = ((pen[at] - advance[number] + 32) >> 6) + (advance[number] >> 6)
        if here - end > reach:
            break
        near[count, 0], near[count, 1] = number, end
        count += 1
        at = parent[at]
    return near[:count]


@njit(cache=True)
def _extend(trellis, at, to, beam, tables, grammar, usage):
    """Add to one hypothesis each glyph that step `to` of the grammar allows."""
    scores, overlaps, first_gap, advance, kerning = tables
    allowed, free = grammar
    _, glyph, _, pen, _, _, costs = trellis
    _, width, glyphs = scores.shape
    last = glyph[at]
    near = _near(trellis, at, advance, len(overlaps) + first_gap)
    for new in range(glyphs):
        if not allowed[to, new]:
            continue
        moved = pen[at] + (kerning[last, new] if last >= 0 else 0)
        column = (moved + 32) >> 6
        after = (moved + advance[new] + 32) >> 6
        if column < 0 or column >= width or after >= width or after <= (pen[at] + 32) >> 6:
            continue
        cost = costs[at] + scores[0, column, new]
        for ancestor in range(len(near)):
            gap = column - near[ancestor, 1] - first_gap
            if gap < len(overlaps):
                cost += overlaps[max(gap, 0), near[ancestor, 0], new]
        if free[to]:
            cost += usage[0][new] + usage[1][last, new]
        part = min(1 + max(after - column - (advance[new] >> 6), 0), len(scores) - 1)
        rank = cost - scores[0, column, new] + scores[part, column, new]
        _insert(trellis, after, beam, rank, (new, at, moved + advance[new], to, cost))


@njit(cache=True)
def walk(tables, grammar, usage, root, beam):
    """Fill the trellis column by column; entry 0 is the root, the others lie `beam` to a column.

    The root is where the search begins: pen in 64ths, last glyph and step of the grammar before it, -1 for none.
    """
    allowed, optional, repeated, free = grammar
    scores = tables[0]
    size = 1 + scores.shape[1] * beam
    trellis = (
        np.zeros(size, np.float32), np.full(size, -1), np.full(size, -1), np.zeros(size, np.int64), np.full(size, -1),
        np.zeros(scores.shape[1], np.int64), np.zeros(size, np.float32),
    )  # fmt: skip
    trellis[3][0], trellis[1][0], trellis[4][0] = root
    start = (root[0] + 32) >> 6
    for column in range(start, scores.shape[1]):
        for rank in range(1 if column == start else trellis[5][column]):
            at = 0 if column == start else 1 + column * beam + rank
            here = trellis[4][at]
            if here >= 0 and repeated[here]:
                _extend(trellis, at, here, beam, tables, (allowed, free), usage)
            to = here + 1
            while to < len(optional):
                _extend(trellis, at, to, beam, tables, (allowed, free), usage)
                if not optional[to]:
                    break
                to += 1
    return trellis
