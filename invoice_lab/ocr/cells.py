"""Texts of cells to the fields they hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.layouts.drawing import FIELD


@dataclass(frozen=True)
class CellField:
    """A field found in a cell's text: its name, what stands there, and from which character to before which."""

    name: str
    raw: str
    start: int
    end: int


def cell_fields(pattern: str, text: str) -> list[CellField]:
    """Take a cell's text apart.

    Parameters
    ----------
    pattern : str
        As the layout describes it, with ``{field}`` for what changes.
    text : str
        As it was read.

    Returns
    -------
    list of CellField
        Empty where the text has not the pattern.
    """
    found = _expression(pattern).fullmatch(text.rstrip())
    if not found:
        return []
    return [CellField(name, found[name], *found.span(name)) for name in found.re.groupindex]


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    pieces = FIELD.split(pattern)
    expression = re.escape(pieces[0].rstrip()) + (r"\s*" if pieces[0].endswith(" ") else "")
    for name, after in zip(pieces[1::3], pieces[3::3], strict=True):
        expression += rf"\s*(?P<{name}>\S.*?)" + re.escape(after)
    return re.compile(expression)


def value_of(name: str, raw: str, layout: Layout) -> str | None:
    """Bring what a field says into the field's form; None where it has not that form."""
    if name == "invoice_id":
        return layout.invoice_id.read(raw)
    if name == "issued_at":
        return layout.issued_at.read(raw)
    if name in layout.forms:
        return layout.forms[name].read(raw)
    if name == "quantity":
        return raw if raw.isdecimal() else None
    if name in {"unit_price", "amount", "total", "net", "tax"}:
        return layout.numbers.read(raw)
    return " ".join(raw.split()) or None
