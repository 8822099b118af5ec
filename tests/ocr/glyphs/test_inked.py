"""Inks are as dark as Pillow draws them on white."""

import numpy as np
import pytest
from pages import on_paper
from PIL import Image, ImageDraw

from invoice_lab.ocr.glyphs.fonts import load_font
from invoice_lab.ocr.glyphs.inked import Ink, inked_glyphs
from invoice_lab.ocr.glyphs.typeface import load_typeface
from invoice_lab.ocr.paper import to_grey

INKS = {"black": (0, 0, 0, 255), "blue": (0, 0, 255, 255), "half red": (255, 0, 0, 128), "teal": (0, 80, 90, 255)}


def ink_of(name):
    red, green, blue, opacity = INKS[name]
    return Ink((red, green, blue, opacity / 255))


@pytest.mark.parametrize("name", INKS)
def test_each_channel_is_as_dark_as_pillow_draws_it(name):
    mask, left, top = load_typeface("Lato-Light.ttf", 24).render("Größe 38")
    page = Image.new("RGBA", (160, 60), "white")
    ImageDraw.Draw(page).text((10, 10), "Größe 38", fill=INKS[name], font=load_font("Lato-Light.ttf", 24, "basic"))
    seen = np.asarray(on_paper(page))[10 + top :, 10 + left :][: mask.shape[0], : mask.shape[1]]
    ink = ink_of(name)
    assert len(np.unique(mask)) > 50
    for channel in range(3):
        assert np.array_equal(255 - seen[..., channel], ink.darkness(channel)[mask])
    assert ink.darkness().max() == max(ink.darkness(channel).max() for channel in range(3))
    rounding = 1 / 255  # of the three channels, and of the sum
    assert np.abs((255 - to_grey(seen)) / 255 - ink.luma()[mask]).max() <= rounding


@pytest.mark.parametrize("name", INKS)
def test_the_tint_shares_the_darkness_out_to_the_channels(name):
    ink = ink_of(name)
    full = np.array([ink.darkness(channel)[255] for channel in range(3)])
    assert np.allclose(ink.tint() * ink.luma()[255] * 255, full, atol=0.5)


def test_glyphs_in_flat_arrays_are_those_of_the_typeface():
    typeface = load_typeface("FreeMono.ttf", 20)
    inked = inked_glyphs(typeface, ink_of("blue"))
    for number, glyph in enumerate(typeface.glyphs):
        start, shape = inked.start[number], (inked.height[number], inked.width[number])
        assert np.array_equal(inked.data[start : start + glyph.mask.size].reshape(shape), glyph.mask)
        assert (inked.left[number], inked.top[number]) == (glyph.left, glyph.top)
        assert inked.weight[number] == glyph.mask.sum()
