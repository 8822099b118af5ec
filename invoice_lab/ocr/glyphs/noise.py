"""What remains where everything is explained: noise, and now and then a pixel that is far off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]

QUIETEST = 0.5
"""Grey levels: what rounding leaves, and a little more."""
WIDEST = 60.0
"""Grey levels (standard deviation) by which a spoilt pixel is off."""
RAREST = 1e-5
"""Least share of spoilt pixels that is counted on."""
BLOT = 4.0
"""Pixels that are spoilt together, by one accident: however alike noise is, of so many one counts at the least."""
STEPS = 12
NEAR = 3.0
"""Standard deviations within which a residual counts as noise where the likeness of neighbours is measured."""


@dataclass(frozen=True)
class Noise:
    """How likely residuals are: a narrow normal distribution and, for a share of the pixels, a wide one.

    Attributes
    ----------
    sigma, spoilt : float
        Grey levels of the narrow one; share of the wide one.
    alike : float
        So many neighbouring pixels tell as much as one that errs by itself.
    """

    sigma: float
    spoilt: float
    alike: float

    def surprise(self, left: Plane) -> Plane:
        """Return minus the log likelihood of residuals (grey levels), in nats, against a residual of zero."""
        together = min(self.alike, BLOT)
        narrow = (1 - self.spoilt) / self.sigma * np.exp(-0.5 * (left / self.sigma) ** 2 * together / self.alike)
        wide = self.spoilt / WIDEST * np.exp(-0.5 * (left / WIDEST) ** 2)
        highest = (1 - self.spoilt) / self.sigma + self.spoilt / WIDEST
        return (np.log(highest) - np.log(narrow + wide)).astype(np.float32) / np.float32(together)


def estimate_noise(left: Plane, where: npt.NDArray[np.bool_]) -> Noise:
    """Estimate the noise of a sheet.

    Parameters
    ----------
    left : ndarray, shape (height, width)
        Residual in grey levels.
    where : ndarray of bool, shape (height, width)
        Where everything is explained.
    """
    values = left[where].astype(float)
    sigma, spoilt = max(1.48 * float(np.median(np.abs(values))), QUIETEST), 0.01
    for _ in range(STEPS):  # expectation, maximisation
        narrow = (1 - spoilt) / sigma * np.exp(-0.5 * (values / sigma) ** 2)
        wide = spoilt / WIDEST * np.exp(-0.5 * (values / WIDEST) ** 2)
        share = narrow / (narrow + wide)
        sigma = max(float(np.sqrt((share * values**2).sum() / max(share.sum(), 1))), QUIETEST)
        spoilt = max(float(1 - share.mean()), RAREST)
    return Noise(sigma, spoilt, _alike(left / sigma, where))


def _alike(left: Plane, where: npt.NDArray[np.bool_]) -> float:
    """Return by how much neighbours err alike: (1 + r) / (1 - r) for their correlation r, along rows times columns."""
    told = where & (np.abs(left) < NEAR)
    along = _correlation(left, told)
    down = _correlation(left.T, told.T)
    return float(np.prod([(1 + r) / (1 - r) for r in (along, down)]))


def _correlation(left: Plane, told: npt.NDArray[np.bool_]) -> float:
    both = told[:, 1:] & told[:, :-1]
    first, second = left[:, :-1][both], left[:, 1:][both]
    power = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float(np.clip((first * second).sum() / power, 0, 0.8)) if power > 0 else 0.0
