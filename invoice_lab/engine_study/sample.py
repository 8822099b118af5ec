"""The pages of a study: healthy ones, made up or one's own, each in every kind of damage that is asked for."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invoice_lab.errors import NothingFoundError, UsageError
from invoice_lab.samples.damage import DAMAGES
from invoice_lab.samples.healthy import damaged_bytes, drawn_bytes, healthy_records, spread
from invoice_lab.samples.truth import chance
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.evaluate import load_truth

Record = dict[str, Any]


@dataclass(frozen=True)
class StudyParameters:
    """What is compared on what; the parameters of the notebook `engines`.

    Attributes
    ----------
    sample : int
        Healthy pages that are chosen.
    seed : int
        Of all chance.
    kinds : str
        Kinds of damage that each of them is read in, keys of `DAMAGES`, separated by commas.
    engines : str
        Names separated by commas; empty: all that are installed.
    scans, truth : str
        A folder of scans and what is true of them (empty: ``truth.jsonl`` in it); made-up pages where `scans` is
        empty. Of scans with several sheets the first counts.
    confused, shown : int
        Confusions and pictures of failures of each engine, at most.
    """

    sample: int = 12
    seed: int = 2026
    kinds: str = "as-arrived,blur-1.0,photo"
    engines: str = ""
    scans: str = ""
    truth: str = ""
    confused: int = 8
    shown: int = 6


@dataclass(frozen=True)
class StudyPage:
    """A page as the engines get it: which kind of damage it has, its truth, its bytes."""

    kind: str
    truth: Record
    scan: Scan


def kinds_of(text: str) -> list[str]:
    """Split names of damages at commas, each once.

    Raises
    ------
    UsageError
        For one that is unknown, or none.
    """
    kinds = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [kind for kind in kinds if kind not in DAMAGES]
    if unknown or not kinds:
        near = difflib.get_close_matches(unknown[0], DAMAGES, n=1) if unknown else []
        hint = f"Did you mean {near[0]!r}? " if near else ""
        what = f"There is no kind of page {unknown[0]!r}." if unknown else "No kind of page was named."
        raise UsageError(what, f"{hint}Known are: {', '.join(DAMAGES)}.")
    return kinds


def study_pages(parameters: StudyParameters) -> list[StudyPage]:
    """Choose healthy pages and damage each in every way, kind by kind.

    Raises
    ------
    UsageError
        Where less than one is asked for, a kind is unknown, or the truth can't be read.
    NothingFoundError
        Where no scan of the folder has a truth.
    """
    count, seed = parameters.sample, parameters.seed
    if count < 1:
        raise UsageError(f"A study can't have {count} pages.", "Give a whole number from 1 on.")
    found = list(_own(parameters) if parameters.scans else _made_up(count, seed))
    return [_damaged(record, data, kind, seed) for kind in kinds_of(parameters.kinds) for record, data in found]


def _made_up(count: int, seed: int) -> Iterator[tuple[Record, bytes]]:
    for record in healthy_records(count, seed):
        yield dict(record), drawn_bytes(record)


def _own(parameters: StudyParameters) -> Iterator[tuple[Record, bytes]]:
    """Give scans that are invoices and have a truth, evenly spread over the truth file."""
    scans = Path(parameters.scans)
    file = Path(parameters.truth) if parameters.truth else scans / "truth.jsonl"
    records = [one for name, one in load_truth(file).items() if one["lines"] and (scans / name).is_file()]
    if not records:
        raise NothingFoundError(f"No scan in {scans} has a truth in {file}.", "See docs/data-model.md for its form.")
    for record in spread(records, parameters.sample, chance("study", parameters.seed)):
        yield record, (scans / record["file"]).read_bytes()


def _damaged(record: Record, data: bytes, kind: str, seed: int) -> StudyPage:
    file = record["file"]
    changed, _ = damaged_bytes(data, kind, chance("damage", seed, file, kind))
    return StudyPage(kind, record, Scan.of(file, changed))


def fingerprint(pages: Iterable[StudyPage]) -> str:
    """Return what the pages are known by: the same pages have the same."""
    return hashlib.sha256("".join(page.scan.sha256 for page in pages).encode()).hexdigest()[:12]
