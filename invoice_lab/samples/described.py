"""Draws a page straight from the `drawing` of its layout, for layouts that are nothing but a YAML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from PIL import Image, ImageDraw

from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.layouts.drawing import FIELD, Cell, Drawing
from invoice_lab.samples.fonts import load_font

Offset = tuple[int, int]
Values = Mapping[str, str | None]


def draw_described(
    record: Mapping[str, Any], layout: Layout, drawing: Drawing, header_offset: Offset, table_offset: Offset
) -> Image.Image:
    """Draw a page without its QR code.

    Parameters
    ----------
    record : mapping
        The keys of a line of ``truth.jsonl``. A line without ``amount`` gets quantity times unit price; where the foot
        has several rows of tax, ``taxes`` holds the amount of each.
    layout : Layout
    drawing : Drawing
        The layout's.
    header_offset, table_offset : (int, int)
        Moves the blocks by (x, y) pixels.

    Returns
    -------
    PIL.Image.Image
        Of the layout's canvas, RGBA. A cell without a value is left out.
    """
    page = Image.new("RGBA", layout.canvas, "white")
    draw = ImageDraw.Draw(page)
    table = drawing.table
    x, y = _moved(table.at, table_offset)
    end = y + table.pitch * len(record["lines"])
    header = _header(record, layout)
    for cell in drawing.header.cells:
        _draw_cell(draw, drawing, cell, _moved(drawing.header.at, header_offset), header)
    for cell in table.head:
        _draw_cell(draw, drawing, cell, (x, y), {})
    for number, line in enumerate(record["lines"]):
        for cell in table.line:
            _draw_cell(draw, drawing, cell, (x, y + table.pitch * number), _line(line, layout))
    _draw_rule(draw, drawing, (x, end))
    for cell, values in zip(table.foot, _foot(record, layout, table.foot), strict=True):
        _draw_cell(draw, drawing, cell, (x, end + table.foot_at), values)
    return page


def _draw_rule(draw: ImageDraw.ImageDraw, drawing: Drawing, at: Offset) -> None:
    rule = drawing.table.rule
    if rule:
        (left, row), ink = _moved(at, rule.at), drawing.inks[rule.ink]
        draw.line((left, row, left + rule.width - 1, row), fill=(*ink.colour, ink.opacity))


def _draw_cell(draw: ImageDraw.ImageDraw, drawing: Drawing, cell: Cell, at: Offset, values: Values) -> None:
    if any(values.get(name) is None for name in cell.fields):
        return
    text = FIELD.sub(lambda found: str(values[found[1]]).rjust(int(found[2] or 0)), cell.text)
    ink = drawing.inks[cell.ink]
    font = load_font(drawing.fonts[cell.font], cell.size, drawing.shaping)
    draw.text(_moved(at, cell.at), text, fill=(*ink.colour, ink.opacity), font=font)


def _moved(at: Offset, by: Offset) -> Offset:
    return at[0] + by[0], at[1] + by[1]


def _header(record: Mapping[str, Any], layout: Layout) -> Values:
    customer, issued = record["customer"], record["issued_at"]
    address = dict(zip(("address_1", "address_2"), customer.get("address") or (), strict=False))
    date = layout.issued_at.write(datetime.fromisoformat(issued)) if issued else None
    return {**customer, **address, "invoice_id": record["invoice_id"], "issued_at": date}


def _line(line: Mapping[str, Any], layout: Layout) -> Values:
    amount = line.get("amount") or f"{line['quantity'] * Decimal(line['unit_price']):.2f}"
    write = layout.numbers.write
    price = write(line["unit_price"])
    rate = line.get("tax_rate")
    return {**line, "quantity": str(line["quantity"]), "unit_price": price, "amount": write(amount), "tax_rate": rate}


def _foot(record: Mapping[str, Any], layout: Layout, cells: tuple[Cell, ...]) -> Iterator[Values]:
    """Give each cell's values; the cells of the tax get one amount after the other."""
    write = layout.numbers.write
    amounts = {name: write(record[name]) if record.get(name) else None for name in ("net", "tax", "total")}
    taxes = iter(record.get("taxes") or ())
    for cell in cells:
        several = "tax" in cell.fields and record.get("taxes")
        yield {**amounts, "tax": write(next(taxes))} if several else amounts
