"""Customer value: how many purchases are to be expected (BG/NBD), and of what amount (Gamma-Gamma)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import betaln, expit, gammaln, hyp2f1
from sklearn.utils.validation import check_is_fitted

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.segmentation.likelihood import Floats, MaximumLikelihood, maximised
from invoice_lab.segmentation.orders import exact_sums, orders_of, until
from invoice_lab.warehouse.queries.frames import Day, as_day, numbers_of, positive, require_columns

LEAST_REPEATERS = 50
"""Customers with a repeat purchase: of fewer the models say nothing."""


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
    positive(unit_days, "unit_days")
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


def purchase_days(orders: pd.DataFrame, as_of: Day) -> pd.DataFrame:
    """Return customers' days with a purchase up to a day: customer_id, day, amount; raises as `purchase_summary`."""
    return _daily(until(orders_of(orders), as_of))


def _daily(orders: pd.DataFrame) -> pd.DataFrame:
    """Return the sum of each customer's day, but for those below zero."""
    grouped = orders.groupby(["customer_id", "day"], sort=True)
    numbers = grouped.ngroup().to_numpy()
    daily = grouped.size().reset_index()
    daily["amount"] = exact_sums(orders["amount"], numbers, len(daily))
    return daily[daily["amount"] >= 0]


class BetaGeometric(MaximumLikelihood):
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
        UsageError
            For missing columns or values, or a customer whose last purchase lies after what was seen of them.
        NotEnoughDataError
            Where fewer than `LEAST_REPEATERS` customers have bought again.
        """
        seen = _times(X)
        _enough(int((seen["repeats"] > 0).sum()))
        counts = seen.groupby(list(seen)).size()
        x, t, age = (counts.index.get_level_values(level).to_numpy(float) for level in range(3))
        likelihood = partial(_bgnbd, x=x, t=t, age=age, weights=counts.to_numpy(float))
        self._take(maximised(likelihood, len(self.NAMES)), likelihood)
        return self

    def alive(self, X: pd.DataFrame) -> pd.Series:  # noqa: N803
        """Return the probability that each customer is still alive (1 without a repeat); raises as `fit` does."""
        check_is_fitted(self, "r_")
        x, t, age = _times(X).to_numpy().T
        ratio = (self.r_ + x) * (np.log(self.alpha_ + age) - np.log(self.alpha_ + t))
        odds = np.log(self.a_) - np.log(self.b_ + np.maximum(x, 1) - 1) + ratio  # of having left; their logarithm
        return pd.Series(np.where(x > 0, expit(-odds), 1.0), index=X.index, name="alive")

    def expected(self, X: pd.DataFrame, units: float) -> pd.Series:  # noqa: N803
        """Return how many purchases are expected of each customer within so many units of time (their equation 10).

        Raises
        ------
        UsageError
            As `fit` does, and where `units` isn't a number of at least 0.
        """
        check_is_fitted(self, "r_")
        if units != 0:
            positive(units, "units")
        x, _, age = _times(X).to_numpy().T
        r, alpha, a, b = self.r_, self.alpha_, self.a_, self.b_
        later = _shrunk(r + x, b + x, a + b + x - 1, units / (alpha + age + units))
        alive = self.alive(X).to_numpy()
        return pd.Series((a + b + x - 1) / (a - 1) * (1 - later) * alive, index=X.index, name="expected_purchases")


class GammaGamma(MaximumLikelihood):
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
        """Fit the model to the customers with repeats of a positive mean amount.

        Raises
        ------
        UsageError
            For missing columns, or a missing mean amount of a customer with repeats.
        NotEnoughDataError
            Where they are fewer than `LEAST_REPEATERS`, or their amounts are all the same.
        """
        x, mean = _amounts(X)
        kept = (x > 0) & (mean > 0)
        x, mean = x[kept], mean[kept]
        _enough(len(x))
        if np.ptp(mean) == 0:
            raise NotEnoughDataError(f"All repeat purchases are of {mean[0]:,.2f}: there is no spread to learn from.")

        unit = float(np.exp(np.log(mean).mean()))  # of any currency: the bounds are for amounts around 1
        found = maximised(partial(_gamma_gamma, x=x, mean=mean / unit), len(self.NAMES))
        found = replace(
            found,
            parameters=found.parameters * np.array([1.0, 1.0, unit]),
            likelihood=found.likelihood - len(mean) * float(np.log(unit)),
        )
        self._take(found, partial(_gamma_gamma, x=x, mean=mean))
        return self

    def expected(self, X: pd.DataFrame) -> pd.Series:  # noqa: N803
        """Return the expected mean amount of each customer's purchases; without repeats that of all customers.

        Raises
        ------
        UsageError
            As `fit` does.
        NotEnoughDataError
            Where the fitted amounts have no finite mean (`q_` of at most 1).
        """
        check_is_fitted(self, "p_")
        x, mean = _amounts(X)
        if self.q_ <= 1:
            raise NotEnoughDataError("Customers' amounts differ so much that no mean amount can be expected.")
        everybody = self.p_ * self.v_ / (self.q_ - 1)
        weight = self.p_ * x / (self.p_ * x + self.q_ - 1)
        return pd.Series((1 - weight) * everybody + weight * mean, index=X.index, name="expected_amount")


def _shrunk(first: Floats, second: Floats, third: Floats, share: Floats) -> Floats:
    """Return (1 - share) ** first times the hypergeometric function of the first, second, third and share.

    Where that power is too small it is taken by Euler's transformation, with another one: 10,000 repeats overflow else.
    """
    other = third - second
    direct = first <= other
    with np.errstate(invalid="ignore", over="ignore"):
        power = np.exp(np.minimum(first, other) * np.log1p(-share))
        found: Floats = power * hyp2f1(
            np.where(direct, first, third - first), np.where(direct, second, other), third, share
        )
    return np.nan_to_num(found, nan=0.0)  # both powers are too small: nothing is left


def _times(summary: pd.DataFrame) -> pd.DataFrame:
    """Return repeats, last and age as floats; index from 0 on."""
    names = ["repeats", "last", "age"]
    require_columns(summary, names, "the purchase summary")
    times = pd.DataFrame({name: numbers_of(summary[name], name).to_numpy() for name in names})
    repeats, last, age = (times[name] for name in names)
    if ((repeats < 0) | (last < 0) | (last > age) | ((repeats > 0) & (last == 0))).any():
        raise UsageError(
            "Of a customer, repeats or last are below 0, last is above age, or 0 in spite of repeats.",
            "Check the summary.",
        )
    return times


def _amounts(summary: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return repeats and mean amounts, 0 without repeats."""
    require_columns(summary, ["repeats", "mean_amount"], "the purchase summary")
    repeats = numbers_of(summary["repeats"], "repeats").to_numpy()
    if (repeats < 0).any():
        raise UsageError("Of a customer, repeats are below 0.", "Check the summary.")
    mean = numbers_of(summary["mean_amount"].where(repeats > 0, 0.0), "mean_amount").to_numpy()
    return repeats, mean


def _bgnbd(parameters: Floats, x: Floats, t: Floats, age: Floats, weights: Floats) -> float:
    """Return the log-likelihood of `weights` customers each with `x` repeats, the last at `t`, seen until `age`."""
    r, alpha, a, b = parameters
    start = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stayed = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + age)
    some = np.maximum(x, 1)
    left = betaln(a + 1, b + some - 1) - betaln(a, b) - (r + x) * np.log(alpha + t)
    return float((weights * (start + np.where(x > 0, np.logaddexp(stayed, left), stayed))).sum())


def _gamma_gamma(parameters: Floats, x: Floats, mean: Floats) -> float:
    """Return the log-likelihood of customers with `x` repeats of a mean amount."""
    p, q, v = parameters
    terms = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
    terms += (p * x - 1) * np.log(mean) + p * x * np.log(x) - (p * x + q) * np.log(x * mean + v)
    return float(terms.sum())


def _enough(repeaters: int) -> None:
    if repeaters < LEAST_REPEATERS:
        raise NotEnoughDataError(
            f"Not enough repeat purchases: {repeaters} customers have bought again, {LEAST_REPEATERS} are needed."
        )
