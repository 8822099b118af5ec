"""Measure everything and print one table: ``python -m benchmarks [--small] [--only GROUP,...]``.

What is measured is drawn from seeds, so that two runs on one machine can be compared; between machines compare ratios
only. Each group's raw results are written to ``benchmarks/results/<group>.json``, with the machine and versions.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.analytics import analytics
from benchmarks.cache import SMALL as SMALL_CACHE
from benchmarks.cache import Sizes as CacheSizes
from benchmarks.cache import caching
from benchmarks.figures import HEADING, RESULTS, Figure, write_results
from benchmarks.ingest import ingesting
from benchmarks.reading import reading
from benchmarks.recommendation import SMALL_EXTENT, Extent, recommending
from benchmarks.segmentation import SMALL_SHOP, Shop, segmenting
from benchmarks.startup import starting


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    pages: int = 30
    with_lines: int = 1000
    sample: int = 300
    starts: int = 15
    scans: int = 1000
    many: int = 10_000
    customers: int = 20_000
    orders: int = 200_000
    cache: CacheSizes = field(default_factory=CacheSizes)
    shop: Shop = field(default_factory=Shop)
    extent: Extent = field(default_factory=Extent)


SMALL = Sizes(
    pages=2, with_lines=2, sample=4, starts=2, scans=4, many=8, customers=200, orders=2000, cache=SMALL_CACHE,
    shop=SMALL_SHOP, extent=SMALL_EXTENT,
)  # fmt: skip
GROUPS: Mapping[str, Callable[[Sizes], Iterator[Figure]]] = {
    "reading": lambda sizes: reading(sizes.pages, sizes.with_lines, sizes.sample),
    "startup": lambda sizes: starting(sizes.starts),
    "ingest": lambda sizes: ingesting(sizes.scans, sizes.many),
    "cache": lambda sizes: caching(sizes.cache),
    "analytics": lambda sizes: analytics(sizes.customers, sizes.orders),
    "segmentation": lambda sizes: segmenting(sizes.shop),
    "recommendation": lambda sizes: recommending(sizes.extent),
}


def groups_of(text: str) -> list[str]:
    """Split and check the names of groups."""
    names = text.split(",")
    if unknown := set(names) - set(GROUPS):
        raise argparse.ArgumentTypeError(f"no such group: {', '.join(sorted(unknown))}; known: {', '.join(GROUPS)}")
    return names


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table, a row as soon as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--small", action="store_true", help="only see whether it runs")
    parser.add_argument("--only", type=groups_of, default=list(GROUPS), metavar="GROUP,...", help=", ".join(GROUPS))
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the raw results")
    arguments = parser.parse_args(argv)
    print(HEADING)
    for group in arguments.only:
        figures = []
        for figure in GROUPS[group](SMALL if arguments.small else Sizes()):
            print(figure, flush=True)
            figures.append(figure)
        write_results(group, figures, arguments.results)


if __name__ == "__main__":
    main()
