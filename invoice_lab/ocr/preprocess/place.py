"""Steps that change where pixels stand, or take out what is no text."""

from __future__ import annotations

import cv2
import numpy as np

from invoice_lab.ocr.outline import outline
from invoice_lab.ocr.pose import Pose
from invoice_lab.ocr.preprocess.picture import Upright, described
from invoice_lab.ocr.preprocess.quality import Quality, rules


def cut_out(picture: Upright) -> Upright:
    """Cut out the sheet and make its corners square; nothing happens where its outline is not found."""
    corners = outline(picture.grey)
    if corners is None:
        return picture
    sides = [float(np.linalg.norm(corners[i] - corners[i - 1])) for i in range(4)]  # left, top, right, bottom
    size = round(max(sides[1], sides[3])), round(max(sides[0], sides[2]))
    return picture.warped(Pose.of_outline(size, corners), size)


def deskew(picture: Upright) -> Upright:
    """Turn the page until its rows are level; the picture grows so that nothing is cut off."""
    (width, height), turn = picture.size, Quality(picture).skew
    around = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1)
    across, along = abs(around[0, 0]), abs(around[0, 1])
    size = round(width * across + height * along), round(width * along + height * across)
    around[:, 2] += (np.array(size) - (width, height)) / 2
    back = np.linalg.inv(np.vstack([around, [0, 0, 1]]))
    return picture.warped(Pose(np.asarray(back, np.float64)), size)


def blank_pictures(picture: Upright) -> Upright:
    """Blank the layout's pictures: where its QR code says they are, else where they stand on an unmoved page.

    Of an unknown layout only the code is blanked, for text may stand where other pages have pictures.
    """
    page, layout, corners = picture.grey.copy(), picture.layout, picture.code
    origin = np.zeros(2)
    if corners is not None:
        cv2.fillConvexPoly(page, np.round(corners).astype(np.int32), 255)
        known = described(picture.qr, layout)
        if known:
            origin = corners[0] - np.array(known.corner) * picture.scale
    for x, y, width, height in layout.pictures if layout else ():
        left, top = (np.maximum(origin + np.array([x, y]) * picture.scale, 0)).astype(int)
        right, bottom = (np.maximum(origin + np.array([x + width, y + height]) * picture.scale, 0)).astype(int)
        page[top:bottom, left:right] = 255
    return picture.with_grey(page)


def remove_rules(picture: Upright) -> Upright:
    """Blank long thin lines."""
    lines = cv2.dilate(rules(picture.grey, picture.scale), np.ones((3, 3), np.uint8))
    return picture.with_grey(np.where(lines > 0, np.uint8(255), picture.grey))
