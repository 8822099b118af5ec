"""Sheets drawn for tests: invoices side by side and continued, as files of several sheets."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

from pages import NEW, changed, on_paper
from PIL import Image

from invoice_lab.samples import draw_page
from invoice_lab.sources.scan import Scan

OTHER = changed(
    NEW,
    invoice_id="FAC_2019_0777",
    issued_at="2019-05-01 10:11:12",
    lines=[{"product": "Grand sac de riz.", "quantity": 2, "unit_price": "10.00"}],
    total="20.00",
    qr="INVOICE:FAC_2019_0777\nDATE:2019-05-01 10:11:12\nCUST:00777\nCAT:A",
)
"""Another invoice than `NEW`, of the same layout."""
_THINGS = ("Sac", "Paquet", "Boîte", "Grain", "Bol", "Plat", "Seau", "Lot", "Pot", "Filet", "Carton", "Panier")
_LINES = [
    {"product": f"{thing} de riz complet.", "quantity": n % 7 + 1, "unit_price": f"{3 * n + 1}.{n:02d}"}
    for n, thing in enumerate(_THINGS, 1)
]


def sum_of(lines: list[dict[str, Any]]) -> str:
    """Return what lines sum up to."""
    return str(sum(line["quantity"] * Decimal(line["unit_price"]) for line in lines))


LONG = changed(NEW, lines=_LINES, total=sum_of(_LINES))
"""An invoice of twelve lines, to be spread over sheets."""


def paper(record: dict[str, Any]) -> Image.Image:
    """Draw a record as a scanner sees it."""
    return on_paper(draw_page(record))


def without_code(image: Image.Image) -> Image.Image:
    """Cover the QR code of an unmoved page."""
    covered = image.copy()
    covered.paste("white", (550, 10, 690, 140))
    return covered


def some_lines(first: int, end: int, total: str | None, **others: Any) -> Image.Image:
    """Draw a sheet with the header and some lines of `LONG`."""
    return paper(changed(LONG, lines=LONG["lines"][first:end], total=total, **others))


def headless(first: int, end: int, total: str | None) -> Image.Image:
    """Draw a sheet with some lines of `LONG`, without header, QR code and logo."""
    nobody = {**LONG["customer"], "name": None, "email": None, "address": []}
    sheet = some_lines(first, end, total, invoice_id=None, issued_at=None, customer=nobody, qr=None)
    sheet.paste("white", (690, 0, 850, 145))
    return sheet


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    """Put two pages side by side."""
    both = Image.new("RGB", (left.width + right.width, left.height), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    return both


def halves(upper: Image.Image, lower: Image.Image) -> Image.Image:
    """Put the upper parts of two pages on one sheet of the usual size, one above the other."""
    both = Image.new("RGB", upper.size, "white")
    for y, page in ((0, upper), (550, lower)):
        both.paste(page.crop((0, 0, page.width, 400)), (0, y))
    return both


def tiff(*sheets: Image.Image) -> Scan:
    """Make a scan of several sheets."""
    file = io.BytesIO()
    sheets[0].save(file, "TIFF", save_all=True, append_images=sheets[1:], compression="tiff_deflate")
    return Scan.of("sheets.tif", file.getvalue())
