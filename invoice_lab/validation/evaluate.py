"""Compare readings with the truth, field by field."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from invoice_lab.errors import UsageError

Record = dict[str, Any]
CORE = ("invoice_id", "issued_at", "total", "lines")


@dataclass
class Evaluation:
    """How right readings are.

    Attributes
    ----------
    n : int
        Scans with a truth.
    full : int
        Invoices with every field right.
    full_accepted, accepted : int
        Those with every field right that were accepted; all that were accepted.
    accepted_wrong : int
        Accepted with at least one wrong field.
    core : int
        Invoices with id, date and time, total and every line right.
    lines, lines_right : int
        Product lines of the truth, and those read right at their place.
    wrong : dict of str to int
        Invoices on which a field is wrong, by field.
    """

    n: int = 0
    full: int = 0
    full_accepted: int = 0
    accepted: int = 0
    accepted_wrong: int = 0
    core: int = 0
    lines: int = 0
    lines_right: int = 0
    wrong: Counter[str] = field(default_factory=Counter)

    def add(self, truth: Record, reading: Record) -> None:
        """Count one reading."""
        wrong = wrong_fields(truth, reading)
        accepted = reading["status"] == "accepted"
        self.n += 1
        self.full += not wrong
        self.core += not {name.split(".")[0] for name in wrong} & set(CORE)
        self.accepted += accepted
        self.full_accepted += accepted and not wrong
        self.accepted_wrong += accepted and bool(wrong)
        self.lines += len(truth["lines"] or [])
        self.lines_right += _lines_right(truth, reading)
        self.wrong.update(wrong)

    def to_record(self) -> dict[str, Any]:
        """Return the counts as JSON-ready values."""
        return {**vars(self), "wrong": dict(self.wrong.most_common())}


def wrong_fields(truth: Record, reading: Record) -> list[str]:
    """Return the names of the truth's fields that the reading has otherwise."""
    names = ("layout", "invoice_id", "issued_at", "net", "tax", "total", "qr")
    wrong = [name for name in names if name in truth and truth[name] != reading[name]]
    customer, read = truth.get("customer") or {}, reading["customer"]
    wrong += [f"customer.{name}" for name, value in customer.items() if value != read.get(name)]
    lines = truth["lines"] or []
    all_right = len(lines) == len(reading["lines"]) == _lines_right(truth, reading)
    return wrong + ([] if all_right else ["lines"])


def _lines_right(truth: Record, reading: Record) -> int:
    """Count the lines that are as the truth has them, in the keys that the truth has."""
    pairs = zip(truth["lines"] or [], reading["lines"], strict=False)
    return sum(all(read.get(name) == value for name, value in expected.items()) for expected, read in pairs)


def load_truth(path: Path) -> dict[str, Record]:
    """Read a truth file; its records by file name.

    Raises
    ------
    UsageError
        Where it is missing, or a line is no JSON object with ``file`` and ``lines``.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The truth file {path} can't be read: {error}.") from error
    records = {}
    for number, line in enumerate(filter(str.strip, text.splitlines()), start=1):
        try:
            record = json.loads(line)
            record["lines"]
            records[record["file"]] = record
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise UsageError(f"Line {number} of {path} is no truth record ({error}).") from error
    return records


def evaluate(readings: Iterable[tuple[str, Record]], truth: dict[str, Record]) -> tuple[Evaluation, list[str]]:
    """Compare readings with the truth.

    Parameters
    ----------
    readings : iterable of (str, dict)
        Path relative to the truth file and record. Of several parts of one scan the first counts.
    truth : dict
        Of `load_truth`.

    Returns
    -------
    Evaluation
    list of str
        Names of readings without a truth.
    """
    by_base = Counter(PurePosixPath(name).name for name in truth)
    unique = {PurePosixPath(name).name: name for name in truth if by_base[PurePosixPath(name).name] == 1}
    result, unmatched = Evaluation(), []
    for name, reading in readings:
        if reading["part"] != 0:
            continue
        known = name if name in truth else unique.get(PurePosixPath(name).name)
        if known is None:
            unmatched.append(name)
        else:
            result.add(truth[known], reading)
    return result, unmatched
