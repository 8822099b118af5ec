"""Half-transparent ink: on some sheets it was laid on white, on others a program left out how opaque it is.

Both are one file to those who made it: ``cv2.imread`` and Pillow's ``convert("RGB")`` do the latter. Which it was shows
in how dark the labels in that ink are, beside those in an opaque one.
"""

from __future__ import annotations

import cv2
import numpy as np

from invoice_lab.ocr.drawn_layout import DrawnLayout
from invoice_lab.ocr.glyphs.fit import draw_labels
from invoice_lab.ocr.glyphs.slot import Slot
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
    drawn, _ = draw_labels(found.dark.shape, [slot])
    inked = np.nonzero(drawn)
    if not len(inked[0]):
        return 0.0
    rows, columns = (slice(max(int(at.min()) - AROUND, 0), int(at.max()) + AROUND + 1) for at in inked)
    expected, seen = (
        cv2.GaussianBlur(plane[rows, columns] * found.weights[rows, columns], (0, 0), BLURRED)
        for plane in (drawn, found.dark)
    )
    return float((expected * seen).sum()) / max(float((expected**2).sum()), 1e-6)
