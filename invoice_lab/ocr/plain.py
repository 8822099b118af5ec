"""Plain pages: as their layout draws them, with nothing else on the sheet. They are read without a search."""

from __future__ import annotations

from dataclasses import replace

from invoice_lab.ocr.beside import rest_of
from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.drawn import DrawnReading, read_straight
from invoice_lab.ocr.drawn_layout import drawn_layout
from invoice_lab.ocr.layouts import Layout, layout_of_payload, load_layouts
from invoice_lab.ocr.qrcode import QrCode, codes_as_they_are


def read_plain(rgb: Pixels, grey: Pixels) -> tuple[Layout, QrCode, DrawnReading] | None:
    """Read a sheet of a layout's very size on which nothing is but what the layout draws.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (height, width, 3)
    grey : ndarray of uint8, shape (height, width)

    Returns
    -------
    (Layout, QrCode, DrawnReading) or None
        None for all other sheets.
    """
    for layout in load_layouts().values():
        drawn = drawn_layout(layout) if layout.pictures and layout.canvas == grey.shape[::-1] else None
        codes = _codes_in_pictures(grey, layout) if drawn else []
        if drawn is None or len(codes) != 1 or layout_of_payload(codes[0].payload) is not layout:
            continue
        reading = read_straight(rgb, drawn, codes[0])
        return (layout, codes[0], reading) if reading and rest_of(grey, reading.areas) is None else None
    return None


def _codes_in_pictures(grey: Pixels, layout: Layout) -> list[QrCode]:
    """Return the codes on the part of a sheet where a layout has pictures: one elsewhere makes no plain page."""
    left, top = (min(picture[axis] for picture in layout.pictures) for axis in (0, 1))
    right, bottom = (max(picture[axis] + picture[axis + 2] for picture in layout.pictures) for axis in (0, 1))
    return [_moved(code, left, top) for code in codes_as_they_are(grey[top:bottom, left:right])]


def _moved(code: QrCode, right: int, down: int) -> QrCode:
    a, b, c, d = ((x + right, y + down) for x, y in code.corners)
    return replace(code, corners=(a, b, c, d))
