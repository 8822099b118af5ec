"""Seconds that the analytics take on drawn purchases."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from benchmarks.figures import Figure
from invoice_lab.recommendation import Recommender
from invoice_lab.segmentation.clusters import CustomerClusters
from invoice_lab.segmentation.rfm import RFM, rfm_summary


def purchases(customers: int, orders: int) -> pd.DataFrame:
    """Draw purchase lines: uneven customers, uneven products, three years."""
    random = np.random.default_rng(2026)
    basket = np.sort(random.integers(orders, size=3 * orders))
    customer = (customers * random.beta(1, 3, size=orders)).astype(int)
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(3 * 365, size=orders), unit="D")
    return pd.DataFrame(
        {
            "customer_id": customer[basket].astype(str),
            "basket_id": basket.astype(str),
            "date": day[basket],
            "product_id": random.zipf(1.5, size=len(basket)).clip(max=2000).astype(str),
            "quantity": random.integers(1, 10, size=len(basket)),
            "amount": random.integers(100, 9999, size=len(basket)) / 100,
        }
    )


def analytics(customers: int, orders: int) -> Iterator[Figure]:
    """Score, cluster and recommend on drawn purchases."""
    lines = purchases(customers, orders)
    baskets = lines.groupby("basket_id", as_index=False).agg(
        customer_id=("customer_id", "first"), order_date=("date", "first"), amount=("amount", "sum")
    )
    as_of = lines["date"].max()
    summary = rfm_summary(baskets, as_of)
    yield _measured("RFM summary, per order", len(baskets), lambda: rfm_summary(baskets, as_of))
    yield _measured("RFM scores, per customer", len(summary), lambda: RFM().fit(summary).transform(summary))
    yield _measured("clusters, per customer", len(summary), lambda: CustomerClusters().fit(summary))
    recommender = Recommender(method="decayed")
    yield _measured("recommender fit, per line", len(lines), lambda: recommender.fit(lines))
    yield _measured("recommend, per customer", len(summary), lambda: recommender.recommend(k=10))


def _measured(what: str, n: int, work: Callable[[], object]) -> Figure:
    start = time.perf_counter()
    work()
    return Figure(what, time.perf_counter() - start, "s", n)
