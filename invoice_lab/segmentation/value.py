"""Customer value: how many purchases are to be expected (BG/NBD), and of what amount (Gamma-Gamma)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.segmentation.orders import exact_sums, orders_of, until
from invoice_lab.warehouse.queries.frames import Day, as_day, require_columns

LEAST_REPEATERS = 50
"""Customers with a repeat purchase: of fewer the models say nothing."""
_BOUND = 12.0
"""Logarithms of the parameters are looked for from minus this to this."""
_STARTS = (0.0, 1.0, -1.0)
_WIDER, _PROPOSALS = 2.0, 10

Floats = npt.NDArray[np.float64]


def purchase_summary(orders: pd.DataFrame, as_of: Day, unit_days: float = 7.0) -> pd.DataFrame:
    """Sum up each customer's purchases as the models count them: several on one day are one, the first is no repeat.

    A day on which more was credited than bought is no purchase; customers without any other day are left out.

    Parameters
    ----------
    orders : DataFrame
        One row an order, in one currency: customer_id, order_date, amount.
    as_of : date, datetime or str
        Later orders are left out.
    unit_days : float
        Days of a unit of time; a week by default.

    Returns
    -------
    DataFrame
        Index customer_id, sorted. Columns repeats (int), last (units from the first to the last purchase), age (units
        from the first purchase to `as_of`), mean_amount (of the repeats; NaN without).

    Raises
    ------
    UsageError
        For missing columns or values, two currencies, a unit that isn't above 0, or an `as_of` before the first order.
    NotEnoughDataError
        Where there is no order, or nothing but credit notes.
    """
    if not 0 < unit_days < np.inf:
        raise UsageError(f"unit_days is {unit_days!r}; it must be a number of days above 0.")
    kept = orders_of(orders)
    if kept.empty:
        raise NotEnoughDataError("There are no orders, so no customer's value can be said.")
    kept, day = until(kept, as_of), as_day(as_of)
    daily = _daily(kept)
    if daily.empty:
        raise NotEnoughDataError(f"Up to {day:%Y-%m-%d} there are credit notes only: no customer has bought anything.")
    grouped = daily.groupby("customer_id", sort=True)
    first, last, days = grouped["day"].min(), grouped["day"].max(), grouped.size()
    again = daily[daily["day"] > daily["customer_id"].map(first)]
    return pd.DataFrame(
        {
            "repeats": (days - 1).astype("int64"),
            "last": (last - first).dt.days / unit_days,
            "age": (day - first).dt.days / unit_days,
            "mean_amount": again.groupby("customer_id")["amount"].mean(),
        }
    )


def _daily(orders: pd.DataFrame) -> pd.DataFrame:
    """Return the sum of each customer's day, but for those below zero."""
    grouped = orders.groupby(["customer_id", "day"], sort=True)
    numbers = grouped.ngroup().to_numpy()
    daily = grouped.size().reset_index()
    daily["amount"] = exact_sums(orders["amount"], numbers, len(daily))
    return daily[daily["amount"] >= 0]


@dataclass(frozen=True)
class _Found:
    parameters: Floats
    likelihood: float
    covariance: Floats  # of the parameters' logarithms; NaN where the likelihood has no curvature

    @property
    def errors(self) -> Floats:
        """Standard errors of the parameters."""
        found: Floats = self.parameters * np.sqrt(np.diag(self.covariance))
        return found


class _Fitted(BaseEstimator):  # type: ignore[misc]
    """A model whose parameters, `NAMES`, were found by maximum likelihood."""

    NAMES: tuple[str, ...]

    def _take(self, found: _Found, likelihood: Callable[[Floats], float]) -> None:
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
        logs = logs[(np.abs(logs) <= _BOUND).all(axis=1)]
        proposed = -0.5 * np.einsum("ni,ij,nj->n", logs - best, np.linalg.inv(covariance), logs - best)
        weight = np.array([self._likelihood(np.exp(one)) for one in logs]) - proposed
        weight = np.where(np.isfinite(weight), np.exp(weight - np.nanmax(weight)), 0.0)
        chosen = rng.choice(len(logs), times, p=weight / weight.sum())
        return [self._with(np.exp(logs[number])) for number in chosen]

    def _with(self, parameters: Floats) -> Self:
        copied: Self = clone(self)
        copied._take(replace(self._found, parameters=parameters), self._likelihood)
        return copied


