"""Arbitration over a page: each text that an engine read is held against the pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from invoice_lab.ocr.arbitration.laid import Plane
from invoice_lab.ocr.arbitration.mend import Mended, mend
from invoice_lab.ocr.arbitration.recognise import Sample, recognise
from invoice_lab.ocr.arbitration.sheet import Sheet, look_of
from invoice_lab.ocr.arbitration.strip import BESIDE, Look, Placed, place, strip_of
from invoice_lab.ocr.arbitration.sureness import settle
from invoice_lab.ocr.header import clean, parse
from invoice_lab.ocr.labels import LabelReading
from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.layouts.drawing import Drawing
from invoice_lab.ocr.page import Field

TEXTS = ("invoice_id", "issued_at", "number", "name", "email", "address_1", "address_2", "birth_date")
"""Header fields that are texts; amounts are confirmed by arithmetic."""
UNSUPPORTED = 0.9
"""Highest confidence of a text that is held against no pixels: nine in ten of them are right on real pages, and engines
that agree make the same mistakes."""
LABEL_GAP = 0.6
"""Share of a space before a text behind a label that must be blank."""
BLURS = (0.0, 0.5, 0.8, 1.1, 1.5, 2.0)
"""Blurs (pixels) that are tried."""
SHARP = 0.01
"""Noise (darkness) from which down on a page needs no blur to be explained."""
ROUNDS = 2
"""How often texts are mended."""
UNLIKE = 0.1
"""Noise (darkness) from which on the texts are not in the fonts that they are held against."""
BEST = 0.25
"""Share of the texts, those that fit best, that the noise is measured on: others may have been misread."""


@dataclass(frozen=True)
class Text:
    """A text that an engine read: its field's name, the field, the columns that it may reach over."""

    name: str
    field: Field
    said: str
    left: int
    right: int

    @property
    def kind(self) -> str:
        """The kind of field."""
        return self.name.rpartition(".")[2]


def arbitrate(reading: LabelReading, sheet: Sheet, layout: Layout, how: str) -> LabelReading:
    """Hold a reading's texts against the pixels.

    Parameters
    ----------
    reading : LabelReading
    sheet : Sheet
        The page that was read.
    layout : Layout
    how : str
        The engine's name.

    Returns
    -------
    LabelReading
        Texts mended where the pixels support a look-alike, each with the confidence that the pixels give.
    """
    texts = _texts(reading)
    looks = _looks(layout.drawing) if layout.drawing else _recognised(sheet.dark, texts)
    placed = {text.name: found for text in texts if (found := _place(sheet, text, looks.get(text.kind)))}
    mended = _mended_all(sheet, texts, _as_seen(sheet.dark, _even(placed)), layout)
    fields = {text.name: _field(text, mended.get(text.name), layout, how) for text in texts}
    return _with_fields(reading, fields)


def _texts(reading: LabelReading) -> list[Text]:
    header = [(name, reading.fields[name]) for name in TEXTS if name in reading.fields]
    lines = [
        (f"lines.{number}.product", line.product, line.quantity.box)
        for number, line in enumerate(reading.lines, start=1)
    ]
    texts = [(name, field, None) for name, field in header] + lines
    return [
        Text(name, field, clean(field.raw), 0, numbers.x if numbers else 0)
        for name, field, numbers in texts
        if field.box and clean(field.raw)
    ]


def _looks(drawing: Drawing) -> Mapping[str, tuple[Look, str]]:
    """Return the look of each kind of field, and the label before it."""
    cells = (*drawing.header.cells, *drawing.table.line)
    return {cell.fields[0]: (look_of(drawing, cell), cell.label) for cell in cells if cell.fields}


def _recognised(sheet: Plane, texts: Sequence[Text]) -> Mapping[str, tuple[Look, str]]:
    """Return the looks that the page itself tells; the labels may be in another font."""
    kinds: dict[str, list[Sample]] = {}
    for text in texts:
        if text.field.box:
            kinds.setdefault(text.kind, []).append(Sample(text.said, text.field.box))
    return {kind: (look, "") for kind, look in recognise(sheet, kinds).items()}


