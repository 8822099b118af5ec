"""A page in the making: its pixels, the texts found so far, and what they leave unexplained."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from invoice_lab.ocr.glyphs.grammar import StepTable, step_table
from invoice_lab.ocr.glyphs.phased import PhasedSpread
from invoice_lab.ocr.glyphs.search import Found, Usage, search, usage_of
from invoice_lab.ocr.glyphs.slot import Rule, Slot
from invoice_lab.ocr.glyphs.spread import Plane, Spread
from invoice_lab.ocr.glyphs.templates import ABOVE, SpreadGlyphs, strip_height
from invoice_lab.ocr.glyphs.typeface import Ints
from invoice_lab.ocr.glyphs.typography import typography

MARGIN = 12
"""Columns of a strip left of the pen; pixels around a rule."""
CORRELATION = 4.0
"""Neighbouring pixels err alike: so many pixels tell as much as one that errs by itself."""
BRANCHES = 20
"""Glyphs that are tried where a text goes wrong."""
SPECKED = 0.002
"""Share of spoilt pixels from which on a page counts as specked."""


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
        What the searches found: other readings, and what it reads now.
    margins : ndarray, shape (glyphs of the text, glyphs of the typeface)
        By how many nats each glyph at each place is worse, infinite for those not tried; empty before `Comparison`.
    lead : float
        By how many nats the best of the rivals that more than one glyph sets apart is worse; infinite without any.
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

    @property
    def body(self) -> tuple[slice, slice]:
        """The area of its line on the canvas: its em box, from the first pen on."""
        x, y = self.slot.pen
        return slice(y, y + round(1.2 * self.slot.typeface.size)), slice(x, self.slot.right)

    def after_label(self) -> tuple[slice, slice] | None:
        """Return the area of what it says beside its label, and of one more letter that it could say.

        None where it says nothing.
        """
        columns = np.flatnonzero(self.drawn.any(axis=0))
        if not len(columns):
            return None
        slot, left = self.slot, self.area[1].start
        start = max(left + int(columns[0]), slot.pen[0] + round(slot.typeface.font.getlength(slot.label)))
        more = slot.typeface.size // 2 if slot.grammar[-1].repeated else 0
        end = min(left + int(columns[-1]) + 1 + more, slot.right)
        return self.body[0], slice(min(start, end - 1), end)

    def cut(self, ink: Plane) -> Plane:
        """Return ink in its strip without what a rule covers; works on stacks of pictures too."""
        rows = self.area[0]
        if self.slot.cut is None or not rows.start <= self.slot.cut < rows.stop:
            return ink
        left = ink.copy()
        left[..., self.slot.cut - rows.start, :] = 0
        return left


@dataclass
class DrawnRule:
    """A rule as it is drawn: the part of the canvas that it darkens, and its ink there, as drawn and as it appears."""

    rule: Rule
    area: tuple[slice, slice]
    drawn: Plane
    spread: Plane


@dataclass(frozen=True)
class Face:
    """What belongs to one typeface, ink and alphabet on this page."""

    glyphs: SpreadGlyphs
    core: Plane
    whole: Plane
    core_overlaps: Plane
    usage: Usage


class Canvas:
    """The pixels of a page and what the texts found so far explain of them.

    Parameters
    ----------
    dark : ndarray of float, shape (height, width)
        Darkness of the page on its layout's canvas: 0 blank paper, 1 black.
    weights : ndarray of float, shape (height, width)
        How much each pixel counts; 0 for what is known to be spoilt.
    spread : Spread or PhasedSpread
        How ink is spread, as far as it is known.
    rule : Rule, optional
        What is drawn beside the texts.

    Attributes
    ----------
    ink : ndarray of float, shape (height, width)
        The rule and all texts, as they are drawn.
    rule : DrawnRule or None
    specked : bool
        Whether many single pixels are spoilt, so that no pixel can be relied on.
    """

    def __init__(self, dark: Plane, weights: Plane, spread: Spread | PhasedSpread, rule: Rule | None = None) -> None:
        self.dark, self.weights, self.spread = dark, weights, spread
        self.specked = bool((weights == 0).mean() > SPECKED)
        self.ink = np.zeros_like(dark)
        self._explained = np.zeros_like(dark)
        self._faces: dict[tuple[object, ...], Face] = {}
        self._tables: dict[tuple[object, ...], StepTable] = {}
        self.rule = _drawn_rule(rule, dark.shape) if rule else None
        if self.rule:
            self.ink[self.rule.area] += self.rule.drawn
            self._explain(self.rule)

    def residual(self) -> Plane:
        """Return what no text explains, shape of the canvas."""
        left: Plane = self.dark - self.spread.level - self._explained
        return left

    def begin(self, slot: Slot, known: str | None = None) -> FittedText:
        """Return the text of a slot, drawn where it is known."""
        top, left = slot.pen[1] - ABOVE, max(slot.pen[0] - MARGIN, 0)
        area = (slice(top, top + strip_height(slot.typeface.size)), slice(left, slot.right))
        empty = np.zeros(self.dark[area].shape, np.float32)
        text = FittedText(slot, area, None, empty, empty.copy())
        if known:
            glyphs = self.face(slot).glyphs.spell(known)
            text.found = Found(glyphs, np.full(len(glyphs), -1), 0.0)
            self.redraw(text)
        return text

    def face(self, slot: Slot) -> Face:
        """Return the glyphs that a slot is read with, made anew for each spread."""
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
            self._tables[key] = step_table(slot.grammar, self.face(slot).glyphs.texts)
        return self._tables[key]

    def search(self, text: FittedText, noise: float, beam: int, *, core: bool) -> None:
        """Search a text in what the others leave unexplained, and take the best that is found; see `rivals`."""
        text.rivals = self.rivals(text, noise, beam, core=core)
        text.found = text.rivals[0] if text.rivals else None
        self.redraw(text)

    def rivals(
        self, text: FittedText, noise: float, beam: int, *, core: bool = False, kept: Found | None = None
    ) -> list[Found]:
        """Search a text in what the others leave unexplained.

        Parameters
        ----------
        text : FittedText
        noise : float
            What is expected to be left unexplained.
        beam : int
            Hypotheses for each column.
        core : bool
            Whether to look at the middle of the letters alone, where neighbours above and below don't reach in.
        kept : Found, optional
            What the text begins with; where it ends beyond the strip, nothing is found.
        """
        face, strip = self.face(text.slot), self._unexplained_but(text, kept)
        rows = face.core if core else face.whole
        unit = 1 / (2 * noise**2 * CORRELATION)
        root = self._root(text, kept)
        first = max((root[0] >> 6) - 1, 0)
        if first >= strip.shape[1]:
            return []
        scores = face.glyphs.scores(strip, self.weights[text.area] * rows[:, None], first) * unit
        overlaps = (face.core_overlaps if core else face.glyphs.overlaps(face.whole)) * unit
        tables = (overlaps, face.glyphs.gaps.start), (face.glyphs.advance, face.glyphs.kerning)
        found = search(scores, *tables, self.steps(text), face.usage, root=root, beam=beam)
        return [one.after(kept) for one in found] if kept else found

    def branches(self, text: FittedText, keep: int) -> list[Found]:
        """Return the first `keep` glyphs of a text with each of those after them that fit best there.

        Empty where they reach the end of the strip.
        """
        assert text.found is not None
        steps = self.steps(text)
        kept = Found(text.found.glyphs[:keep], text.found.steps[:keep], 0.0) if keep else None
        step = int(text.found.steps[min(keep, len(text.found.steps) - 1)])
        face, strip = self.face(text.slot), self._unexplained_but(text, kept)
        column = (self._root(text, kept)[0] + 32) >> 6
        if column >= strip.shape[1]:
            return []
        counted = self.weights[text.area] * face.whole[:, None]
        fits = np.where(steps.allowed[step], face.glyphs.scores(strip, counted, column)[1, column], np.inf)
        likely = np.argsort(fits, kind="stable")[: min(BRANCHES, np.count_nonzero(np.isfinite(fits)))]
        begun = kept or Found(likely[:0], likely[:0], 0.0)
        return [Found(np.append(begun.glyphs, glyph), np.append(begun.steps, step), 0.0) for glyph in likely]

    def _unexplained_but(self, text: FittedText, kept: Found | None) -> Plane:
        """Return what the other texts and the beginning of a text leave unexplained."""
        strip: Plane = self.residual()[text.area] + text.spread
        return strip - self.spread.of(self.drawn(text, kept), text.area) if kept else strip

    def _root(self, text: FittedText, kept: Found | None) -> tuple[int, int, int]:
        """Return where a search begins; see `invoice_lab.ocr.glyphs.search.search`."""
        if kept is None:
            return text.start << 6, -1, -1
        end = self.face(text.slot).glyphs.end(kept.glyphs, text.start)
        return end, int(kept.glyphs[-1]), int(kept.steps[-1])

    def redraw(self, text: FittedText) -> None:
        """Draw a text as it reads now, in place of how it read before."""
        self._explained[text.area] -= text.spread
        self.ink[text.area] -= text.drawn
        text.drawn = self.drawn(text, text.found)
        text.spread = self.spread.of(text.drawn, text.area)
        self._explained[text.area] += text.spread
        self.ink[text.area] += text.drawn

    def drawn(self, text: FittedText, found: Found | None) -> Plane:
        """Draw a reading of a text in its strip, before it spreads."""
        if found is None:
            return np.zeros_like(text.drawn)
        return text.cut(self.face(text.slot).glyphs.text_drawn(found.glyphs, text.start, text.drawn.shape[1]))

    def respread(self, spread: Spread | PhasedSpread, texts: list[FittedText]) -> None:
        """Take another spread, and draw all texts anew with it."""
        self.spread = spread
        self._faces.clear()
        self._explained[:] = 0
        if self.rule:
            self._explain(self.rule)
        for text in texts:
            self._explain(text)

    def _explain(self, inked: FittedText | DrawnRule) -> None:
        """Spread what is drawn, and count it as explained."""
        inked.spread = self.spread.of(inked.drawn, inked.area)
        self._explained[inked.area] += inked.spread

    def measure(self, text: FittedText) -> None:
        """Measure what a text leaves unexplained near its ink."""
        near = cv2.dilate((text.drawn > 0.03).astype(np.uint8), np.ones((7, 7), np.uint8))
        counted = near * self.weights[text.area]
        text.noise = float(np.sqrt((self.residual()[text.area] ** 2 * counted).sum() / max(counted.sum(), 1)))

    def said(self, text: FittedText) -> tuple[str, ...]:
        """Return what the glyphs of a text stand for; empty where nothing was found."""
        texts = self.face(text.slot).glyphs.texts
        return tuple(texts[glyph] for glyph in text.found.glyphs) if text.found else ()

    def columns(self, text: FittedText) -> Ints:
        """Return the columns of the canvas where each glyph of a text starts, and where the last one ends."""
        glyphs = self.face(text.slot).glyphs
        if text.found is None:
            return np.array([text.slot.pen[0]])
        pens = glyphs.pens(text.found.glyphs, text.slot.pen[0])
        return np.append(pens, pens[-1] + (glyphs.advance[text.found.glyphs[-1]] >> 6))


def _drawn_rule(rule: Rule, canvas: tuple[int, ...]) -> DrawnRule | None:
    """Draw a rule; None where it lies beyond the canvas, or is white."""
    top, left = rule.row - MARGIN, max(rule.left - MARGIN, 0)
    bottom, right = rule.row + MARGIN + 1, min(rule.left + rule.width + MARGIN, canvas[1])
    dark = rule.ink.luma()[255]
    if top < 0 or bottom > canvas[0] or right <= left or not dark:
        return None
    drawn = np.zeros((bottom - top, right - left), np.float32)
    drawn[MARGIN, rule.left - left : rule.left + rule.width - left] = dark
    return DrawnRule(rule, (slice(top, bottom), slice(left, right)), drawn, np.zeros_like(drawn))


def _face_of(slot: Slot, spread: Spread | PhasedSpread, corner: tuple[int, int]) -> Face:
    glyphs = SpreadGlyphs(slot.typeface, slot.ink, spread, slot.alphabet, corner)
    size = slot.typeface.size
    row = (np.arange(glyphs.height) - ABOVE) / size
    core = np.where((row >= 0.25) & (row <= 0.95), 1, np.where((row >= 0.1) & (row <= 1.05), 0.1, 0.01)).astype(
        np.float32
    )
    whole = ((row >= -0.2) & (row <= 1.3)).astype(np.float32)
    table = typography()
    usage = usage_of(table.alone(glyphs.texts), table.following(glyphs.texts), table.ending(glyphs.texts))
    return Face(glyphs, core, whole, glyphs.overlaps(core), usage)