class BetaGeometric(_Fitted):
    """BG/NBD (Fader, Hardie and Lee, Counting Your Customers the Easy Way, Marketing Science 24, 2005).

    While alive a customer buys at a rate that is gamma distributed over the customers (r, alpha); after each purchase
    they leave with a probability that is beta distributed (a, b).

    Attributes
    ----------
    r_, alpha_, a_, b_ : float
    log_likelihood_ : float
    standard_errors_ : dict of str to float
        Of the parameters, from the curvature of the likelihood; NaN where it has none.
    """

    NAMES = ("r", "alpha", "a", "b")
    r_: float
    alpha_: float
    a_: float
    b_: float

    def fit(self, X: pd.DataFrame, y: object = None) -> BetaGeometric:  # noqa: N803 - scikit-learn's names
        """Fit the model to `purchase_summary`.

        Raises
        ------
        NotEnoughDataError
            Where fewer than `LEAST_REPEATERS` customers have bought again.
        """
        require_columns(X, ["repeats", "last", "age"], "the purchase summary")
        _enough(int((X["repeats"] > 0).sum()))
        counts = X.groupby(["repeats", "last", "age"]).size()
        x, t, age = (counts.index.get_level_values(level).to_numpy(float) for level in range(3))
        weights = counts.to_numpy(float)

        def likelihood(parameters: Floats) -> float:
            return float((weights * _bgnbd(parameters, x, t, age)).sum())

        self._take(_maximised(likelihood, len(self.NAMES)), likelihood)
        return self

    def alive(self, X: pd.DataFrame) -> pd.Series:  # noqa: N803
        """Return the probability that each customer is still alive."""
        check_is_fitted(self, "r_")
        x, t, age = (X[name].to_numpy(float) for name in ("repeats", "last", "age"))
        ratio = (self.r_ + x) * (np.log(self.alpha_ + age) - np.log(self.alpha_ + t))
        odds = np.where(x > 0, self.a_ / (self.b_ + np.maximum(x, 1) - 1) * np.exp(ratio), 0.0)
        return pd.Series(1 / (1 + odds), index=X.index, name="alive")

    def expected(self, X: pd.DataFrame, units: float) -> pd.Series:  # noqa: N803
        """Return how many purchases are expected of each customer within so many units of time."""
        check_is_fitted(self, "r_")
        if units < 0:
            raise UsageError(f"Purchases can't be expected within {units} units of time.")
        x, age = (X[name].to_numpy(float) for name in ("repeats", "age"))
        r, alpha, a, b = self.r_, self.alpha_, self.a_, self.b_
        share = units / (alpha + age + units)
        later = hyp2f1(r + x, b + x, a + b + x - 1, share)
        grown = 1 - ((alpha + age) / (alpha + age + units)) ** (r + x) * later
        alive = self.alive(X).to_numpy()
        return pd.Series((a + b + x - 1) / (a - 1) * grown * alive, index=X.index, name="expected_purchases")


class GammaGamma(_Fitted):
    """Gamma-Gamma model of amounts (Fader and Hardie, The Gamma-Gamma Model of Monetary Value, 2013).

    Attributes
    ----------
    p_, q_, v_ : float
    log_likelihood_ : float
    standard_errors_ : dict of str to float
    """

    NAMES = ("p", "q", "v")
    p_: float
    q_: float
    v_: float

    def fit(self, X: pd.DataFrame, y: object = None) -> GammaGamma:  # noqa: N803
        """Fit the model to the customers with repeats of a positive mean amount; raises as `BetaGeometric.fit` does."""
        require_columns(X, ["repeats", "mean_amount"], "the purchase summary")
        kept = X[(X["repeats"] > 0) & (X["mean_amount"] > 0)]
        _enough(len(kept))
        x, mean = kept["repeats"].to_numpy(float), kept["mean_amount"].to_numpy(float)

        def likelihood(parameters: Floats) -> float:
            p, q, v = parameters
            terms = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
            terms += (p * x - 1) * np.log(mean) + p * x * np.log(x) - (p * x + q) * np.log(x * mean + v)
            return float(terms.sum())

        self._take(_maximised(likelihood, len(self.NAMES)), likelihood)
        return self

    def expected(self, X: pd.DataFrame) -> pd.Series:  # noqa: N803
        """Return the expected mean amount of each customer's purchases; without repeats that of all customers."""
        check_is_fitted(self, "p_")
        x, mean = X["repeats"].to_numpy(float), X["mean_amount"].fillna(0).to_numpy(float)
        everybody = self.p_ * self.v_ / (self.q_ - 1)
        weight = self.p_ * x / (self.p_ * x + self.q_ - 1)
        return pd.Series((1 - weight) * everybody + weight * mean, index=X.index, name="expected_amount")


def _bgnbd(parameters: Floats, x: Floats, t: Floats, age: Floats) -> Floats:
    """Return the log-likelihood of customers with `x` repeats, the last at `t`, seen until `age`."""
    r, alpha, a, b = parameters
    start = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stayed = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + age)
    some = np.maximum(x, 1)
    left = betaln(a + 1, b + some - 1) - betaln(a, b) - (r + x) * np.log(alpha + t)
    found: Floats = start + np.where(x > 0, np.logaddexp(stayed, left), stayed)
    return found


def _enough(repeaters: int) -> None:
    if repeaters < LEAST_REPEATERS:
        raise NotEnoughDataError(
            f"Not enough repeat purchases: {repeaters} customers have bought again, {LEAST_REPEATERS} are needed."
        )


def _maximised(likelihood: Callable[[Floats], float], count: int) -> _Found:
    """Find the parameters, all positive, that make a likelihood largest: the best of several starts, within bounds."""

    def cost(logs: Floats) -> float:
        value = likelihood(np.exp(logs))
        return -value if np.isfinite(value) else 1e15

    find = partial(minimize, cost, bounds=[(-_BOUND, _BOUND)] * count)
    fast = {"maxiter": 2000, "ftol": 1e-13}
    runs: list[Any] = [find(np.full(count, start), method="L-BFGS-B", options=fast) for start in _STARTS]
    best = min(runs, key=lambda run: run.fun)
    sure = {"maxiter": 1500, "xatol": 1e-9, "fatol": 1e-9}  # on a ridge it would go on for long, to no end
    best = min(best, find(best.x, method="Nelder-Mead", options=sure), key=lambda run: run.fun)
    return _Found(np.exp(best.x), -float(best.fun), _covariance(cost, best.x))


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
