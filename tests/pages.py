"""Pages drawn for tests: records with known truth, as bytes and scans."""

from __future__ import annotations

import copy
import io
from typing import Any

from PIL import Image

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
