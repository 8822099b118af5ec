"""What an import came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from invoice_lab.transactions.rejects import REASONS


@dataclass(frozen=True)
class ImportSummary:
    """What an import came to.

    Attributes
    ----------
    workspace, file : str
    is_known : bool
        Whether the same bytes were imported before: then nothing was done.
    rows : int
        Rows of the file.
    lines, baskets, customers, products : int
        What came into the books; of completed baskets all lines, but `baskets` are the new ones alone.
    completed_baskets : int
        Baskets that were there before with some of their lines, and have all of the file's now.
    known_baskets : int
        Baskets that were there before, with the same content.
    credit_notes : int
        Baskets whose total is negative.
    credited : mapping of str to Decimal
        Their sum, by currency.
    first, last : date or None
        The days of the first and the last basket that came into the books.
    rejected : Counter
        Rows by reason.
    rejects : Path or None
        The file that lists them, where there are any.
    rounded_prices, birth_dates_left_out, incomplete_baskets : int
        Prices of more than four decimals; birth dates that can't be; baskets of which other rows were rejected.
    seconds : float
    """

    workspace: str
    file: str
    is_known: bool = False
    rows: int = 0
    lines: int = 0
    baskets: int = 0
    completed_baskets: int = 0
    customers: int = 0
    products: int = 0
    known_baskets: int = 0
    credit_notes: int = 0
    credited: Mapping[str, Decimal] = field(default_factory=dict)
    first: date | None = None
    last: date | None = None
    rejected: Counter[str] = field(default_factory=Counter)
    rejects: Path | None = None
    rounded_prices: int = 0
    birth_dates_left_out: int = 0
    incomplete_baskets: int = 0
    seconds: float = 0.0

    def lines_of_text(self) -> list[tuple[str, str]]:
        """Return the summary as label and value."""
        if self.is_known:
            return [("Known", f"{self.file} is in the workspace {self.workspace!r} already; nothing was changed.")]
        rejected = self.rejected.total()
        known = self.rows - self.lines - rejected
        completed = f" / {self.completed_baskets:,} completed" if self.completed_baskets else ""
        these = "new and completed" if completed else "new"
        rows = f"{self.lines:,} imported / {known:,} known / {rejected:,} rejected"
        said = [
            ("Rows", f"{self.rows:,} in {self.file}: {rows}"),
            ("Baskets", f"{self.baskets:,} new / {self.known_baskets:,} known{completed}"),
            ("Credit notes", f"{self.credit_notes:,} of the {these} baskets{self._credited()}"),
            ("Customers", f"{self.customers:,} in the {these} baskets, {self.products:,} products"),
        ]
        if self.first:
            said.append(("Period", f"{self.first} to {self.last}"))
        said += [("Rejected", f"{number:,} {code}: {REASONS[code]}") for code, number in self.rejected.items()]
        if self.rejects:
            said.append(("Rejects", str(self.rejects)))
        return [*said, *(("Note", note) for note in self._notes()), ("Time", f"{self.seconds:.1f} seconds")]

    def __str__(self) -> str:
        return "\n".join(f"{label:15} {value}" for label, value in self.lines_of_text())

    def _credited(self) -> str:
        sums = ", ".join(f"{amount:,.2f} {currency}" for currency, amount in self.credited.items())
        return f", {sums}" if sums else ""

    def _notes(self) -> list[str]:
        notes = {
            "prices of more than four decimals were rounded to four; the amounts were not": self.rounded_prices,
            "birth dates can't be, and were left out": self.birth_dates_left_out,
            "baskets lack rows that were rejected; a file with all their rows completes them": self.incomplete_baskets,
        }
        return [f"{number:,} {note}." for note, number in notes.items() if number]
