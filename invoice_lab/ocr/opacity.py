"""Half-transparent ink: on some sheets it was laid on white, on others a program left out how opaque it is.

Both are one file to those who made it: ``cv2.imread`` and Pillow's ``convert("RGB")`` do the latter. Which it was shows
in how dark the labels in that ink are, beside those in an opaque one.
"""

from __future__ import annotations

import cv2
import numpy as np

from invoice_lab.ocr.drawn_layout import DrawnLayout
from invoice_lab.ocr.glyphs.slot import Slot
from invoice_lab.ocr.glyphs.spread import Plane
from invoice_lab.ocr.registration import Registered

SEEN = 0.2
"""How dark a label that is on the sheet is at the least, of what it is drawn with."""
BLURRED, AROUND = 1.5, 6
"""Pixels (standard deviation) by which labels are blurred to be compared, and pixels around them that this reaches."""


def as_shown(drawn: DrawnLayout, found: Registered) -> DrawnLayout:
    """Return a layout as a sheet shows it: `drawn` itself, or `drawn.opaque`.

    Parameters
    ----------
    drawn : DrawnLayout
    found : Registered
        The sheet on the layout's canvas.
    """
    opaque = drawn.opaque
    if opaque is None:
        return drawn
    pairs = zip(drawn.slots(found.placement), opaque.slots(found.placement), strict=True)
    labels = [pair for pair in pairs if len(pair[0].label.strip()) > 2 and drawn.holds(pair[0])]
    strengths = np.array([[_strength(found, slot) for slot in pair] for pair in labels]).reshape(-1, 2)
    alike = np.array([laid.ink == bare.ink for laid, bare in labels], np.bool_)
    shown = alike & (strengths[:, 0] > SEEN)  # a sheet that goes on from another one has no header
    usual = float(np.median(strengths[shown, 0])) if shown.any() else 1.0
    told = ~alike & (strengths.max(axis=1, initial=0) > SEEN)
    laid, bare = np.abs(strengths[told] - usual).sum(axis=0)
    return opaque if bare < laid else drawn


def _strength(found: Registered, slot: Slot) -> float:
    """Return how dark a slot's label is, of what it is drawn with (least squares); zero where it is off the canvas.

    Both are blurred: then it hardly matters how blurred the sheet is, from which thin letters suffer most.
    """
    picture, left, top = slot.typeface.render(slot.label.rstrip())
    x, y = slot.pen[0] + left - AROUND, slot.pen[1] + top - AROUND
    drawn = np.pad(slot.ink.luma().astype(np.float32)[picture], AROUND)[max(-y, 0) :, max(-x, 0) :]
    y, x = max(y, 0), max(x, 0)
    place = slice(y, y + drawn.shape[0]), slice(x, x + drawn.shape[1])
    weights = found.weights[place]
    if not weights.size:
        return 0.0
    expected = _blurred(drawn[: weights.shape[0], : weights.shape[1]] * weights)
    return float((expected * _blurred(found.dark[place] * weights)).sum()) / max(float((expected**2).sum()), 1e-6)


def _blurred(plane: Plane) -> Plane:
    made: Plane = cv2.GaussianBlur(plane, (0, 0), BLURRED)
    return made
