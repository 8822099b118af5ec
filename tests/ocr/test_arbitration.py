"""Arbitration: texts that an engine read, held against the pixels."""

from datetime import date

import numpy as np
import pytest
import yaml
from pages import NEW, OLD, changed, on_paper, scan_of, scan_of_record
from PIL import Image, ImageDraw, ImageFilter

from invoice_lab.ocr.arbitration import recognise
from invoice_lab.ocr.arbitration.confusable import alike
from invoice_lab.ocr.arbitration.lettering import lettering
from invoice_lab.ocr.arbitration.mend import mend
from invoice_lab.ocr.arbitration.strip import Look, Strip
from invoice_lab.ocr.arbitration.sureness import settle
from invoice_lab.ocr.layouts import load_layouts
from invoice_lab.ocr.layouts.load import FOLDER_VARIABLE
from invoice_lab.ocr.read import Reader
from invoice_lab.samples import draw_page
from invoice_lab.validation.judge import judge
from invoice_lab.validation.thresholds import thresholds

TODAY = date(2026, 1, 1)
FONT = "Lato-Light.ttf"
HARD = changed(
    NEW,
    customer={**NEW["customer"], "address": ["Via Garibaldi, 0 Interno 7", "20121 Milano"]},
    lines=[
        {"product": "Écran large bleu.", "quantity": 1, "unit_price": "10.00"},
        {"product": "Iris jaune du jardin.", "quantity": 2, "unit_price": "10.00"},
    ],
    total="30.00",
)
"""Capitals with accents and a lonely zero, which Tesseract reads as E and O."""


@pytest.fixture(scope="module")
def reader():
    return Reader("tesserocr")


