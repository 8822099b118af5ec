"""A page as texts are held against it: how dark each pixel of its canvas is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from invoice_lab.ocr.arbitration.laid import Plane
from invoice_lab.ocr.arbitration.lettering import lettering
from invoice_lab.ocr.arbitration.strip import Look
from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.layouts.drawing import Cell, Drawing
from invoice_lab.ocr.page import Box
from invoice_lab.ocr.paper import darkness
from invoice_lab.ocr.preprocess import Upright

SAME_SCALE = 0.01
"""How far, as a share, the scale that a page's QR code tells may be off."""


@dataclass(frozen=True)
class Sheet:
    """A page on its layout's canvas.

    Attributes
    ----------
    dark : ndarray of float, shape (height, width)
        0 as the paper to 1 black.
    scale : float
        Pixels of the upright page for one of `dark`.
    """

    dark: Plane
    scale: float

    @classmethod
    def of(cls, picture: Upright, layout: Layout) -> Sheet:
        """Bring a page to its layout's canvas, if it is known how that is drawn."""
        scale = _scale(picture, layout) if layout.drawing else 1.0
        grey = picture.grey
        if scale != 1:
            how = cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC
            grey = cv2.resize(grey, None, fx=1 / scale, fy=1 / scale, interpolation=how)
        return cls(darkness(grey.astype(np.float32))[0], scale)

    def box(self, box: Box) -> Box:
        """Return where a box of the upright page lies."""
        return Box(*(round(part / self.scale) for part in (box.x, box.y, box.width, box.height)))


def _scale(picture: Upright, layout: Layout) -> float:
    """Return a page's scale: that of a whole canvas where it is about that, else as the QR code tells."""
    whole = picture.grey.shape[1] / layout.canvas[0]
    return whole if abs(picture.scale / whole - 1) <= SAME_SCALE else picture.scale


def look_of(drawing: Drawing, cell: Cell) -> Look:
    """Return how the text of a cell looks on a sharp page."""
    return Look(lettering(drawing.fonts[cell.font], cell.size, drawing.shaping))
