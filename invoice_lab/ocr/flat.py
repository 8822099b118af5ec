"""Sheets turned without interpolation, each of their pixels one of the canvas: laid flat again, pixel by pixel.

That is what ``Image.rotate`` of Pillow does unless it is told otherwise. Where such a sheet is straightened by
interpolation, its letters are ragged. But it was turned about its middle, so that the angle alone has to be known: the
one by which labels, of which every pixel is known, are seen as they are drawn. What is laid flat by it is as it was
drawn, but for the few pixels that the turn left out and those that another likely angle would show elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.glyphs.explained import INKED
from invoice_lab.ocr.glyphs.spread import Mask, Plane
from invoice_lab.ocr.glyphs.typeface import Ints
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.pose import Pose

Doubles = npt.NDArray[np.float64]

SAME = 0.03
"""Darkness by which what is seen may be off the pixel of the canvas that it shows."""
MOST_WRONG = 0.25
"""Share of the telling pixels that may show something else: of interpolated sheets four of five do."""
AS_LIKELY = 0.0005
"""Share of the telling pixels by which more may be wrong at an angle that is as likely as the best."""
NEARLY = 0.01
"""Share of those by which more may be wrong at one near which a likely angle may lie."""
AROUND = 0.2
"""Degrees around a pose's turn in which the angle is looked for."""
COARSE, FINE, FINEST = 0.002, 0.0001, 0.00001
"""Degrees from angle to angle: around the likely ones, those are looked at then that are nearer to each other."""
SCALED = 0.01
"""By how much a page that is turned, and nothing else, may seem larger or smaller."""
OFF = 2.0
"""Pixels by which a pose may be off the middle of a page that fills its sheet."""
PARTS = (0.5, 0.1, 0.3, 0.7, 0.9)
"""Of the way from the least to the greatest angle."""
UNITS = 1 << 16
"""Parts of a pixel in which Pillow reckons."""
LEAST_TOLD = 500
"""Pixels of the sheet that have to tell something."""


@dataclass(frozen=True)
class Flat:
    """A sheet laid flat.

    Attributes
    ----------
    rgb : ndarray of uint8, shape (height, width, 3) of the canvas
    known : ndarray of bool, shape (height, width) of the canvas
        The pixels that the sheet shows for certain; the others are as those next to them.
    """

    rgb: Pixels
    known: Mask


@dataclass(frozen=True)
class Turn:
    """A turn, counter-clockwise, of a page about its middle.

    Attributes
    ----------
    canvas : (width, height)
    middle : (x, y)
        Where the middle of the canvas lies on the sheet, to half a pixel.
    low, high : float
        Degrees between which the angle is.
    wrong : float
        Share of the telling pixels that show something else, at the best angle.
    """

    canvas: tuple[int, int]
    middle: tuple[float, float]
    low: float
    high: float
    wrong: float = 1.0

    @property
    def width(self) -> float:
        """How far it is from the least to the greatest angle, in degrees."""
        return self.high - self.low

    @property
    def middle_angle(self) -> float:
        """The angle halfway between them."""
        return (self.low + self.high) / 2

    @property
    def pose(self) -> Pose:
        """From the canvas to the sheet."""
        turn = _matrix(self.middle_angle)
        return Pose(np.vstack([np.column_stack([turn, self.middle - turn @ self._origin]), [0, 0, 1]]))

    @property
    def _origin(self) -> Doubles:
        return (np.array(self.canvas) - 1) / 2

    def parts(self) -> list[Turn]:
        """Return turns by angles here and there between the least and the greatest, the one halfway first."""
        angles = [self.low + part * self.width for part in PARTS]
        return [replace(self, low=degrees, high=degrees, wrong=1.0) for degrees in angles]

    def pixels(self, x: Ints, y: Ints, degrees: float) -> tuple[Ints, Ints]:
        """Return the pixels (x, y) of the canvas that pixels of the sheet show at an angle.

        In fixed point, as Pillow's ``affine_fixed`` reckons: at the edges that makes a hundredth of a pixel.
        """
        turn = _matrix(degrees)
        first = self._origin + 0.5 - np.array(self.middle) @ turn
        steps, start = (np.floor(UNITS * part + 0.5).astype(np.int64) for part in (turn, first))
        across, down = (x * steps[0, axis] + (y * steps[1, axis] + start[axis]) for axis in (0, 1))
        return across // UNITS, down // UNITS

    def flatten(self, rgb: Pixels) -> Flat:
        """Lay a sheet flat."""
        height, width = rgb.shape[:2]
        x, y = np.arange(width)[None], np.arange(height)[:, None]
        column, row = self.pixels(x, y, self.middle_angle)
        sure = _inside(column, row, self.canvas)
        for degrees in {self.low, self.high} - {self.middle_angle}:
            other = self.pixels(x, y, degrees)
            sure &= (column == other[0]) & (row == other[1])
        matrix, flags = self.pose.matrix, cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        flat = cv2.warpPerspective(rgb, matrix, self.canvas, flags=flags, borderValue=(255, 255, 255))
        known = np.zeros(flat.shape[:2], np.bool_)
        at = (row[sure], column[sure])
        flat[at], known[at] = rgb[sure], True
        return Flat(flat, known)

    def narrowed(self, rgb: Pixels, ink: Plane, where: Mask) -> Turn | None:
        """Return the turn with the angles alone at which a sheet shows ink of the canvas as it is drawn.

        Parameters
        ----------
        rgb : ndarray of uint8, shape (height, width, 3) of the sheet
        ink : ndarray, shape (height, width) of the canvas
        where : ndarray of bool, shape (height, width) of the canvas
            Where nothing else is.

        Returns
        -------
        Turn or None
            None where the sheet shows something else at any angle: it was interpolated, or nothing of it is known.
        """
        told = _Told.of(rgb, ink, where, self)
        if len(told.seen) < LEAST_TOLD:
            return None
        found = told.best(self, COARSE, NEARLY)
        for step, more in ((FINE, AS_LIKELY), (FINEST, 0.0)):
            found = found and told.best(found, step, more)
        return found


