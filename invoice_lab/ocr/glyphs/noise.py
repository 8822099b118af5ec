"""What remains where everything is explained: noise, and now and then a pixel that is far off.

On blank paper less remains than at the edges of ink, where whatever is not known of how the sheet came about shows. A
text that is not drawn quite as it is believed to be leaves more than others do. And where colours were kept roughly, in
a small palette or by a compression that is not known, some pixels err by nothing and others by a few grey levels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
"""Least share of rough, and of spoilt, pixels that is counted on."""
ROUGHEST = 10.0
"""Grey levels (standard deviation) by which a rough pixel is off at the most."""
ROUGHER = 3.0
"""Times the narrow standard deviation that the rough one is at the least."""
BLOT = 4.0
"""Pixels that are spoilt together, by one accident: however alike noise is, of so many one counts at the least."""
KEPT = 0.973
"""Variance of a normal distribution of which what is farther off than `NEAR` is left out."""
STEPS = 20
NORMAL = 1.48
"""Standard deviation of a normal distribution, in medians of what it is off."""
ENOUGH = 50
"""Pixels at the edges of a text from which on its own noise is told."""
NEAR = 3.0
"""Standard deviations within which a residual counts as noise where the likeness of neighbours is measured."""


@dataclass(frozen=True)
class Noise:
    """How likely residuals are: a mixture of normal distributions, a narrow one, a rougher and a wide one.

    Attributes
    ----------
    sigma, rough : ndarray of float, shape (height, width)
        Grey levels of the narrow and the rougher one, for each pixel of the sheet.
    uneven, spoilt : ndarray of float, shape (height, width)
        Shares of the rougher and the wide one.
    alike : float
        So many neighbouring pixels tell as much as one that errs by itself.
    """

    sigma: Plane
    rough: Plane
    uneven: Plane
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
        together = min(self.alike, BLOT)
        likely: Plane = np.zeros(left.shape, np.float32)
        highest: Plane = np.zeros(left.shape[-2:], np.float32)
        for sigma, share, alike in self._parts(window):
            likely += share / sigma * np.exp(-0.5 * (left / sigma) ** 2 * together / alike)
            highest += share / sigma
        return (np.log(highest) - np.log(likely)).astype(np.float32) / np.float32(together)

    def _parts(self, window: Area) -> Iterator[tuple[Plane, Plane, float]]:
        """Return standard deviation and share of each distribution, and by how many pixels an error is shared."""
        sigma, uneven, spoilt = self.sigma[window], self.uneven[window], self.spoilt[window]
        yield sigma, 1 - uneven - spoilt, self.alike
        yield np.maximum(self.rough[window], sigma), uneven, self.alike
        yield np.full_like(sigma, WIDEST), spoilt, min(self.alike, BLOT)

    def error(self, window: Area) -> Plane:
        """Return by how much the pixels of a window err that are not spoilt, in grey levels (standard deviation)."""
        (sigma, quiet, _), (rough, uneven, _), _ = self._parts(window)
        error: Plane = np.sqrt((quiet * sigma**2 + uneven * rough**2) / (quiet + uneven))
        return error


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
    sigma, rough, uneven, spoilt = (np.empty(left.shape, np.float32) for _ in range(4))
    for part in (edges, ~edges):
        sigma[part], rough[part], uneven[part], spoilt[part] = _mixture(left[where & part].astype(float))
    for window in texts:
        own = edges[window] & where[window]
        if np.count_nonzero(own) >= ENOUGH:
            usual = NORMAL * float(np.median(np.abs(left[window][own])))
            sigma[window] = np.where(edges[window], np.maximum(sigma[window], usual), sigma[window])
    return Noise(sigma, rough, uneven, spoilt, _alike(left / sigma, where))


def _mixture(values: npt.NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return the standard deviations of most of some residuals and of rough ones, and the shares of these and others.

    By expectation and maximisation.
    """
    if not len(values):
        return QUIETEST, QUIETEST, RAREST, RAREST
    sigmas = np.array([max(NORMAL * float(np.median(np.abs(values))), QUIETEST), ROUGHEST, WIDEST])
    shares, squares = np.array([0.94, 0.05, 0.01]), values**2
    for _ in range(STEPS):
        sigmas[1] = max(min(sigmas[1], ROUGHEST), ROUGHER * sigmas[0])
        if sigmas[1] > ROUGHEST:  # there is no room between the others
            shares[1] = 0
        likely = shares[:, None] / sigmas[:, None] * np.exp(-0.5 * (values / sigmas[:, None]) ** 2)
        parts = likely / likely.sum(axis=0)
        total = parts.sum(axis=1)
        sigmas[:2] = np.maximum(np.sqrt(parts[:2] @ squares / np.maximum(total[:2], 1)), QUIETEST)
        shares = total / len(values)
    spoilt = max(shares[2], RAREST)
    uneven = min(max(shares[1], RAREST), 1 - spoilt - RAREST)  # something is left for the narrow one
    return sigmas[0], max(sigmas[:2]), uneven, spoilt


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
