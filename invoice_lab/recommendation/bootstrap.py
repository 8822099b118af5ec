"""How sure a mean over customers is: means of resampled customers, and 95 % intervals."""

from __future__ import annotations

import numpy as np

from invoice_lab.recommendation.baskets import Floats

_BLOCK = 1_000_000
"""Customers times resamples that are drawn at once."""


def means_of(values: Floats) -> Floats:
    """Return the mean of each row over those customers that it is known of; NaN where there is none."""
    known = ~np.isnan(values)
    counts = known.sum(axis=1)
    found: Floats = np.where(counts > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(counts, 1), np.nan)
    return found


def with_interval(name: str, value: float, drawn: Floats) -> dict[str, object]:
    """Return a value and its 95 % percentile interval, by name, ``_low`` and ``_high``; NaN where it isn't known."""
    low, high = (np.nan, np.nan) if np.isnan(drawn).any() else np.quantile(drawn, [0.025, 0.975])
    return {name: float(value), f"{name}_low": float(low), f"{name}_high": float(high)}


def bootstrap(values: Floats, resamples: int, seed: int | np.random.Generator) -> Floats:
    """Return the means of resampled customers, by blocks of resamples.

    Parameters
    ----------
    values : ndarray, shape (rows, customers)
        NaN where a customer's value isn't known.
    resamples : int
    seed : int or Generator
        Equal seeds draw the same customers; a generator goes on from where it is.

    Returns
    -------
    ndarray, shape (rows, resamples)
    """
    rng, n = np.random.default_rng(seed), values.shape[1]
    known, filled = ~np.isnan(values), np.nan_to_num(values)
    step = max(1, _BLOCK // n)
    blocks = []
    for start in range(0, resamples, step):
        counts = rng.multinomial(n, np.full(n, 1 / n), size=min(step, resamples - start)).T.astype(np.float64)
        some = known.astype(np.float64) @ counts
        blocks.append(np.where(some > 0, filled @ counts / np.maximum(some, 1), np.nan))
    return np.hstack(blocks)
