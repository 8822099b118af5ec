"""What was read of each printed field beside what is true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from invoice_lab.ocr.page import Box, Field, Page

DAY = len("2020-10-18")
LINE_FIELDS = ("product", "quantity", "unit_price")
"""Of each line, these are compared."""


@dataclass(frozen=True)
class Compared:
    """A printed field: what is true and what was read, None where it is not there; how it was read, how sure, where."""

    name: str
    true: str | None
    read: str | None
    how: str
    confidence: float
    box: Box | None

    @property
    def kind(self) -> str:
        """The field's name without its line."""
        return self.name.rpartition(".")[2]

    @property
    def right(self) -> bool:
        """Whether it was read as it is; a layout that prints the date alone is compared by the date."""
        date_alone = self.name == "issued_at" and self.true is not None and self.read == self.true[:DAY]
        return self.read == self.true or date_alone


@dataclass(frozen=True)
class Said:
    """What was said of one printed field: its name as in a reading's ``confidence``, how it was read, how sure."""

    name: str
    how: str
    confidence: float
    right: bool


def compared(truth: dict[str, Any], page: Page) -> list[Compared]:
    """Compare each printed field with the truth: those that are true, then lines that were read and are not there.

    Other fields that the truth does not know are left out, and those that are neither printed nor read.
    """
    missing = Field("", None, None, 0.0, "")
    true, read = _true_values(truth), dict(_printed_fields(page))
    names = [*true, *(name for name in read if name not in true and name.startswith("lines."))]
    every = ((name, read.get(name, missing)) for name in names)
    fields = [Compared(name, true.get(name), one.value, one.how, one.confidence, one.box) for name, one in every]
    return [one for one in fields if (one.true, one.read) != (None, None)]


def said(truth: dict[str, Any], page: Page) -> list[Said]:
    """Compare each printed field that was read with the truth; a field without a value says nothing and is left out.

    Every line too many is wrong.
    """
    read = [one for one in compared(truth, page) if one.read is not None]
    return [Said(one.name, one.how, one.confidence, one.right) for one in read]


def _true_values(truth: dict[str, Any]) -> dict[str, str | None]:
    """Return what should be read, by the names of a reading's ``confidence``."""
    customer = truth["customer"]
    address = dict(zip(("address_1", "address_2"), [*customer["address"], None, None], strict=False))
    lines = {
        f"lines.{number}.{name}": str(line[name])
        for number, line in enumerate(truth["lines"], start=1)
        for name in LINE_FIELDS
    }
    head = {name: truth[name] for name in ("invoice_id", "issued_at", "total")}
    return {**head, "name": customer["name"], "email": customer.get("email"), **address, **lines}


def _printed_fields(page: Page) -> Iterator[tuple[str, Field]]:
    """Yield the fields that were read from print, not from the QR code, with their names."""
    yield from ((name, field) for name, field in page.fields.items() if field.how != "qr")
    for number, line in enumerate(page.lines, start=1):
        for name in LINE_FIELDS:
            yield f"lines.{number}.{name}", getattr(line, name)
