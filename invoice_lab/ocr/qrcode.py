"""The QR code of a page: found and decoded by zxing-cpp, after restoration where it is blurred."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp

from invoice_lab.ocr.decode import Pixels

LARGEST_TO_RESTORE = 8_000_000
"""Pixels: a code on a larger picture has modules enough as it is, and enlarging it would take gigabytes."""

Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class QrCode:
    """A decoded QR code.

    Attributes
    ----------
    payload : str
    corners : four (x, y)
        Top left, top right, bottom right, bottom left, in pixels of the image it was found in.
    """

    payload: str
    corners: Corners


def read_codes(grey: Pixels) -> list[QrCode]:
    """Find and decode the page's QR codes.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)

    Returns
    -------
    list of QrCode
        From top to bottom; empty where there is none, or it can't be decoded even after restoration.
    """
    return next(filter(None, (codes_as_they_are(picture, factor) for factor, picture in _attempts(grey))), [])


def codes_as_they_are(grey: Pixels, factor: float = 1) -> list[QrCode]:
    """Find and decode a picture's QR codes, without restoring any; their corners are divided by `factor`."""
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)
    codes = [_qr_code(code, factor) for code in found if code.valid and code.text]
    return sorted(codes, key=lambda code: min(y for _, y in code.corners))


def _attempts(grey: Pixels) -> Iterator[tuple[float, Pixels]]:
    """Give the picture as it is, then restored in ways that bring back a blurred, specked or smeared code."""
    yield 1, grey
    if grey.size > LARGEST_TO_RESTORE:
        return
    for factor in (2, 3):
        yield factor, cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    yield 1, cv2.medianBlur(grey, 3)
    restorations: tuple[Callable[[Pixels], Pixels], ...] = (_unsharp, _otsu)
    large = cv2.resize(grey, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    for restore in restorations:
        yield 3, restore(large)


def _unsharp(grey: Pixels) -> Pixels:
    soft = cv2.GaussianBlur(grey, (0, 0), 5)
    return cv2.addWeighted(grey, 3.0, soft, -2.0, 0)


def _otsu(grey: Pixels) -> Pixels:
    return cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1]


def _qr_code(code: zxingcpp.Barcode, factor: float) -> QrCode:
    at = code.position
    corners = tuple((p.x / factor, p.y / factor) for p in (at.top_left, at.top_right, at.bottom_right, at.bottom_left))
    # a zero character can be kept neither in PostgreSQL's text nor in JSON there
    return QrCode(code.text.replace("\0", "\ufffd"), corners)  # type: ignore[arg-type]


def angle_of(corners: npt.NDArray[np.float64]) -> float:
    """Return how far a code is turned, in degrees clockwise, from its upper and lower edges; shape (4, 2)."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    return float(np.degrees(np.arctan2((y1 - y0) + (y2 - y3), (x1 - x0) + (x2 - x3))))
