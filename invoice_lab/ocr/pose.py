"""Where a layout's canvas lies on a sheet: turned, shifted, scaled, seen from aside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.page import Box

Points = npt.NDArray[np.float64]
"""Shape (n, 2): x and y."""

EDGE = 0.5
"""Pixels from the edge of one, from which boxes and a code's corners count, to its middle, from which poses count."""
UNIT = 1000.0
"""Pixels: places are divided by it in the least squares, so that all parameters have the same size."""
RIGID, LOOSE = (1e-3, 1e-3), (3e-2, 6e-2)
"""What is expected of a page (standard deviations for each thousand pixels): how far it is stretched unevenly, and how
far its sides run together. A scanner's page is rigid, a photographed one is not."""
STRAY = 0.08
"""Pixels (root mean square) that a rigid page's anchors may be off before it is tried as a photographed one."""
LOOSER = 0.6
"""Share of a rigid page's errors, each for one degree of freedom, that a photographed one may leave to be taken."""
CHANCE = 13.3
"""By how much chance makes the squares of a photographed page's errors, in variances, less than a rigid one's, in one
case of a hundred (chi-square with `FREED` degrees of freedom)."""
FREED = 4
"""Parameters in which a photographed page is free and a rigid one held; so many errors must be left over to tell them
apart, for few anchors fit any perspective."""
CORNER_ERROR = 0.6
"""Pixels of the canvas by which a code's corners are off."""
SEEN_ERROR = 0.01
"""Darkness by which what a pixel shows is off, about."""
SHRINK = 1.5
"""Scale from which on a sheet is shrunk before it is straightened."""
SNAP = 2.0
"""Pixels that the corners of a page may be off a plain pose to be tried as that; the anchors then decide."""


