"""What stands below the product lines: net, tax, total, each in a row that begins with its label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.layouts.likeness import label_likeness
from invoice_lab.ocr.layouts.printed import Printed, Values
from invoice_lab.ocr.page import Box, Field
from invoice_lab.ocr.rows import Row


@dataclass(frozen=True)
class FootRow:
    """A row below the lines.

    Attributes
    ----------
    name : str
        The field it is about.
    printed : Printed
    row : Row
        All its words.
    end : int
        Where the label ends in the row's text.
    """

    name: str
    printed: Printed
    row: Row
    end: int

    @property
    def text(self) -> str:
        """What follows the label."""
        return self.row.text[self.end :]

    @property
    def label_right(self) -> float:
        """Where the label ends, in pixels of the upright page."""
        label = self.row.of_span(0, self.end) or self.row
        if len(label.text) <= self.end:
            return label.box.right
        return label.box.x + label.box.width * self.end / len(label.text)

    @property
    def values(self) -> Values | None:
        """What the row says, as it was read with the page."""
        return self.printed.read_end(self.text)

    def box(self, name: str) -> Box:
        """Return where a field stands, the whole row's place where that is not known."""
        first, end = self.values.spans[name] if self.values else (0, 0)
        return (self.row.of_span(self.end + first, self.end + end) or self.row).box


def foot_row(row: Row, layout: Layout) -> FootRow | None:
    """Return what a row is below the lines, as a label says that begins it or stands behind a wide gap."""
    start = 0
    for piece in row.pieces():
        whole = Row(row.words[start:])
        found = [(*label_likeness(whole.text, form.label), name, form) for name, form in layout.foot_rows]
        likeness, end, name, form = max(found, key=lambda one: one[0])
        if likeness:
            return FootRow(name, form, whole, end)
        start += len(piece.words)
    return None


def merge(layout: Layout, read: Sequence[tuple[FootRow, dict[str, Field]]]) -> tuple[dict[str, Field], tuple[str, ...]]:
    """Put the rows' fields together: the amounts of a field's several rows are summed up.

    Returns
    -------
    fields : dict of str to Field
    doubled : tuple of str
        Fields of which a row stands there more than once, with different amounts.
    """
    fields: dict[str, Field] = {}
    doubled = []
    for name in layout.foot:
        rows: dict[str, list[Field]] = {}
        for entry, values in read:
            if entry.name == name:
                rows.setdefault(entry.printed.label, []).append(values[name])
        if rows:
            fields[name] = summed([same[0] for same in rows.values()])
        if any(len({field.value for field in same} - {None}) > 1 for same in rows.values()):
            doubled.append(name)
    rates = [values["tax_rate"] for entry, values in read if "tax_rate" in values and entry.name == "tax"]
    return fields | ({"tax_rate": rates[0]} if len(rates) == 1 else {}), tuple(doubled)


def summed(parts: list[Field]) -> Field:
    """Return the sum of amounts; without a value where one of them has none."""
    amounts = [Decimal(part.value) for part in parts if part.value is not None]
    value = f"{sum(amounts, Decimal(0))}" if len(amounts) == len(parts) else None
    boxes = [part.box for part in parts if part.box]
    box = reduce(Box.around, boxes) if boxes else None
    return Field(
        " + ".join(part.raw for part in parts), value, box, min(part.confidence for part in parts), parts[0].how
    )
