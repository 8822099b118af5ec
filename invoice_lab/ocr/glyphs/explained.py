"""The pixels of a sheet that nothing but what was read reaches: it is told by them how the sheet came about."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.glyphs.canvas import Canvas
from invoice_lab.ocr.pose import Pose

INKED = 0.05
"""Darkness from which on a pixel of the canvas counts as inked."""
AROUND = 7
"""Pixels, both ways, around inked ones in which residuals are measured."""
EXPLAINED = 0.9
"""Share of a pixel's place on the canvas that has to be explained."""


def explained_pixels(canvas: Canvas, pose: Pose, sheet: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Tell which pixels of a sheet (height, width) lie near ink on parts of the canvas that are explained."""
    left = np.abs(cv2.blur(canvas.residual() * canvas.weights, (5, 5)))
    near = cv2.dilate((canvas.ink > INKED).astype(np.uint8), np.ones((AROUND, AROUND), np.uint8)) > 0
    good = (near & (left < max(0.05, 3 * canvas.spread.noise))).astype(np.float32)
    laid = cv2.warpPerspective(good, pose.matrix, sheet[::-1], flags=cv2.INTER_LINEAR, borderValue=0)
    told: npt.NDArray[np.bool_] = laid > EXPLAINED
    return told
