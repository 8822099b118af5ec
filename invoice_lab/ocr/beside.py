"""What else is on a sheet, beside the invoice that was read of it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.page import Box

MARGIN = 4
"""Pixels around what was read."""
INK = 0.75
"""Share of the paper's brightness from which down a pixel is ink."""
LEAST_INK = 300
"""Pixels of ink below which there is no text left: a header's three rows have a thousand on a page of half the size."""


def rest_of(grey: Pixels, areas: Sequence[Box]) -> Pixels | None:
    """Blank what was read on a sheet.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    areas : sequence of Box
        What was read.

    Returns
    -------
    ndarray of uint8, shape (height, width), or None
        None where hardly any ink is left.
    """
    paper = int(np.percentile(grey[::4, ::4], 90))
    rest = grey.copy()
    for area in areas:
        top, left = max(area.y - MARGIN, 0), max(area.x - MARGIN, 0)
        rest[top : max(area.bottom + MARGIN, 0), left : max(area.right + MARGIN, 0)] = paper
    ink = cv2.medianBlur(rest, 3) < INK * paper
    return rest if int(np.count_nonzero(ink)) >= LEAST_INK else None
