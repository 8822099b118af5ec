"""The schema of a layout file."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Literal

from pydantic import Field, field_validator, model_validator

from invoice_lab.ocr.layouts.drawing import FIELD, Drawing
from invoice_lab.ocr.layouts.forms import DateForm, Identifier, NumberForm, Part
from invoice_lab.ocr.layouts.printed import Printed, printed

HEADER_FIELDS = frozenset(
    {"invoice_id", "issued_at", "name", "email", "address_1", "address_2", "number", "category", "gender", "birth_date"}
)
"""Fields that a header, or a QR code, can hold."""
FOOT_FIELDS = ("net", "tax", "total")
"""Fields that can stand below the lines."""


class QrDescription(Part):
    """The QR code: what its payload holds, how many modules an edge has, where its first module stands.

    Attributes
    ----------
    pattern : str
        A regular expression of the whole payload; its groups are named after the fields they hold.
    modules : int
        Along an edge.
    module : float
        Edge of a module on the canvas, in pixels.
    corner : (x, y)
        Upper left corner of the first module on the canvas, in pixels.
    """

    pattern: str
    modules: int
    module: float
    corner: tuple[float, float]

    @field_validator("pattern")
    @classmethod
    def _is_a_pattern(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groupindex
        except re.error as error:
            raise ValueError(f"it is no regular expression: {error}") from error
        if "invoice_id" not in groups:
            raise ValueError("it has no group invoice_id")
        return pattern

    @property
    def edge(self) -> float:
        """Length of the code's edge on the canvas, in pixels."""
        return self.modules * self.module

    @cached_property
    def fields(self) -> frozenset[str]:
        """The fields that the payload holds."""
        return frozenset(re.compile(self.pattern).groupindex)

    def read(self, payload: str) -> dict[str, str] | None:
        """Return the payload's fields, or None where it has another form."""
        found = re.fullmatch(self.pattern, payload, re.ASCII)  # no digits of other scripts
        return found.groupdict() if found else None


class LineDescription(Part):
    """The product lines, one row each: the product, then its numbers.

    Attributes
    ----------
    numbers : str
        What follows the product, as it is printed, with ``{quantity}``, ``{unit_price}``, ``{amount}`` and
        ``{tax_rate}`` for what changes.
    sum : {"net", "total"} or None
        What quantity times unit price sums up to; by default `net` where the foot holds it, else `total`.
    """

    numbers: str
    sum: Literal["net", "total"] | None = None

    @field_validator("numbers")
    @classmethod
    def _is_a_line(cls, text: str) -> str:
        fields = [name for name, _ in FIELD.findall(text)]
        unknown = set(fields) - {"quantity", "unit_price", "amount", "tax_rate"}
        if unknown or len(fields) != len(set(fields)) or not {"quantity", "unit_price"} <= set(fields):
            raise ValueError("a line has {quantity} and {unit_price}, perhaps {amount} and {tax_rate}, each once")
        return text


class Layout(Part):
    """One kind of invoice.

    Attributes
    ----------
    name : str
    currency : str
        ISO 4217.
    canvas : (width, height)
        The size in pixels that all places and sizes refer to.
    invoice_id : Identifier
    issued_at : DateForm
        What the header prints; the time of day comes from the QR code where only the date is printed.
    numbers : NumberForm
        How prices and amounts are printed.
    qr : QrDescription or None
        None where the pages have no QR code.
    pictures : tuple of (x, y, width, height)
        What is no text: left out of the reading.
    header : dict of str to str
        Field name to the label before it.
    forms : dict of str to Identifier
        The form of further header fields, such as a customer number.
    below : dict of str to str
        Fields without a label of their own: each stands in the row right below the field named.
    lines : LineDescription
    foot : dict of str to str or tuple of str
        What stands below the lines: field name (net, tax, total) to its row as it is printed; to several rows where
        their amounts are summed up.
    required : tuple of str
        The fields that every invoice of this layout has.
    checks : tuple of str or None
        The names of the checks that apply; all of them by default.
    drawing : Drawing or None
        How pages are drawn; None where that is not known.
    """

    name: str
    currency: str
    canvas: tuple[int, int]
    invoice_id: Identifier
    issued_at: DateForm
    numbers: NumberForm = NumberForm()
    qr: QrDescription | None = None
    pictures: tuple[tuple[int, int, int, int], ...] = ()
    header: dict[str, str]
    forms: dict[str, Identifier] = Field(default_factory=dict)
    below: dict[str, str] = Field(default_factory=lambda: {"address_2": "address_1"})
    lines: LineDescription
    foot: dict[str, str | tuple[str, ...]]
    required: tuple[str, ...]
    checks: tuple[str, ...] | None = None
    drawing: Drawing | None = None

    @model_validator(mode="after")
    def _names_known(self) -> Layout:
        header = {*self.header, *self.forms, *self.below, *self.below.values(), *(self.qr.fields if self.qr else ())}
        for unknown in sorted(header - HEADER_FIELDS):
            raise ValueError(f"there is no field {unknown!r}; known are {', '.join(sorted(HEADER_FIELDS))}")
        for unknown in sorted(set(self.required) - HEADER_FIELDS - set(FOOT_FIELDS)):
            raise ValueError(f"there is no field {unknown!r} to require")
        if not {"invoice_id", "issued_at"} <= set(self.header):
            raise ValueError("the header needs the labels of invoice_id and issued_at")
        return self

    @model_validator(mode="after")
    def _foot_is_read(self) -> Layout:
        if "total" not in self.foot:
            raise ValueError("the foot needs the row of the total")
        for name, rows in self.foot.items():
            for row in (rows,) if isinstance(rows, str) else rows:
                fields = [field for field, _ in FIELD.findall(row)]
                if name not in FOOT_FIELDS or sorted(fields) not in ([name], sorted([name, "tax_rate"])):
                    raise ValueError(f"{row!r} is no row of the {name}: it holds one of net, tax and total, as a field")
                if not printed(row, self.numbers).label:
                    raise ValueError(f"the row {row!r} begins with no label")
        return self

    @cached_property
    def line(self) -> Printed:
        """The numbers of a product line, ready to be read."""
        return printed(self.lines.numbers, self.numbers)

    @cached_property
    def foot_rows(self) -> tuple[tuple[str, Printed], ...]:
        """The rows below the lines, ready to be read, each with the field it is about."""
        rows = {name: (text,) if isinstance(text, str) else text for name, text in self.foot.items()}
        return tuple((name, printed(text, self.numbers)) for name, texts in rows.items() for text in texts)

    @property
    def lines_sum_to(self) -> str:
        """The field that the lines sum up to."""
        return self.lines.sum or ("net" if "net" in self.foot else "total")

    @property
    def header_labels(self) -> tuple[tuple[str, str], ...]:
        """The header's fields with their labels."""
        return tuple(self.header.items())

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels of the header and the foot."""
        return (*self.header.values(), *(row.label for _, row in self.foot_rows))

    def payload_fields(self, payload: str) -> dict[str, str] | None:
        """Return the fields of a QR code's payload, None where the layout's codes hold something else."""
        return self.qr.read(payload) if self.qr else None
