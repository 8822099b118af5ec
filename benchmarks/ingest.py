"""A whole ingest: scans on all cores into PostgreSQL and the cache, known ones again, and how memory goes."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psutil

from benchmarks.figures import Figure
from benchmarks.pages import Original, drawn_pages
from invoice_lab.ingest import IngestSummary, ingest
from invoice_lab.ingest.batch import load_arrivals
from invoice_lab.ingest.run import SCANS_A_COMMIT
from invoice_lab.settings import Settings
from invoice_lab.sources.scan import Scan
from invoice_lab.warehouse.arrival import Arrival, Batch
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.embedded import remove_embedded
from invoice_lab.warehouse.load import start_batch
from invoice_lab.warehouse.migrate import migrate
from invoice_lab.warehouse.refresh import refresh
from invoice_lab.workers import read_and_judge

WORKSPACE, LOADED = "default", "loaded"
_SIZE = """
    select sum(pg_total_relation_size(oid)) from pg_class
    where relkind = 'r' and relnamespace = current_schema()::regnamespace
"""
SEED = 405


@dataclass
class Memory:
    """Watches how much memory this process and its workers take, a look each second, while a batch runs."""

    looks: list[float] = field(default_factory=list)

    def __enter__(self) -> Memory:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        own = psutil.Process()
        while not self._over.wait(1.0):
            processes = [own, *(child for child in own.children(recursive=True) if "spawn_main" in _command(child))]
            self.looks.append(sum(map(_resident, processes)) / 1e6)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def draw(folder: Path, count: int) -> None:
    """Draw healthy pages into a folder, on all cores."""
    with ProcessPoolExecutor() as pool:
        for number, data in enumerate(pool.map(Original.data, drawn_pages(count, SEED, None), chunksize=16)):
            (folder / f"{number:06d}.png").write_bytes(data)


def ingesting(scans: int, many: int) -> Iterator[Figure]:
    """Measure an ingest of some scans, and the memory of one of many."""
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        settings = Settings(Path(place) / "data", Path(place) / "reports")
        folder = Path(place) / "scans"
        folder.mkdir()
        try:
            with database(settings):
                draw(folder, scans)
                yield from _batch(folder, settings, scans)
                yield from loading(folder, settings)
                draw(folder, many)
                yield from _flat(folder, settings, many)
        finally:
            remove_embedded(settings)


def _batch(folder: Path, settings: Settings, scans: int) -> Iterator[Figure]:
    start = time.perf_counter()
    ingested(folder, settings)
    loaded = time.perf_counter() - start
    refresh(WORKSPACE, settings)
    whole = time.perf_counter() - start
    yield Figure("ingest with cache, scans a second", scans / whole, "/s", scans, (), None, ">= 60 /s")
    yield Figure("of which the refresh of the cache", whole - loaded, "s", scans)
    yield from _left(settings, scans)
    start = time.perf_counter()
    ingested(folder, settings)
    yield Figure("the same scans again", time.perf_counter() - start, "s", scans, (), None, "< 2 s")


def _left(settings: Settings, scans: int) -> Iterator[Figure]:
    """Tell what the batch left in PostgreSQL: rows, and no connection."""
    with database(settings) as books, books.connect("reader", WORKSPACE) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_stat_activity where datname = current_database()")
        yield Figure("connections left", cursor.fetchone()[0] - 1, "", scans, (), None, "< 1")
        cursor.execute(_SIZE)
        yield Figure("a scan in PostgreSQL, indexes and all", float(cursor.fetchone()[0]) / scans / 1e3, "kB", scans)


def loading(folder: Path, settings: Settings) -> Iterator[Figure]:
    """Measure the loader alone: readings that are there already, 100 a commit."""
    arrivals = []
    for number, file in enumerate(sorted(folder.iterdir())):
        scan = Scan.of(file.name, file.read_bytes())
        reading = read_and_judge(scan, "auto")
        arrivals.append(Arrival(number, scan.name, scan.sha256, len(scan.data), judgements=reading.judgements))
    batch = Batch(uuid4(), "benchmark", "auto", "1", made_up=True)
    with database(settings) as books:
        migrate(books, LOADED)
        with books.connect("loader", LOADED) as connection:
            start_batch(connection, batch)
            connection.commit()
            start = time.perf_counter()
            for first in range(0, len(arrivals), SCANS_A_COMMIT):
                load_arrivals(connection, batch, arrivals[first : first + SCANS_A_COMMIT])
                connection.commit()
            seconds = time.perf_counter() - start
    yield Figure("loader alone, scans a second", len(arrivals) / seconds, "/s", len(arrivals))


def _flat(folder: Path, settings: Settings, many: int) -> Iterator[Figure]:
    with Memory() as memory:
        ingested(folder, settings)
    tenth = max(len(memory.looks) // 10, 1)
    early, late = (statistics.median(part) for part in (memory.looks[tenth : 2 * tenth + 1], memory.looks[-tenth:]))
    yield Figure("memory of runner and workers, at the end", late, "MB", many, memory.looks)
    yield Figure("memory at the end over memory after a tenth", late / early, "", many, (), None, "< 1.1")
    left = len(list(settings.scan_store_dir(WORKSPACE).glob(".incoming/*")))
    yield Figure("temporary files left", left, "files", many, (), None, "< 1 files")


def ingested(folder: Path, settings: Settings) -> IngestSummary:
    """Ingest a folder on all cores."""
    return ingest(folder, workspace=WORKSPACE, progress=False, settings=settings)
