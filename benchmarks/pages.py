"""Healthy pages with their truth, and what reading makes of one of them after a damage: the work of one process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invoice_lab.samples.business import make_invoices
from invoice_lab.samples.healthy import damaged_bytes, drawn_bytes, healthy_records, spread
from invoice_lab.samples.truth import chance
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.comparison import Said, said
from invoice_lab.validation.evaluate import load_truth, wrong_fields
from invoice_lab.validation.record import to_record
from invoice_lab.workers import one_thread_each, read_and_judge

Record = dict[str, Any]
DRAWN, SHARED = "drawn", "shared"
"""The sources: pages of the sample generator, and real ones."""


@dataclass(frozen=True)
class Original:
    """A healthy page: its truth, and its file, None where it is drawn from the truth."""

    source: str
    truth: Record
    path: Path | None = None

    def data(self) -> bytes:
        """Return the bytes of its file."""
        return self.path.read_bytes() if self.path else drawn_bytes(self.truth)


@dataclass(frozen=True)
class Task:
    """A page, the damage to do to it, the seed of its chance, and where to keep it if it is not read well."""

    original: Original
    kind: str
    seed: int
    engine: str
    examples: Path | None = None


@dataclass(frozen=True)
class Result:
    """What reading made of a damaged page.

    `wrong` names the fields that are wrong, `findings` the codes, `seconds` is CPU time, `fields` what was said of each
    printed field; `damaged` is False where the page arrived in its own bytes.
    """

    source: str
    file: str
    layout: str
    kind: str
    damaged: bool
    status: str
    wrong: list[str]
    findings: list[str]
    seconds: float
    fields: list[Said]

    @property
    def accepted(self) -> bool:
        return self.status == "accepted"

    @property
    def right(self) -> bool:
        return not self.wrong


def drawn_pages(count: int, seed: int, layout: str | None) -> list[Original]:
    """Make `count` healthy pages of the sample generator, a third of them of fac-2018 where no layout is asked for."""
    return [Original(DRAWN, dict(record)) for record in healthy_records(count, seed, layout)]


def shared_pages(folder: Path, count: int, seed: int, layout: str | None) -> list[Original]:
    """Choose `count` real pages: of each layout as many, as far as there are, evenly spread over its files."""
    truth = load_truth(folder / "truth.jsonl").values()
    layouts = sorted({record["layout"] for record in truth if layout in (None, record["layout"])})
    groups = sorted(([record for record in truth if record["layout"] == name] for name in layouts), key=len)
    chosen: list[Record] = []
    for number, group in enumerate(groups):
        share = -(-(count - len(chosen)) // (len(groups) - number))
        chosen += spread(group, share, chance("shared", seed))
    return [Original(SHARED, record, folder / record["file"]) for record in chosen]


def prepare(engine: str) -> None:
    """Read a page in a new process, which keeps to one core, so that loading and compiling is not measured."""
    one_thread_each()
    read_and_judge(Scan.of("first.png", _first_page()), engine)


def run(task: Task) -> Result:
    """Damage a page, read and judge it, and compare with the truth; only reading and judging are timed."""
    truth, file = task.original.truth, task.original.truth["file"]
    data, damaged = damaged_bytes(task.original.data(), task.kind, chance("damage", task.seed, file, task.kind))
    start = _cpu_seconds()
    first, *others = read_and_judge(Scan.of(file, data), task.engine).judgements
    seconds = _cpu_seconds() - start
    record = to_record(first, file, seconds)
    wrong = wrong_fields(truth, record) + ["part" for other in others if other.status == "accepted"]
    result = Result(
        source=task.original.source,
        file=file,
        layout=truth["layout"],
        kind=task.kind,
        damaged=damaged,
        status=first.status,
        wrong=wrong,
        findings=[finding.code for finding in first.findings],
        seconds=round(seconds, 4),
        fields=said(truth, first.page),
    )
    if task.examples and not (result.accepted and result.right):
        keep(task.examples, result, data, truth, record)
    return result


def keep(folder: Path, result: Result, data: bytes, truth: Record, record: Record) -> None:
    """Write a page that was not read well beside a file that says what is true and what was read."""
    stem = f"{result.source}-{result.kind}-{Path(result.file).with_suffix('')}".replace("/", "_")
    (folder / f"{stem}.png").write_bytes(data)
    story = {"wrong": result.wrong, "truth": truth, "read": record}
    (folder / f"{stem}.json").write_text(json.dumps(story, ensure_ascii=False, indent=1), encoding="utf-8")


def tasks_of(
    originals: Iterable[Original], kinds: Iterable[str], seed: int, engine: str, examples: Path | None
) -> list[Task]:
    """Return all that is to be done, kind by kind, so that a row of the table is complete as early as can be."""
    pages = list(originals)
    return [Task(original, kind, seed, engine, examples) for kind in kinds for original in pages]


def _first_page() -> bytes:
    return drawn_bytes(make_invoices(1, seed=0)[0])


def _cpu_seconds() -> float:
    """Return user and system time of this process and of the engines that it started and waited for."""
    return sum(os.times()[:4])
