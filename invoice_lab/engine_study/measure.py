"""What each engine makes of the same pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from invoice_lab.engine_study.sample import StudyPage
from invoice_lab.errors import UsageError
from invoice_lab.ocr.engines import engine_names, engine_state, load_engine
from invoice_lab.validation.comparison import Compared, compared
from invoice_lab.validation.evaluate import Evaluation, wrong_fields
from invoice_lab.validation.record import to_record
from invoice_lab.workers import Reading, Task, WorkerPool, Workforce

AUTO = "auto"
"""Reading by drawing where the layout's drawing is known, else by the default engine."""


@dataclass(frozen=True)
class PageResult:
    """What an engine made of a page: status, seconds, each printed field beside its truth, names of wrong fields."""

    page: StudyPage
    status: str
    seconds: float
    fields: list[Compared]
    wrong: list[str]

    @property
    def right(self) -> bool:
        """Whether every field is right, those of the QR code too."""
        return not self.wrong

    @property
    def accepted(self) -> bool:
        """Whether no person would look at it."""
        return self.status == "accepted"


@dataclass
class EngineRun:
    """What an engine made of all pages; `counts` as `invoice-lab evaluate` has them."""

    name: str
    version: str
    results: list[PageResult] = field(default_factory=list)
    counts: Evaluation = field(default_factory=Evaluation)


@dataclass(frozen=True)
class Absent:
    """An engine that could not be compared: what is missing, and how to get it."""

    name: str
    problem: str
    remedy: str


def chosen_engines(text: str) -> list[str]:
    """Split names of engines at commas, all that there are where it is empty.

    Raises
    ------
    UsageError
        For an unknown one.
    """
    wanted = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    known = engine_names()
    for name in wanted:
        if name not in known:
            raise UsageError(f"There is no engine {name!r}.", f"Known are: {', '.join(known)}.")
    return wanted or known


def look_for(names: Iterable[str]) -> tuple[dict[str, str], list[Absent]]:
    """Return the version of each engine that can be used, and those that can't."""
    there, absent = {}, []
    for name in names:
        behind = load_engine().name if name == AUTO else name
        state = engine_state(behind)
        if state.usable:
            there[name] = f"drawing, {behind} {state.version}" if name == AUTO else state.version
        else:
            absent.append(Absent(name, state.problem, state.remedy))
    return there, absent


def run_engine(name: str, version: str, pages: Sequence[StudyPage]) -> EngineRun:
    """Read and judge all pages with one engine, one after the other in a process of its own.

    The first page is read twice; the first time, in which models are loaded, does not count.
    """
    run = EngineRun(name, version)
    with WorkerPool(name, Workforce(workers=1)) as pool:
        twice = [(None, pages[0].scan), *((page, page.scan) for page in pages)]
        items = [(page, Task(scan.sha256, scan.name, name, scan)) for page, scan in twice]
        for page, reading in pool.read(items):
            if page and reading:
                _add(run, page, reading)
    return run


def _add(run: EngineRun, page: StudyPage, reading: Reading) -> None:
    first = reading.judgements[0]
    record = to_record(first, page.truth["file"], reading.seconds)
    run.counts.add(page.truth, record)
    fields, wrong = compared(page.truth, first.page), wrong_fields(page.truth, record)
    run.results.append(PageResult(page, first.status, reading.seconds, fields, wrong))
