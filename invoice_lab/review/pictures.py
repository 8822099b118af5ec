"""Pictures of a scan for a reviewer: the crop of each field, and whole sheets with the fields framed."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.page import Box
from invoice_lab.review.fields import FieldRow

MARGIN = 6
"""Pixels of the scan around a crop, so that cut-off strokes show."""
_SHEET_WIDTH = 1000
_SHEETS_SHOWN = 5
_FRAMES = {True: ("#b45309", 3), False: ("#6b7280", 1)}


def crop(sheets: Sequence[Pixels], box: Box | None) -> str | None:
    """Return a box of its sheet as a PNG data URI; None where there is no box, or it lies outside of the scan."""
    if box is None or not 0 <= box.sheet < len(sheets):
        return None
    sheet = sheets[box.sheet]
    top, left = max(box.y - MARGIN, 0), max(box.x - MARGIN, 0)
    cut = sheet[top : max(box.bottom + MARGIN, 0), left : max(box.right + MARGIN, 0)]
    return _data_uri(Image.fromarray(cut), "PNG") if cut.size else None


def framed_sheets(sheets: Sequence[Pixels], rows: Sequence[FieldRow]) -> list[tuple[int, str]]:
    """Return the sheets of a part with their numbers, from 1, as JPEG data URIs.

    Every field is framed, doubtful ones broadly. They are the sheets with fields on them, or all where there is none;
    of many, the first.
    """
    placed: dict[int, list[FieldRow]] = {}
    for row in rows:
        if row.box and 0 <= row.box.sheet < len(sheets):
            placed.setdefault(row.box.sheet, []).append(row)
    shown = sorted(placed or range(len(sheets)))[:_SHEETS_SHOWN]
    return [(number + 1, _framed(sheets[number], placed.get(number, ()))) for number in shown]


def _framed(sheet: Pixels, rows: Sequence[FieldRow]) -> str:
    image = Image.fromarray(sheet).convert("RGB")
    draw = ImageDraw.Draw(image)
    for row in sorted(rows, key=lambda row: row.doubtful):
        colour, width = _FRAMES[row.doubtful]
        if row.box:
            frame = (row.box.x - MARGIN, row.box.y - MARGIN, row.box.right + MARGIN, row.box.bottom + MARGIN)
            draw.rectangle(frame, outline=colour, width=width)
    image.thumbnail((_SHEET_WIDTH, 4 * _SHEET_WIDTH))
    return _data_uri(image, "JPEG")


def _data_uri(image: Image.Image, kind: str) -> str:
    file = io.BytesIO()
    image.save(file, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"
