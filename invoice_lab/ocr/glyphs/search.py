"""Find the texts that explain a strip best: a beam search over pen positions and glyphs, compiled.

A hypothesis is a text up to a pen position. Its cost is the squared residual that it leaves, in units of twice the noise's
variance, plus what the grammar and the typography say. For each column those are kept that explain best
what lies left of the pen (document image
decoding, Kopec and Chou, IEEE PAMI 16(6), 1994, with a beam instead of the whole trellis).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from invoice_lab.ocr.glyphs.grammar import StepTable
from invoice_lab.ocr.glyphs.spread import Plane
from invoice_lab.ocr.glyphs.typeface import Ints

MOST_NEAR = 8
"""Glyphs that can lie within the reach of another: at three pixels a narrow letter."""
BEAM = 10
"""Hypotheses that are kept for each column, if the search does not say otherwise."""


@dataclass(frozen=True)
class Found:
    """A text that was found: its glyphs, the grammar's step of each, and what it costs, in nats."""

    glyphs: Ints
    steps: Ints
    cost: float


@dataclass(frozen=True)
class Usage:
    """How usual texts are, in nats: glyphs alone, after each other (last row: first of the text), at the end."""

    alone: Plane
    following: Plane
    ending: Plane


def search(
    scores: Plane,
    overlaps: tuple[Plane, int],
    moves: tuple[Ints, Ints],
    steps: StepTable,
    usage: Usage,
    start: int,
    beam: int = BEAM,
    most: int = 8,
) -> list[Found]:
    """Search a strip from left to right.

    Parameters
    ----------
    scores : ndarray, shape (2 or 3, width, glyphs)
        Cost of each glyph at each column, in nats, whole and cut: `SpreadGlyphs.scores`.
    overlaps : (ndarray, int)
        Cost of glyphs that overlap, in nats, shape (gaps, glyphs, glyphs), and the first gap: `SpreadGlyphs.overlaps`.
    moves : (ndarray, ndarray)
        The glyphs' advance, shape (glyphs,), and kerning, shape (glyphs, glyphs), in 64ths of a pixel.
    steps : StepTable
    usage : Usage
    start : int
        Column of the first pen.
    beam : int
        Hypotheses that are kept for each column.
    most : int
        How many texts to return.

    Returns
    -------
    list of Found
        The cheapest first; empty where no text of the grammar fits within the strip.
    """
    trellis = _walk(
        (scores, *overlaps, *moves), (steps.allowed, steps.optional, steps.repeated, steps.free),
        (usage.alone, usage.following), start, beam,
    )  # fmt: skip
    _, glyph, parent, _, step, count, cost = trellis
    columns = np.flatnonzero(count)
    ends = np.concatenate([1 + column * beam + np.arange(count[column]) for column in columns] or [np.zeros(0, int)])
    ends = ends[steps.last[step[ends]]]
    total = cost[ends] + np.where(steps.free[step[ends]], usage.ending[glyph[ends]], 0)
    cheapest = np.argsort(total, kind="stable")[:most]
    return [_trace(int(ends[one]), float(total[one]), glyph, parent, step) for one in cheapest]


def _trace(end: int, cost: float, glyph: Ints, parent: Ints, step: Ints) -> Found:
    path = []
    while end > 0:
        path.append(end)
        end = int(parent[end])
    path.reverse()
    return Found(glyph[path], step[path], cost)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _insert(trellis: Any, column: int, beam: int, rank: float, new: Any) -> None:
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


@njit(cache=True)  # type: ignore[untyped-decorator]
def _near(trellis: Any, at: int, advance: Any, reach: int) -> Any:
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


@njit(cache=True)  # type: ignore[untyped-decorator]
def _extend(trellis: Any, at: int, to: int, beam: int, tables: Any, grammar: Any, usage: Any) -> None:
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


@njit(cache=True)  # type: ignore[untyped-decorator]
def _walk(tables: Any, grammar: Any, usage: Any, start: int, beam: int) -> Any:
    """Fill the trellis column by column; entry 0 is the empty text, the others lie `beam` to a column."""
    allowed, optional, repeated, free = grammar
    scores = tables[0]
    size = 1 + scores.shape[1] * beam
    trellis = (
        np.zeros(size, np.float32), np.full(size, -1), np.full(size, -1), np.zeros(size, np.int64), np.full(size, -1),
        np.zeros(scores.shape[1], np.int64), np.zeros(size, np.float32),
    )  # fmt: skip
    trellis[3][0] = start << 6
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


def usage_of(alone: npt.ArrayLike, following: npt.ArrayLike, ending: npt.ArrayLike) -> Usage:
    """Return the tables as arrays that compiled code can walk through."""
    arrays = [np.ascontiguousarray(table, np.float32) for table in (alone, following, ending)]
    return Usage(*arrays)
