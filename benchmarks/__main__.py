"""Measure reading and analytics on made-up data and print a table: ``python -m benchmarks [--small]``.

CPU is user and system time of this process and its children. Both kinds of data are drawn from seeds, so that two runs
on one machine can be compared; between machines compare ratios only.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from invoice_lab.ocr.engines import AUTO
from invoice_lab.ocr.read import Reader
from invoice_lab.recommendation.recommender import Recommender
from invoice_lab.samples import draw_samples
from invoice_lab.segmentation.clusters import CustomerClusters
from invoice_lab.segmentation.rfm import RFM, rfm_summary
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.judge import judge


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    scans: int = 40
    customers: int = 20_000
    orders: int = 200_000


@dataclass(frozen=True)
class Measurement:
    """One row of the table."""

    what: str
    n: int
    seconds: float
    cpu: float

    def __str__(self) -> str:
        each = 1000 * self.cpu / self.n
        return f"{self.what:34} {self.n:>9,} {self.seconds:>9.2f} {self.cpu:>9.2f} {each:>12.3f}"


def measure(what: str, n: int, work: Callable[[], object]) -> Measurement:
    """Run `work` once; `n` is what it is divided by."""
    before, start = os.times(), time.perf_counter()
    work()
    seconds, after = time.perf_counter() - start, os.times()
    return Measurement(what, n, seconds, sum(after[:4]) - sum(before[:4]))


def reading(sizes: Sizes) -> Iterator[Measurement]:
    """Read and judge drawn scans, each engine alone, in one process."""
    with tempfile.TemporaryDirectory() as folder:
        yield measure("draw sample scans", sizes.scans, lambda: draw_samples(Path(folder), count=sizes.scans))
        paths = sorted(Path(folder).rglob("*.png"))
        scans = [Scan.of(path.name, path.read_bytes()) for path in paths]
    for engine in AUTO:
        reader = Reader(engine)
        reader.read(scans[0])  # loads the models
        yield measure(f"read with {engine}", len(scans), lambda reader=reader: [reader.read(scan) for scan in scans])
    pages = [page for scan in scans for page in reader.read(scan)]
    yield measure("judge", len(pages), lambda: [judge(page) for page in pages])


def purchases(sizes: Sizes) -> pd.DataFrame:
    """Draw purchase lines: uneven customers, uneven products, three years."""
    random = np.random.default_rng(2026)
    basket = np.sort(random.integers(sizes.orders, size=3 * sizes.orders))
    customer = (sizes.customers * random.beta(1, 3, size=sizes.orders)).astype(int)
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(3 * 365, size=sizes.orders), unit="D")
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


def analytics(sizes: Sizes) -> Iterator[Measurement]:
    """Score, cluster and recommend on drawn purchases."""
    lines = purchases(sizes)
    orders = lines.groupby("basket_id", as_index=False).agg(
        customer_id=("customer_id", "first"), order_date=("date", "first"), amount=("amount", "sum")
    )
    as_of = lines["date"].max()
    summary = rfm_summary(orders, as_of)
    yield measure("RFM summary, per order", len(orders), lambda: rfm_summary(orders, as_of))
    yield measure("RFM scores, per customer", len(summary), lambda: RFM().fit(summary).transform(summary))
    yield measure("clusters, per customer", len(summary), lambda: CustomerClusters().fit(summary))
    recommender = Recommender()
    yield measure("recommender fit, per line", len(lines), lambda: recommender.fit(lines))
    yield measure("recommend, per customer", len(summary), lambda: recommender.recommend(k=10))


def main() -> None:
    """Print the table, a row as soon as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--small", action="store_true", help="only see whether it runs")
    sizes = Sizes(scans=4, customers=200, orders=2000) if parser.parse_args().small else Sizes()
    print(f"{'what':34} {'n':>9} {'seconds':>9} {'CPU s':>9} {'CPU ms each':>12}")
    for part in (reading, analytics):
        for row in part(sizes):
            print(row, flush=True)


if __name__ == "__main__":
    main()
