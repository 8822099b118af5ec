"""Pages drawn for tests: records with known truth, as bytes and scans."""

from __future__ import annotations

import copy
import io
from typing import Any

from PIL import Image

from invoice_lab.ocr.page import Box, Field, LineReading, Page
from invoice_lab.samples import draw_page
from invoice_lab.sources.scan import Scan

NEW = {
    "layout": "fac-2019",
    "invoice_id": "FAC_2019_0042",
    "issued_at": "2019-03-14 15:09:26",
    "customer": {
        "name": "Zoé Hébert",
        "email": None,
        "address": ["12 rue du Château", "59000 Lille"],
        "number": "00042",
        "category": "B",
    },
    "lines": [
        {"product": "Crème brûlée maison.", "quantity": 3, "unit_price": "12.50"},
        {"product": "Paper clip large.", "quantity": 1, "unit_price": "0.95"},
        {"product": "Crème brûlée maison.", "quantity": 2, "unit_price": "12.50"},
    ],
    "total": "63.45",
    "qr": "INVOICE:FAC_2019_0042\nDATE:2019-03-14 15:09:26\nCUST:00042\nCAT:B",
}
OLD = {
    "layout": "fac-2018",
    "invoice_id": "FAC/2018/0007",
    "issued_at": "2018-11-03 23:58:00",
    "customer": {
        "name": "Richard Stone",
        "email": "rstone@example.com",
        "address": ["3305 Garden Road", "West Harbor, NY 27137"],
        "gender": "M",
        "birth_date": "1989-04-24",
    },
    "lines": [
        {"product": "Guess want sound site.", "quantity": 2, "unit_price": "3.83"},
        {"product": "Attentive coffee grinder.", "quantity": 4, "unit_price": "127.51"},
    ],
    "total": "517.70",
    "qr": "INVOICE:FAC/2018/0007\nDATE:2018-11-03 23:58:00\nCUST:M, birth 1989-04-24\n",
}

BOREALE = {
    "layout": "boreale",
    "invoice_id": "PB-004217",
    "issued_at": "2024-03-14 00:00:00",
    "customer": {
        "name": "Hélène Gagné",
        "email": "helene.gagne@example.com",
        "address": ["1450, rue Sherbrooke Ouest", "Montréal (Québec) H3G 1K9"],
        "number": "042317",
    },
    "lines": [
        {"product": "Papier recyclé A4, 500 feuilles", "quantity": 12, "unit_price": "8.75", "amount": "105.00"},
        {"product": "Chaise de bureau ergonomique", "quantity": 2, "unit_price": "1234.50", "amount": "2469.00"},
        {"product": "Stylo à bille bleu", "quantity": 100, "unit_price": "0.89", "amount": "89.00"},
    ],
    "net": "2663.00",
    "tax": "398.78",
    "taxes": ["133.15", "265.63"],
    "total": "3061.78",
    "qr": None,
}
"""`taxes` are the two rows of which `tax` is the sum."""


def changed(record: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Return a copy of a record with other values."""
    return {**copy.deepcopy(record), **values}


def png(image: Image.Image) -> bytes:
    """Encode an image as PNG."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def scan_of(image: Image.Image, name: str = "page.png") -> Scan:
    """Make a scan of an image."""
    return Scan.of(name, png(image))


def scan_of_record(record: dict[str, Any], name: str = "page.png") -> Scan:
    """Draw a record and make a scan of it."""
    return scan_of(draw_page(record), name)


def on_paper(image: Image.Image) -> Image.Image:
    """Composite on white."""
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image)
    return paper.convert("RGB")


def page_of(record: dict[str, Any], sha256: str = "0" * 64, **others: Any) -> Page:
    """Make the page of a record as if it had been read without a flaw."""
    customer = {name: value for name, value in record["customer"].items() if value and name != "address"}
    address = dict(zip(("address_1", "address_2"), record["customer"]["address"], strict=True))
    issued_at = record["issued_at"][: 19 if record["layout"] == "fac-2019" else 10]
    header = {"invoice_id": record["invoice_id"], "issued_at": issued_at, "total": record["total"], **customer}
    coded = {"qr_invoice_id": record["invoice_id"], "qr_issued_at": record["issued_at"]}
    lines = tuple(
        LineReading(*(_read(name, str(line[name])) for name in ("product", "quantity", "unit_price")))
        for line in record["lines"]
    )
    fields = {name: _read(name, value) for name, value in {**header, **address, **coded}.items()}
    values = {"layout": record["layout"], "currency": "EUR", "fields": fields, "lines": lines, "qr": record["qr"]}
    return Page(sha256, **{**values, "engine": "tesserocr", "engine_version": "1", **others})


def _read(name: str, value: str) -> Field:
    """A field as it is read; amounts half sure, since arithmetic confirms them."""
    amount = name in {"quantity", "unit_price", "total"}
    sure, how = (0.5, "tesserocr") if amount else (0.99, "tesserocr+pixels")
    return Field(value, value, Box(1, 2, 3, 4), sure, how)
