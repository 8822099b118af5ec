"""The drawn pages are those of the real layouts, to the pixel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from invoice_lab.errors import MissingToolError, UsageError
from invoice_lab.samples import draw_page, fonts
from invoice_lab.samples.logo import logo
from invoice_lab.samples.page import qr_code, total_y

LOGO = (slice(10, 138), slice(700, 828))
EMAIL = (slice(100, 119), slice(20, 520))
RECORD = {
    "layout": "fac-2019",
    "invoice_id": "FAC_2019_0042",
    "issued_at": "2019-03-04 09:05:00",
    "customer": {"name": "Ève Çelik", "email": None, "address": ["1, rue de l'Île", "01234 Étangville"],
                 "number": "00000", "category": "B"},
    "lines": [{"product": "Écharpe tricotée.", "quantity": 2, "unit_price": "12.50"}],
    "total": "25.00",
    "qr": "INVOICE:FAC_2019_0042\nDATE:2019-03-04 09:05:00\nCUST:00000\nCAT:B",
}  # fmt: skip


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGBA")).astype(int)


def real_truth(shared: Path) -> list[dict]:
    return [json.loads(line) for line in (shared / "invoices" / "truth.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.shared
def test_pages_of_fac_2019_equal_the_real_ones_outside_the_logo(shared: Path) -> None:
    records = [record for record in real_truth(shared) if record["layout"] == "fac-2019"][::40]
    assert len(records) >= 25
    for record in records:
        real, drawn = pixels(Image.open(shared / "invoices" / record["file"])), pixels(draw_page(record))
        assert (real[LOGO] != drawn[LOGO]).any(), "the logo must not be the real one"
        drawn[LOGO] = real[LOGO]
        assert (real == drawn).all(), record["file"]


@pytest.mark.shared
def test_pages_of_fac_2018_equal_the_real_ones_but_for_shades_of_the_email(shared: Path) -> None:
    """FreeType versions shade the 14 px e-mail differently, by at most 5 %; nothing else differs."""
    records = [record for record in real_truth(shared) if record["layout"] == "fac-2018"]
    assert len(records) == 4
    for record in records:
        real, drawn = pixels(Image.open(shared / "invoices" / record["file"])), pixels(draw_page(record))
        assert abs(real[EMAIL] - drawn[EMAIL]).max() <= 13, record["file"]
        for box in (LOGO, EMAIL):
            drawn[box] = real[box]
        assert (real == drawn).all(), record["file"]


def test_alpha_trap() -> None:
    page = pixels(draw_page(RECORD))
    rule = page[total_y(RECORD), 40:801]
    assert (rule == (255, 0, 0, 0)).all()
    total = page[total_y(RECORD) + 10 : total_y(RECORD) + 40, :, 3]
    assert total.min() == 128, "the ink of the total is half transparent"


def test_qr_code_holds_the_payload_and_has_the_real_size() -> None:
    assert qr_code(RECORD["qr"]).size == (123, 123)
    assert zxingcpp.read_barcode(np.asarray(draw_page(RECORD).convert("RGB"))).text == RECORD["qr"]


def test_fields_that_are_none_are_left_out() -> None:
    nobody = {"name": None, "email": None, "address": []}
    page = pixels(
        draw_page({**RECORD, "invoice_id": None, "issued_at": None, "customer": nobody, "total": None, "qr": None})
    )
    assert (page[:190, :690] == 255).all()
    assert (page[total_y(RECORD) + 1 :] == 255).all()


def test_offsets_move_header_and_table() -> None:
    plain, moved = pixels(draw_page(RECORD)), pixels(draw_page(RECORD, header_offset=(30, 12), table_offset=(0, 500)))
    assert (moved[12:172, 30:530] == plain[:160, :500]).all()
    assert (moved[700:800] == plain[200:300]).all()


def test_logo_is_opaque_and_of_the_real_size() -> None:
    assert logo().size == (128, 128)
    assert logo().getchannel("A").getextrema() == (255, 255)


def test_unknown_layout_is_refused() -> None:
    with pytest.raises(UsageError, match="fac-1999"):
        draw_page({**RECORD, "layout": "fac-1999"})


@pytest.fixture
def no_fonts_loaded():
    fonts.load_font.cache_clear()
    yield
    fonts.load_font.cache_clear()


@pytest.mark.usefixtures("no_fonts_loaded")
def test_missing_font_says_the_apt_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fonts.FACES, "mono", "NoSuchFont.ttf")
    with pytest.raises(
        MissingToolError, match=r"NoSuchFont.*apt-get install -y fonts-lato fonts-freefont-ttf libfribidi0"
    ):
        draw_page(RECORD)


@pytest.mark.usefixtures("no_fonts_loaded")
def test_missing_raqm_says_the_apt_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts.features, "check", lambda _feature: False)
    draw_page(RECORD)
    with pytest.raises(MissingToolError, match=r"Raqm.*libfribidi0"):
        draw_page({**RECORD, "layout": "fac-2018"})
