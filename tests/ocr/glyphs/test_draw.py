"""Texts drawn by compiled code are those that Pillow draws, bit for bit."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from invoice_lab.ocr.decode.picture import on_white
from invoice_lab.ocr.glyphs.compiled.draw import draw_text, is_as_drawn
from invoice_lab.ocr.glyphs.inked import Ink, inked_glyphs
from invoice_lab.ocr.glyphs.typeface import load_typeface

NONE_KNOWN = np.zeros((0, 0), np.bool_)
FACES = [("Lato-Light.ttf", "basic"), ("Lato-Light.ttf", "raqm"), ("FreeMono.ttf", "raqm")]
INKS = [(0, 0, 255, 255), (255, 0, 0, 128), (255, 0, 0, 0)]
TEXTS = ["AVATAR, Tö. office", "  12 x   3.83 Euro", "ffi fl fb Þj ÅÇ", "."]


def drawn(face, ink, text, pen, page):
    glyphs = inked_glyphs(face, ink)
    draw_text(page, pen, face.numbers(text), ink.rgba, face.kerning, glyphs.arrays)
    return page


@pytest.mark.parametrize("ink", INKS)
@pytest.mark.parametrize(("font", "shaping"), FACES)
def test_texts_are_drawn_as_pillow_does(font, shaping, ink):
    face, pages = load_typeface(font, 20, shaping), []
    image = Image.new("RGBA", (300, 120), (255, 255, 255, 255))
    image.paste((255, 0, 0, 0), (0, 52, 300, 54))  # a rule that is wholly transparent, below the text
    page = np.array(image)
    for row, text in enumerate(TEXTS):
        pen = (7 - row, 26 * row + 3)
        ImageDraw.Draw(image).text(pen, text, fill=ink, font=face.font)
        pages.append(drawn(face, Ink((*ink[:3], ink[3] / 255)), text, pen, page).copy())
    assert np.array_equal(page, np.asarray(image))
    assert len({each.tobytes() for each in pages}) == len(TEXTS)


@pytest.mark.parametrize("pen", [(-30, 4), (250, 4), (20, -12), (20, 50), (500, 500)])
def test_what_reaches_beyond_the_page_is_left_out(pen):
    face = load_typeface("Lato-Light.ttf", 20)
    image = Image.new("RGBA", (280, 60), (255, 255, 255, 255))
    page = np.array(image)
    ImageDraw.Draw(image).text(pen, "Beyond the page", fill=(0, 0, 0, 255), font=face.font)
    assert np.array_equal(drawn(face, Ink((0, 0, 0, 1.0)), "Beyond the page", pen, page), np.asarray(image))


@pytest.mark.parametrize("ink", INKS[:2])
def test_one_grey_level_tells_a_page_from_what_is_drawn(ink):
    face = load_typeface("Lato-Light.ttf", 20)
    page = drawn(face, Ink((*ink[:3], ink[3] / 255)), "Paper clip", (5, 5), np.full((40, 120, 4), 255, np.uint8))
    canvas, nothing, area = on_white(page), np.zeros((40, 120), np.bool_), (2, 35, 2, 110)
    assert is_as_drawn(canvas, page, NONE_KNOWN, nothing, area)
    for where in [(2, 2), (34, 109), (20, 9)]:
        for channel in range(3):
            off = canvas.copy()
            off[(*where, channel)] ^= 1
            passed = nothing.copy()
            passed[where] = True
            assert not is_as_drawn(off, page, NONE_KNOWN, nothing, area)
            assert is_as_drawn(off, page, NONE_KNOWN, passed, area)
        known = np.ones((40, 120), np.bool_)
        assert is_as_drawn(canvas, page, known, nothing, area)
        known[where] = False
        assert not is_as_drawn(canvas, page, known, nothing, area)
    off = canvas.copy()
    off[1], off[35], off[:, 1], off[:, 110] = 0, 0, 0, 0
    assert is_as_drawn(off, page, NONE_KNOWN, nothing, area)
