"""Sheets that lie on a side or on the head: turned by quarters, which changes no pixel, read, and their boxes back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from invoice_lab.ocr.boxes import with_boxes
from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.layouts import layout_of_payload
from invoice_lab.ocr.page import Box, Page
from invoice_lab.ocr.qrcode import QrCode, angle_of, read_codes

QUARTER = 90
"""Degrees."""
PAPER, PAPER_SHARE = 0.85, 0.4
"""Share of the paper's brightness from which on a pixel is paper, and share of such pixels that a sheet of text has."""
OTHER_WAYS = (2, 1, 3)
"""Quarters to try where nothing tells how a sheet lies: on the head, on either side."""


def codes_of(grey: Pixels) -> list[QrCode]:
    """Return a sheet's codes, those of invoices first: there may be others, such as a link."""
    return sorted(read_codes(grey), key=lambda code: layout_of_payload(code.payload) is None)


def quarters(code: QrCode) -> int:
    """Return how many quarters (0 to 3) a sheet is turned clockwise, as its code shows."""
    return round(angle_of(np.array(code.corners)) / QUARTER) % 4


def is_paper(grey: Pixels) -> bool:
    """Tell whether a picture can be a sheet of text at all, so that it is worth trying to read it other ways round."""
    few = grey[::4, ::4]
    return float(np.mean(few >= PAPER * np.percentile(few, 90))) >= PAPER_SHARE


def turned_back(sheet: Pixels, turns: int) -> Pixels:
    """Return a sheet that is turned clockwise by so many quarters as it should be."""
    return np.ascontiguousarray(np.rot90(sheet, turns))


def as_it_lies(page: Page, turns: int, size: tuple[int, int]) -> Page:
    """Return the page of a sheet that was turned back, with its boxes where they stand on the sheet as it lies.

    Parameters
    ----------
    page : Page
    turns : int
        As given to `turned_back`.
    size : (width, height)
        Of the sheet as it lies, in pixels.
    """
    width, height = size

    def turned(box: Box) -> Box:
        if turns == 1:
            return Box(width - box.bottom, box.x, box.height, box.width, box.sheet)
        if turns == 2:
            return Box(width - box.right, height - box.bottom, box.width, box.height, box.sheet)
        return Box(box.y, height - box.right, box.height, box.width, box.sheet)

    return replace(with_boxes(page, turned), turns={0: turns}) if turns else page
