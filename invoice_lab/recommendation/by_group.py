"""How well the next basket is foretold for each group of customers, such as a segment."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invoice_lab.recommendation.bootstrap import bootstrap, means_of, with_interval
from invoice_lab.recommendation.evaluation import BASE, METRICS, Evaluation

FEWEST = 10
"""Customers that a group must have."""


def by_group(
    evaluation: Evaluation, method: str, groups: pd.Series, *, resamples: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Judge a method group by group.

    Parameters
    ----------
    evaluation : Evaluation
    method : str
        One that was evaluated, or ``auto``.
    groups : Series of str
        By customer_id.
    resamples, seed : int
        Of the bootstrap over the customers of a group.

    Returns
    -------
    DataFrame
        One row a group with at least `FEWEST` tested customers, in alphabetical order: group, n; of each of `METRICS`
        the mean with its 95 % interval (``_low``, ``_high``), and the paired difference to popularity (``_gain`` and
        its interval). The recall of new products is missing of a group that bought none, and its interval where
        resamples have none.
    """
    of = groups.reindex(evaluation.customers)
    rows = []
    for group, n in of.value_counts().sort_index().items():
        if n < FEWEST:
            continue
        inside = np.flatnonzero((of == group).to_numpy())
        row: dict[str, object] = {"group": group, "n": int(n)}
        own, base = (evaluation.values_of(name)[:, inside] for name in (method, BASE))
        for name, values in (("", own), ("_gain", own - base)):
            drawn, means = bootstrap(values, resamples, seed), means_of(values)
            for place, metric in enumerate(METRICS):
                row |= with_interval(f"{metric}{name}", means[place], drawn[place])
        rows.append(row)
    return pd.DataFrame(rows)
