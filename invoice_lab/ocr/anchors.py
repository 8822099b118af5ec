"""Anchors: the labels of a layout, drawn as they must look and looked for on the page."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.glyphs.inked import Ink
from invoice_lab.ocr.glyphs.typeface import Typeface

Plane = npt.NDArray[np.float32]

SOFT = 0.8
"""Spread (pixels) that labels are drawn with: between a sharp page and one hardly readable."""
LIKE = 0.6
"""Normalised cross-correlation from which on a label counts as found."""
FAINT = 0.15
"""Contrast of a place, as a share of the label's, below which it counts as blank."""
AROUND = 3
"""Pixels of blank around a drawn label."""


@dataclass(frozen=True)
class Anchor:
    """A label and where it stands on the canvas.

    Attributes
    ----------
    picture : ndarray of float, shape (height, width)
        As it looks, 0 blank to 1 black.
    at : (x, y)
        Where the picture's upper left corner lies on the canvas of an unmoved page.
    """

    picture: Plane
    at: tuple[int, int]

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of the picture on the canvas."""
        height, width = self.picture.shape
        return self.at[0] + (width - 1) / 2, self.at[1] + (height - 1) / 2

    def moved(self, by: tuple[int, int]) -> Anchor:
        """Return the anchor of a block that has moved."""
        return Anchor(self.picture, (self.at[0] + by[0], self.at[1] + by[1]))


@dataclass(frozen=True)
class Sighting:
    """Where an anchor was found: how far off its place (pixels, to fractions), and how alike it is (-1 to 1)."""

    off: tuple[float, float]
    likeness: float


def anchor(label: str, typeface: Typeface, ink: Ink, pen: tuple[int, int]) -> Anchor:
    """Draw a label whose pen and em box start at `pen`."""
    mask, left, top = typeface.render(label)
    drawn = np.pad(ink.luma().astype(np.float32)[mask], AROUND)
    return Anchor(cv2.GaussianBlur(drawn, (0, 0), SOFT), (pen[0] + left - AROUND, pen[1] + top - AROUND))


def find(anchor: Anchor, dark: Plane, within: tuple[int, int]) -> Sighting | None:
    """Look for an anchor around its place.

    Parameters
    ----------
    anchor : Anchor
    dark : ndarray, shape (height, width)
        The page's darkness on the canvas.
    within : (int, int)
        Pixels to look left and right, up and down.

    Returns
    -------
    Sighting or None
        None where nothing is alike, or the place lies beyond the canvas.
    """
    height, width = anchor.picture.shape
    x, y = anchor.at[0] - within[0], anchor.at[1] - within[1]
    left, top = max(x, 0), max(y, 0)
    area = dark[top : max(y + height + 2 * within[1], 0), left : max(x + width + 2 * within[0], 0)]
    if area.shape[0] < height or area.shape[1] < width:
        return None
    likeness = _likeness(np.ascontiguousarray(area), anchor.picture)
    _, best, _, (column, row) = cv2.minMaxLoc(likeness)
    if best < LIKE:
        return None
    off = (
        left + column + _peak(likeness[row], column) - anchor.at[0],
        top + row + _peak(likeness[:, column], row) - anchor.at[1],
    )
    return Sighting(off, float(best))


def _likeness(area: Plane, picture: Plane) -> Plane:
    """Return the normalised cross-correlation at each place; 0 where the area is as good as blank."""
    likeness = cv2.matchTemplate(area, picture, cv2.TM_CCOEFF_NORMED)
    size = (picture.shape[1], picture.shape[0])
    rows, columns = likeness.shape
    mean, square = (cv2.boxFilter(one, -1, size, anchor=(0, 0))[:rows, :columns] for one in (area, area**2))
    blank = square - mean**2 < (FAINT * float(picture.std())) ** 2
    likely: Plane = np.where(blank, 0, np.nan_to_num(likeness, posinf=0, neginf=0)).astype(np.float32)
    return likely


def _peak(values: Plane, at: int) -> float:
    """Return by which fraction of a pixel the peak of a parabola through three values lies off the middle one."""
    if not 0 < at < len(values) - 1:
        return 0.0
    before, here, after = values[at - 1 : at + 2]
    bend = before - 2 * here + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0
