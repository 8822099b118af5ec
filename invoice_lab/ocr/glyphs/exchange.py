"""Exchange and compare: which glyphs of a text could be others, and how sure each is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.glyphs.canvas import CORRELATION, Canvas, Face, FittedText
from invoice_lab.ocr.glyphs.search import Found
from invoice_lab.ocr.glyphs.spread import Plane
from invoice_lab.ocr.glyphs.templates import SpreadGlyphs
from invoice_lab.ocr.glyphs.typeface import Ints

SURPRISE = 4.0
"""Nats that one pixel of a specked page can speak for or against a glyph: minus the log of how often it is a speck."""
SAME, SIMILAR = 24, 80
"""64ths of a pixel by which advances may differ: what follows hardly moves, or by a pixel, seldom by two."""


def exchange(canvas: Canvas, text: FittedText) -> bool:
    """Exchange glyphs for those that explain more; tell whether any was. Other pens stay where they are."""
    assert text.found is not None
    face, glyphs = canvas.face(text.slot), text.found.glyphs
    cost = _exchange_costs(canvas, text, face, SAME)
    places = np.arange(len(glyphs))
    gain = cost[places, glyphs] - cost.min(axis=1)
    best, taken = cost.argmin(axis=1), np.zeros(len(glyphs) + 2, np.bool_)
    for place in np.argsort(-gain, kind="stable"):
        if gain[place] <= 1e-3:
            break
        if not taken[place : place + 3].any():
            taken[place + 1] = True
    change = taken[1:-1]
    if change.any():
        text.found = Found(np.where(change, best, glyphs), text.found.steps, text.found.cost)
        canvas.redraw(text)
    return bool(change.any())


def margins(canvas: Canvas, text: FittedText) -> Plane:
    """Return by how many nats each glyph is worse at each place of a text than what stands there.

    The other glyphs stay where they are; glyphs whose advance differs by more than `SIMILAR` are infinitely worse.
    """
    assert text.found is not None
    cost = _exchange_costs(canvas, text, canvas.face(text.slot), SIMILAR)
    worse: Plane = cost - cost[np.arange(len(cost)), text.found.glyphs][:, None]
    return worse


def probabilities(text: FittedText) -> npt.NDArray[np.float64]:
    """Return how likely each glyph of a text is right, the others given, shape (glyphs of the text,)."""
    odds = np.exp(-np.clip(text.margins.astype(float), 0, 700)).sum(axis=1)
    return 1 / np.maximum(odds, 1)


def _exchange_costs(canvas: Canvas, text: FittedText, face: Face, apart: int) -> Plane:
    """Return the cost of each glyph at each place of a text, the others as they are, shape (places, glyphs).

    It is infinite for glyphs whose advances are farther `apart`, in 64ths of a pixel.
    """
    assert text.found is not None
    glyphs, table, made = text.found.glyphs, canvas.steps(text), face.glyphs
    weights = canvas.weights[text.area] * face.whole[:, None]
    pens = made.pens(glyphs, text.start)
    left = made.windows(canvas.residual()[text.area] * weights, pens)
    counted = made.windows(weights, pens)
    current = counted * made.flat[made.phase(pens), glyphs]
    squares = made.squares(counted, left + current, pens)
    noise = max(text.noise, canvas.spread.noise)
    unit = np.float32(1 / (2 * noise**2 * CORRELATION))
    cost = squares * unit
    if canvas.specked:
        unexplained: Plane = (left / np.maximum(counted, 1e-6)).astype(np.float32)
        cost = _with_limits(unexplained, (counted * unit).astype(np.float32), made, glyphs, pens)
    cost = cost + usage_costs(canvas, text, face)
    allowed = table.allowed[text.found.steps] & _similar(glyphs, made.advance, apart)
    return np.where(allowed, cost, np.inf).astype(np.float32)


def usage_costs(canvas: Canvas, text: FittedText, face: Face) -> Plane:
    """Return how unusual each glyph is at each place of a text, in nats, shape (places, glyphs)."""
    assert text.found is not None
    glyphs, free = text.found.glyphs, canvas.steps(text).free[text.found.steps]
    usage = face.usage
    before = usage.following[np.concatenate([[-1], glyphs[:-1]])]
    after = np.concatenate([usage.following[:-1, glyphs[1:]].T, usage.ending[None, :]])
    return (usage.alone[None, :] + before + after) * free[:, None]


def usage_cost(canvas: Canvas, text: FittedText, reading: Found) -> float:
    """Return how unusual a reading is, in nats."""
    face = canvas.face(text.slot)
    free = canvas.steps(text).free[reading.steps]
    before = face.usage.following[np.concatenate([[-1], reading.glyphs[:-1]]), reading.glyphs]
    usage = float(((face.usage.alone[reading.glyphs] + before) * free).sum())
    return usage + float(face.usage.ending[reading.glyphs[-1]] * free[-1])


def _with_limits(left: Plane, counted: Plane, made: SpreadGlyphs, glyphs: Ints, pens: Ints) -> Plane:
    """Return the cost of each glyph at each place, no pixel counting for more than `SURPRISE`.

    Parameters
    ----------
    left, counted : ndarray, shape (places, height x width)
        What is unexplained with the text as it is, and how much each pixel counts, in nats for a residual of one.
    """
    cost = np.empty((len(glyphs), len(made.texts)), np.float32)
    for place, phase in enumerate(made.phase(pens)):
        pictures, now = made.flat[phase], left[place] ** 2
        then = (left[place] + pictures[glyphs[place]] - pictures) ** 2
        cost[place] = np.clip((then - now) * counted[place], -SURPRISE, SURPRISE).sum(axis=1)
    return cost


def _similar(glyphs: Ints, advance: Ints, apart: int) -> npt.NDArray[np.bool_]:
    """Tell which glyphs could stand for each of a text's, by their advance alone."""
    similar: npt.NDArray[np.bool_] = np.abs(advance[None, :] - advance[glyphs][:, None]) <= apart
    return similar
