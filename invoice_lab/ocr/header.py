"""The header of a page: rows of text to fields, found by their labels wherever the block stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.layouts.likeness import label_likeness
from invoice_lab.ocr.page import Box, Field
from invoice_lab.ocr.rows import BORNE_OUT, BearsOut, Reread, Row
from invoice_lab.ocr.votes import Vote, elect

FACTORS = (2.0, 1.25, 2.5)
"""Enlargements of a header row that is read again, one after the other until two readings agree."""
OF_DIGITS = frozenset({"invoice_id", "issued_at", "birth_date"})
"""Fields of digits are read twice: one wrong digit has the right form all the same. The others are read again only
without form."""
_PARAGRAPH = 2.5
"""Heights of a row within which the next one belongs to the same paragraph."""
_EDGES = "‘’'\"`´|[]{}<>~_*°,;: "

Labels = Sequence[tuple[str, str]]
"""Fields with their labels; a field may have several."""
Match = Callable[[str, str], tuple[float, int]]
"""Compares the beginning of a text with a label: how alike they are (0 to 1), and where the label ends."""


@dataclass(frozen=True)
class Labelled:
    """A field found by its label: its name, the text behind the label, the words of both."""

    name: str
    raw: str
    row: Row


def clean(text: str) -> str:
    """Fold white space and take off what dust and edges leave around a text."""
    text = text.replace("{", "(").replace("}", ")").replace("’", "'")
    return " ".join(text.split()).strip(_EDGES)


def find_labels(
    rows: list[Row], labels: Labels, below: Mapping[str, str], match: Match = label_likeness
) -> list[Labelled]:
    """Find fields by their labels, which begin a row or stand behind a wide gap.

    Parameters
    ----------
    rows : list of Row
    labels : sequence of (str, str)
        Field name and label.
    below : mapping of str to str
        Fields without a label to the field that stands right above.
    match : callable
        Compares the beginning of a text with a label, as `label_likeness` does.

    Returns
    -------
    list of Labelled
        From top to bottom; a field may occur several times. Where nothing follows a label, the value is the text below.
    """
    found: list[Labelled] = []
    for index, row in enumerate(rows):
        for name, raw, piece in labelled(row, labels, match):
            beneath = None if raw else _below(rows, index, piece, labels, match)
            entry = Labelled(name, beneath.text, beneath) if beneath else Labelled(name, raw, piece)
            found += [entry, *_paragraph(rows, index + bool(beneath), entry, below, (labels, match))]
    return found


def labelled(row: Row, labels: Labels, match: Match = label_likeness) -> Iterator[tuple[str, str, Row]]:
    """Give a row's labels: the field of each, what follows up to the next one, the words of both.

    Where several labels fit equally well, it is the longest.
    """
    places = []
    start = 0
    for piece in row.pieces():
        text = Row(row.words[start:]).text
        matches = [(*match(text, label), len(label), name) for name, label in labels]
        likeness, end, _, name = max(matches, key=lambda found: (found[0], found[2]), default=(0.0, 0, 0, ""))
        if likeness:
            places.append((start, end, name))
        start += len(piece.words)
    for (first, label_end, name), (last, _, _) in pairwise([*places, (len(row.words), 0, "")]):
        piece = Row(row.words[first:last])
        yield name, piece.text[label_end:].strip(" :"), piece


def _paragraph(
    rows: list[Row], index: int, upper: Labelled, below: Mapping[str, str], how: tuple[Labels, Match]
) -> Iterator[Labelled]:
    """Give the fields without a label that stand below another, one row each."""
    names = [name for name, above in below.items() if above == upper.name]
    row = _below(rows, index, upper.row, *how) if names else None
    if row:
        entry = Labelled(names[0], row.text, row)
        yield entry
        yield from _paragraph(rows, index + 1, entry, below, how)


def _below(rows: list[Row], index: int, piece: Row, labels: Labels, match: Match) -> Row | None:
    """Return what stands below a piece of a row, as near as the next line of one paragraph, and has no label."""
    if index + 1 >= len(rows):
        return None
    there, box = rows[index + 1], piece.box
    if there.middle - piece.middle > _PARAGRAPH * box.height or any(labelled(there, labels, match)):
        return None
    beneath = [other for other in there.pieces() if other.box.x <= box.right and other.box.right >= box.x]
    return beneath[0] if beneath else None


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
    if name == "birth_date":
        return layout.issued_at.day.read(raw)
    if name in layout.forms:
        return layout.forms[name].read(raw)
    return email(raw) if name == "email" else clean(raw) or None


def email(raw: str) -> str | None:
    """Return a text's e-mail address, white space left out; None where it has not that form."""
    text = "".join(raw.split())
    return text if re.fullmatch(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", text, re.ASCII) else None


def header_field(found: Labelled, layout: Layout, reread: Reread, how: str, bears_out: BearsOut) -> Field:
    """Read a field's value.

    A second time where it has not its form, or one wrong digit would still have it and the pixels don't bear it out.
    """
    value = parse(found.name, found.raw, layout)
    box = value_box(found.row, found.raw)
    if value is not None and found.name not in OF_DIGITS | set(layout.forms):
        return Field(found.raw, value, box, found.row.confidence, how)
    if value is not None and bears_out({found.name: value}, {found.name: box}):
        return Field(found.raw, value, box, BORNE_OUT, how)
    chosen = elect(_votes(found, layout, reread))
    return Field(chosen.raw, chosen.value, box, chosen.confidence, how)


def _votes(found: Labelled, layout: Layout, reread: Reread) -> Iterator[Vote[str]]:
    """Give the readings of a field: the page's, then its row alone at other sizes."""
    yield Vote(parse(found.name, found.raw, layout), found.raw, found.row.confidence)
    box = found.row.box
    margin = max(round(box.height / 3), 2)
    area = Box(box.x - margin, box.y - margin, box.width + 2 * margin, box.height + 2 * margin)
    for factor in FACTORS:
        for row in reread(area, factor):
            again = [other.raw for other in find_labels([row], layout.header_labels, {}) if other.name == found.name]
            raw = again[0] if again else row.text
            yield Vote(parse(found.name, raw, layout), raw, row.confidence)
