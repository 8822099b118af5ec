"""Pages of no known layout, read by the labels that invoices usually have; a person has to look at them anyway."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources

import yaml

from invoice_lab.ocr.foot import summed
from invoice_lab.ocr.header import Labelled, clean, email, find_labels, labelled, value_box
from invoice_lab.ocr.labels import LabelReading
from invoice_lab.ocr.layouts.drawing import FIELD
from invoice_lab.ocr.layouts.forms import DateForm, NumberForm, Part
from invoice_lab.ocr.layouts.likeness import label_likeness
from invoice_lab.ocr.layouts.printed import Printed, printed
from invoice_lab.ocr.lines import line_start
from invoice_lab.ocr.page import Field, LineReading
from invoice_lab.ocr.rows import Row

NUMBERS = NumberForm(thousands=",")
"""Amounts with two places, whatever the signs are: the last two digits are cents in all of these countries."""
_ID = re.compile(r"(?<!\w)(?=[\w/.-]*[0-9])\w[\w/.-]{2,}")
_AMOUNT = re.compile(rf"(?<![0-9.,]){NUMBERS.pattern(False)}(?![0-9]|\s?%)")
_MOST_WORDS_OF_A_DATE = 3


class GeneralLabels(Part):
    """The labels and forms of ``labels.yaml``.

    Attributes
    ----------
    header, foot : dict of str to tuple of str
        Field to its labels.
    below : dict of str to str
        As of a layout.
    dates : tuple of str
        Patterns of dates, those tried first that say the most.
    lines : tuple of str
        What follows a product, without the currency.
    currencies : dict of str to tuple of str
        ISO 4217 to the signs and words for it.
    units : tuple of str
        What may follow an amount.
    """

    header: dict[str, tuple[str, ...]]
    foot: dict[str, tuple[str, ...]]
    below: dict[str, str]
    dates: tuple[str, ...]
    lines: tuple[str, ...]
    currencies: dict[str, tuple[str, ...]]
    units: tuple[str, ...]

    def pairs(self, block: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
        """Return (field, label) for every label of a block."""
        return [(name, label) for name, labels in block.items() for label in labels]


@cache
def general_labels() -> GeneralLabels:
    """Return the labels of ``labels.yaml``."""
    text = resources.files(__package__).joinpath("labels.yaml").read_text(encoding="utf-8")
    return GeneralLabels.model_validate(yaml.safe_load(text))


def read_unknown(rows: list[Row], how: str) -> LabelReading | None:
    """Read a page of no known layout.

    Parameters
    ----------
    rows : list of Row
        The page's rows, from top to bottom.
    how : str
        The engine's name, for the fields.

    Returns
    -------
    LabelReading or None
        What was found; None where it is not even two fields, or a field and product lines, so that it is no invoice.
    """
    labels = general_labels()
    fields: dict[str, Field] = {}
    for entry in find_labels(rows, labels.pairs(labels.header), labels.below, _match):
        field = _header_field(entry, how)
        if entry.name not in fields or fields[entry.name].value is None:
            fields[entry.name] = field
    fields |= _foot(rows, labels, how)
    lines = tuple(_lines(rows, labels, how))
    found = sum(field.value is not None for field in fields.values())
    if not found or found + bool(lines) < 2:
        return None
    return LabelReading(fields, lines, (), _currency(rows, labels))


def _match(text: str, label: str) -> tuple[float, int]:
    """Compare as `label_likeness` does, whatever the case, and only where the label ends with its word."""
    likeness, end = label_likeness(text.lower(), label.lower())
    return (0.0, 0) if text[end : end + 1].isalpha() else (likeness, end)


def _header_field(entry: Labelled, how: str) -> Field:
    value = _PARSERS.get(entry.name, _text)(entry.raw)
    return Field(entry.raw, value, value_box(entry.row, entry.raw), entry.row.confidence, how)


def _identifier(raw: str) -> str | None:
    found = _ID.search(raw)
    return found[0].rstrip(".-/") if found else None


def _date(raw: str) -> str | None:
    """Return the first date of a text, in the form that says the most."""
    words = raw.split()
    for pattern in general_labels().dates:
        form = DateForm(pattern=pattern)
        for start in range(len(words)):
            for end in range(start + 1, min(start + _MOST_WORDS_OF_A_DATE, len(words)) + 1):
                found = form.read(" ".join(words[start:end]))
                if found:
                    return found
    return None


def _text(raw: str) -> str | None:
    return clean(raw) or None


_PARSERS: dict[str, Callable[[str], str | None]] = {
    "invoice_id": _identifier,
    "number": _identifier,
    "issued_at": _date,
    "email": email,
}


def _foot(rows: list[Row], labels: GeneralLabels, how: str) -> dict[str, Field]:
    """Return net, tax and total: the lowest row of each with an amount, all rows of the tax together."""
    found: dict[str, dict[str, Field]] = {name: {} for name in labels.foot}
    for row in rows:
        for name, raw, piece in labelled(row, labels.pairs(labels.foot), _match):
            amounts = _AMOUNT.findall(raw)
            if amounts:
                key = piece.text.partition(raw)[0] if name == "tax" else name
                value = NUMBERS.of_digits(amounts[-1])
                found[name][key] = Field(raw, value, value_box(piece, raw), piece.confidence, how)
    return {name: summed(list(fields.values())) for name, fields in found.items() if fields}


def _lines(rows: list[Row], labels: GeneralLabels, how: str) -> Iterator[LineReading]:
    """Give the lines in the form that most rows have."""
    foot = labels.pairs(labels.foot)
    body = [row for row in rows if not any(_AMOUNT.search(raw) for _, raw, _ in labelled(row, foot, _match))]
    forms = [printed(FIELD.sub(rf"\g<0> {unit}", text), NUMBERS) for text in labels.lines for unit in labels.units]
    readings = [[line for row in body if (line := _line(row, form, how)) is not None] for form in forms]
    yield from max(readings, key=lambda lines: (len(lines), sum(line.amount is not None for line in lines)))


def _line(row: Row, form: Printed, how: str) -> LineReading | None:
    start = line_start(row, form)
    left, right = (row.between(0, start), row.between(start, float("inf"))) if start is not None else (None, None)
    values = form.read(right.text) if right else None
    if left is None or right is None or values is None:
        return None
    numbers = {
        name: Field(right.text, value, right.box, right.confidence, how) for name, value in values.values.items()
    }
    return LineReading(Field(left.text, clean(left.text) or None, left.box, left.confidence, how), **numbers)


def _currency(rows: list[Row], labels: GeneralLabels) -> str | None:
    """Return the currency whose signs and words stand on the page most often."""
    text = " ".join(row.text for row in rows)
    counts = {
        code: sum(len(re.findall(rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])", text)) for word in words)
        for code, words in labels.currencies.items()
    }
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] else None
