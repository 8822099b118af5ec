"""What reviewing came to: decisions counted, and how often accepted invoices are wrong, from the audit sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from invoice_lab.reporting.markup import Html, join
from invoice_lab.warehouse.parts import Decided

CERTAINTY = 0.95


@dataclass(frozen=True)
class ReviewStats:
    """How reviewing stands.

    Attributes
    ----------
    waiting : int
        Parts under review.
    accepted, corrected, rejected : int
        Parts by their latest decision; `accepted` counts what was confirmed in the audit, too.
    unaudited, audited : int
        Invoices of the audit sample that nobody has looked at, and those that somebody has.
    wrong : int
        Of the audited: corrected at any time, or rejected in the end.
    rate, low, high : float or None
        Share of accepted invoices that are wrong: the estimate, and the bounds of its exact 95 % interval (Clopper and
        Pearson 1934). None where nothing was audited.
    """

    waiting: int
    accepted: int
    corrected: int
    rejected: int
    unaudited: int
    audited: int
    wrong: int
    rate: float | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, waiting: int, unaudited: int, decided: Sequence[Decided]) -> ReviewStats:
        """Count decisions."""
        last = Counter(part.last for part in decided)
        audited = [part for part in decided if part.audited]
        wrong = sum(part.corrected or part.last == "reject" for part in audited)
        return cls(
            *(waiting, last["accept"], last["correct"], last["reject"], unaudited, len(audited), wrong),
            *error_rate(wrong, len(audited)),
        )

    def to_record(self) -> dict[str, Any]:
        """Return the counts as JSON-ready values."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """Return the counts as label and value."""
        decided = f"{self.accepted} accepted / {self.corrected} corrected / {self.rejected} rejected"
        audit = f"{self.audited} looked at, {self.wrong} wrong, {self.unaudited} to look at"
        rate = "unknown until some of the audit sample were looked at"
        if self.rate is not None and self.low is not None and self.high is not None:
            rate = f"{self.rate:.2%} of accepted invoices (95 % interval {self.low:.2%} to {self.high:.2%})"
        return [("Under review", str(self.waiting)), ("Decided", decided), ("Audit sample", audit), ("Wrong", rate)]

    def __str__(self) -> str:
        return "\n".join(f"{label:15} {value}" for label, value in self.rows())

    def _repr_html_(self) -> str:
        rows = join(Html("<tr><th>{}</th><td>{}</td></tr>").format(*row) for row in self.rows())
        return str(Html("<table>{}</table>").format(rows))


def error_rate(wrong: int, looked_at: int) -> tuple[float | None, float | None, float | None]:
    """Return the share of wrong ones with its exact (Clopper-Pearson) 95 % interval; None where none was looked at."""
    from scipy.stats import binomtest

    if not looked_at:
        return None, None, None
    interval = binomtest(wrong, looked_at).proportion_ci(CERTAINTY, method="exact")
    return wrong / looked_at, float(interval.low), float(interval.high)
