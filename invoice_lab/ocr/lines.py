"""The product lines and the total: found by their form, their numbers read a second time with digits alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from invoice_lab.ocr.header import after_label, clean
from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.page import Box, Field, LineReading
from invoice_lab.ocr.rows import Row
from invoice_lab.ocr.votes import Vote, elect

T = TypeVar("T")

ReadNumbers = Callable[[Box, int], list[Row]]
"""Reads an area of the upright page again, knowing that only digits, point, joiner and unit can occur; the number of
the attempt (0, 1, ...) chooses another enlargement each time."""
ATTEMPTS = 3

_LOOK_ALIKES = str.maketrans("TtOoIiLlSsBbZz", "77001111558822")
"""Letters that engines take lonely digits for. A quantity read so counts like any: the total has to confirm it."""


@dataclass(frozen=True)
class Numbers:
    """The right-hand part of a product line."""

    quantity: str
    unit_price: str


@dataclass(frozen=True)
class _Form:
    """What the number parts of a layout's lines look like, with white space taken out."""

    line: re.Pattern[str]
    total: re.Pattern[str]

    @classmethod
    def of(cls, layout: Layout) -> _Form:
        unit = _lenient(layout.lines.unit)
        joiner = f"[{re.escape(layout.lines.joiner)}×*]"
        return cls(
            re.compile(rf"([\d{''.join(map(chr, _LOOK_ALIKES))}]{{1,2}}){joiner}(\d+\.\d\d){unit}", re.IGNORECASE),
            re.compile(rf"(\d+\.\d\d){unit}", re.IGNORECASE),
        )

    def numbers(self, text: str) -> Numbers | None:
        found = self.line.fullmatch(_tight(text))
        return Numbers(found.group(1).translate(_LOOK_ALIKES), found.group(2)) if found else None

    def amount(self, text: str) -> str | None:
        found = self.total.fullmatch(_tight(text))
        return found.group(1) if found else None


def _tight(text: str) -> str:
    return "".join(text.split()).replace(",", ".")


def read_lines(
    rows: list[Row], layout: Layout, again: ReadNumbers, how: str
) -> tuple[tuple[LineReading, ...], Field | None]:
    """Find the product lines and the total.

    Parameters
    ----------
    rows : list of Row
        The page's rows, without the header's.
    layout : Layout
    again : callable
        Reads an area for numbers alone.
    how : str
        The engine's name, for the fields.

    Returns
    -------
    lines : tuple of LineReading
        From top to bottom. A number that could not be read has the value None.
    total : Field or None
        None where no row begins with the total's label.
    """
    total_row = next((row for row in rows if after_label(row.text, layout.total) is not None), None)
    column = _column(rows, layout)
    line_rows = _line_rows(rows, column, total_row)
    if not line_rows and total_row is None:
        return (), None
    table = _Table(layout, column, again, how, [*line_rows, *([total_row] if total_row else [])])
    return tuple(table.line(row) for row in line_rows), table.total(total_row) if total_row else None


class _Table:
    """The rows of the number column: each number is read until two readings agree."""

    def __init__(self, layout: Layout, column: float | None, again: ReadNumbers, how: str, rows: list[Row]) -> None:
        self._layout = layout
        self._form = _Form.of(layout)
        self._column = column
        self._again = again
        self._how = how
        self._digits = again(_number_area(rows, column), 0)

    def line(self, row: Row) -> LineReading:
        """Read a product line."""
        edge = (self._column or 0) - _letter_width([row]) * 2
        left, right = row.between(0, edge), row.between(edge, float("inf"))
        chosen = elect(self._votes(row, right, self._form.numbers))
        box = right.box if right else row.box
        quantity = chosen.value.quantity if chosen.value else None
        unit_price = chosen.value.unit_price if chosen.value else None
        return LineReading(
            self._product(left),
            Field(chosen.raw, quantity, box, chosen.confidence, self._how),
            Field(chosen.raw, unit_price, box, chosen.confidence, self._how),
        )

    def _product(self, left: Row | None) -> Field:
        if left is None:
            return Field("", None, None, 0, self._how)
        return Field(left.text, clean(left.text) or None, left.box, left.confidence, self._how)

    def total(self, row: Row) -> Field:
        """Read the total's amount."""
        chosen = elect(self._votes(row, row, self._amount))
        numbers = _beside(row, self._digits)
        return Field(chosen.raw, chosen.value, numbers.box if numbers else row.box, chosen.confidence, self._how)

    def _amount(self, text: str) -> str | None:
        after = after_label(text, self._layout.total)
        return self._form.amount(text if after is None else after)

    def _votes(self, row: Row, first: Row | None, parse: Callable[[str], T | None]) -> Iterator[Vote[T]]:
        """Give the readings of a row's numbers: the page's, the number column's, then the row alone at other sizes."""
        if first:
            yield Vote(parse(first.text), first.text, first.confidence)
        beside = _beside(row, self._digits)
        if beside:
            yield Vote(parse(beside.text), beside.text, beside.confidence)
        for attempt in range(ATTEMPTS):
            other = _beside(row, self._again(_number_area([row], self._column), attempt))
            yield Vote(parse(other.text), other.text, other.confidence) if other else Vote(None, "", 0.0)


def _split(row: Row, layout: Layout) -> float | None:
    """Return where the number part of a product line begins: after the widest gap of a row that ends with a price.

    The joiner is not looked at: it is what damaged pages lose first.
    """
    if not re.search(rf"\d[.,]\d\d\s*{_lenient(layout.lines.unit)}$", row.text, re.IGNORECASE):
        return None
    gaps = [(right.box.x - left.box.right, right.box.x) for left, right in zip(row.words, row.words[1:], strict=False)]
    return max(gaps)[1] if gaps else None


def _column(rows: list[Row], layout: Layout) -> float | None:
    """Return the left edge of the number column: the median over the product lines."""
    lines = [row for row in rows if after_label(row.text, layout.total) is None]
    edges = [edge for row in lines if (edge := _split(row, layout)) is not None]
    return median(edges) if edges else None


def _lenient(unit: str) -> str:
    """Return a pattern for the unit that puts up with letters that were not read."""
    return "".join(f"{re.escape(letter)}?" for letter in unit)


def _line_rows(rows: list[Row], column: float | None, total_row: Row | None) -> list[Row]:
    """Return the rows with something on both sides of the column's edge, above the total."""
    if column is None:
        return []
    below = total_row.middle if total_row else float("inf")
    tolerance = _letter_width(rows) * 2
    return [
        row
        for row in rows
        if row is not total_row
        and row.middle < below
        and row.between(0, column - tolerance)
        and row.between(column - tolerance, float("inf"))
    ]


def _letter_width(rows: list[Row]) -> float:
    return median(word.box.width / max(len(word.text), 1) for row in rows for word in row.words)


def _number_area(rows: list[Row], column: float | None) -> Box:
    """Return the area of the numbers, with room for a second digit of the quantity and for the rows' heights."""
    around = Row(tuple(word for row in rows for word in row.words)).box
    height = round(median(row.box.height for row in rows))
    left = around.x + around.width // 3 if column is None else round(column) - 2 * height
    return Box(left, around.y - height // 2, around.right + height - left, around.height + height)


def _beside(row: Row, digits: list[Row]) -> Row | None:
    """Return the row of another reading that stands at the same height."""
    near = [other for other in digits if abs(other.middle - row.middle) <= row.box.height * 0.6]
    return min(near, key=lambda other: abs(other.middle - row.middle)) if near else None