def turn_of(rgb: Pixels, pose: Pose, canvas: tuple[int, int], ink: Plane, where: Mask) -> Turn | None:
    """Return how a sheet that does not lie straight was turned without interpolation.

    None where it was turned by interpolation, or scaled too.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (height, width, 3)
    pose : Pose
        About where the canvas lies on the sheet; to a quarter of a pixel where the page does not fill its sheet.
    canvas : (width, height)
    ink, where : ndarray, shape (height, width) of the canvas
        See `Turn.narrowed`.
    """
    if abs(pose.scale - 1) > SCALED:
        return None
    across = pose.matrix[:2, 0]
    degrees = float(np.degrees(np.arctan2(-across[1], across[0])))
    middles = _middles(rgb, pose, canvas)
    turns = (Turn(canvas, middle, degrees - AROUND, degrees + AROUND) for middle in middles)
    return next(filter(None, (turn.narrowed(rgb, ink, where) for turn in turns)), None)


@dataclass(frozen=True)
class _Told:
    """Pixels of the sheet that tell the angle, how dark they are, and the ink of the canvas."""

    x: Ints
    y: Ints
    seen: Doubles
    ink: Plane

    @classmethod
    def of(cls, rgb: Pixels, ink: Plane, where: Mask, turn: Turn) -> _Told:
        """Return what a sheet shows where something is known, and it is inked or what is drawn there is."""
        grey = to_grey(rgb)
        dark = 1 - grey / max(float(np.percentile(grey, 90)), 1)
        near = cv2.dilate((ink > INKED).astype(np.uint8), np.ones((3, 3), np.uint8)) * where
        laid = cv2.warpPerspective(
            np.dstack([where, near]).astype(np.uint8), turn.pose.matrix, grey.shape[::-1], flags=cv2.INTER_NEAREST
        )
        telling = (laid[..., 0] > 0) & ((laid[..., 1] > 0) | (dark > INKED))
        rows, columns = np.nonzero(telling)
        return cls(columns, rows, dark[telling], ink)

    def wrong(self, turn: Turn, degrees: float) -> float:
        """Return which share of the telling pixels shows something else at an angle."""
        column, row = turn.pixels(self.x, self.y, degrees)
        inside = _inside(column, row, turn.canvas)
        here = np.zeros(len(row), np.float32)
        here[inside] = self.ink[row[inside], column[inside]]
        telling = (here > INKED) | (self.seen > INKED)
        return float((np.abs(here - self.seen)[telling] > SAME).mean()) if telling.any() else 1.0

    def best(self, turn: Turn, step: float, more: float) -> Turn | None:
        """Return the turn from the first of its likely angles to the last, and one step more on either side."""
        angles = np.arange(turn.low, turn.high + step / 2, step)
        wrong = np.array([self.wrong(turn, degrees) for degrees in angles])
        if wrong.min() > MOST_WRONG:
            return None
        likely = angles[wrong <= wrong.min() + more]
        low, high = float(likely[0]) - step, float(likely[-1]) + step
        return replace(turn, low=low, high=high, wrong=float(wrong.min()))


def _middles(rgb: Pixels, pose: Pose, canvas: tuple[int, int]) -> list[tuple[float, float]]:
    """Return where the middle of the canvas may lie: in that of the sheet, else where the pose says.

    To half a pixel, for both have a whole number of them.
    """
    own = ((rgb.shape[1] - 1) / 2, (rgb.shape[0] - 1) / 2)
    x, y = (np.rint(2 * pose.on_sheet((np.array([canvas], float) - 1) / 2)[0]) / 2).tolist()
    return [own, (x, y)] if max(abs(x - own[0]), abs(y - own[1])) > OFF else [own]


def _matrix(degrees: float) -> Doubles:
    """Return the matrix of a turn, counter-clockwise with y downwards, shape (2, 2)."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cos, sin], [-sin, cos]])


def _inside(column: Ints, row: Ints, canvas: tuple[int, int]) -> Mask:
    return (column >= 0) & (column < canvas[0]) & (row >= 0) & (row < canvas[1])
