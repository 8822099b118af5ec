"""The outline of a sheet of paper that lies on something darker, as in a photograph."""

from __future__ import annotations

import cv2
import numpy as np

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.pose import Points

SIDE = 600
"""Pixels of the longer side that the picture is shrunk to."""
SMALLEST, LARGEST = 0.2, 0.98
"""Share of the picture that a sheet covers: less is not the sheet, more has no outline."""
STRAIGHT = 0.02
"""How far, as a share of its length, the outline may be off four straight sides."""


def outline(grey: Pixels) -> Points | None:
    """Find the corners of the paper.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)

    Returns
    -------
    ndarray of float, shape (4, 2), or None
        Upper left, upper right, lower right, lower left as they stand on the picture, in pixels; None where no sheet is
        set off from what is around it.
    """
    factor = SIDE / max(grey.shape)
    small = cv2.GaussianBlur(cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), (0, 0), 2)
    paper = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1]
    paper = cv2.morphologyEx(paper, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))
    contours = cv2.findContours(paper, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    if not contours:
        return None
    largest = max(contours, key=cv2.contourArea)
    hull = cv2.convexHull(largest)
    share = cv2.contourArea(hull) / small.size
    corners = cv2.approxPolyDP(hull, STRAIGHT * cv2.arcLength(hull, True), True)[:, 0]
    if len(corners) != 4 or not SMALLEST < share < LARGEST:
        return None
    return _in_order((corners + 0.5) / factor - 0.5)


def _in_order(corners: Points) -> Points:
    total, difference = corners.sum(axis=1), corners[:, 0] - corners[:, 1]
    order = [total.argmin(), difference.argmax(), total.argmax(), difference.argmin()]
    ordered: Points = corners[order].astype(float)
    return ordered
