"""What persons vouched for, as truth that `invoice-lab evaluate` measures readings by."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from invoice_lab.errors import UsageError
from invoice_lab.reporting.files import write_atomically
from invoice_lab.validation.judge import judge
from invoice_lab.validation.record import to_record
from invoice_lab.warehouse.parts import Part
from invoice_lab.warehouse.scan_store import ScanStore

KEYS = ("layout", "invoice_id", "issued_at", "customer", "lines", "net", "tax", "total", "qr")
_IF_THERE = frozenset({"net", "tax", "qr"})


@dataclass(frozen=True)
class Exported:
    """How many records were written, and how many further parts of their scans were left out."""

    records: int
    left_out: int


def write_truth(parts: Iterable[Part], truth: Path, store: ScanStore, scans: Path | None = None) -> Exported:
    """Write the accepted ones of parts that persons have decided on, as JSON lines.

    Parameters
    ----------
    parts : iterable of Part
    truth : Path
        The file.
    store : ScanStore
        Where the scans are.
    scans : Path, optional
        A folder to copy the scans to, under their sha256; the records then name these copies. Without it they name
        the scans as they arrived.

    Raises
    ------
    UsageError
        Two scans arrived under one name, so that a record could not tell which it is about.
    """
    accepted = [part for part in parts if part.status == "accepted"]
    first = [part for part in accepted if part.part == 0]
    names = {part.sha256: _copied(part, store, scans, truth) if scans else part.name for part in first}
    twice = [name for name, count in Counter(names.values()).items() if count > 1]
    if twice:
        raise UsageError(
            f"Several scans arrived as {twice[0]}.", "Copy the scans under names of their own: --scans DIR."
        )
    lines = [json.dumps(truth_record(part, names[part.sha256]), ensure_ascii=False) + "\n" for part in first]
    write_atomically(truth, "".join(lines).encode("utf-8", "replace"))
    return Exported(len(lines), len(accepted) - len(first))


def truth_record(part: Part, file: str) -> dict[str, Any]:
    """Return what a part says as a record of ``truth.jsonl``.

    Where the QR code could not be read, nothing is said of it: an engine that reads it would not be wrong.
    """
    record = to_record(judge(part.page), file, part.seconds)
    return {"file": file, **{name: record[name] for name in KEYS if name not in _IF_THERE or record[name] is not None}}


def _copied(part: Part, store: ScanStore, folder: Path, truth: Path) -> str:
    """Copy a scan; return its path as the truth file names it, relative to its own folder."""
    suffix = PurePosixPath(part.name).suffix.lower()
    path = folder / f"{part.sha256[:16]}{suffix if re.fullmatch(r'[.][a-z0-9]{1,5}', suffix) else ''}"
    write_atomically(path, store.get(part.sha256).data)
    real, home = path.resolve(), truth.resolve().parent
    return real.relative_to(home).as_posix() if real.is_relative_to(home) else path.name
