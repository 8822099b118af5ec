"""Read the texts of a damaged page: those whose drawing, spread as the page is, explains its pixels best.

All texts of a page are fitted together. Each is searched in what the others leave unexplained; then glyphs are
exchanged, one at a time, as long as that explains more. The spread is estimated from the labels first, and from
everything read then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.glyphs.canvas import Canvas, FittedText
from invoice_lab.ocr.glyphs.exchange import exchange
from invoice_lab.ocr.glyphs.explained import INKED
from invoice_lab.ocr.glyphs.phased import PhasedSpread, estimate_phased, find_periods
from invoice_lab.ocr.glyphs.search import BEAM
from invoice_lab.ocr.glyphs.slot import Rule, Slot
from invoice_lab.ocr.glyphs.spread import QUIETEST, Plane, Spread, estimate_spread

FIRST_NOISE, LATER_NOISE = 0.007, 0.003
"""Least noise assumed while neighbours are not explained yet, and once they are."""
WIDE_BEAM = 40
"""Hypotheses for each column in the search for a text that left much unexplained."""
SPECK = 0.2
"""Darkness from which on a single unexplained pixel of a specked page counts as one more speck."""
ENOUGH = 2000
"""Pixels of read text that the spread is estimated from at the least."""
BETTER = 0.8
"""Share of the noise that a spread by phases may leave at the most; else the simpler one is kept."""
NONE: Mapping[str, str] = MappingProxyType({})
ROUNDS = 2
SWEEPS = 4
POOR = 1.35
"""A text that leaves so many times the page's usual residual is searched again."""


class PageFit:
    """Fits the texts of one page.

    Parameters
    ----------
    dark, weights : ndarray of float, shape (height, width)
        See `Canvas`.
    slots : sequence of Slot
    known : dict of str to str, optional
        Texts that are known for certain, by their slot's name.
    rule : Rule, optional
        What is drawn beside the texts.

    Attributes
    ----------
    canvas : Canvas
    texts : list of FittedText
        Of all slots, in their order.
    open : list of FittedText
        Those that are not known.
    """

    def __init__(
        self,
        dark: Plane,
        weights: Plane,
        slots: Sequence[Slot],
        known: Mapping[str, str] = NONE,
        rule: Rule | None = None,
    ) -> None:
        self.canvas = Canvas(dark, weights, spread_of_labels(dark, weights, slots), rule)
        self.texts = [self.canvas.begin(slot, known.get(slot.name)) for slot in slots]
        self.open = [text for text in self.texts if text.slot.name not in known]

    def run(self) -> list[FittedText]:
        """Fit the texts that are not known; those of which nothing fits keep `found` None."""
        for text in self.open:
            self.canvas.search(text, max(self.canvas.spread.noise, FIRST_NOISE), BEAM, core=True)
        for last in (*[False] * (ROUNDS - 1), True):
            self._leave_out_specks()
            self.canvas.respread(self._spread(), self.texts)
            self._exchange_all()
            poor = self._poor()
            if last or not poor:
                break
            for text in poor:
                self.canvas.search(text, max(LATER_NOISE, 0.7 * text.noise), WIDE_BEAM, core=False)
        return self.open

    def _exchange_all(self) -> None:
        self._measure()
        for _ in range(SWEEPS):
            changed = [exchange(self.canvas, text) for text in self.open if text.found]
            if not any(changed):
                break

    def _poor(self) -> list[FittedText]:
        self._measure()
        usual = float(np.median([text.noise for text in self.texts]))
        return [text for text in self.open if text.noise > POOR * max(usual, QUIETEST)]

    def _measure(self) -> None:
        for text in self.texts:
            self.canvas.measure(text)

    def _leave_out_specks(self) -> None:
        """On a specked page, leave out single pixels that nothing explains and whose neighbours are explained."""
        if not self.canvas.specked:
            return
        left = np.abs(self.canvas.residual()) * self.canvas.weights
        ring = np.ones((3, 3), np.uint8)
        ring[1, 1] = 0
        alone = (left > SPECK) & (cv2.dilate(left, ring) < 0.5 * left)
        self.canvas.weights[alone] = 0

    def _spread(self) -> Spread | PhasedSpread:
        """Estimate the spread from all that was read and left little unexplained."""
        canvas = self.canvas
        left = np.abs(cv2.blur(canvas.residual(), (5, 5)))
        near = cv2.dilate((canvas.ink > INKED).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        own = np.zeros(near.shape, np.bool_)
        for text in self.texts:
            rows, columns = text.area
            own[rows.start + 3 : rows.stop - 4, columns.start + 6 : columns.stop - 10] = True
        where = near & own & (canvas.weights > 0) & (left < max(0.05, 3 * canvas.spread.noise))
        return canvas.spread if np.count_nonzero(where) < ENOUGH else self._spread_of(where)

    def _spread_of(self, where: npt.NDArray[np.bool_]) -> Spread | PhasedSpread:
        """Estimate a spread alike everywhere, and one by phases where a period shows and that explains more."""
        dark, ink = self.canvas.dark, self.canvas.ink
        alike = estimate_spread(dark, ink, where)
        whole = (slice(0, dark.shape[0]), slice(0, dark.shape[1]))
        left = np.where(where, dark - alike.level - alike.of(ink, whole), 0)
        periods = find_periods(left, ink)
        if all(period.phases == 1 for period in periods):
            return alike
        phased = estimate_phased(dark, ink, where, periods, alike)
        return phased if phased.noise < BETTER * alike.noise else alike


def spread_of_labels(dark: Plane, weights: Plane, slots: Sequence[Slot]) -> Spread:
    """Estimate the spread of a page from its labels alone."""
    drawn, where = draw_labels(dark.shape, slots)
    return estimate_spread(dark, drawn, where & (weights > 0))


def draw_labels(canvas: tuple[int, ...], slots: Sequence[Slot]) -> tuple[Plane, npt.NDArray[np.bool_]]:
    """Draw the labels of some slots on a canvas (height, width), and tell which pixels nothing but they reach."""
    drawn, where = np.zeros(canvas, np.float32), np.zeros(canvas, np.bool_)
    for slot in slots:
        if len(slot.label) > 2:
            _draw_label(slot, drawn, where)
    for slot in slots:
        if len(slot.label) <= 2:  # what may reach into a label's surroundings
            rows = slice(max(slot.pen[1] - 2, 0), max(slot.pen[1] + slot.typeface.size, 0))
            where[rows, max(slot.pen[0], 0) : max(slot.right, 0)] = False
    return drawn, where


def _draw_label(slot: Slot, drawn: Plane, where: npt.NDArray[np.bool_]) -> None:
    """Draw a slot's label on the canvas, and mark the pixels that nothing but it reaches."""
    picture, right, below = slot.typeface.render(slot.label.rstrip())
    x, y = slot.pen[0] + right, slot.pen[1] + below
    height, width = picture.shape
    top, left = max(-y, 0), max(-x, 0)  # what lies beyond the canvas is left out
    inside = drawn[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
    part = picture[top : top + inside.shape[0], left : left + inside.shape[1]]
    inside[:] = slot.ink.luma().astype(np.float32)[part]
    rows = slice(max(slot.pen[1] - 3, 0), max(slot.pen[1] + round(1.2 * slot.typeface.size), 0))
    where[rows, max(x - 8, 0) : max(x + width - 1, 0)] = True
