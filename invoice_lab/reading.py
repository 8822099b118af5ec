"""Scans to records, without a database: what ``invoice-lab read`` and ``evaluate`` do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from invoice_lab.errors import ScanError, UsageError
from invoice_lab.ocr.decode import SUFFIXES, Limits
from invoice_lab.ocr.engines import load_engine
from invoice_lab.progress import Progress
from invoice_lab.sources.folder import Listing, list_scans, load_scan
from invoice_lab.validation.evaluate import Evaluation, evaluate, load_truth
from invoice_lab.validation.finding import STATUSES
from invoice_lab.validation.record import to_record
from invoice_lab.workers import Reading, Task, WorkerPool, Workforce, failed

Record = dict[str, Any]


def read_listing(listing: Listing, engine: str = "auto", workers: int = 0, progress: bool = True) -> Iterator[Record]:
    """Read every scan of a listing.

    Yields
    ------
    dict
        One record an invoice found, or one a scan where none was; in the listing's order. A file that can't be opened
        gives a record with the status ``failed``.
    """
    load_engine(engine)  # tells at once what is missing
    with WorkerPool(engine, Workforce(workers)) as pool, Progress(progress, len(listing)) as shown:
        for (file, problem), reading in pool.read(_opened(listing, engine)):
            found = reading or Reading((failed("", "not-readable", problem),), 0.0)
            shown.update(found.judgements[0].status)
            for judgement in found.judgements:
                yield to_record(judgement, file, found.seconds)


def _opened(listing: Listing, engine: str) -> Iterator[tuple[tuple[str, str], Task | None]]:
    for name, path in listing.files:
        try:
            scan = load_scan(name, path, Limits().bytes)
            yield (name, ""), Task(scan.sha256, name, engine, scan)
        except ScanError as error:
            yield (name, error.message), None


def write_records(records: Iterable[Record], output: Path) -> dict[str, int]:
    """Write records as JSON lines; return how many have which status.

    A file is written beside its place and then moved there, so that it is whole or not there; a device or pipe is
    written to directly.
    """
    counts: dict[str, int] = dict.fromkeys(map(str, STATUSES), 0)
    target = output.resolve()
    special = target.exists() and not target.is_file()
    beside = target if special else target.with_name(target.name + ".part")
    try:
        with beside.open("w", encoding="utf-8") as file:
            for record in records:
                counts[record["status"]] += 1
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        if not special:
            beside.replace(target)
    except OSError as error:
        raise UsageError(f"The readings can't be written to {output}: {error.strerror}.") from error
    finally:
        if not special:
            beside.unlink(missing_ok=True)
    return counts


def evaluate_paths(
    paths: Sequence[Path], truth: Path, engine: str = "auto", workers: int = 0, progress: bool = True
) -> tuple[Evaluation, list[str]]:
    """Read scans and compare them with a truth file.

    Returns
    -------
    Evaluation
    list of str
        Names of scans without a truth.
    """
    known, listing = load_truth(truth), list_scans(paths, SUFFIXES)
    home = truth.resolve().parent
    names = {name: _below(path, home, name) for name, path in listing.files}
    readings = ((names[record["file"]], record) for record in read_listing(listing, engine, workers, progress))
    return evaluate(readings, known)


def _below(path: Path, home: Path, name: str) -> str:
    """Return a scan's path relative to the truth file's folder, its name where it lies elsewhere."""
    real = path.resolve()
    return real.relative_to(home).as_posix() if real.is_relative_to(home) else name
