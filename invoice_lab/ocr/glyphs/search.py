"""Find the texts that explain a strip best: a beam search over pen positions and glyphs.

A hypothesis is a text up to a pen position. Its cost is the squared residual that it leaves, in units of twice the
noise's variance, plus what grammar and typography say. For each column those are kept that explain best what lies left
of the pen (document image decoding, Kopec and Chou, IEEE PAMI 16(6), 1994, with a beam instead of the whole trellis).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.glyphs.compiled.beam import walk
from invoice_lab.ocr.glyphs.grammar import StepTable
from invoice_lab.ocr.glyphs.spread import Plane
from invoice_lab.ocr.glyphs.typeface import Ints

BEAM = 10
"""Hypotheses that are kept for each column, if the search does not say otherwise."""

MOST_FOUND = 8
"""Texts that a search returns, if it is not asked for more."""


@dataclass(frozen=True)
class Found:
    """A text that was found: its glyphs, the grammar's step of each, and what it costs, in nats."""

    glyphs: Ints
    steps: Ints
    cost: float

    def after(self, first: Found) -> Found:
        """Return the text that begins with another one."""
        glyphs, steps = np.concatenate([first.glyphs, self.glyphs]), np.concatenate([first.steps, self.steps])
        return Found(glyphs, steps, first.cost + self.cost)


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
    *,
    root: tuple[int, int, int],
    beam: int = BEAM,
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
    root : (pen, glyph, step)
        Where the search begins: the first pen in 64ths of a pixel; what stands before it, -1 for nothing.
    beam : int
        Hypotheses that are kept for each column.

    Returns
    -------
    list of Found
        The cheapest first; empty where no text of the grammar fits within the strip.
    """
    trellis = walk(
        (scores, *overlaps, *moves), (steps.allowed, steps.optional, steps.repeated, steps.free),
        (usage.alone, usage.following), root, beam,
    )  # fmt: skip
    _, glyph, parent, _, step, count, cost = trellis
    columns = np.flatnonzero(count)
    ends = np.concatenate([1 + column * beam + np.arange(count[column]) for column in columns] or [np.zeros(0, int)])
    ends = ends[steps.last[step[ends]]]
    total = cost[ends] + np.where(steps.free[step[ends]], usage.ending[glyph[ends]], 0)
    cheapest = np.argsort(total, kind="stable")[:MOST_FOUND]
    return [_trace(int(ends[one]), float(total[one]), glyph, parent, step) for one in cheapest]


def _trace(end: int, cost: float, glyph: Ints, parent: Ints, step: Ints) -> Found:
    path = []
    while end > 0:
        path.append(end)
        end = int(parent[end])
    path.reverse()
    return Found(glyph[path], step[path], cost)


def usage_of(alone: npt.ArrayLike, following: npt.ArrayLike, ending: npt.ArrayLike) -> Usage:
    """Return the tables as arrays that compiled code can walk through."""
    arrays = [np.ascontiguousarray(table, np.float32) for table in (alone, following, ending)]
    return Usage(*arrays)
