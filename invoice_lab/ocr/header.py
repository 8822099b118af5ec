"""The header of a page: rows of text to fields, found by their labels wherever the block stands."""

from __future__ import annotations

import difflib
import re

from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.page import Box
from invoice_lab.ocr.rows import Row

LIKENESS = 0.8
"""How alike (difflib's ratio, 0 to 1) a row's beginning and a label must be: one wrong letter in five."""

_EDGES = "‘’'\"`´|[]{}<>~_*°,;: "


def clean(text: str) -> str:
    """Fold white space and take off what dust and edges leave around a text."""
    text = text.replace("{", "(").replace("}", ")").replace("’", "'")
    return " ".join(text.split()).strip(_EDGES)


def after_label(text: str, label: str) -> str | None:
    """Return what follows `label` at the beginning of `text`, None where the text begins otherwise."""
    wanted = label.replace(" ", "")
    best, best_end = 0.0, 0
    for end in range(max(len(label) - 2, 1), min(len(label) + 3, len(text)) + 1):
        likeness = difflib.SequenceMatcher(None, text[:end].replace(" ", ""), wanted).ratio()
        if likeness > best:
            best, best_end = likeness, end
    return text[best_end:].strip() if best >= LIKENESS else None


def header_rows(rows: list[Row], layout: Layout) -> dict[str, tuple[str, Row]]:
    """Find the header's fields.

    Returns
    -------
    dict of str to (str, Row)
        Field name to the raw text after its label and the row it stands in. The second line of the address is the
        row right below the first.
    """
    found: dict[str, tuple[str, Row]] = {}
    for index, row in enumerate(rows):
        name, raw = _labelled(row, layout)
        if name is None or name in found:
            continue
        found[name] = (raw, row)
        below = _below(rows, index) if name == "address_1" else None
        if below and _labelled(below, layout)[0] is None:
            found["address_2"] = (below.text, below)
    return found


def _labelled(row: Row, layout: Layout) -> tuple[str | None, str]:
    for name, label in layout.header.items():
        raw = after_label(row.text, label)
        if raw is not None:
            return name, raw
    return None, ""


def _below(rows: list[Row], index: int) -> Row | None:
    """Return the next row if it is as near as the next line of one paragraph."""
    if index + 1 >= len(rows):
        return None
    here, there = rows[index], rows[index + 1]
    near = there.middle - here.middle <= 2.5 * here.box.height
    aligned = there.box.x <= here.box.right
    return there if near and aligned else None


def value_box(row: Row, raw: str) -> Box:
    """Return the box of the words that hold `raw`, the row's last words."""
    words = row.words[-max(len(raw.split()), 1) :]
    return Row(words).box


def parse(name: str, raw: str, layout: Layout) -> str | None:
    """Bring a header field's raw text into the field's form; None where it has not that form."""
    if name == "invoice_id":
        return layout.invoice_id.read(raw)
    if name == "issued_at":
        return layout.issued_at.read(raw)
    if name == "email":
        text = raw.replace(" ", "")
        return text if re.fullmatch(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", text, re.ASCII) else None
    return clean(raw) or None