@dataclass(frozen=True)
class Pose:
    """The way from the canvas to a sheet.

    Attributes
    ----------
    matrix : ndarray of float, shape (3, 3)
        A homography: homogeneous points of the canvas to those of the sheet.
    """

    matrix: npt.NDArray[np.float64]

    @classmethod
    def of_shift(cls, right: float, down: float) -> Pose:
        """Return a shift."""
        return cls(np.array([[1, 0, right], [0, 1, down], [0, 0, 1.0]]))

    @classmethod
    def similar(cls, canvas: Points, sheet: Points) -> Pose:
        """Return the similarity (turn, scale, shift) that brings most points nearest to where they were found."""
        found, _ = cv2.estimateAffinePartial2D(canvas, sheet, method=cv2.LMEDS)
        return cls.slanted(canvas, sheet) if found is None else cls(np.vstack([found, [0, 0, 1]]))

    @classmethod
    def slanted(cls, canvas: Points, sheet: Points) -> Pose:
        """Return the affine map that brings four corners nearest to where they were found."""
        homogeneous = np.column_stack([canvas, np.ones(len(canvas))])
        found = np.linalg.lstsq(homogeneous, sheet, rcond=None)[0].T
        return cls(np.vstack([found, [0, 0, 1]]))

    @classmethod
    def of_outline(cls, canvas: tuple[int, int], sheet: Points) -> Pose:
        """Return the homography that brings the canvas's corners to those of a sheet of paper."""
        width, height = canvas
        corners = np.array([(-0.5, -0.5), (width - 0.5, -0.5), (width - 0.5, height - 0.5), (-0.5, height - 0.5)])
        matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), sheet.astype(np.float32))
        return cls(matrix.astype(float))

    @classmethod
    def of_size(cls, canvas: tuple[int, int], sheet: tuple[int, int]) -> Pose:
        """Return the pose of a page that fills its sheet, sizes as (width, height)."""
        scale = sheet[0] / canvas[0]
        middle = scale / 2 - 0.5  # places count from the middles of pixels
        return cls(np.array([[scale, 0, middle], [0, scale, middle], [0, 0, 1.0]]))

    @classmethod
    def filling(cls, canvas: tuple[int, int], sheet: tuple[int, int]) -> Pose:
        """Return the pose of a page resized to its sheet along each axis by itself; sizes as (width, height)."""
        across, down = sheet[0] / canvas[0], sheet[1] / canvas[1]
        return cls(np.array([[across, 0, across / 2 - 0.5], [0, down, down / 2 - 0.5], [0, 0, 1.0]]))

    def on_sheet(self, points: Points) -> Points:
        """Return where points of the canvas lie on the sheet."""
        homogeneous = np.column_stack([points, np.ones(len(points))]) @ self.matrix.T
        places: Points = homogeneous[:, :2] / homogeneous[:, 2:]
        return places

    def on_canvas(self, points: Points) -> Points:
        """Return where points of the sheet lie on the canvas."""
        return Pose(np.asarray(np.linalg.inv(self.matrix), np.float64)).on_sheet(points)

    def window(self, area: tuple[slice, slice], reach: float, sheet: tuple[int, int]) -> tuple[slice, slice]:
        """Return the part of a sheet (height, width) on which an area of the canvas and `reach` pixels around lie."""
        top, bottom = area[0].start - reach, area[0].stop - 1 + reach
        left, right = area[1].start - reach, area[1].stop - 1 + reach
        corners = self.on_sheet(np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float))
        low = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
        high = np.minimum(np.ceil(corners.max(axis=0)) + 1, (sheet[1], sheet[0])).astype(int)
        return slice(int(low[1]), max(int(high[1]), int(low[1]))), slice(int(low[0]), max(int(high[0]), int(low[0])))

    def box_on_sheet(self, box: Box) -> Box:
        """Return the smallest box on the sheet around a box of the canvas."""
        shift = self.whole_shift
        if shift is not None:
            return replace(box, x=box.x + shift[0], y=box.y + shift[1])
        x, y, right, bottom = box.x, box.y, box.right, box.bottom
        corners = self.on_sheet(np.array([(x, y), (right, y), (right, bottom), (x, bottom)], float))
        left, top = np.floor(corners.min(axis=0)).astype(int)
        width, height = np.ceil(corners.max(axis=0)).astype(int) - (left, top)
        return Box(int(left), int(top), int(width), int(height), box.sheet)

    @property
    def scale(self) -> float:
        """Pixels of the sheet for one of the canvas, about."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:2, :2]))))

    def shifted(self, by: tuple[float, float]) -> Pose:
        """Return the pose of a canvas whose origin lies at `by`."""
        move = np.array([[1, 0, by[0]], [0, 1, by[1]], [0, 0, 1.0]])
        return Pose(self.matrix @ move)

    def corrected(self, points: Points, by: Points, weights: npt.NDArray[np.float64]) -> tuple[Pose, float]:
        """Return the pose that brings anchors to where they were found, and how far they are still off.

        Parameters
        ----------
        points, by : ndarray, shape (n, 2)
            Where anchors are expected on the canvas, and by how much they are off there, in pixels.
        weights : ndarray, shape (n,)
            One over the error of each, in pixels.

        Returns
        -------
        Pose
        float
            Weighted root mean square of what is left, in pixels.
        """
        rigid, loose = (_correction(points, by, weights, expected) for expected in (RIGID, LOOSE))
        squares = [float((weights[:, None] ** 2 * (by - _moved(points, one)) ** 2).sum()) for one in (rigid, loose)]
        off = np.sqrt(np.array(squares) / (2 * (weights**2).sum()))
        spare, gain = 2 * len(points) - 8, squares[0] - squares[1]
        better = spare >= FREED and squares[1] / spare < LOOSER**2 * squares[0] / (spare + FREED)
        photographed = better and gain > CHANCE and off[0] > STRAY
        best = int(photographed)
        return Pose(self.matrix @ _matrix_of((rigid, loose)[best])), float(off[best])

    def nudged(
        self,
        places: Points,
        right: npt.NDArray[np.float64],
        down: npt.NDArray[np.float64],
        left: npt.NDArray[np.float64],
    ) -> Pose:
        """Return the pose moved a little, so that pixels of the sheet see what they should (one step of Gauss-Newton).

        Parameters
        ----------
        places : ndarray, shape (n, 2)
            Where on the canvas the pixels lie.
        right, down : ndarray, shape (n,)
            How what they see changes, a pixel of the canvas, were they farther right, or down.
        left : ndarray, shape (n,)
            By how much what they see exceeds what is drawn there.
        """
        along, across = _small_homography(places)
        system = UNIT * (along * right[:, None] + across * down[:, None]) / SEEN_ERROR
        held = _held(LOOSE)
        wanted = np.concatenate([left / SEEN_ERROR, np.zeros(len(held))])
        solution = np.linalg.lstsq(np.vstack([system, held]), wanted, rcond=None)[0]
        return Pose(self.matrix @ np.linalg.inv(_matrix_of(solution)))

    def snapped(self, canvas: tuple[int, int], sheet: tuple[int, int]) -> Pose | None:
        """Return the plain pose that this one nearly is, None where it is none.

        A shift by whole pixels, or a page that fills its sheet; sizes as (width, height).
        """
        width, height = canvas
        corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
        found = self.on_sheet(corners)
        shift = np.round(np.median(found - corners, axis=0))
        for plain in (Pose.of_shift(*shift), Pose.filling(canvas, sheet)):
            if np.abs(found - plain.on_sheet(corners)).max() <= SNAP * max(self.scale, 1):
                return plain
        return None

    @cached_property
    def whole_shift(self) -> tuple[int, int] | None:
        """The shift in whole pixels that the pose is, None where it is more than that."""
        x, y = self.matrix[0, 2], self.matrix[1, 2]
        plain = np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
        if np.array_equal(self.matrix, plain) and float(x).is_integer() and float(y).is_integer():
            return int(x), int(y)
        return None

    def rectify(self, picture: Pixels, canvas: tuple[int, int]) -> Pixels:
        """Return a sheet as its canvas, shape (height, width, ...): what lies beyond the sheet is white."""
        matrix, factor = self.matrix, 1 / self.scale
        if factor < 1 / SHRINK:  # interpolation alone would leave out pixels
            picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            centre = 0.5 * factor - 0.5
            matrix = np.array([[factor, 0, centre], [0, factor, centre], [0, 0, 1.0]]) @ matrix
        shift = self.whole_shift
        if shift is not None:
            return _moved_by(picture, shift, canvas)
        flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
        border = (255, 255, 255)
        flat: Pixels = cv2.warpPerspective(picture, matrix, canvas, flags=flags, borderValue=border)
        return flat


def _moved_by(picture: Pixels, shift: tuple[int, int], canvas: tuple[int, int]) -> Pixels:
    """Return the canvas of a sheet that is shifted by whole pixels: no pixel is changed, and none copied needlessly."""
    if shift == (0, 0) and picture.shape[:2] == canvas[::-1]:
        return picture
    moved = np.full((canvas[1], canvas[0], *picture.shape[2:]), 255, np.uint8)
    x, y = shift
    part = picture[max(y, 0) : max(y + canvas[1], 0), max(x, 0) : max(x + canvas[0], 0)]
    top, left = max(-y, 0), max(-x, 0)
    moved[top : top + part.shape[0], left : left + part.shape[1]] = part
    return moved


def _correction(
    points: Points, by: Points, weights: npt.NDArray[np.float64], expected: tuple[float, float]
) -> npt.NDArray[np.float64]:
    """Solve for the eight parameters of a small homography, uneven stretch and perspective held near zero."""
    along, across = _small_homography(points)
    pixels = UNIT * weights[:, None]
    system = np.vstack([along * pixels, across * pixels, _held(expected)])
    wanted = np.concatenate([by[:, 0] * weights, by[:, 1] * weights, np.zeros(4)])
    solution: npt.NDArray[np.float64] = np.linalg.lstsq(system, wanted, rcond=None)[0]
    return solution


def _small_homography(points: Points) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return how far each of the eight parameters moves points: to the right and down, each of shape (n, 8)."""
    x, y = (points / UNIT).T
    zero, one = np.zeros_like(x), np.ones_like(x)
    along = np.column_stack([x, y, one, zero, zero, zero, -x * x, -x * y])
    return along, np.column_stack([zero, zero, zero, x, y, one, -x * y, -y * y])


def _held(expected: tuple[float, float]) -> npt.NDArray[np.float64]:
    """Return equations that hold uneven stretch and perspective near zero."""
    held = np.zeros((4, 8))
    held[0, [0, 4]] = (1, -1)
    held[1, [1, 3]] = (1, 1)
    held[2, 6] = held[3, 7] = 1
    held[:2] /= expected[0]
    held[2:] /= expected[1]
    return held


def _matrix_of(solution: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    a, b, c, d, e, f, g, h = solution
    return np.array([[1 + a, b, c * UNIT], [d, 1 + e, f * UNIT], [g / UNIT, h / UNIT, 1]])


def _moved(points: Points, solution: npt.NDArray[np.float64]) -> Points:
    x, y = (points / UNIT).T
    a, b, c, d, e, f, g, h = solution
    run = g * x + h * y
    moved: Points = UNIT * np.column_stack([a * x + b * y + c - x * run, d * x + e * y + f - y * run])
    return moved
