"""What remains where everything is explained: noise, and now and then a pixel that is far off.

On blank paper less remains than at the edges of ink, where whatever is not known of how the sheet came about shows. A
text that is not drawn quite as it is believed to be leaves more than others do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]
Area = tuple[slice, slice]

QUIETEST = 0.5
"""Grey levels: what rounding leaves, and a little more."""
WIDEST = 60.0
"""Grey levels (standard deviation) by which a spoilt pixel is off."""
RAREST = 1e-5
"""Least share of spoilt pixels that is counted on."""
BLOT = 4.0
"""Pixels that are spoilt together, by one accident: however alike noise is, of so many one counts at the least."""
KEPT = 0.973
"""Variance of a normal distribution of which what is farther off than `NEAR` is left out."""
STEPS = 12
NORMAL = 1.48
"""Standard deviation of a normal distribution, in medians of what it is off."""
ENOUGH = 50
"""Pixels at the edges of a text from which on its own noise is told."""
NEAR = 3.0
"""Standard deviations within which a residual counts as noise where the likeness of neighbours is measured."""


@dataclass(frozen=True)
class Noise:
    """How likely residuals are: a narrow normal distribution and, for a share of the pixels, a wide one.

    Attributes
    ----------
    sigma, spoilt : ndarray of float, shape (height, width)
        Grey levels of the narrow one, for each pixel of the sheet; share of the wide one.
    alike : float
        So many neighbouring pixels tell as much as one that errs by itself.
    """

    sigma: Plane
    spoilt: Plane
    alike: float

    def surprise(self, left: Plane, window: Area) -> Plane:
        """Return minus the log likelihood of residuals (grey levels), in nats, against a residual of zero.

        Parameters
        ----------
        left : ndarray, shape (..., rows, columns)
        window : (slice, slice)
            The part of the sheet.
        """
        together, sigma, spoilt = min(self.alike, BLOT), self.sigma[window], self.spoilt[window]
        narrow = (1 - spoilt) / sigma * np.exp(-0.5 * (left / sigma) ** 2 * together / self.alike)
        wide = spoilt / WIDEST * np.exp(-0.5 * (left / WIDEST) ** 2)
        highest = (1 - spoilt) / sigma + spoilt / WIDEST
        return (np.log(highest) - np.log(narrow + wide)).astype(np.float32) / np.float32(together)


def estimate_noise(
    left: Plane, where: npt.NDArray[np.bool_], edges: npt.NDArray[np.bool_], texts: Iterable[Area] = ()
) -> Noise:
    """Estimate the noise of a sheet.

    Parameters
    ----------
    left : ndarray, shape (height, width)
        Residual in grey levels.
    where : ndarray of bool, shape (height, width)
        Where everything is explained.
    edges : ndarray of bool, shape (height, width)
        Where there is ink, or it is near.
    texts : iterable of (slice, slice)
        The parts of the sheet on which each text stands.
    """
    sigma, spoilt = np.empty(left.shape, np.float32), np.empty(left.shape, np.float32)
    for part in (edges, ~edges):
        sigma[part], spoilt[part] = _mixture(left[where & part].astype(float))
    for window in texts:
        own = edges[window] & where[window]
        if np.count_nonzero(own) >= ENOUGH:
            usual = NORMAL * float(np.median(np.abs(left[window][own])))
            sigma[window] = np.where(edges[window], np.maximum(sigma[window], usual), sigma[window])
    return Noise(sigma, spoilt, _alike(left / sigma, where))


def _mixture(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the standard deviation of most of some residuals, and the share of the others."""
    if not len(values):
        return QUIETEST, RAREST
    sigma, spoilt = max(NORMAL * float(np.median(np.abs(values))), QUIETEST), 0.01
    for _ in range(STEPS):  # expectation, maximisation
        narrow = (1 - spoilt) / sigma * np.exp(-0.5 * (values / sigma) ** 2)
        wide = spoilt / WIDEST * np.exp(-0.5 * (values / WIDEST) ** 2)
        share = narrow / (narrow + wide)
        sigma = max(float(np.sqrt((share * values**2).sum() / max(share.sum(), 1))), QUIETEST)
        spoilt = max(float(1 - share.mean()), RAREST)
    return sigma, spoilt


def _alike(left: Plane, where: npt.NDArray[np.bool_]) -> float:
    """Return by how much neighbours err alike: (1 + r) / (1 - r) for their correlation r, along rows times columns."""
    told = where & (np.abs(left) < NEAR)
    along = _correlation(left, told)
    down = _correlation(left.T, told.T)
    return float(np.prod([(1 + r) / (1 - r) for r in (along, down)]))


def _correlation(left: Plane, told: npt.NDArray[np.bool_]) -> float:
    """Return the correlation of neighbours in a row, residuals being given in standard deviations.

    Where they are far less than those, as on a sheet without noise, that they are alike tells nothing.
    """
    both = told[:, 1:] & told[:, :-1]
    first, second = left[:, :-1][both], left[:, 1:][both]
    power = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float(np.clip((first * second).sum() / max(power, KEPT * len(first), 1), 0, 0.8))
