"""Drawn pages for the tests of reading by drawing: what is on them, how they came about, where their canvas lies."""

from __future__ import annotations

import copy
import math
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from pages import on_paper
from PIL import Image

from invoice_lab.ocr.drawn_layout import DrawnLayout, drawn_layout
from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.pose import Pose
from invoice_lab.samples.described import draw_described
from invoice_lab.samples.page import MODULE, QUIET_ZONE, qr_code

LITTLE = """
name: little
currency: EUR
canvas: [420, 300]
invoice_id: {form: 'KL_####'}
issued_at: {pattern: '%Y-%m-%d'}
numbers: {decimal: '.', places: 2}
qr: {pattern: 'INVOICE:(?P<invoice_id>[^\\n]+)', modules: 25, module: 3, corner: [325, 22]}
pictures: [[313, 10, 99, 99]]
header: {invoice_id: Number, issued_at: Issue date, name: Bill to}
lines: {numbers: '{quantity} x {unit_price} Euro'}
foot: {total: 'TOTAL {total} Euro'}
required: [invoice_id, issued_at, name, total]
drawing:
  fonts: {text: Lato-Light.ttf, mono: FreeMono.ttf}
  inks: {black: {colour: [0, 0, 0]}, blue: {colour: [0, 0, 255]}}
  header:
    at: [20, 24]
    cells:
      - {text: 'Number {invoice_id}', at: [0, 0], font: text, size: 20, ink: black, right: 280}
      - {text: 'Issue date {issued_at}', at: [0, 30], font: text, size: 20, ink: black, right: 280}
      - {text: 'Bill to {name}', at: [0, 60], font: text, size: 20, ink: black, right: 280}
  table:
    at: [20, 150]
    pitch: 24
    line:
      - {text: '{quantity:2} x {unit_price:6} Euro', at: [190, 0], font: mono, size: 20, ink: blue, right: 400}
      - {text: '{product}', at: [0, 0], font: text, size: 20, ink: blue, right: 185}
    foot_at: 16
    foot:
      - {text: 'TOTAL', at: [0, 0], font: text, size: 20, ink: black, right: 120}
      - {text: '     {total:6} Euro', at: [190, 0], font: mono, size: 20, ink: black, right: 400}
"""
"""A layout on a little sheet, with the fonts and the kinds of cells of fac-2019: reading a page of it takes little."""

LITTLE_RECORD: dict[str, Any] = {
    "layout": "little",
    "invoice_id": "KL_0742",
    "issued_at": "2019-03-14 00:00:00",
    "customer": {"name": "Zoé Hébert-Lill"},
    "lines": [
        {"product": "Crème brûlée.", "quantity": 3, "unit_price": "12.50"},
        {"product": "Paper clip, large.", "quantity": 1, "unit_price": "0.95"},
    ],
    "total": "38.45",
    "qr": "INVOICE:KL_0742",
}


@cache
def little() -> DrawnLayout:
    """Return the little layout with its typefaces."""
    drawn = drawn_layout(Layout.model_validate(yaml.safe_load(LITTLE)))
    assert drawn is not None
    return drawn


def draw_little(
    record: dict[str, Any] = LITTLE_RECORD,
    *,
    header_offset: tuple[int, int] = (0, 0),
    table_offset: tuple[int, int] = (0, 0),
    with_code: bool = True,
) -> Image.Image:
    """Draw a page of the little layout on white paper."""
    layout = little().layout
    assert layout.drawing is not None and layout.qr is not None
    page = draw_described(record, layout, layout.drawing, header_offset, table_offset)
    if with_code:
        left, top = layout.qr.corner
        page.paste(qr_code(record["qr"]), (round(left) - MODULE * QUIET_ZONE, round(top) - MODULE * QUIET_ZONE))
    return on_paper(page)


def little_ink() -> npt.NDArray[np.float32]:
    """Return how dark the little page's texts are, 0 to 1, without its code; shape of its canvas."""
    return 1 - to_grey(np.asarray(draw_little(with_code=False))).astype(np.float32) / 255


def little_record(**values: Any) -> dict[str, Any]:
    """Return the little page's record with other values."""
    return {**copy.deepcopy(LITTLE_RECORD), **values}


def pose_of_turn(degrees: float, before: tuple[int, int], after: tuple[int, int]) -> Pose:
    """Return the pose of a page that Pillow turned counter-clockwise about its middle; sizes as (width, height)."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    turn = np.array([[cosine, sine], [-sine, cosine]])
    middles = [np.array(size) / 2 - 0.5 for size in (before, after)]
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = turn, middles[1] - turn @ middles[0]
    return Pose(matrix)


def places_of_text(drawn: DrawnLayout) -> npt.NDArray[np.float64]:
    """Return corners of the places of the header's and the table's text on the canvas, shape (n, 2)."""
    header, table = drawn.drawing.header, drawn.drawing.table
    cells = [*((cell, header.at) for cell in header.cells), *((cell, table.at) for cell in (*table.line, *table.foot))]
    corners = [(x + cell.at[0], y + cell.at[1]) for cell, (x, y) in cells]
    ends = [(x + cell.right, y + cell.at[1] + cell.size) for cell, (x, y) in cells]
    return np.array(corners + ends, float)
