"""Sheets turned or resized without interpolation: each pixel shows the one pixel of the canvas that is nearest to it.

That is what ``Image.rotate`` of Pillow does unless it is told otherwise. A pixel of the canvas is shown whole or not at
all, so that the pose has to be known to hundredths of a pixel: it is moved until as many pixels as can be show what
stands in their place.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.glyphs.sampling import Doubles, Sampling, pixels_of, shape_of, some_pixels
from invoice_lab.ocr.glyphs.spread import Area, Plane
from invoice_lab.ocr.pose import Points, Pose

SAME = 0.03
"""Darkness by which what is seen may be off the ink of a pixel that it shows."""
INKED = 0.05
"""Darkness from which on a pixel tells something."""
MOST_WRONG = 0.6
"""Share of telling pixels that show something else, by the first pose, from which on pages were interpolated."""
FARTHEST, NARROWER, LEAST = 0.3, 0.9, 0.02
"""Pixels by which a place may be off, at the most, for what lies farther was misread; what that gets, of itself, from
round to round, and what it does not get below."""
WITHIN = 0.499
"""Pixels from the middle of a pixel that are safely within it."""
ERROR = 0.02
"""Pixels by which a pose is off, about: so near the border between two pixels it is not known which one is seen."""
SETTLED = 0.15
"""Weight of a place that is right as it is, against one that is not."""
ROUNDS = 50
NEIGHBOURS = tuple((x, y) for y in (-1, 0, 1) for x in (-1, 0, 1))


@dataclass(frozen=True, eq=False)
class Nearest:
    """How a sheet's pixels see the canvas, each of them one pixel of it.

    Attributes
    ----------
    pose : Pose
        From the canvas to the sheet.
    gain : float
        How dark the sheet is where the canvas is black.
    """

    pose: Pose
    gain: float

    def window(self, area: Area, sheet: tuple[int, int]) -> Area:
        """Return the part of a sheet of (height, width) on which ink on an area of the canvas can be seen."""
        return self.pose.window(area, 1.0, sheet)

    def seen(self, pictures: Plane, corner: tuple[int, int], window: Area) -> Plane:
        """Return how ink on the canvas is seen on a part of the sheet; see `Optics`."""
        at = np.rint(self._places(window)).astype(np.int64) - corner
        return (_values(pictures, at) * np.float32(self.gain)).reshape(-1, *shape_of(window))

    def undecided(self, window: Area) -> npt.NDArray[np.bool_]:
        """Tell which pixels of a part of the sheet lie between two of the canvas, so that they may show either."""
        places = self._places(window)
        between = (np.abs(places - np.rint(places)) > 0.5 - ERROR).any(axis=1)
        return between.reshape(shape_of(window))

    def _places(self, window: Area) -> Points:
        return self.pose.on_canvas(pixels_of(window))


def estimate_nearest(
    dark: Plane, ink: Plane, where: npt.NDArray[np.bool_], sampling: Sampling, level: float
) -> Nearest | None:
    """Move a pose to where most pixels show the pixel of the canvas that is nearest to them.

    Parameters
    ----------
    dark : ndarray, shape (height, width) of the sheet
        Darkness.
    ink : ndarray, shape (height, width) of the canvas
        What was read, as it is drawn.
    where : ndarray of bool, shape of the sheet
        The pixels that nothing but what was read reaches.
    sampling : Sampling
        The pose and the gain to begin with.
    level : float
        Darkness of blank paper.

    Returns
    -------
    Nearest or None
        None where too many pixels show something between the canvas's: the sheet was interpolated.
    """
    near = cv2.dilate((dark - level > INKED).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    pixels, seen = some_pixels(dark, where & near)
    told = _Told(ink, (seen - level) / max(sampling.gain, SAME))
    pose = sampling.pose
    if told.wrong(pose.on_canvas(pixels)) > MOST_WRONG:
        return None
    for number in range(ROUNDS):
        places = pose.on_canvas(pixels)
        off, weights = told.off(places, max(FARTHEST * NARROWER**number, LEAST))
        pose, _ = pose.corrected(places + off, -off, weights)
    return Nearest(pose, sampling.gain)


@dataclass(frozen=True)
class _Told:
    """The ink of the canvas, and what some pixels of the sheet show of it."""

    ink: Plane
    seen: Doubles

    def wrong(self, places: Points) -> float:
        """Return which share of the telling pixels shows something else than what is at their places."""
        here = _values(self.ink[None], np.rint(places).astype(np.int64))[0]
        telling = (here > INKED) | (self.seen > INKED)
        return float((np.abs(here - self.seen)[telling] > SAME).mean()) if telling.any() else 1.0

    def off(self, places: Points, most: float) -> tuple[Doubles, Doubles]:
        """Return how far places (x, y) lie off pixels of the canvas that show what is seen, and how much each counts.

        The nearest such pixel; those that are more than `most` off don't count.
        """
        middle = np.rint(places).astype(np.int64)
        least, off = np.full(len(places), np.inf), np.zeros_like(places)
        telling = self.seen > INKED
        for by in NEIGHBOURS:
            at = middle + by
            here = _values(self.ink[None], at)[0]
            telling |= here > INKED
            move = np.clip(places, at - WITHIN, at + WITHIN) - places
            far = np.where(np.abs(here - self.seen) <= SAME, (move**2).sum(axis=1), np.inf)
            nearer = far < least
            least[nearer], off[nearer] = far[nearer], move[nearer]
        weights = np.where(least > 0, 1.0, SETTLED) * telling * (least <= most**2) / ERROR
        return np.where(weights[:, None] > 0, off, 0), weights


def _values(pictures: Plane, at: npt.NDArray[np.int64]) -> Plane:
    """Return pictures' pixels, shape (n, places); 0 beyond them."""
    height, width = pictures.shape[1:]
    inside = ((at >= 0) & (at < (width, height))).all(axis=1)
    values = np.zeros((len(pictures), len(at)), np.float32)
    values[:, inside] = pictures[:, at[inside, 1], at[inside, 0]]
    return values
