"""What arrives at the books in a batch, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from invoice_lab.validation.judge import Judgement

Outcome = Literal["new", "known", "duplicate", "reread"]
"""What an arrival came to; ``reread`` is said of a scan that was read again from the store."""


@dataclass(frozen=True)
class Batch:
    """One ingest run: its id, where the scans come from, what reads them, and whether they are made up."""

    batch: UUID
    source: str
    engine: str
    version: str
    made_up: bool = False


@dataclass(frozen=True)
class Arrival:
    """One scan of a batch, as it arrived and was read.

    Attributes
    ----------
    no : int
        Place in the batch's order.
    name : str
    sha256 : str or None
        None where the file could not be opened; `problem` then says why.
    size : int
        Bytes.
    judgements : tuple of Judgement
        One a part; empty for a scan that is known.
    seconds : float
        What the reading took.
    problem : str or None
    engine : str
        The engine that was asked for, such as ``auto``.
    place, mark, version : str
        Where it is in its source, the source's watermark that is reached with it, its version there; see `Item`.
    """

    no: int
    name: str
    sha256: str | None
    size: int = 0
    judgements: tuple[Judgement, ...] = ()
    seconds: float = 0.0
    problem: str | None = None
    engine: str = ""
    place: str = ""
    mark: str = ""
    version: str = ""


@dataclass(frozen=True)
class LoadedPart:
    """What became of one part: the judgement at commit, and the invoice in the books it belongs to, if any."""

    judgement: Judgement
    invoice_id: str | None
    duplicate: bool = False


@dataclass(frozen=True)
class Loaded:
    """What became of an arrival: its outcome and its parts (none for a scan that is known)."""

    arrival: Arrival
    outcome: Outcome
    parts: tuple[LoadedPart, ...]
