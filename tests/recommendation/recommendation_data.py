"""Shops that tests of the recommender are made with: random ones, some with taste, and one that is read by eye."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from invoice_lab.recommendation.baskets import read_baskets

COLUMNS = ["customer_id", "basket_id", "date", "product_id", "quantity"]

LINES = pd.DataFrame(
    [
        ("ann", "b1", "2020-01-01", "tea", 1),
        ("ann", "b1", "2020-01-01", "cup", 2),
        ("ann", "b2", "2020-02-01", "tea", 1),
        ("ann", "b2", "2020-02-01", "tea", 5),
        ("bob", "b3", "2020-01-05", "pot", 1),
        ("bob", "b4", "2020-03-05", "cup", 1),
        ("cat", "b5", "2020-01-09", "pot", 1),
        ("cat", "b5", "2020-01-09", "jam", 1),
        ("cat", "b6", "2020-01-10", "tea", -1),
    ],
    columns=COLUMNS,
)


def shop(taste, seed=0, customers=60, products=80, baskets=4):
    """Baskets of five lines, a share `taste` of them from the customer's own five products."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer, basket in itertools.product(range(customers), range(baskets)):
        own = np.random.default_rng(customer).choice(products, 5, replace=False)
        picks = np.where(rng.random(5) < taste, rng.choice(own, 5), rng.integers(0, products, 5))
        day = pd.Timestamp("2020-01-01") + pd.Timedelta(days=30 * basket)
        rows += [(f"c{customer:03d}", f"{customer:03d}-{basket}", day, f"p{p:03d}", 1) for p in picks]
    return pd.DataFrame(rows, columns=COLUMNS)


def random_lines(seed=0, customers=40, products=30, rows=600, baskets=4):
    """Skewed popularity, customers with one to `baskets` baskets on irregular days, some products twice a basket."""
    rng = np.random.default_rng(seed)
    customer = rng.integers(0, customers, rows)
    basket = rng.integers(0, 1 + customer % baskets)
    day = rng.integers(0, 400, (customers, baskets))[customer, basket]
    return pd.DataFrame(
        {
            "customer_id": [f"c{c:03d}" for c in customer],
            "basket_id": [f"{c:03d}-{b}" for c, b in zip(customer, basket, strict=True)],
            "date": pd.Timestamp("2020-01-01") + pd.to_timedelta(day, unit="D"),
            "product_id": [f"p{p:03d}" for p in rng.zipf(1.5, rows) % products],
            "quantity": rng.integers(1, 9, rows),
        }
    )


def coded(lines, as_of=None):
    return read_baskets(lines, as_of)


def numbered(lines):
    """The same lines with numbers as ids, in the same order."""
    return lines.assign(**{name: pd.factorize(lines[name], sort=True)[0] for name in COLUMNS[:2] + COLUMNS[3:4]})
