"""Reading by labels: rows of words to fields and product lines, wherever on the page they stand."""

from __future__ import annotations

from dataclasses import dataclass

from invoice_lab.ocr.header import Labelled, find_labels, header_field, parse
from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.lines import is_line, read_table
from invoice_lab.ocr.page import Field, LineReading
from invoice_lab.ocr.rows import BearsOut, Reread, Row, unknown_pixels

TOLD_APART = frozenset({"invoice_id", "issued_at", "email"})
"""Header fields that are told to stand there twice: they have a form, which a product's name has not by chance."""


@dataclass(frozen=True)
class LabelReading:
    """What was read by labels.

    Attributes
    ----------
    fields : dict of str to Field
        By name, boxes in pixels of the upright page.
    lines : tuple of LineReading
        Product lines from top to bottom.
    doubled : tuple of str
        Fields whose label stands on the page more than once, with different values.
    currency : str or None
        ISO 4217, where it is known.
    """

    fields: dict[str, Field]
    lines: tuple[LineReading, ...]
    doubled: tuple[str, ...]
    currency: str | None


def read_by_labels(
    rows: list[Row], layout: Layout, reread: Reread, how: str, bears_out: BearsOut = unknown_pixels
) -> LabelReading:
    """Read a page of a known layout.

    Parameters
    ----------
    rows : list of Row
        The page's rows, from top to bottom.
    layout : Layout
    reread : Reread
        Reads an area of the page again.
    how : str
        The engine's name, for the fields.
    bears_out : BearsOut
        Tells which numbers need not be read again.
    """
    found = find_labels([row for row in rows if not is_line(row, layout.line)], layout.header_labels, layout.below)
    header = _chosen(found, layout)
    fields = {entry.name: header_field(entry, layout, reread, how, bears_out) for entry in header}
    used = {id(word) for entry in header for word in entry.row.words}
    body = [row for row in rows if not any(id(word) in used for word in row.words)]
    table = read_table(body, layout, reread, how, bears_out)
    doubled = (*_doubled(found, layout), *table.doubled)
    return LabelReading(fields | table.fields, table.lines, doubled, layout.currency)


def _chosen(found: list[Labelled], layout: Layout) -> list[Labelled]:
    """Return one entry a field: the first that has the field's form, else the first."""
    chosen: dict[str, Labelled] = {}
    for entry in found:
        before = chosen.get(entry.name)
        if before is None or (parse(before.name, before.raw, layout) is None and parse(entry.name, entry.raw, layout)):
            chosen[entry.name] = entry
    return list(chosen.values())


def _doubled(found: list[Labelled], layout: Layout) -> list[str]:
    values: dict[str, set[str | None]] = {}
    for entry in found:
        values.setdefault(entry.name, set()).add(parse(entry.name, entry.raw, layout))
    return [name for name, said in values.items() if name in TOLD_APART and len(said - {None}) > 1]
