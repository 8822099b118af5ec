"""How the pixels of a sheet see ink that lies askew, scaled or between them: each samples the canvas at its own place.

Turning, scaling and a photograph's perspective all weigh the ink around the place of a pixel along the canvas's rows
and columns, after the distance: a filter's kernel, which blur makes wider. Both kernels and the exact pose are
estimated from text that was read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.glyphs.compiled.sampling import design, project, taps
from invoice_lab.ocr.glyphs.spread import Area, Plane
from invoice_lab.ocr.pose import Points, Pose

RADIUS = 5.0
"""Pixels of the canvas that a kernel reaches."""
KNOTS = 8
"""Values of a kernel for each pixel; between them it is interpolated."""
SMOOTH = 1e-4
"""Weight of a kernel's second differences against the fit, as a share of the normal equations' mean diagonal."""
SMALL = 1e-3
"""Weight of a kernel's values, as a share of that of its second differences."""
MOST_PIXELS = 12_000
"""Pixels that are used at the most: more make it slower and no better."""
FEWEST_PIXELS = 500
"""Pixels that kernels are estimated from at the least: some for each of their values."""
FAR_OFF = 5.0
"""Times the median residual from which on a pixel is left out."""
ROUNDS = 4
CUT = 0.002
"""Darkness below zero from which on a pixel is taken to be cut off at white."""
NUDGE = 0.05
"""Pixels by which a pose is moved to see what that changes."""

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sampling:
    """How a sheet's pixels see the canvas.

    Attributes
    ----------
    pose : Pose
        From the canvas to the sheet.
    rows, columns : ndarray of float, shape (2 RADIUS KNOTS + 1,)
        Kernels along the canvas's rows and columns, by distance from -RADIUS to RADIUS.
    """

    pose: Pose
    rows: Doubles
    columns: Doubles

    def window(self, area: Area, sheet: tuple[int, int]) -> Area:
        """Return the part of a sheet of (height, width) on which ink on an area of the canvas can be seen."""
        return self.pose.window(area, RADIUS, sheet)

    def seen(self, pictures: Plane, corner: tuple[int, int], window: Area) -> Plane:
        """Return how ink on the canvas is seen on a part of the sheet; see `Optics`."""
        places = self.pose.on_canvas(pixels_of(window))
        across, first_column = _taps(places[:, 0], self.rows)
        down, first_row = _taps(places[:, 1], self.columns)
        out = np.zeros((len(places), len(pictures)), np.float32)
        project(np.ascontiguousarray(pictures), corner, across, down, first_column, first_row, out)
        return np.ascontiguousarray(out.T).reshape(-1, *shape_of(window))

    @property
    def gain(self) -> float:
        """How dark the sheet is where the canvas is black far and wide."""
        return float(self.columns.sum() / KNOTS)


def shape_of(window: Area) -> tuple[int, int]:
    """Return the height and width of a part of the sheet."""
    rows, columns = window
    return rows.stop - rows.start, columns.stop - columns.start


def pixels_of(window: Area) -> Points:
    """Return the pixels (x, y) of a part of the sheet, row by row."""
    rows, columns = np.mgrid[window]
    return np.column_stack([columns.ravel(), rows.ravel()]).astype(float)


def _taps(places: Doubles, kernel: Doubles) -> tuple[Plane, npt.NDArray[np.int64]]:
    weights = np.zeros((len(places), int(2 * RADIUS) + 1), np.float32)
    first = np.zeros(len(places), np.int64)
    taps(np.ascontiguousarray(places), kernel, RADIUS, KNOTS, weights, first)
    return weights, first


def estimate_sampling(dark: Plane, ink: Plane, where: npt.NDArray[np.bool_], pose: Pose) -> tuple[Sampling, float]:
    """Estimate kernels and pose by least squares, in turn.

    Parameters
    ----------
    dark : ndarray, shape (height, width) of the sheet
        Darkness.
    ink : ndarray, shape (height, width) of the canvas
        What was read, as it is drawn.
    where : ndarray of bool, shape of the sheet
        The pixels that nothing but what was read reaches.
    pose : Pose
        Where to begin.

    Returns
    -------
    Sampling
        The pose as it is, and pixels that see the canvas between its own, where too few tell anything.
    float
        Darkness of blank paper.
    """
    pixels, seen = some_pixels(dark, where)
    distance = np.abs(np.arange(-RADIUS, RADIUS + 1 / KNOTS, 1 / KNOTS))
    first = np.maximum(1 - distance, 0)
    made, level = Sampling(pose, first, first), 0.0
    if len(seen) < FEWEST_PIXELS:
        return made, level
    told = _Told(np.ascontiguousarray(ink, np.float32), pixels, seen)
    for _ in range(ROUNDS):
        for _ in range(2):
            made, level = _with_kernels(made, told.not_cut(made, level))
        made = _with_pose(made, level, told.not_cut(made, level))
        told = told.trusted(made, level)
    return _with_kernels(made, told.not_cut(made, level))


