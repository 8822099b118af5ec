"""Recommendations: seconds and memory of a large drawn shop, how good lists are on a real one, what the verdict sees.

Large measurements run in a fresh process each. The drawn lines have whole numbers as ids; "frame" is what they take by
themselves, and is part of "memory". Goals are those of two cores that do nothing else.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.lists import judging
from benchmarks.processes import Done, in_a_process, measured
from benchmarks.shops import read_shop, write_shop
from benchmarks.verdicts import deciding
from invoice_lab.recommendation.baskets import read_baskets
from invoice_lab.recommendation.items import cosines, holders, shared
from invoice_lab.recommendation.recommender import Recommender

ITEMS_SECONDS, ITEMS_MEMORY, LISTS_SECONDS = "< 45 s", "< 2000 MB", "< 60 s"
METHODS = ("decayed", "item_item")
UPDATED = "item_item"


@dataclass(frozen=True)
class Extent:
    """How much is measured: a large shop of five lines a basket on average, and data sets for the verdict."""

    customers: int = 1_000_000
    baskets: int = 4_000_000
    products: int = 5000
    drawn: int = 100
    """Drawn data sets, for each strength of taste."""
    real: int = 6
    """Data sets of real baskets, as `benchmarks.verdicts.deciding` takes them; 0: nothing is measured on real data."""


SMALL_EXTENT = Extent(customers=500, baskets=2000, products=20, drawn=2, real=0)


def recommending(extent: Extent) -> Iterator[Figure]:
    """Measure scale, then lists, then the verdict."""
    yield from _scale(extent)
    if extent.real:
        yield from judging()
    yield from deciding(extent.drawn, extent.real)


def _scale(extent: Extent) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        folder = Path(place)
        start = time.perf_counter()
        lines = write_shop(folder, extent.customers, extent.baskets, extent.products)
        yield Figure("draw purchases, per line", time.perf_counter() - start, "s", lines)
        (done,) = in_a_process(_items, folder)
        yield from _figures("item-item, per line", done, lines, ITEMS_SECONDS, ITEMS_MEMORY)
        for method in METHODS:
            fit, lists = in_a_process(partial(_lists, method), folder)
            yield from _figures(f"fit {method}, per line", fit, lines, ITEMS_SECONDS, ITEMS_MEMORY)
            yield from _figures(f"recommend {method}, per customer", lists, extent.customers, LISTS_SECONDS)
        came, (update,) = in_a_process(_update, folder)
        yield from _figures(f"update {UPDATED} by a day, per line", update, came)


def _figures(what: str, done: Done, n: int, seconds: str = "", memory: str = "") -> Iterator[Figure]:
    yield Figure(what, done.seconds, "s", n, goal=seconds)
    yield Figure(f"memory: {what}", done.memory, "MB", n, goal=memory)
    if done.own:
        yield Figure(f"frame: {what}", done.own, "MB", n)


def _items(folder: Path) -> list[Done]:
    lines = read_shop(folder)
    return [measured(lambda: cosines(shared(holders(read_baskets(lines)))), lines)]


def _update(folder: Path) -> tuple[int, list[Done]]:
    lines = read_shop(folder)
    came = lines["date"] == lines["date"].max()
    recommender = Recommender(UPDATED).fit(lines[~came])
    return int(came.sum()), [measured(lambda: recommender.update(lines[came]), lines)]


def _lists(method: str, folder: Path) -> list[Done]:
    lines, recommender = read_shop(folder), Recommender(method)
    return [measured(lambda: recommender.fit(lines), lines), measured(recommender.recommend)]
