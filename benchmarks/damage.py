"""Measure the reader on damaged pages and print a table: ``python -m benchmarks.damage``.

Healthy pages, drawn by the sample generator and, where they are there, real ones, are damaged in each way of
`invoice_lab.samples.damage` from a seed, read, judged, and compared with the truth. A kind's goal is reached where
enough pages are fully right and accepted and no accepted page has a wrong field. "Fully right" means every field of the
truth. CPU is that of reading and judging, without loading models.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import groupby
from math import sqrt
from pathlib import Path

from benchmarks.pages import DRAWN, SHARED, Result, drawn_pages, prepare, run, shared_pages, tasks_of
from benchmarks.reliability import curve, report
from invoice_lab.errors import InvoiceLabError
from invoice_lab.ocr.engines import load_engine
from invoice_lab.samples.damage import DAMAGES
from invoice_lab.samples.page import LAYOUTS
from invoice_lab.workers import worker_count

REAL = Path(__file__).resolve().parents[2] / "shared" / "invoices"
TITLES = {DRAWN: "Pages of the sample generator", SHARED: "Real pages"}
HEADING = (
    f"{'kind':17} {'n':>5} {'right and':>9} {'95 % interval':>15} {'accepted':>9} {'right':>7} {'accepted':>9}"
    f" {'CPU ms':>7} {'goal':>6} {'reached':>8}\n"
    f"{'':17} {'':>5} {'acc. %':>9} {'':>15} {'but wrong':>9} {'%':>7} {'%':>9}"
)


@dataclass(frozen=True)
class Row:
    """One row of the table: counts of pages of one source and kind, and CPU seconds of all."""

    source: str
    kind: str
    n: int
    right_and_accepted: int
    accepted_but_wrong: int
    right: int
    accepted: int
    seconds: float

    @classmethod
    def of(cls, results: Sequence[Result]) -> Row:
        """Count the results of one source and kind."""
        return cls(
            source=results[0].source,
            kind=results[0].kind,
            n=len(results),
            right_and_accepted=sum(result.accepted and result.right for result in results),
            accepted_but_wrong=sum(result.accepted and not result.right for result in results),
            right=sum(result.right for result in results),
            accepted=sum(result.accepted for result in results),
            seconds=sum(result.seconds for result in results),
        )

    @property
    def reached(self) -> bool:
        """Whether the kind's goal is reached; a kind without one must only have nothing accepted wrong."""
        goal = DAMAGES[self.kind].goal or 0
        return not self.accepted_but_wrong and 100 * self.right_and_accepted / self.n >= goal

    def __str__(self) -> str:
        goal = DAMAGES[self.kind].goal
        low, high = wilson(self.right_and_accepted, self.n)
        good, right, accepted = (100 * part / self.n for part in (self.right_and_accepted, self.right, self.accepted))
        return (
            f"{self.kind:17} {self.n:>5} {good:>9.1f} {f'{100 * low:.1f} - {100 * high:.1f}':>15}"
            f" {self.accepted_but_wrong:>9} {right:>7.1f} {accepted:>9.1f} {1000 * self.seconds / self.n:>7.0f}"
            f" {'-' if goal is None else f'{goal:g}':>6} {'yes' if self.reached else 'no':>8}"
        )


def wilson(part: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return the interval of a share (Wilson, JASA 22, 1927): it holds also near 0 and 1 and for few pages."""
    share, shrink = part / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / shrink
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / shrink
    return max(0.0, middle - half), min(1.0, middle + half)


def measure(arguments: argparse.Namespace) -> Iterator[Result]:
    """Read all damaged pages, several at once; the results come source by source, kind by kind."""
    pages = drawn_pages(arguments.count, arguments.seed, arguments.layout)
    if arguments.shared.is_dir():
        pages += shared_pages(arguments.shared, arguments.count, arguments.seed, arguments.layout)
    else:
        print(f"No real pages in {arguments.shared}: measured on drawn ones alone.", file=sys.stderr)
    os.environ["OMP_THREAD_LIMIT"] = "1"  # before the workers load Tesseract: its threads cost more than they give
    tasks = [
        task
        for _, group in groupby(pages, lambda page: page.source)
        for task in tasks_of(group, arguments.kinds, arguments.seed, arguments.engine, arguments.examples)
    ]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(worker_count(arguments.workers), context, prepare, (arguments.engine,)) as pool:
        yield from pool.map(run, tasks, chunksize=4)


def print_table(results: Iterable[Result]) -> tuple[list[Row], list[Result]]:
    """Print each row as soon as its pages are read; return the rows and all results."""
    rows: list[Row] = []
    every: list[Result] = []
    for source, of_source in groupby(results, lambda result: result.source):
        print(f"{TITLES[source]}\n{HEADING}", flush=True)
        for _, of_kind in groupby(of_source, lambda result: result.kind):
            some = list(of_kind)
            rows.append(Row.of(some))
            every += some
            print(rows[-1], flush=True)
        print()
    return rows, every


def write_json(path: Path, rows: list[Row], results: list[Result]) -> None:
    """Write the counts, the reliability curve and what was read of every page."""
    said = [field for result in results if result.damaged for field in result.fields]
    content = {
        "table": [{**asdict(row), "reached": row.reached} for row in rows],
        "reliability": [asdict(part) for part in curve(said)],
        "pages": [asdict(result) for result in results],
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def kinds_of(text: str) -> list[str]:
    """Split and check the names of kinds."""
    kinds = text.split(",")
    if unknown := set(kinds) - set(DAMAGES):
        raise argparse.ArgumentTypeError(f"no such kind: {', '.join(sorted(unknown))}; known: {', '.join(DAMAGES)}")
    return kinds


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.damage", description=__doc__)
    parser.add_argument("--kinds", type=kinds_of, default=list(DAMAGES), help="names of damages, separated by commas")
    parser.add_argument("--count", type=int, default=100, help="pages of each source")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--shared", type=Path, default=REAL, help="folder of real pages with a truth.jsonl")
    parser.add_argument("--layout", choices=sorted(LAYOUTS), help="pages of this layout alone")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0: one a core")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was read of every page")
    parser.add_argument("--examples", type=Path, metavar="DIR", help="keep the pages that were not read well")
    parser.add_argument("--reliability", action="store_true", help="print also how far confidence can be believed")
    return parser.parse_args(arguments)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table, and write what is asked for."""
    arguments = parse(argv)
    if arguments.examples:
        arguments.examples.mkdir(parents=True, exist_ok=True)
    try:
        load_engine(arguments.engine)
        rows, results = print_table(measure(arguments))
    except InvoiceLabError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    if arguments.reliability:
        print(*report(field for result in results if result.damaged for field in result.fields), sep="\n")
    if arguments.json:
        write_json(arguments.json, rows, results)


if __name__ == "__main__":
    main()
