"""Glyphs and texts put together of glyphs are what Pillow draws."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from invoice_lab.errors import MissingToolError
from invoice_lab.ocr.arbitration.lettering import Drawn, Lettering
from invoice_lab.ocr.glyphs.fonts import find_font, load_font
from invoice_lab.ocr.glyphs.inked import Ink
from invoice_lab.ocr.glyphs.spread import Spread
from invoice_lab.ocr.glyphs.templates import ABOVE, SpreadGlyphs
from invoice_lab.ocr.glyphs.typeface import UNIT, Typeface, load_typeface
from invoice_lab.ocr.glyphs.typography import typography

SHARP = Spread(np.ones((1, 1), np.float32), 0.0, 0.0)
BLACK = Ink((0, 0, 0, 1.0))
TEXT = "AVATAR Tomates, pâté: «Été» fjord 0.5 VÅ"


@pytest.mark.parametrize(("font", "size", "shaping"), [("Lato-Light.ttf", 20, "basic"), ("Lato-Light.ttf", 18, "raqm")])
def test_each_glyph_is_drawn_and_moves_the_pen_as_pillow_does(font, size, shaping):
    typeface = load_typeface(font, size, shaping)
    pillow = load_font(font, size, shaping)
    for glyph in typeface.glyphs:
        page = Image.new("L", (6 * size, 3 * size))
        ImageDraw.Draw(page).text((size, size), glyph.text, fill=255, font=pillow)
        own = np.zeros((3 * size, 6 * size), np.uint8)
        y, x = size + glyph.top, size + glyph.left
        own[y : y + glyph.mask.shape[0], x : x + glyph.mask.shape[1]] = glyph.mask
        assert np.array_equal(own, np.asarray(page)), glyph.text
        assert glyph.advance == pillow.getlength(glyph.text) * UNIT, glyph.text


@pytest.mark.parametrize("shaping", ["basic", "raqm"])
@pytest.mark.parametrize("size", [12, 20, 24])
@pytest.mark.parametrize("font", ["Lato-Light.ttf", "FreeMono.ttf"])
def test_a_text_put_together_of_glyphs_is_what_pillow_draws(font, size, shaping):
    typeface = load_typeface(font, size, shaping)
    glyphs = SpreadGlyphs(typeface, BLACK, SHARP, typography().alphabets["latin-1"])
    said = "".join(letter for letter in TEXT if letter in glyphs.texts)
    strip = Image.new("L", (40 * size, glyphs.height))
    ImageDraw.Draw(strip).text((size, ABOVE), said, fill=255, font=load_font(font, size, shaping))
    drawn = glyphs.text_drawn(glyphs.spell(said), size, strip.width)
    assert len(said) > 30
    assert np.allclose(drawn, BLACK.luma()[np.asarray(strip)])


def test_raqm_has_ligatures_and_basic_shaping_none():
    assert {len(text) for text in load_typeface("Lato-Light.ttf", 18, "basic").texts} == {1}
    assert "fi" in load_typeface("Lato-Light.ttf", 18, "raqm").texts


@pytest.mark.parametrize("said", ["Ñandutí, mantel", "cítì fïl ffíts", "attīre, fťi"])
def test_ligatures_with_an_accent_are_drawn_as_pillow_draws_them(said):
    typeface = load_typeface("Lato-Light.ttf", 18, "raqm")
    glyphs = SpreadGlyphs(typeface, BLACK, SHARP, said)
    strip = Image.new("L", (400, glyphs.height))
    ImageDraw.Draw(strip).text((18, ABOVE), said, fill=255, font=typeface.font)
    assert np.allclose(glyphs.text_drawn(glyphs.spell(said), 18, 400), BLACK.luma()[np.asarray(strip)])


def test_letters_that_the_font_has_not_are_left_out():
    texts = load_typeface("FreeMono.ttf", 20).texts
    assert {"A", "é", "ß", " ", "€"} <= set(texts)
    typeface = Typeface("Lato-Light.ttf", 20)
    absent = bytes(typeface.font.getmask("\U000f0000"))
    assert not [text for text in typeface.texts if text != " " and bytes(typeface.font.getmask(text)) == absent]


def test_a_typeface_is_made_once():
    assert load_typeface("Lato-Light.ttf", 20) is load_typeface("Lato-Light.ttf", 20)


def test_a_missing_font_says_what_to_install():
    assert find_font("No-Such-Font.ttf") is None
    with pytest.raises(MissingToolError, match=r"No-Such-Font\.ttf"):
        Typeface("No-Such-Font.ttf", 20)


@pytest.mark.parametrize("shaping", ["basic", "raqm"])
def test_columns_are_where_pillow_puts_the_pen(shaping):
    face = load_typeface("Lato-Light.ttf", 20, shaping)
    text = "AVATAR, office Tö. 12"
    lengths = [face.font.getlength(text[:end]) for end in range(len(text) + 1)]
    joined = [] if shaping == "basic" else [10, 11]  # of a ligature all but the first letter have no place of their own
    columns = face.columns(text)
    assert [columns[at] for at in joined] == [columns[at - 1] for at in joined]
    assert np.abs(np.delete(columns - lengths, joined)).max() <= 0.5 + 3 / 64  # rounding, and Pillow's kerning
    assert face.columns("").tolist() == [0]


def test_glyphs_side_by_side_look_as_pillow_draws_the_text():
    texts = ("AVATAR, office Tö.", "r. P, Ty", "fjord fi ffi", "ïîj", "x", "", " a")
    for size in (12, 18, 20):
        face = Lettering("Lato-Light.ttf", size, "raqm")
        for text in texts:
            drawn, whole = face.draw(text), Drawn(*face._picture(text), ())
            assert (drawn.left, drawn.top, drawn.ink.shape) == (whole.left, whole.top, whole.ink.shape), text
            assert drawn.ink == pytest.approx(whole.ink, abs=0.01), text
            assert len(drawn.stops) == len(text) + 1