@dataclass(frozen=True)
class _Told:
    """Pixels of the sheet by which kernels and pose are estimated: the ink, and what is seen of it."""

    ink: Plane
    pixels: Points
    seen: Doubles

    def not_cut(self, made: Sampling, level: float) -> _Told:
        """Return those that are not whiter than white: a sharp filter's overshoot is cut off there."""
        should = self.values(made, made.pose.on_canvas(self.pixels)) + level
        kept = (self.seen > CUT) | (should > -CUT)
        return _Told(self.ink, self.pixels[kept], self.seen[kept])

    def trusted(self, made: Sampling, level: float) -> _Told:
        """Return those that are not far off: they may be of letters that were misread."""
        left = np.abs(self.seen - level - self.values(made, made.pose.on_canvas(self.pixels)))
        kept = left <= FAR_OFF * max(float(np.median(left)), CUT)
        return _Told(self.ink, self.pixels[kept], self.seen[kept])

    def values(self, made: Sampling, places: Points) -> Doubles:
        """Return what pixels at places of the canvas should see."""
        across, first_column = _taps(places[:, 0], made.rows)
        down, first_row = _taps(places[:, 1], made.columns)
        out = np.zeros((len(places), 1), np.float32)
        project(self.ink[None], (0, 0), across, down, first_column, first_row, out)
        return out[:, 0].astype(float)


def some_pixels(dark: Plane, where: npt.NDArray[np.bool_]) -> tuple[Points, Doubles]:
    """Return some of the pixels (x, y) that can be told from, and how dark they are."""
    rows, columns = np.nonzero(where)
    if len(rows) > MOST_PIXELS:
        chosen = np.sort(np.random.default_rng(0).choice(len(rows), MOST_PIXELS, replace=False))
        rows, columns = rows[chosen], columns[chosen]
    return np.column_stack([columns, rows]).astype(float), dark[rows, columns].astype(float)


def _with_kernels(made: Sampling, told: _Told) -> tuple[Sampling, float]:
    """Solve for the kernel along the rows, then for that along the columns."""
    places = made.pose.on_canvas(told.pixels)
    along, _ = _kernel(told, places[:, 0], _taps(places[:, 1], made.columns), along_rows=True)
    along /= along.sum() / KNOTS  # one axis carries the gain
    down, level = _kernel(told, places[:, 1], _taps(places[:, 0], along), along_rows=False)
    return Sampling(made.pose, along, down), level


def _kernel(
    told: _Told, places: Doubles, others: tuple[Plane, npt.NDArray[np.int64]], *, along_rows: bool
) -> tuple[Doubles, float]:
    """Solve for one axis' kernel and the paper's level; `others` are the taps along the other axis."""
    knots = int(2 * RADIUS * KNOTS) + 1
    system = np.zeros((len(told.seen), knots + 1), np.float32)
    design(told.ink, np.ascontiguousarray(places), *others, RADIUS, KNOTS, along_rows, system[:, :-1])
    system[:, -1] = 1
    normal = (system.T @ system).astype(float)
    bend = np.diff(np.eye(knots), 2, axis=0)
    scale = SMOOTH * np.trace(normal[:-1, :-1]) / knots
    normal[:-1, :-1] += scale * (bend.T @ bend) + SMALL * scale * np.eye(knots)
    solution = np.linalg.solve(normal, system.T.astype(float) @ told.seen)
    return np.ascontiguousarray(solution[:-1]), float(solution[-1])


def _with_pose(made: Sampling, level: float, told: _Told) -> Sampling:
    """Move the pose to where the sheet's pixels see most of what is drawn (Gauss-Newton, one step)."""
    places = made.pose.on_canvas(told.pixels)
    here = told.values(made, places)
    right, down = ((told.values(made, places + step) - here) / NUDGE for step in NUDGE * np.eye(2))
    return Sampling(made.pose.nudged(places, right, down, told.seen - level - here), made.rows, made.columns)
