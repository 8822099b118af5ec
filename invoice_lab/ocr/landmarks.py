"""Landmarks: labels that OCR has read tell about where a layout's canvas lies on a sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from invoice_lab.ocr.drawn_layout import DrawnLayout, Placement
from invoice_lab.ocr.layouts.likeness import label_likeness
from invoice_lab.ocr.page import Box
from invoice_lab.ocr.pose import CORNER_ERROR, EDGE, Points, Pose
from invoice_lab.ocr.preprocess import Upright
from invoice_lab.ocr.qrcode import QrCode
from invoice_lab.ocr.rows import Row

FEWEST = 2
"""Labels that are needed: one alone tells no scale to be relied on."""
ASTRAY = 0.6
"""Heights of a label by which a corner of one may be off; most have to be where the layout has them."""
BOX_ERROR = 1.5
"""Pixels of the canvas by which boxes of words are off."""
ROUNDS = 3


def pose_by_labels(
    rows: Sequence[Row], picture: Upright, drawn: DrawnLayout, code: QrCode | None = None
) -> Pose | None:
    """Return about where the canvas lies on a sheet.

    Parameters
    ----------
    rows : sequence of Row
        What OCR read.
    picture : Upright
        Of which.
    drawn : DrawnLayout
    code : QrCode, optional
        The layout's: with its corners, labels tell perspective, too.

    Returns
    -------
    Pose or None
        Off by some pixels; None where too few labels were read, or they don't stand as the layout has them.
    """
    pairs = [pair for label, box in _labels(drawn) for pair in _seen(label, box, rows)]
    if len(pairs) < FEWEST:
        return None
    canvas, seen = (np.vstack([_corners(pair[side]) for pair in pairs]) for side in (0, 1))
    sheet, corners = picture.pose.on_sheet(seen), drawn.code_corners
    pose = Pose.similar(canvas, sheet)
    off = np.linalg.norm(pose.on_sheet(canvas) - sheet, axis=1)
    near = off <= ASTRAY * pose.scale * float(np.median([box.height for box, _ in pairs]))
    if 2 * np.count_nonzero(near) < len(near):
        return None
    if code is None or corners is None:
        return pose
    return _bent((corners - EDGE, np.array(code.corners, float) - EDGE), (canvas[near], sheet[near]))


def _bent(corners: tuple[Points, Points], labels: tuple[Points, Points]) -> Pose:
    """Return the pose that brings corners and labels of the canvas nearest to where they are on the sheet."""
    pose = Pose.similar(*corners)
    points, found = (np.vstack([corners[side], labels[side]]) for side in (0, 1))
    errors = np.repeat([CORNER_ERROR, BOX_ERROR], [len(corners[0]), len(labels[0])])
    for _ in range(ROUNDS):  # what is solved for is small changes
        pose, _ = pose.corrected(points, pose.on_canvas(found) - points, 1 / errors)
    return pose


def _labels(drawn: DrawnLayout) -> Iterator[tuple[str, Box]]:
    """Give the labels of the header and where their ink stands on an unmoved canvas."""
    for slot in drawn.slots(Placement()):
        label = slot.label.strip()
        if slot.name.startswith("header.") and len(label) > 2:
            mask, left, top = slot.typeface.render(slot.label.rstrip())
            yield label, Box(slot.pen[0] + left, slot.pen[1] + top, mask.shape[1], mask.shape[0])


def _seen(label: str, box: Box, rows: Sequence[Row]) -> list[tuple[Box, Box]]:
    """Return a label's box with that of its words in the row that begins most like it; empty where none does."""
    matches = [(*label_likeness(row.text, label), row) for row in rows]
    likeness, end, row = max(matches, key=lambda match: match[0], default=(0.0, 0, None))
    words = row.of_span(0, end) if row and likeness else None
    return [(box, words.box)] if words else []


def _corners(box: Box) -> Points:
    """Return the upper left and the lower right corner of a box; places count from the middles of pixels."""
    return np.array([(box.x, box.y), (box.right, box.bottom)], float) - EDGE
