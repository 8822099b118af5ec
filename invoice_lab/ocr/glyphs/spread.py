"""How a page was blurred: the point spread, estimated from text that is known, and the noise that it leaves.

Blurring, scaling, interpolation and a shift of the whole page all come down to one small kernel; it is found by least
squares between what a known text looks like when it is drawn and what the page shows there.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

RADIUS = 5
"""Pixels the kernel reaches: three and a half times the spread of a blur of 1.5."""
RIDGE = 1e-5
"""Weight of small kernel values against the fit, as a share of the mean of the normal equations' diagonal."""
QUIETEST = 0.0015
"""The least noise (share of the range from white to black) that can be told: 8 bits, rounded twice."""
MOST_PIXELS = 24_000
"""Pixels that are used at the most: more make it slower and no better."""

Plane = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Area = tuple[slice, slice]
"""Rows and columns of the canvas."""


@dataclass(frozen=True)
class Spread:
    """How ink is spread on a page.

    Attributes
    ----------
    kernel : ndarray of float, shape (2 r + 1, 2 r + 1)
    level : float
        Darkness of blank paper.
    noise : float
        Root mean square of what remains, in darkness (0 white, 1 black).
    """

    kernel: Plane
    level: float
    noise: float

    phases = 1

    def of(self, ink: Plane, area: Area) -> Plane:
        """Return drawn ink as it appears on an area of the page."""
        return cv2.filter2D(ink, -1, self.kernel[::-1, ::-1].copy(), borderType=cv2.BORDER_CONSTANT)

    def phase(self, columns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return 0 for each column: ink is spread alike everywhere."""
        return np.zeros(len(columns), np.int64)

    def pictures(self, drawn: Plane, pen: int, top: int) -> Plane:
        """Return glyphs, each drawn in a strip, as they appear; shape (1, glyphs, height, width)."""
        return np.stack([[self.of(one, (slice(0), slice(0))) for one in drawn]])


def estimate_spread(dark: Plane, drawn: Plane, where: npt.NDArray[np.bool_], radius: int = RADIUS) -> Spread:
    """Estimate the spread.

    Parameters
    ----------
    dark : ndarray, shape (height, width)
        Darkness of the page.
    drawn : ndarray, shape (height, width)
        Ink of the known texts as they are drawn.
    where : ndarray of bool, shape (height, width)
        The pixels that nothing but these texts reaches.
    radius : int

    Returns
    -------
    Spread
    """
    rows, columns = _some(where)
    taps = 2 * radius + 1
    padded = np.pad(drawn, radius)
    shifts = [(radius - dy, radius - dx) for dy in range(-radius, radius + 1) for dx in range(-radius, radius + 1)]
    system = np.empty((len(rows), taps * taps + 1), np.float32)
    for column, (down, right) in enumerate(shifts):
        system[:, column] = padded[rows + down, columns + right]
    system[:, -1] = 1
    seen = dark[rows, columns]
    solution = _ridge(system, seen, radius)
    left = seen - system @ solution.astype(np.float32)
    kernel = solution[:-1].reshape(taps, taps).astype(np.float32)
    return Spread(kernel, float(solution[-1]), max(float(left.std()), QUIETEST))


def _some(where: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    rows, columns = np.nonzero(where)
    if len(rows) > MOST_PIXELS:
        chosen = np.random.default_rng(0).choice(len(rows), MOST_PIXELS, replace=False)
        rows, columns = rows[chosen], columns[chosen]
    return rows, columns


def _ridge(system: Plane, seen: Plane, radius: int) -> npt.NDArray[np.float64]:
    """Solve the least squares; the farther from the middle, the smaller a kernel value is expected to be."""
    normal = (system.T @ system).astype(np.float64)
    down, right = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    weight = RIDGE * np.trace(normal) / len(normal)
    corner = np.arange(len(normal) - 1)
    normal[corner, corner] += weight * (1 + (down**2 + right**2).ravel() / 2)
    normal[-1, -1] += 1e-9
    solution = np.linalg.solve(normal, (system.T @ seen).astype(np.float64))
    return np.asarray(solution, np.float64)
