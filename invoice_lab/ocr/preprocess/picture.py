"""The picture that pre-processing works on: its pixels, and where they stand on the scan."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.layouts import Layout, layout_of_payload, load_layouts
from invoice_lab.ocr.layouts.layout import QrDescription
from invoice_lab.ocr.page import Box
from invoice_lab.ocr.pose import Points, Pose
from invoice_lab.ocr.qrcode import QrCode

INK = 215
"""Grey value below which a pixel counts as ink when the blank parts of a page are cut off."""
FEWEST_INKED = 30
"""Pixels of ink: a picture with fewer is blank."""


@dataclass(frozen=True)
class Upright:
    """A page on its way from the scan to the engine; in the end upright, clean, and without pictures.

    Attributes
    ----------
    grey : ndarray of uint8, shape (height, width)
    pose : Pose
        From places of this picture to those of the scan.
    scale : float
        Pixels of this picture for one of the layout's canvas.
    qr : QrCode or None
        As found on the scan.
    layout : Layout or None
        As told by the code's payload, or by the text where that is another one; None where it is not known.
    is_repaired : bool
        Whether the page was damaged, or of no known layout, so that its pixels were changed for the engine.
    """

    grey: Pixels
    pose: Pose
    scale: float
    qr: QrCode | None = None
    layout: Layout | None = None
    is_repaired: bool = False

    @classmethod
    def of_scan(cls, grey: Pixels, qr: QrCode | None, layout: Layout | None) -> Upright:
        """Return a scan as it arrived; its scale is told by the layout's QR code, else by its width."""
        known = described(qr, layout)
        if qr and known:
            scale = _edge(np.array(qr.corners)) / known.edge
        else:
            scale = grey.shape[1] / (layout or next(iter(load_layouts().values()))).canvas[0]
        return cls(grey, Pose.of_shift(0, 0), scale, qr, layout)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.grey.shape[1], self.grey.shape[0]

    @property
    def code(self) -> Points | None:
        """The corners of the QR code on this picture, clockwise from its upper left; None without a code."""
        if self.qr is None:
            return None
        return self.pose.on_canvas(np.array(self.qr.corners, float))

    def on_scan(self, box: Box) -> Box:
        """Return where a box of this picture stands on the scan."""
        return self.pose.box_on_sheet(box)

    def with_grey(self, grey: Pixels) -> Upright:
        """Return the same picture with other pixels."""
        return replace(self, grey=grey)

    def warped(self, way: Pose, size: tuple[int, int]) -> Upright:
        """Return a picture of another shape.

        Parameters
        ----------
        way : Pose
            From places of the new picture to those of this one.
        size : (width, height)
            Of the new one; what lies beyond this one is white.
        """
        scale = self.scale / way.scale
        return replace(self, grey=way.rectify(self.grey, size), pose=Pose(self.pose.matrix @ way.matrix), scale=scale)


def described(qr: QrCode | None, layout: Layout | None) -> QrDescription | None:
    """Return where a layout has its code, None where the code that was found is not the layout's."""
    return layout.qr if qr and layout and layout_of_payload(qr.payload) is layout else None


def _edge(corners: Points) -> float:
    """Return the mean length of the edges of a code, in pixels."""
    return float(np.mean([np.linalg.norm(corners[i] - corners[i - 1]) for i in range(4)]))


def crop_to_ink(grey: Pixels, margin: int) -> tuple[Pixels, tuple[int, int]] | None:
    """Cut off the blank parts of a page.

    Returns
    -------
    (ndarray, (x, y)) or None
        The part that holds ink and its top left corner; None for a blank page.
    """
    ink = cv2.threshold(cv2.medianBlur(grey, 3), INK, 255, cv2.THRESH_BINARY_INV)[1]
    if cv2.countNonZero(ink) < FEWEST_INKED:
        return None
    x, y, width, height = cv2.boundingRect(ink)
    left, top = max(x - margin, 0), max(y - margin, 0)
    return grey[top : y + height + margin, left : x + width + margin], (left, top)


def enlarge(grey: Pixels, factor: float) -> Pixels:
    """Scale a picture: cubic up, area down."""
    how = cv2.INTER_CUBIC if factor >= 1 else cv2.INTER_AREA
    return cv2.resize(grey, None, fx=factor, fy=factor, interpolation=how)
