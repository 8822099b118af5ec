"""How far stated confidence can be believed: the share of fields right, by how sure the reader said it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from invoice_lab.ocr.page import Field, Page

EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
"""Bins of stated confidence: each from its edge up to the next one; the last one holds 1 too."""
SURE = 0.99


@dataclass(frozen=True)
class Said:
    """What was said of one printed field: its name as in a reading's ``confidence``, how it was read, how sure."""

    name: str
    how: str
    confidence: float
    right: bool


@dataclass(frozen=True)
class Bin:
    """The fields whose confidence is from `low` up to `high`."""

    low: float
    high: float
    n: int
    right: int


def said(truth: dict[str, Any], page: Page) -> list[Said]:
    """Compare each printed field that was read with the truth; a field without a value says nothing and is left out.

    A layout that prints the date alone is compared by the date. Fields that the truth does not know are left out, but
    every line too many is wrong.
    """
    true = true_values(truth)
    return [
        Said(name, field.how, field.confidence, _is_right(name, field.value, true.get(name)))
        for name, field in printed_fields(page)
        if field.value is not None and (name in true or name.startswith("lines."))
    ]


def true_values(truth: dict[str, Any]) -> dict[str, str | None]:
    """Return what should be read, by the names of a reading's ``confidence``."""
    customer = truth["customer"]
    address = dict(zip(("address_1", "address_2"), [*customer["address"], None, None], strict=False))
    lines = {
        f"lines.{number}.{name}": str(line[name])
        for number, line in enumerate(truth["lines"], start=1)
        for name in ("product", "quantity", "unit_price")
    }
    head = {name: truth[name] for name in ("invoice_id", "issued_at", "total")}
    return {**head, "name": customer["name"], "email": customer.get("email"), **address, **lines}


def printed_fields(page: Page) -> Iterator[tuple[str, Field]]:
    """Yield the fields that were read from print, not from the QR code, with their names."""
    yield from ((name, field) for name, field in page.fields.items() if field.how != "qr")
    for number, line in enumerate(page.lines, start=1):
        for name in ("product", "quantity", "unit_price"):
            yield f"lines.{number}.{name}", getattr(line, name)


def _is_right(name: str, value: str | None, true: str | None) -> bool:
    date_alone = name == "issued_at" and true is not None and value == true[:10]
    return value == true or date_alone


def curve(fields: Iterable[Said]) -> list[Bin]:
    """Count the fields, and those right, in each bin of stated confidence."""
    every = list(fields)
    bins = []
    for low, high in pairwise(EDGES):
        inside = [field.right for field in every if low <= field.confidence < high or high == field.confidence == 1.0]
        bins.append(Bin(low, high, len(inside), sum(inside)))
    return bins


def report(fields: Iterable[Said]) -> Iterator[str]:
    """Yield the lines of the reliability table."""
    every = list(fields)
    yield f"Reliability over {len(every):,} printed fields of damaged pages"
    yield f"{'said to be sure':>15} {'fields':>8} {'right %':>8}"
    for part in curve(every):
        yield f"{f'{part.low:g} - {part.high:g}':>15} {part.n:>8,} {_percent(part.right, part.n):>8}"
    sure = [field.right for field in every if field.confidence >= SURE]
    share = _percent(sum(sure), len(sure))
    yield f"of the fields said to be >= {100 * SURE:g} % sure, {share} % are right (n = {len(sure):,})"


def _percent(part: int, n: int) -> str:
    return f"{100 * part / n:.2f}" if n else "-"
