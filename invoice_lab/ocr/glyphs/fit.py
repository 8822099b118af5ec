"""Read the texts of a damaged page: the texts whose drawing, spread as the page is, explains its pixels best.

All texts of a page are fitted together. Each is searched in what the others leave unexplained; then glyphs are exchanged,
one at a time, as long as that explains more. The spread is estimated from the labels first and from everything read then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.glyphs.grammar import StepTable, step_table
from invoice_lab.ocr.glyphs.phased import PhasedSpread, estimate_phased, find_periods
from invoice_lab.ocr.glyphs.search import BEAM, Found, Usage, search, usage_of
from invoice_lab.ocr.glyphs.slot import Slot
from invoice_lab.ocr.glyphs.spread import QUIETEST, Plane, Spread, estimate_spread
from invoice_lab.ocr.glyphs.templates import ABOVE, SpreadGlyphs
from invoice_lab.ocr.glyphs.typeface import Ints
from invoice_lab.ocr.glyphs.typography import typography

MARGIN = 12
"""Columns of a strip left of the pen."""
CORRELATION = 4.0
"""Neighbouring pixels err alike: so many pixels tell as much as one that errs by itself."""
FIRST_NOISE = 0.007
"""Least noise assumed while neighbours are not explained yet."""
SPECKED = 0.002
"""Share of spoilt pixels from which on a page counts as specked."""
SPECK = 0.2
"""Darkness from which on a single unexplained pixel counts as one more speck."""
SURPRISE = 4.0
"""Nats that one pixel of a specked page can speak for or against a glyph: minus the log of how often it is a speck."""
ENOUGH = 2000
"""Pixels of read text that the spread is estimated from at the least."""
BETTER = 0.8
"""Share of the noise that a spread by phases may leave at the most; else the simpler one is kept."""
PATCH = 9
"""Pixels, both ways, of a patch on which something unexplained is looked for."""
LATER_NOISE = 0.003
"""Least noise assumed once the neighbours are explained."""
WIDE_BEAM = 40
"""Hypotheses for each column in the search for a text that left much unexplained."""
ROUNDS = 4
SWEEPS = 4
POOR = 1.35
"""A text that leaves so many times the page's usual residual is searched again."""


@dataclass
class FittedText:
    """A text in the making.

    Attributes
    ----------
    slot : Slot
    area : (slice, slice)
        Rows and columns of its strip on the canvas.
    found : Found or None
        What it says by now; None where nothing of its grammar fits.
    drawn, spread : ndarray, shape of the strip
        Its ink as it is drawn, and as it appears on the page.
    noise : float
        Root mean square of what it leaves unexplained near its ink.
    rivals : list of Found
        What else the last search found.
    margins : ndarray, shape (glyphs of the text, glyphs of the typeface)
        By how many nats each other glyph at each place is worse.
    lead : float
        By how many nats the best reading with glyphs at other places is worse.
    """

    slot: Slot
    area: tuple[slice, slice]
    found: Found | None
    drawn: Plane
    spread: Plane
    noise: float = 0.0
    rivals: list[Found] = field(default_factory=list)
    margins: Plane = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    lead: float = 0.0

    @property
    def start(self) -> int:
        """Column of the strip at which the first pen stands."""
        return self.slot.pen[0] - self.area[1].start


@dataclass(frozen=True)
class Face:
    """What belongs to one typeface, ink and alphabet on this page."""

    glyphs: SpreadGlyphs
    core: Plane
    whole: Plane
    core_overlaps: Plane
    usage: Usage


