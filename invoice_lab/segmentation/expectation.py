"""What is to be expected of each customer: purchases, amounts and value, how sure that is, and whether it came true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.segmentation.value import BetaGeometric, GammaGamma, purchase_days, purchase_summary
from invoice_lab.warehouse.queries.frames import Day, as_day, days_of, require_columns, require_values, whole

MOST_DAYS = 3650
DRAWS = 100
"""Sets of parameters, drawn as sure as they are, that intervals are taken from."""
GROUPS = 6
_UNIT = 7.0  # days of a week
_HELD_OUT = 1 / 3
_INTERVAL = (0.025, 0.975)


@dataclass(frozen=True)
class Expectation:
    """What is expected of the customers.

    Attributes
    ----------
    table : DataFrame
        Index customer_id: alive (probability), purchases (expected), amount (expected, of one purchase), value
        (purchases by amount) and its 95 % interval, value_low and value_high, that of the expectation, by how sure the
        parameters are; what the customer will really do scatters more.
    total, total_low, total_high : float
        The values' sum and its interval.
    leaving : tuple of float
        Probability that a customer leaves after a purchase (mean of all), and its interval.
    days : int
    purchases_model : BetaGeometric
    amounts_model : GammaGamma
    """

    table: pd.DataFrame
    total: float
    total_low: float
    total_high: float
    leaving: tuple[float, float, float]
    days: int
    purchases_model: BetaGeometric
    amounts_model: GammaGamma


def expectation(
    orders: pd.DataFrame, as_of: Day, days: int = 90, *, customers: pd.Index | None = None, seed: int = 0
) -> Expectation:
    """Fit BG/NBD and Gamma-Gamma, and tell what is expected of each customer within so many days after a day.

    Parameters
    ----------
    orders : DataFrame
        One row an order: customer_id, order_date, amount; all that there are, from each customer's first on.
    as_of : date, datetime or str
    days : int
    customers : Index, optional
        Of whom something is told, where not of all that are learnt from.
    seed : int

    Raises
    ------
    UsageError
        For missing columns or values, or an `as_of` before the first order.
    NotEnoughDataError
        Where too few customers have bought again, or the parameters can't be told from these data.
    """
    whole(days, "days", 1, MOST_DAYS)
    summary = purchase_summary(orders, as_of)
    purchases, amounts = BetaGeometric().fit(summary), GammaGamma().fit(summary)
    _require_mean(amounts)
    weeks = days / _UNIT
    drawn_from = ((purchases, seed), (amounts, seed + 1))
    models = list(
        zip(*(model.drawn(DRAWS, np.random.default_rng(number)) for model, number in drawn_from), strict=True)
    )
    summary = summary if customers is None else summary[summary.index.isin(customers)]
    table = pd.DataFrame(
        {
            "alive": purchases.alive(summary),
            "purchases": purchases.expected(summary, weeks),
            "amount": amounts.expected(summary),
        }
    )
    table["value"] = table["purchases"] * table["amount"]
    drawn = np.array([_values(one, two, summary, weeks) for one, two in models])
    low, high = np.quantile(drawn, _INTERVAL, axis=0)
    table["value_low"], table["value_high"] = low, high
    total_low, total_high = np.quantile(drawn.sum(axis=1), _INTERVAL)
    total = float(table["value"].sum())
    left = np.quantile([one.a_ / (one.a_ + one.b_) for one, _ in models], _INTERVAL)
    leaving = (purchases.a_ / (purchases.a_ + purchases.b_), float(left[0]), float(left[1]))
    return Expectation(table, total, float(total_low), float(total_high), leaving, days, purchases, amounts)


def calibration(orders: pd.DataFrame, as_of: Day, days: int | None = None, seed: int = 0) -> pd.DataFrame:
    """Fit BG/NBD to the time before the last days, and compare what it expected of them with what came.

    Parameters
    ----------
    orders : DataFrame
        One row an order: customer_id, order_date, amount.
    as_of : date, datetime or str
    days : int, optional
        Held out; a third of the period where left out.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        One row a group of customers, by what was expected of them, `GROUPS` of about equal size at most: customers,
        expected and actual (mean purchases in the days held out), and the 95 % bootstrap interval of `actual`, low and
        high. ``attrs`` holds split (the last day that was learnt from), expected and actual (sums).

    Raises
    ------
    UsageError
        For missing columns or values, or `days` that are no days.
    NotEnoughDataError
        Where too few customers had bought again before.
    """
    require_columns(orders, ["customer_id", "order_date", "amount"], "orders")
    require_values(orders, ["customer_id", "order_date"], "orders")
    day, dates = as_day(as_of), days_of(orders["order_date"], "order_date")
    if days is None:
        days = min(MOST_DAYS, max(1, round(_HELD_OUT * (day - dates.min()).days))) if len(dates) else 1
    held_out = whole(days, "days", 1, MOST_DAYS)
    split = day - pd.Timedelta(days=held_out)
    if not (dates <= split).any():
        raise NotEnoughDataError("Not enough repeat purchases: there are none before the time held out.")
    summary = purchase_summary(orders, split)
    model = BetaGeometric().fit(summary)
    bought = purchase_days(orders, day)
    came = bought[bought["day"] > split].groupby("customer_id").size()
    table = pd.DataFrame({"expected": model.expected(summary, held_out / _UNIT)})
    table["actual"] = came.reindex(table.index).fillna(0).astype(float)
    rank = table["expected"].rank(method="average", pct=True)
    group = np.minimum((rank * GROUPS).astype(int), GROUPS - 1)
    rows = [_group(rows, seed) for _, rows in table.groupby(group)]
    result = pd.DataFrame(rows)
    result.attrs = {"split": split, "expected": float(table["expected"].sum()), "actual": float(table["actual"].sum())}
    return result


def _group(rows: pd.DataFrame, seed: int) -> dict[str, float]:
    actual = rows["actual"].sort_values().to_numpy()
    rng = np.random.default_rng(seed)
    means = [rng.choice(actual, len(actual)).mean() for _ in range(500)]
    low, high = np.quantile(means, _INTERVAL)
    expected, mean = float(rows["expected"].mean()), float(actual.mean())
    return {"customers": len(rows), "expected": expected, "actual": mean, "low": float(low), "high": float(high)}


def _require_mean(amounts: GammaGamma) -> None:
    if amounts.q_ <= 1:
        raise NotEnoughDataError("The amounts scatter so widely that no mean amount can be expected (Gamma-Gamma).")


def _values(
    purchases: BetaGeometric, amounts: GammaGamma, summary: pd.DataFrame, weeks: float
) -> npt.NDArray[np.float64]:
    _require_mean(amounts)
    values: npt.NDArray[np.float64] = (purchases.expected(summary, weeks) * amounts.expected(summary)).to_numpy()
    return values
