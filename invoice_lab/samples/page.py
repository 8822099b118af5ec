"""Draws one page, to the pixel like the real ones but for the logo.

The geometry was measured on the real pages; a test renders their truth and compares the pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import qrcode
from PIL import Image, ImageDraw
from qrcode.constants import ERROR_CORRECT_M

from invoice_lab.errors import UsageError
from invoice_lab.ocr.layouts import load_layouts
from invoice_lab.samples.described import draw_described
from invoice_lab.samples.fonts import Engine, font
from invoice_lab.samples.logo import logo

SIZE = (850, 1100)
QR_AT, LOGO_AT = (550, 10), (700, 10)
MODULE, QUIET_ZONE = 3, 4
"""Pixels a module of the QR code, and modules of white around it."""
WHITE, BLACK, BLUE = (255, 255, 255, 255), (0, 0, 0, 255), (0, 0, 255, 255)
RULE_INK, TOTAL_INK = (255, 0, 0, 0), (255, 0, 0, 128)
"""The rule is wholly transparent and the total half: drawn, not blended, as on the real pages."""

Offset = tuple[int, int]


@dataclass(frozen=True)
class PageLayout:
    """Where things stand on a page, in pixels from its upper left corner.

    Attributes
    ----------
    engine : {"basic", "raqm"}
        How Pillow lays out text.
    amount_x : int
        Left edge of quantities, prices and the total.
    product_size : int
        Font size of the products.
    total_gap : int
        Additional space between the last line and the rule.
    time_printed : bool
        Whether the header holds the time of day beside the date.
    """

    engine: Engine
    amount_x: int
    product_size: int
    total_gap: int
    time_printed: bool


LAYOUTS = {
    "fac-2018": PageLayout("raqm", amount_x=550, product_size=18, total_gap=20, time_printed=False),
    "fac-2019": PageLayout("basic", amount_x=500, product_size=20, total_gap=0, time_printed=True),
}
LEFT, PRODUCTS_X, RULE_END = 20, 40, 800
FIRST_LINE_Y, LINE_HEIGHT, TOTAL_BELOW_RULE = 200, 20, 10


def draw_page(
    record: Mapping[str, Any], *, header_offset: Offset = (0, 0), table_offset: Offset = (0, 0)
) -> Image.Image:
    """Draw one page from its truth; fields that are None are left out.

    Parameters
    ----------
    record : mapping
        The keys of a line of ``truth.jsonl``; `qr` is drawn as it is given, whatever the printed fields say.
    header_offset, table_offset : (int, int), optional
        Moves the block of text at the top, or lines and total, by (x, y) pixels.

    Returns
    -------
    PIL.Image.Image
        850x1100 pixels, or as large as the described layout's canvas; RGBA.

    Raises
    ------
    UsageError
        The record's layout is none of `LAYOUTS` and of the described ones.
    MissingToolError
        A font is missing, see `invoice_lab.samples.fonts.font`.
    """
    layout = LAYOUTS.get(record["layout"])
    if layout is None:
        return _draw_described(record, header_offset, table_offset)
    page = Image.new("RGBA", SIZE, WHITE)
    draw = ImageDraw.Draw(page)
    _draw_header(draw, layout, record, header_offset)
    if record["qr"] is not None:
        page.paste(qr_code(record["qr"]), QR_AT)
    page.paste(logo(), LOGO_AT)
    _draw_table(draw, layout, record, table_offset)
    return page


def _draw_described(record: Mapping[str, Any], header_offset: Offset, table_offset: Offset) -> Image.Image:
    """Draw a page of a layout that is described with its drawing."""
    drawn = {name: layout for name, layout in load_layouts().items() if layout.drawing}
    layout = drawn.get(record["layout"])
    if layout is None or layout.drawing is None:
        raise UsageError(f"There is no layout {record['layout']!r} to draw.", f"Known are {', '.join(drawn)}.")
    page = draw_described(record, layout, layout.drawing, header_offset, table_offset)
    if layout.qr and record.get("qr"):
        left, top = layout.qr.corner
        page.paste(qr_code(record["qr"]), (round(left) - MODULE * QUIET_ZONE, round(top) - MODULE * QUIET_ZONE))
    return page


def qr_code(payload: str) -> Image.Image:
    """Draw a QR code with its quiet zone: error correction M, 3 pixels a module, smallest version that will do."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=MODULE, border=QUIET_ZONE)
    code.add_data(payload)
    code.make(fit=True)
    drawn: Image.Image = code.make_image().get_image().convert("RGBA")
    return drawn


def total_y(record: Mapping[str, Any]) -> int:
    """Return the y of the rule above the total."""
    return FIRST_LINE_Y + LINE_HEIGHT * len(record["lines"]) + LAYOUTS[record["layout"]].total_gap


def _draw_header(draw: ImageDraw.ImageDraw, layout: PageLayout, record: Mapping[str, Any], offset: Offset) -> None:
    customer, issued = record["customer"], record["issued_at"]
    address = [*customer["address"], None, None]
    rows = [
        (20, 24, "INVOICE ", record["invoice_id"]),
        (50, 20, "Issue date ", issued if layout.time_printed or issued is None else issued[:10]),
        (80, 20, "Bill to ", customer["name"]),
        (100, 14, "Email ", customer["email"]),
        (120, 12, "Address ", address[0]),
        (134, 12, "", address[1]),
    ]
    for y, size, label, value in rows:
        if value is not None:
            at = (LEFT + offset[0], y + offset[1])
            draw.text(at, f"{label}{value}", fill=BLACK, font=font("lato", size, layout.engine))


def _draw_table(draw: ImageDraw.ImageDraw, layout: PageLayout, record: Mapping[str, Any], offset: Offset) -> None:
    lato, mono = font("lato", layout.product_size, layout.engine), font("mono", 20, layout.engine)
    left, amounts, top = PRODUCTS_X + offset[0], layout.amount_x + offset[0], FIRST_LINE_Y + offset[1]
    for row, line in enumerate(record["lines"]):
        y = top + LINE_HEIGHT * row
        draw.text((left, y), line["product"], fill=BLUE, font=lato)
        draw.text((amounts, y), f"{line['quantity']:2d} x {line['unit_price']:>6} Euro", fill=BLUE, font=mono)
    y = total_y(record) + offset[1]
    draw.line((left, y, RULE_END + offset[0], y), fill=RULE_INK)
    if record["total"] is not None:
        y += TOTAL_BELOW_RULE
        draw.text((left, y), "TOTAL", fill=TOTAL_INK, font=font("lato", 20, layout.engine))
        draw.text((amounts, y), f"    {record['total']:>6} Euro", fill=TOTAL_INK, font=mono)
