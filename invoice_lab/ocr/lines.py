"""The product lines: found by their form, their numbers read a second time by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from statistics import median

from invoice_lab.ocr.foot import FootRow, foot_row, merge
from invoice_lab.ocr.header import clean
from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.layouts.printed import Printed, Values
from invoice_lab.ocr.page import Box, Field, LineReading
from invoice_lab.ocr.rows import BORNE_OUT, BearsOut, Reread, Row
from invoice_lab.ocr.votes import Vote, elect_each

FACTORS = (1.5, 2.0, 3.0)
"""Enlargements of the numbers: all together at the first, then each row alone until two readings agree."""
_PITCHES = 1.6
"""Usual distances between two lines within which a row above them is a line that was read badly."""
_SAME_HEIGHT = 0.6
"""Heights of a row that two readings of it may be apart."""

_Read = Callable[[str], Values | None]
_NumberVote = Vote[Mapping[str, str]]
_NOTHING: _NumberVote = Vote(None, "", 0.0)


@dataclass(frozen=True)
class TableReading:
    """Product lines from top to bottom, the fields below them, and which of those stand there twice.

    A number that could not be read has the value None.
    """

    lines: tuple[LineReading, ...]
    fields: dict[str, Field]
    doubled: tuple[str, ...]


def read_table(rows: list[Row], layout: Layout, reread: Reread, how: str, bears_out: BearsOut) -> TableReading:
    """Find the product lines and what stands below them.

    Parameters
    ----------
    rows : list of Row
        The page's rows, without the header's.
    layout : Layout
    reread : Reread
    how : str
        The engine's name, for the fields.
    bears_out : BearsOut
        Tells which numbers need not be read again.
    """
    foot = [entry for row in rows if (entry := _foot(row, layout)) is not None]
    labelled = {id(word) for entry in foot for word in entry.row.words}
    body = [row for row in rows if id(row.words[-1]) not in labelled]
    starts = {id(row): start for row in body if (start := line_start(row, layout.line)) is not None}
    certain = [row for row in body if id(row) in starts]
    column = median(starts.values()) if starts else None
    top = min((row.middle for row in certain), default=0.0)
    foot = [entry for entry in foot if entry.row.middle > top]
    below = min((entry.row.middle for entry in foot), default=float("inf"))
    line_rows = [] if column is None else _line_rows([row for row in body if row.middle < below], certain, column)
    second = _SecondReadings(layout, column, reread, [*line_rows, *(entry.row for entry in foot)])
    table = _Table(layout, column, second, how, bears_out)
    fields, doubled = merge(layout, [(entry, table.foot(entry)) for entry in foot])
    return TableReading(tuple(table.line(row) for row in line_rows), fields, doubled)


def _foot(row: Row, layout: Layout) -> FootRow | None:
    """Return what a row is below the lines; nothing where a product is called like a label."""
    entry = foot_row(row, layout)
    return entry if entry and (entry.printed.read(entry.text) or not is_line(row, layout.line)) else None


def line_start(row: Row, printed: Printed) -> int | None:
    """Return the left edge of the numbers of a product line; None where the row does not end with a price.

    Where several words could be the first number, it is the one behind the widest gap; so it is where none could, since
    what stands between the numbers is what damaged pages lose first.
    """
    if not printed.tail.search(row.text):
        return None
    if printed.read(row.text):
        return row.words[0].box.x
    starts = range(1, len(row.words))
    fitting = [n for n in starts if printed.read(Row(row.words[n:]).text)] or list(starts)
    return row.words[max(fitting, key=row.gap)].box.x if fitting else None


def is_line(row: Row, printed: Printed) -> bool:
    """Tell whether a row ends with the numbers of a product line."""
    start = line_start(row, printed)
    numbers = row.between(start, float("inf")) if start is not None else None
    return bool(numbers and printed.read(numbers.text))


def _line_rows(rows: list[Row], certain: list[Row], column: float) -> list[Row]:
    """Return the rows with something on both sides of the column's edge, from the first certain line on.

    Rows right above, with a digit among their numbers, are lines that were read badly.
    """
    edge = column - 2 * _letter_width(rows)
    sure = {id(row) for row in certain}
    both = [row for row in rows if row.between(edge, float("inf")) and (row.between(0, edge) or id(row) in sure)]
    heights = sorted(row.middle for row in both if id(row) in sure)
    if not heights:
        return []
    pitch = median(
        [lower - upper for upper, lower in pairwise(heights)] or [2 * median(row.box.height for row in both)]
    )
    found = [row for row in both if row.middle >= heights[0]]
    for row in reversed([row for row in both if row.middle < heights[0]]):
        numbers = row.between(edge, float("inf"))
        if found[0].middle - row.middle > _PITCHES * pitch or not numbers or not any(map(str.isdigit, numbers.text)):
            break
        found.insert(0, row)
    return found


class _SecondReadings:
    """Further readings of the rows of the number column, none made before it is needed."""

    def __init__(self, layout: Layout, column: float | None, reread: Reread, rows: list[Row]) -> None:
        self._layout, self._column, self._reread, self._rows = layout, column, reread, rows
        self._right = max((row.box.right for row in rows), default=0)
        self.letter = _letter_width(rows) if rows else 0.0

    def of(self, row: Row, edge: float, left: float, printed: Printed, read: _Read) -> Iterator[_NumberVote]:
        """Give the readings of a row's numbers: the number column's, then the row alone at other sizes."""
        for rows in self._further(self._area([row], left), printed):
            beside = _beside(row, rows)
            numbers = beside.between(edge, float("inf")) if beside else None
            yield _vote(numbers, read) if numbers else _NOTHING

    def _further(self, area: Box, printed: Printed) -> Iterator[list[Row]]:
        yield self._digits
        for factor in FACTORS:
            yield self._reread(area, factor, printed.characters)

    @cached_property
    def _digits(self) -> list[Row]:
        """The whole number column, read with the characters alone that can occur."""
        if not self._rows or self._column is None:
            return []
        forms = [self._layout.line, *(printed for _, printed in self._layout.foot_rows)]
        characters = "".join(sorted(set("".join(printed.characters for printed in forms))))
        return self._reread(self._area(self._rows, self._column), FACTORS[0], characters)

    def _area(self, rows: list[Row], left: float) -> Box:
        """Return the area of numbers, with room for more digits to the left and for the rows' heights."""
        around = Row(tuple(word for row in rows for word in row.words)).box
        height = round(median(row.box.height for row in rows))
        start = max(round(left) - 2 * height, 0)
        return Box(start, around.y - height // 2, self._right + height - start, around.height + height)


class _Table:
    """The rows of the number column: each number is read until the pixels or a second reading bear it out."""

    def __init__(
        self, layout: Layout, column: float | None, second: _SecondReadings, how: str, bears_out: BearsOut
    ) -> None:
        self._layout, self._column, self._second = layout, column, second
        self._how, self._bears_out = how, bears_out

    def line(self, row: Row) -> LineReading:
        """Read a product line."""
        column = self._column or 0.0
        edge = column - 2 * self._second.letter
        left, right = row.between(0, edge), row.between(edge, float("inf"))
        printed = self._layout.line
        first = _vote(right, printed.read) if right else _NOTHING
        values = printed.read(right.text) if right else None
        spans = values.spans if values else {}
        boxes = {name: (right.of_span(*span) or right).box for name, span in spans.items() if right}
        further = self._second.of(row, edge, column, printed, printed.read)
        everywhere = dict.fromkeys(printed.fields, (right or row).box)
        return LineReading(self._product(left), **self._fields(printed, first, everywhere | boxes, further))

    def _product(self, left: Row | None) -> Field:
        if left is None:
            return Field("", None, None, 0, self._how)
        return Field(left.text, clean(left.text) or None, left.box, left.confidence, self._how)

    def foot(self, entry: FootRow) -> dict[str, Field]:
        """Read a row below the lines."""
        printed, edge = entry.printed, entry.label_right
        beside = self._column is not None and edge < self._column - 2 * self._second.letter
        left = self._column if beside and self._column is not None else edge + 2 * entry.row.box.height
        first: _NumberVote = Vote(entry.values.values if entry.values else None, entry.text, entry.row.confidence)
        boxes = {name: entry.box(name) for name in printed.fields}
        further = self._second.of(entry.row, edge, left, printed, printed.read_end)
        return self._fields(printed, first, boxes, further)

    def _fields(
        self, printed: Printed, first: _NumberVote, boxes: Mapping[str, Box], further: Iterator[_NumberVote]
    ) -> dict[str, Field]:
        """Return what a row's numbers say: as read first where the pixels bear that out, else as readings agree."""
        if first.value and self._bears_out(first.value, boxes):
            sure = f"{self._how}+pixels"
            return {name: Field(first.raw, first.value[name], boxes[name], BORNE_OUT, sure) for name in printed.fields}
        votes = elect_each(chain([first], further), printed.fields)
        return {
            name: Field(vote.raw, vote.value, boxes[name], vote.confidence, self._how) for name, vote in votes.items()
        }


def _vote(row: Row, read: _Read) -> _NumberVote:
    values = read(row.text)
    return Vote(values.values if values else None, row.text, row.confidence)


def _letter_width(rows: list[Row]) -> float:
    return median(word.box.width / max(len(word.text), 1) for row in rows for word in row.words)


def _beside(row: Row, others: list[Row]) -> Row | None:
    """Return the row of another reading that stands at the same height."""
    near = [other for other in others if abs(other.middle - row.middle) <= row.box.height * _SAME_HEIGHT]
    return min(near, key=lambda other: abs(other.middle - row.middle)) if near else None