class PageFit:
    """Fits the texts of one page.

    Parameters
    ----------
    dark : ndarray of float, shape (height, width)
        Darkness of the page on its layout's canvas: 0 blank paper, 1 black.
    weights : ndarray of float, shape (height, width)
        How much each pixel counts; 0 for what is known to be spoilt.
    slots : sequence of Slot

    Attributes
    ----------
    texts : list of FittedText
        Of all slots, in their order.
    spread : Spread
    """

    def __init__(self, dark: Plane, weights: Plane, slots: Sequence[Slot]) -> None:
        self._dark, self.weights = dark, weights
        self._specked = bool((weights == 0).mean() > SPECKED)
        self._explained = np.zeros_like(dark)
        self._ink = np.zeros_like(dark)
        self._faces: dict[tuple[object, ...], Face] = {}
        self._tables: dict[tuple[object, ...], StepTable] = {}
        self.spread: Spread | PhasedSpread = self._spread_of_labels(slots)
        self.texts = [self._begin(slot) for slot in slots]

    # --- the whole page ----------------------------------------------------------------------------------------------

    def run(self) -> list[FittedText]:
        """Fit all texts; those of which nothing fits keep `found` None."""
        for text in self.texts:
            self._search(text, max(self.spread.noise, FIRST_NOISE), BEAM, core=True)
        for last in (*[False] * (ROUNDS - 1), True):
            self._without_specks()
            self._respread()
            self._exchange_all()
            poor = self._poor()
            if last or not poor:
                break
            for text in poor:
                self._search(text, max(LATER_NOISE, 0.7 * text.noise), WIDE_BEAM, core=False)
        self._measure()
        for text in self.texts:
            if text.found:
                self._settle(text)
        return self.texts

    def residual(self) -> Plane:
        """Return what no text explains, shape of the canvas."""
        left: Plane = self._dark - self.spread.level - self._explained
        return left

    def _without_specks(self) -> None:
        """On a page with specks, leave out single pixels that nothing explains and whose neighbours are explained."""
        if not self._specked:
            return
        left = np.abs(self.residual()) * self.weights
        ring = np.ones((3, 3), np.uint8)
        ring[1, 1] = 0
        alone = (left > SPECK) & (cv2.dilate(left, ring) < 0.5 * left)
        self.weights[alone] = 0

    def _poor(self) -> list[FittedText]:
        self._measure()
        usual = float(np.median([text.noise for text in self.texts]))
        return [text for text in self.texts if text.noise > POOR * max(usual, QUIETEST)]

    def _measure(self) -> None:
        residual = self.residual()
        for text in self.texts:
            near = cv2.dilate((text.drawn > 0.03).astype(np.uint8), np.ones((7, 7), np.uint8))
            counted = near * self.weights[text.area]
            text.noise = float(np.sqrt((residual[text.area] ** 2 * counted).sum() / max(counted.sum(), 1)))

    def _exchange_all(self) -> None:
        self._measure()
        for _ in range(SWEEPS):
            if not any([self._exchange(text) for text in self.texts if text.found]):
                break

    # --- how sure ------------------------------------------------------------------------------------------------------

    def _settle(self, text: FittedText) -> None:
        """Compare a text with what else the search found, drawn and spread in its place; keep what explains most."""
        assert text.found is not None
        readings = [text.found, *(rival for rival in text.rivals if not self._alike(text, rival))]
        costs = np.array([self._cost(text, reading) for reading in readings])
        best = int(costs.argmin())
        if best:
            text.found = readings[best]
            self._redraw(text)
            self._measure()
        self._exchange(text)
        text.lead = float(np.partition(costs, 1)[1] - costs[best]) if len(costs) > 1 else np.inf

    def _alike(self, text: FittedText, rival: Found) -> bool:
        """Tell whether a rival differs by nothing but exchanged glyphs or spaces at the end."""
        assert text.found is not None
        blank = [number for number, letter in enumerate(self._face(text.slot).glyphs.texts) if letter == " "]
        ends = [np.flatnonzero(~np.isin(found.glyphs, blank)) for found in (text.found, rival)]
        return all(len(end) for end in ends) and int(ends[0][-1]) == int(ends[1][-1])

    def _cost(self, text: FittedText, reading: Found) -> float:
        face = self._face(text.slot)
        strip = self.residual()[text.area] + text.spread
        left = strip - self.spread.of(self.drawn(text, reading), text.area)
        weights = self.weights[text.area] * face.whole[:, None]
        noise = max(text.noise, self.spread.noise)
        squares = float((left**2 * weights).sum()) / (2 * noise**2 * CORRELATION)
        free = self.steps(text).free[reading.steps]
        before = face.usage.following[np.concatenate([[-1], reading.glyphs[:-1]]), reading.glyphs]
        usage = float(((face.usage.alone[reading.glyphs] + before) * free).sum())
        return squares + usage + float(face.usage.ending[reading.glyphs[-1]] * free[-1])

    def probabilities(self, text: FittedText) -> npt.NDArray[np.float64]:
        """Return how likely each glyph of a text is right, the others given, shape (glyphs of the text,)."""
        odds = np.exp(-np.clip(text.margins.astype(float), 0, 700)).sum(axis=1)
        return 1 / np.maximum(odds, 1)

    def misfit(self, text: FittedText) -> float:
        """Return the largest root mean square that is left unexplained on a patch of a text's strip."""
        left = self.residual()[text.area] ** 2 * self.weights[text.area]
        return float(np.sqrt(cv2.blur(left, (PATCH, PATCH))[ABOVE:].max()))

    def said(self, text: FittedText) -> tuple[str, ...]:
        """Return what the glyphs of a text stand for; empty where nothing was found."""
        texts = self._face(text.slot).glyphs.texts
        return tuple(texts[glyph] for glyph in text.found.glyphs) if text.found else ()

    def columns(self, text: FittedText) -> Ints:
        """Return the columns of the canvas where each glyph of a text starts, and where the last one ends."""
        glyphs = self._face(text.slot).glyphs
        if text.found is None:
            return np.array([text.slot.pen[0]])
        pens = glyphs.pens(text.found.glyphs, text.slot.pen[0])
        return np.append(pens, pens[-1] + (glyphs.advance[text.found.glyphs[-1]] >> 6))

    # --- the spread ----------------------------------------------------------------------------------------------------

    def _spread_of_labels(self, slots: Sequence[Slot]) -> Spread:
        drawn = np.zeros_like(self._dark)
        where = np.zeros(self._dark.shape, np.bool_)
        for slot in slots:
            if len(slot.label) > 2:
                _draw_label(slot, drawn, where)
        for slot in slots:
            if len(slot.label) <= 2:  # what may reach into a label's surroundings
                where[max(slot.pen[1] - 2, 0) : slot.pen[1] + slot.typeface.size, slot.pen[0] : slot.right] = False
        return estimate_spread(self._dark, drawn, where & (self.weights > 0))

    def _respread(self) -> None:
        """Estimate the spread again, from all that was read and left little unexplained."""
        residual = np.abs(cv2.blur(self.residual(), (5, 5)))
        near = cv2.dilate((self._ink > 0.05).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        own = np.zeros(near.shape, np.bool_)
        for text in self.texts:
            rows, columns = text.area
            own[rows.start + 3 : rows.stop - 4, columns.start + 6 : columns.stop - 10] = True
        where = near & own & (self.weights > 0) & (residual < max(0.05, 3 * self.spread.noise))
        if np.count_nonzero(where) > ENOUGH:
            self.spread = self._spread_of(where)
        self._faces.clear()
        self._explained[:] = 0
        for text in self.texts:
            text.spread = self.spread.of(text.drawn, text.area)
            self._explained[text.area] += text.spread

    def _spread_of(self, where: npt.NDArray[np.bool_]) -> Spread | PhasedSpread:
        """Estimate a spread alike everywhere, and one by phases where a period shows and that explains more."""
        alike = estimate_spread(self._dark, self._ink, where)
        whole = (slice(0, self._dark.shape[0]), slice(0, self._dark.shape[1]))
        left = np.where(where, self._dark - alike.level - alike.of(self._ink, whole), 0)
        periods = find_periods(left, self._ink)
        if all(period.phases == 1 for period in periods):
            return alike
        phased = estimate_phased(self._dark, self._ink, where, periods, alike)
        return phased if phased.noise < BETTER * alike.noise else alike

    # --- one text ------------------------------------------------------------------------------------------------------

    def _begin(self, slot: Slot) -> FittedText:
        size = slot.typeface.size
        top, left = slot.pen[1] - ABOVE, max(slot.pen[0] - MARGIN, 0)
        area = (slice(top, top + ABOVE + size + round(0.55 * size)), slice(left, slot.right))
        empty = np.zeros(self._dark[area].shape, np.float32)
        return FittedText(slot, area, None, empty, empty.copy())

    def _face(self, slot: Slot) -> Face:
        alike = self.spread.phases == 1
        corner = (0, 0) if alike else (max(slot.pen[0] - MARGIN, 0), slot.pen[1] - ABOVE)
        key = (slot.typeface, slot.ink, slot.alphabet, corner)
        if key not in self._faces:
            self._faces[key] = _face_of(slot, self.spread, corner)
        return self._faces[key]

    def steps(self, text: FittedText) -> StepTable:
        """Return the grammar of a text for its typeface's glyphs."""
        slot = text.slot
        key = (slot.typeface, slot.alphabet, slot.grammar)
        if key not in self._tables:
            self._tables[key] = step_table(slot.grammar, self._face(slot).glyphs.texts)
        return self._tables[key]

    def _search(self, text: FittedText, noise: float, beam: int, *, core: bool) -> None:
        face = self._face(text.slot)
        strip = self.residual()[text.area] + text.spread
        rows = face.core if core else face.whole
        unit = 1 / (2 * noise**2 * CORRELATION)
        scores = face.glyphs.scores(strip, self.weights[text.area] * rows[:, None]) * unit
        overlaps = (face.core_overlaps if core else face.glyphs.overlaps(face.whole)) * unit
        moves = (face.glyphs.advance, face.glyphs.kerning)
        text.rivals = search(scores, (overlaps, face.glyphs.gaps.start), moves, self.steps(text), face.usage, text.start, beam)
        text.found = text.rivals[0] if text.rivals else None
        self._redraw(text)

    def _redraw(self, text: FittedText) -> None:
        self._explained[text.area] -= text.spread
        self._ink[text.area] -= text.drawn
        text.drawn = self.drawn(text, text.found)
        text.spread = self.spread.of(text.drawn, text.area)
        self._explained[text.area] += text.spread
        self._ink[text.area] += text.drawn

    def drawn(self, text: FittedText, found: Found | None) -> Plane:
        """Draw a reading of a text in its strip, before it spreads."""
        if found is None:
            return np.zeros_like(text.drawn)
        return self._face(text.slot).glyphs.text_drawn(found.glyphs, text.start, text.drawn.shape[1])

    def _exchange(self, text: FittedText) -> bool:
        """Exchange glyphs for those that explain more; tell whether any was. Other pens stay where they are."""
        assert text.found is not None
        face, glyphs = self._face(text.slot), text.found.glyphs
        cost = self._exchange_costs(text, face)
        places = np.arange(len(glyphs))
        gain = cost[places, glyphs] - cost.min(axis=1)
        best, taken = cost.argmin(axis=1), np.zeros(len(glyphs) + 2, np.bool_)
        for place in np.argsort(-gain, kind="stable"):
            if gain[place] <= 1e-3:
                break
            if not taken[place : place + 3].any():
                taken[place + 1] = True
        change = taken[1:-1]
        text.margins = cost - cost[places, glyphs][:, None]
        if change.any():
            text.found = Found(np.where(change, best, glyphs), text.found.steps, text.found.cost)
            self._redraw(text)
        return bool(change.any())

    def _exchange_costs(self, text: FittedText, face: Face) -> Plane:
        """Return the cost of each glyph at each place of a text, the others as they are, shape (places, glyphs)."""
        assert text.found is not None
        glyphs, table, made = text.found.glyphs, self.steps(text), face.glyphs
        weights = self.weights[text.area] * face.whole[:, None]
        pens = made.pens(glyphs, text.start)
        left = made.windows(self.residual()[text.area] * weights, pens)
        counted = made.windows(weights, pens)
        current = counted * made.flat[made.phase(pens), glyphs]
        squares = made.squares(counted, left + current, pens)
        noise = max(text.noise, self.spread.noise)
        unit = 1 / (2 * noise**2 * CORRELATION)
        cost = squares * unit
        if self._specked:
            cost = _with_limits(left / np.maximum(counted, 1e-6), counted * unit, made, glyphs, pens)
        cost = cost + self._usage_costs(text, face)
        allowed = table.allowed[text.found.steps] & _same_width(glyphs, made.advance)
        return np.where(allowed, cost, np.inf).astype(np.float32)

    def _usage_costs(self, text: FittedText, face: Face) -> Plane:
        assert text.found is not None
        glyphs, free = text.found.glyphs, self.steps(text).free[text.found.steps]
        usage = face.usage
        before = usage.following[np.concatenate([[-1], glyphs[:-1]])]
        after = np.concatenate([usage.following[:-1, glyphs[1:]].T, usage.ending[None, :]])
        return (usage.alone[None, :] + before + after) * free[:, None]


def _same_width(glyphs: Ints, advance: Ints) -> npt.NDArray[np.bool_]:
    """Tell which glyphs could stand for each of a text's without moving what follows by half a pixel."""
    same: npt.NDArray[np.bool_] = np.abs(advance[None, :] - advance[glyphs][:, None]) <= 24
    return same


def _with_limits(left: Plane, counted: Plane, made: SpreadGlyphs, glyphs: Ints, pens: Ints) -> Plane:
    """Return the cost of each glyph at each place as `_exchange_costs` does, no pixel counting for more than `SURPRISE`.

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


def _face_of(slot: Slot, spread: Spread | PhasedSpread, corner: tuple[int, int]) -> Face:
    glyphs = SpreadGlyphs(slot.typeface, slot.ink, spread, slot.alphabet, corner)
    size = slot.typeface.size
    row = (np.arange(glyphs.height) - ABOVE) / size
    core = np.where((row >= 0.25) & (row <= 0.95), 1, np.where((row >= 0.1) & (row <= 1.05), 0.1, 0.01)).astype(np.float32)
    whole = ((row >= -0.2) & (row <= 1.3)).astype(np.float32)
    table = typography()
    usage = usage_of(table.alone(glyphs.texts), table.following(glyphs.texts), table.ending(glyphs.texts))
    return Face(glyphs, core, whole, glyphs.overlaps(core), usage)


def _draw_label(slot: Slot, drawn: Plane, where: npt.NDArray[np.bool_]) -> None:
    """Draw a slot's label on the canvas, and mark the pixels that nothing but it reaches."""
    picture, left, top = slot.typeface.render(slot.label.rstrip())
    x, y = slot.pen[0] + left, slot.pen[1] + top
    height, width = picture.shape
    drawn[y : y + height, x : x + width] = slot.ink.luma().astype(np.float32)[picture]
    where[max(slot.pen[1] - 3, 0) : slot.pen[1] + round(1.2 * slot.typeface.size), max(x - 8, 0) : x + width - 1] = True