def strip_with(text, size=20, blur=0.0, noise=0.0, other=None):
    """A strip of a page on which a text stands, and how it looks there; `other` is laid over it by half."""
    look = Look(lettering(FONT, size), blur, noise)
    seen = np.zeros((3 * size, 40 + look.draw(text).stops[-1]), np.float32)
    for said in filter(None, (text, other)):
        drawn, share = look.draw(said), 0.5 if other else 1.0
        x, y = 20 + drawn.left, size // 2 + drawn.top
        seen[y : y + drawn.ink.shape[0], x : x + drawn.ink.shape[1]] += share * drawn.ink
    return Strip(seen, (0, 0), (20, size // 2), 1.0, look)


@pytest.mark.parametrize(
    ("true", "read"),
    [
        ("Élan vital", "Elan vital"),
        ("rue de la Forêt", "rue de Ia Forét"),
        ("Quai 0, Bord", "Quai O. Bord"),
        ("Modern corner", "Modem comer"),
        ("Bel oiseau.", "Beloiseau"),
        ("Ivry sur Seine", "lvry sur  Seine"),
        ("5 place Ney", "S place Ney."),
    ],
)
@pytest.mark.parametrize("size", [12, 20])
def test_look_alikes_are_mended_by_the_pixels(true, read, size):
    mended = mend(strip_with(true, size), read, "address_1")
    assert mended.text == true
    assert mended.misfit < 0.1
    assert settle(mended, "address_1") == (true, pytest.approx(1, abs=0.01))


def test_a_text_that_something_else_stands_on_is_unsure():
    strip = strip_with("Bahnhofstrasse 7")
    strip.seen[12:30, 60:80] = 1
    _, sure = settle(mend(strip, "Bahnhofstrasse 7", "address_1"), "address_1")
    assert sure < 0.5


def test_candidates_that_the_pixels_cannot_tell_apart_are_unsure():
    """Half an acute, half a grave: as much speaks for the one as for the other."""
    strip = strip_with("Lelévre", other="Lelèvre", noise=0.03)
    text, sure = settle(mend(strip, "Lelévre", "name"), "name")
    assert text in {"Lelévre", "Lelèvre"}
    assert sure < thresholds().least("name", "tesserocr+pixels")


def test_noise_makes_less_sure():
    texts = [
        settle(mend(strip_with("Rue 1, Ville.", 12, 0.0, noise), "Rue 1, Ville.", "name"), "name")
        for noise in (0, 0.09)
    ]
    assert [text for text, _ in texts] == ["Rue 1, Ville."] * 2
    assert texts[0][1] > 0.99 > texts[1][1]


def test_look_alikes_keep_to_the_characters_of_a_field():
    assert "Été" in set(alike("name", "Eté", 0))
    assert "corner" in set(alike("name", "comer", 2))
    assert all(text.isascii() for text in alike("email", "le@example.com", 1))


def test_a_page_that_the_engine_misreads_is_mended(reader):
    (page,) = reader.read(scan_of_record(HARD))
    address, product = page.fields["address_1"], page.lines[0].product
    assert (address.value, product.value) == ("Via Garibaldi, 0 Interno 7", "Écran large bleu.")
    assert address.raw != address.value or product.raw != product.value, "the engine reads all: choose harder texts"
    assert address.how == product.how == "tesserocr+pixels"
    assert min(address.confidence, product.confidence) > 0.99
    assert judge(page, TODAY).status == "accepted"


def test_kerning_and_ligatures_are_drawn_too(reader):
    record = changed(
        OLD, customer={**OLD["customer"], "name": "Aàron Vatti-Offit", "address": ["1 Affine Ave", "Avatti, NY 27137"]}
    )
    (page,) = reader.read(scan_of_record(record))
    assert [page.value(name) for name in ("name", "address_1", "address_2")] == [
        "Aàron Vatti-Offit",
        "1 Affine Ave",
        "Avatti, NY 27137",
    ]
    assert judge(page, TODAY).status == "accepted"


def test_a_stain_on_a_name_sends_it_to_review(reader):
    image = on_paper(draw_page(NEW))
    ImageDraw.Draw(image).ellipse((95, 84, 106, 99), fill="black")
    judgement = judge(*reader.read(scan_of(image)), TODAY)
    assert judgement.status == "review"
    assert {finding.field for finding in judgement.findings} >= {"name"}


PLAIN = changed(HARD, qr=HARD["qr"].replace("INVOICE:", "PLAIN:"))


@pytest.fixture
def plain(tmp_path, monkeypatch):
    """A layout as a user describes one whose fonts they don't know: fac-2019 under another name, without drawing."""
    layout = load_layouts()["fac-2019"].model_dump(mode="json", exclude={"drawing"}, exclude_none=True)
    layout["name"], layout["qr"]["pattern"] = "plain", layout["qr"]["pattern"].replace("INVOICE:", "PLAIN:")
    (tmp_path / "plain.yaml").write_text(yaml.safe_dump(layout, allow_unicode=True), encoding="utf-8")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    load_layouts.cache_clear()
    yield
    load_layouts.cache_clear()


@pytest.mark.usefixtures("plain")
def test_a_layout_without_drawing_is_held_against_the_installed_font_that_fits(reader):
    (page,) = reader.read(scan_of_record(PLAIN))
    assert page.layout == "plain"
    assert (page.value("address_1"), page.lines[0].product.value) == ("Via Garibaldi, 0 Interno 7", "Écran large bleu.")
    assert page.fields["address_1"].how == "tesserocr+pixels"
    assert judge(page, TODAY).status == "accepted"


@pytest.mark.usefixtures("plain")
def test_without_a_font_that_fits_nothing_is_accepted(reader, monkeypatch):
    monkeypatch.setattr(recognise, "installed_fonts", lambda: ("FreeSerif.ttf", "no-such-font.ttf"))
    judgement = judge(*reader.read(scan_of_record(PLAIN)), TODAY)
    assert judgement.page.fields["name"].how == "tesserocr"
    assert judgement.page.fields["name"].confidence <= 0.9
    unsure = {finding.field for finding in judgement.findings if finding.code == "field-unsure"}
    assert {"name", "address_1", "address_2", "lines.1.product"} <= unsure
    assert not unsure & {"invoice_id", "issued_at", "total"}, "the code and arithmetic confirm them"


def test_a_blurred_page_is_never_accepted_wrong(reader):
    image = on_paper(draw_page(HARD)).filter(ImageFilter.GaussianBlur(1.2))
    (page,) = reader.read(scan_of(image.resize((850, 1100), Image.Resampling.BICUBIC)))
    right = (
        page.value("address_1") == "Via Garibaldi, 0 Interno 7" and page.lines[0].product.value == "Écran large bleu."
    )
    assert right or judge(page, TODAY).status == "review"
