"""OpenCV pre-processing: turn the page upright, take out what is no text, crop, scale."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.layouts import Layout, layout_of_payload, load_layouts
from invoice_lab.ocr.page import Box
from invoice_lab.ocr.qrcode import QrCode, angle

SMALLEST_TURN = 0.15
"""Degrees: a page turned by less reads as well as it is; turning it would only soften the letters."""

DARKER = 2.0
"""Exponent (gamma) of the darkening of light ink, which beside black pictures an engine takes for paper."""

Affine = npt.NDArray[np.float64]
"""Shape (2, 3): maps homogeneous points of the scan to points of the upright page."""


@dataclass(frozen=True)
class Upright:
    """A page turned upright.

    Attributes
    ----------
    grey : ndarray of uint8, shape (height, width)
        Of the scan's size, without the pictures.
    matrix : ndarray of float, shape (2, 3)
        From the scan to the upright page.
    scale : float
        Pixels of this page for one pixel of the layout's canvas.
    """

    grey: Pixels
    matrix: Affine
    scale: float

    def on_scan(self, box: Box) -> Box:
        """Return where a box of the upright page stands on the scan."""
        corners = np.array([(box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom)], float)
        back = cv2.invertAffineTransform(self.matrix)
        x, y, width, height = cv2.boundingRect(_transform(corners, back).astype(np.float32))
        return Box(int(x), int(y), int(width), int(height))


def upright(grey: Pixels, qr: QrCode | None, layout: Layout | None) -> Upright:
    """Turn a page upright, measure its scale, and take out QR code, logo and ruled lines.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    qr : QrCode or None
        As found on `grey`; gives the angle.
    layout : Layout or None
        Gives the scale and the pictures; of a page of no known layout nothing is taken for a picture.
    """
    height, width = grey.shape
    turn = angle(qr) if qr else 0.0
    matrix = np.array([[1.0, 0, 0], [0, 1, 0]])
    if abs(turn) > SMALLEST_TURN:
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1)
        grey = cv2.warpAffine(grey, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=255)
    page, scale = _without_pictures(grey, qr, layout, matrix)
    return Upright(_without_rules(page, scale), matrix, scale)


def _without_pictures(grey: Pixels, qr: QrCode | None, layout: Layout | None, matrix: Affine) -> tuple[Pixels, float]:
    """Blank the layout's pictures: where the QR code says they are, else where they stand on an unmoved page.

    Of an unknown layout only the code is blanked, for text may stand where other pages have pictures; what is left of
    pictures must not outshine light ink.
    """
    page = grey.copy() if layout else _with_dark_ink(grey)
    if qr and layout and layout.qr and layout_of_payload(qr.payload) is layout:
        corners = _transform(np.array(qr.corners), matrix)
        edge = float(np.mean([np.linalg.norm(corners[i] - corners[i - 1]) for i in range(4)]))
        scale = edge / layout.qr.edge
        origin = corners[0] - np.array(layout.qr.corner) * scale
    else:
        scale = grey.shape[1] / _canvas_width(layout)
        origin = np.zeros(2)
    if qr:
        code = _transform(np.array(qr.corners), matrix)
        cv2.fillConvexPoly(page, np.round(code).astype(np.int32), 255)
    for x, y, width, height in layout.pictures if layout else ():
        left, top = (np.maximum(origin + np.array([x, y]) * scale, 0)).astype(int)
        right, bottom = (np.maximum(origin + np.array([x + width, y + height]) * scale, 0)).astype(int)
        page[top:bottom, left:right] = 255
    return page, scale


def _with_dark_ink(grey: Pixels) -> Pixels:
    """Make the paper white and light ink darker."""
    paper = max(float(np.percentile(grey, 90)), 1.0)
    tones = np.round(255 * np.minimum(np.arange(256) / paper, 1) ** DARKER).astype(np.uint8)
    dark: Pixels = cv2.LUT(grey, tones)
    return dark


def _canvas_width(layout: Layout | None) -> int:
    return (layout or next(iter(load_layouts().values()))).canvas[0]


def _without_rules(grey: Pixels, scale: float) -> Pixels:
    """Blank long thin lines, such as a black edge that a scanner leaves."""
    ink = cv2.threshold(grey, 128, 255, cv2.THRESH_BINARY_INV)[1]
    length = max(int(200 * scale), 3)
    for shape in ((length, 1), (1, length)):
        lines = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(shape[::-1], np.uint8))
        if lines.any():
            grey = np.where(cv2.dilate(lines, np.ones((3, 3), np.uint8)) > 0, np.uint8(255), grey)
    return grey


def crop_to_ink(grey: Pixels, margin: int) -> tuple[Pixels, tuple[int, int]] | None:
    """Cut off the blank parts of a page.

    Returns
    -------
    (ndarray, (x, y)) or None
        The part that holds ink and its top left corner; None for a blank page.
    """
    ink = cv2.threshold(cv2.medianBlur(grey, 3), 215, 255, cv2.THRESH_BINARY_INV)[1]
    if cv2.countNonZero(ink) < 30:
        return None
    x, y, width, height = cv2.boundingRect(ink)
    left, top = max(x - margin, 0), max(y - margin, 0)
    return grey[top : y + height + margin, left : x + width + margin], (left, top)


def enlarge(grey: Pixels, factor: float) -> Pixels:
    """Scale a picture: cubic up, area down."""
    how = cv2.INTER_CUBIC if factor >= 1 else cv2.INTER_AREA
    return cv2.resize(grey, None, fx=factor, fy=factor, interpolation=how)


def _transform(points: npt.NDArray[np.float64], matrix: Affine) -> npt.NDArray[np.float64]:
    moved: npt.NDArray[np.float64] = points @ matrix[:, :2].T + matrix[:, 2]
    return moved
