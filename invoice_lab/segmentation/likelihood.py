"""Models fitted by maximum likelihood: parameters, how sure they are, and copies drawn as the data leave them open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, clone

from invoice_lab.errors import NotEnoughDataError

_BOUND = 12.0
"""Logarithms of the parameters are looked for from minus this to this."""
_STARTS = (0.0, 1.0, -1.0)
_WIDER, _PROPOSALS = 2.0, 10

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """Parameters that make a likelihood largest.

    Attributes
    ----------
    parameters : ndarray, shape (parameters,)
    likelihood : float
        Its logarithm there.
    covariance : ndarray, shape (parameters, parameters)
        Of the parameters' logarithms; NaN where the likelihood has no curvature.
    """

    parameters: Floats
    likelihood: float
    covariance: Floats

    @property
    def errors(self) -> Floats:
        """Standard errors of the parameters."""
        found: Floats = self.parameters * np.sqrt(np.diag(self.covariance))
        return found


class MaximumLikelihood(BaseEstimator):  # type: ignore[misc]
    """A model whose parameters, `NAMES`, are found by maximum likelihood."""

    NAMES: tuple[str, ...]

    def _take(self, found: Found, likelihood: Callable[[Floats], float]) -> None:
        self._found, self._likelihood = found, likelihood
        for name, value in zip(self.NAMES, found.parameters, strict=True):
            setattr(self, f"{name}_", float(value))
        self.log_likelihood_ = found.likelihood
        self.standard_errors_ = dict(zip(self.NAMES, map(float, found.errors), strict=True))

    def drawn(self, times: int, rng: np.random.Generator) -> list[Self]:
        """Return copies of the model whose parameters are drawn as the likelihood leaves them open.

        Drawn from a normal in logarithms that is wider than the likelihood, and then again by the likelihood itself
        (sampling importance resampling: Rubin, Bayesian Statistics 3, 1988), for it may be a ridge.

        Raises
        ------
        NotEnoughDataError
            Where the likelihood has no clear maximum.
        """
        if np.isnan(self._found.covariance).any():
            raise NotEnoughDataError("The purchases don't tell the model's parameters: no interval can be given.")
        best, covariance = np.log(self._found.parameters), _WIDER * self._found.covariance
        logs = rng.multivariate_normal(best, covariance, _PROPOSALS * times, method="eigh")
        logs = logs[(np.abs(logs - best) <= _BOUND).all(axis=1)]
        proposed = -0.5 * np.einsum("ni,ij,nj->n", logs - best, np.linalg.inv(covariance), logs - best)
        weight = np.array([self._likelihood(np.exp(one)) for one in logs]) - proposed
        weight = np.where(np.isfinite(weight), np.exp(weight - np.nanmax(weight)), 0.0)
        chosen = rng.choice(len(logs), times, p=weight / weight.sum())
        return [self._with(np.exp(logs[number])) for number in chosen]

    def _with(self, parameters: Floats) -> Self:
        copied: Self = clone(self)
        copied._take(replace(self._found, parameters=parameters), self._likelihood)
        return copied


def maximised(likelihood: Callable[[Floats], float], count: int) -> Found:
    """Find the parameters, all positive, that make a likelihood largest: the best of several starts, within bounds.

    Parameters
    ----------
    likelihood : callable
        Its logarithm by the parameters.
    count : int
        Of parameters.
    """

    def cost(logs: Floats) -> float:
        value = likelihood(np.exp(logs))
        return -value if np.isfinite(value) else 1e15

    find = partial(minimize, cost, bounds=[(-_BOUND, _BOUND)] * count, method="L-BFGS-B")
    fast = {"maxiter": 2000, "ftol": 1e-13}
    runs: list[Any] = [find(np.full(count, start), options=fast) for start in _STARTS]
    best = min(runs, key=lambda run: run.fun)
    # with slopes from both sides it goes on where those from one side are too coarse
    refined = find(best.x, jac="3-point", options={"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-7})
    best = min(best, refined, key=lambda run: run.fun)
    return Found(np.exp(best.x), -float(best.fun), _covariance(cost, best.x))


def _covariance(cost: Callable[[Floats], float], at: Floats) -> Floats:
    """Return the covariance of the logarithms: the inverse curvature, by differences; NaN where that is none."""
    step, count = 1e-3, len(at)
    curvature = np.empty((count, count))
    for i in range(count):
        for j in range(count):
            one, two = step * np.eye(count)[i], step * np.eye(count)[j]
            corners = cost(at + one + two) - cost(at + one - two) - cost(at - one + two) + cost(at - one - two)
            curvature[i, j] = corners / (4 * step**2)
    if not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature).min() <= 0:
        return np.full((count, count), np.nan)
    return np.asarray(np.linalg.inv(curvature), np.float64)
