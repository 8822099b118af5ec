"""The fields of a part as a reviewer looks at them: what is doubtful first of all."""

from __future__ import annotations

from dataclasses import dataclass

from invoice_lab.ocr.page import SURE, Box
from invoice_lab.validation.correction import HEADER_FORMS, LINE_FORMS
from invoice_lab.validation.fields import every_field
from invoice_lab.warehouse.parts import Part


@dataclass(frozen=True)
class FieldRow:
    """One field of a part.

    Attributes
    ----------
    name : str
    raw, value : str or None
        As it was read, and in the field's form; None where there is nothing.
    confidence : float or None
        0 to 1.
    how : str
    box : Box or None
        Where it stands.
    doubtful : bool
        Whether it could not be read, is unsure, or a finding of the kind error or warning is about it.
    """

    name: str
    raw: str | None
    value: str | None
    confidence: float | None
    how: str
    box: Box | None
    doubtful: bool


def field_rows(part: Part) -> list[FieldRow]:
    """Return the fields of a part: header, lines and totals in their order, then what findings miss, then the QR code.

    What the QR code says of fields that are printed, too, is told by its payload alone.
    """
    page = part.page
    about = {finding.field for finding in part.findings if finding.severity != "info"} - {None}
    rows = []
    read_fields = every_field(page)
    for name in sorted(filter(lambda name: not name.startswith("qr_"), read_fields), key=_place):
        read = read_fields[name]
        unsure = read.value is None or read.confidence < SURE
        said = bool({name, name.rpartition(".")[0]} & about)
        rows.append(FieldRow(name, read.raw, read.value, read.confidence, read.how, read.box, unsure or said))
    there = {row.name for row in rows} | {f"lines.{number}" for number in range(1, len(page.lines) + 1)}
    missing = sorted(name for name in about - there - {"qr"} if name)
    rows += [FieldRow(name, None, None, None, "", None, True) for name in missing]
    return [*rows, FieldRow("qr", page.qr, page.qr, None, "qr", None, "qr" in about)]


def _place(name: str) -> tuple[int, int, int, str]:
    """Order fields as an invoice does; the books keep them in none."""
    lines, _, rest = name.partition(".")
    number, _, column = rest.partition(".")
    if lines == "lines":
        return 1, int(number), list(LINE_FORMS).index(column), name
    known = list(HEADER_FORMS)
    return (2 if name in ("net", "tax", "total") else 0), 0, known.index(name) if name in known else len(known), name
