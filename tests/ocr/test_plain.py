"""Plain pages are read without a search, to the same page; any other is left to the search."""

import numpy as np
import pytest
import qrcode
from pages import NEW, OLD, on_paper, scan_of
from PIL import Image, ImageDraw

from invoice_lab.ocr import read as reading
from invoice_lab.ocr.glyphs.fonts import load_font
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.plain import read_plain
from invoice_lab.samples import draw_page

RECORDS = {"fac-2019": NEW, "fac-2018": OLD}


def plain(image):
    rgb = np.asarray(image if image.mode == "RGB" else on_paper(image))
    return read_plain(rgb, to_grey(rgb))


def code(text, edge):
    return qrcode.make(text, border=1).get_image().resize((edge, edge), Image.Resampling.NEAREST).convert("RGBA")


@pytest.mark.parametrize("name", RECORDS)
def test_a_plain_page_is_read_as_by_the_search(name, monkeypatch):
    scan = scan_of(draw_page(RECORDS[name]))
    assert plain(draw_page(RECORDS[name]))
    by_itself = reading.Reader().read(scan)
    monkeypatch.setattr(reading, "read_plain", lambda rgb, grey: None)
    assert by_itself == reading.Reader().read(scan)
    assert by_itself[0].engine == "drawing"


@pytest.mark.parametrize("name", RECORDS)
def test_a_page_whose_ink_lost_its_opacity_is_plain(name):
    assert plain(draw_page(RECORDS[name]).convert("RGB"))


def moved(image):
    paper = Image.new("RGBA", image.size, "white")
    paper.paste(image, (3, 0))
    return paper


def without_code(image):
    ImageDraw.Draw(image).rectangle((550, 10, 672, 132), fill="white")
    return image


def with_second_code(image):
    image.paste(code(OLD["qr"], 110), (705, 12))
    return image


def stamped(image):
    ImageDraw.Draw(image).text(
        (100, 900), "PAID IN FULL, THANK YOU", fill="red", font=load_font("FreeMono.ttf", 40, "basic")
    )
    return image


def written_over(image):
    ImageDraw.Draw(image).line((90, 100, 160, 90), fill="black", width=3)
    return image


def larger(image):
    paper = Image.new("RGBA", (image.width, image.height + 1), "white")
    paper.paste(image)
    return paper


@pytest.mark.parametrize("change", [without_code, with_second_code, stamped, written_over, larger])
def test_any_other_page_is_left_to_the_search(change):
    assert plain(draw_page(NEW)) is not None
    assert plain(change(draw_page(NEW))) is None


def test_a_page_that_is_moved_within_its_sheet_is_plain():
    layout, found, _ = plain(moved(draw_page(NEW)))
    assert layout.name == "fac-2019"
    assert found.corners[0] == (565, 22)
