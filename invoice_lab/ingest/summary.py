"""What a batch came to, for people and for notebooks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html import escape
from typing import Any

from invoice_lab.validation.finding import STATUSES
from invoice_lab.warehouse.arrival import Loaded


@dataclass
class IngestSummary:
    """What a batch came to.

    Attributes
    ----------
    workspace, source, engine : str
    scans : int
        Scans that arrived.
    passed_over : int
        Files without a known image suffix.
    statuses : Counter
        Parts read in this batch, by status.
    outcomes : Counter
        Arrivals by outcome: new, known, duplicate.
    seconds : float
    failures : list of str
        One sentence a scan that failed.
    """

    workspace: str
    source: str
    engine: str
    scans: int = 0
    passed_over: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    def add(self, loaded: Loaded) -> None:
        """Count one arrival."""
        self.scans += 1
        self.outcomes[loaded.outcome] += 1
        if loaded.arrival.problem:
            self.statuses["failed"] += 1
            self.failures.append(f"{loaded.arrival.name}: {loaded.arrival.problem}")
        for part in loaded.parts:
            self.statuses[part.judgement.status] += 1
            if part.judgement.status == "failed":
                self.failures.append(f"{loaded.arrival.name}: {part.judgement.findings[0].message}")

    def word_for(self, loaded: Loaded) -> str:
        """Return the word a progress bar counts an arrival under."""
        if loaded.arrival.problem:
            return "failed"
        return loaded.parts[0].judgement.status if loaded.parts else loaded.outcome

    def to_record(self) -> dict[str, Any]:
        """Return the summary as JSON-ready values."""
        return {**vars(self), "statuses": dict(self.statuses), "outcomes": dict(self.outcomes)}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> IngestSummary:
        """Make a summary of what `to_record` gave."""
        counters = {name: Counter(record[name]) for name in ("statuses", "outcomes")}
        return cls(**{**record, **counters})

    def rows(self) -> list[tuple[str, str]]:
        """Return the summary as label and value."""
        statuses = " / ".join(f"{self.statuses[status]} {status}" for status in STATUSES)
        known = f"{self.outcomes['known']} known / {self.outcomes['duplicate']} duplicate"
        rate = f", {self.scans / self.seconds:.1f} scans a second" if self.seconds else ""
        return [
            ("Scans", f"{self.scans} from {self.source} ({self.passed_over} files of other kinds passed over)"),
            ("Read", statuses),
            ("Arrived before", known),
            ("Time", f"{self.seconds:.1f} seconds{rate}, engine {self.engine}"),
        ]

    def __str__(self) -> str:
        return "\n".join(f"{label:15} {value}" for label, value in self.rows())

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{escape(label)}</th><td>{escape(value)}</td></tr>" for label, value in self.rows())
        return f"<table>{rows}</table>"