def _place(sheet: Sheet, text: Text, known: tuple[Look, str] | None) -> Placed | None:
    if known is None or text.field.box is None:
        return None
    look, label = known
    return place(sheet.dark, look, label + text.said, len(label), sheet.box(text.field.box))


def _as_seen(sheet: Plane, placed: Mapping[str, Placed]) -> dict[str, Placed]:
    """Measure how far the page is blurred, and what noise is left; empty where the texts don't look like that."""
    if not placed:
        return {}
    best: tuple[float, float] | None = None
    for blur in BLURS:
        noise = _noise(sheet, [replace(one, look=replace(one.look, blur=blur)) for one in placed.values()])
        if best is None or noise < best[0]:
            best = (noise, blur)
        if noise < SHARP:
            break
    noise, blur = best or (1.0, 0.0)
    if noise > UNLIKE:
        return {}
    return {name: replace(one, look=replace(one.look, blur=blur, noise=noise)) for name, one in placed.items()}


def _noise(sheet: Plane, texts: Sequence[Placed]) -> float:
    """Return the root mean square of what the texts that fit best leave unexplained."""
    squares = []
    for one in texts:
        drawn = one.look.draw(one.text)
        x, y = one.pen[0] + drawn.left, one.pen[1] + drawn.top
        there = sheet[max(y, 0) : y + drawn.ink.shape[0], max(x, 0) : x + drawn.ink.shape[1]]
        if there.shape == drawn.ink.shape:
            gain = float((there * drawn.ink).sum() / np.square(drawn.ink).sum())
            squares.append(float(np.square(there - gain * drawn.ink).mean()))
    return float(np.sqrt(np.quantile(squares, BEST))) if squares else 1.0


def _even(placed: Mapping[str, Placed]) -> dict[str, Placed]:
    """Give all products the same darkness: one that was misread would tell a wrong one."""
    products = [one.gain for name, one in placed.items() if name.startswith("lines.")]
    middle = float(np.median(products)) if products else 1.0
    return {name: replace(one, gain=middle) if name.startswith("lines.") else one for name, one in placed.items()}


def _mended_all(sheet: Sheet, texts: Sequence[Text], placed: dict[str, Placed], layout: Layout) -> dict[str, Mended]:
    """Mend all texts; those that don't fit once more, where what their neighbours say is known better."""
    mended: dict[str, Mended] = {}
    for _ in range(ROUNDS):
        before = {name: one.text for name, one in placed.items()}
        for text in texts:
            if text.name in placed and (text.name not in mended or mended[text.name].misfit > 1):
                mended[text.name] = one = _mended(sheet, text, placed, layout)
                placed[text.name] = one.placed
        if before == {name: one.text for name, one in placed.items()}:
            break
    return mended


def _mended(sheet: Sheet, text: Text, placed: Mapping[str, Placed], layout: Layout) -> Mended:
    found = placed[text.name]
    face = found.look.lettering
    others = [other for name, other in placed.items() if name != text.name]
    beside = round(BESIDE * face.size)
    labelled = text.name in layout.header and not found.label
    left = found.pen[0] - (round(LABEL_GAP * face.space) if labelled else beside)
    end = found.pen[0] + face.draw(found.text).stops[-1] + beside
    right = min(end, round(text.right / sheet.scale) - 2) if text.right else end
    return mend(strip_of(sheet.dark, found, others, left, right), found.text, text.kind)


def _field(text: Text, mended: Mended | None, layout: Layout, how: str) -> Field:
    if mended is None:
        return replace(text.field, confidence=min(text.field.confidence, UNSUPPORTED))
    settled, sure = settle(mended, text.kind)
    # a text that was mended by half helps nobody
    said = settled[mended.strip.label :] if mended.misfit <= 1 else text.said
    value = clean(said) or None if text.kind == "product" else parse(text.name, said, layout)
    return replace(text.field, value=value, confidence=sure if value is not None else 0.0, how=f"{how}+pixels")


def _with_fields(reading: LabelReading, fields: Mapping[str, Field]) -> LabelReading:
    lines = tuple(
        replace(line, product=fields.get(f"lines.{number}.product", line.product))
        for number, line in enumerate(reading.lines, start=1)
    )
    header = {name: fields.get(name, field) for name, field in reading.fields.items()}
    return replace(reading, fields=header, lines=lines)
