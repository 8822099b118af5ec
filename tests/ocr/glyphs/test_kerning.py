"""Kerning read from the font is what Raqm adds between two letters."""

import numpy as np
import pytest

from invoice_lab.ocr.glyphs.fonts import find_font, load_font
from invoice_lab.ocr.glyphs.kerning import kerning_of
from invoice_lab.ocr.glyphs.typeface import UNIT, load_typeface

LETTERS = tuple("AVTLYWPFao.,-'yvwrfekJjÉéÀçß719 x")


def measured(font, letters, size):
    """What Raqm adds between each two letters, in pixels, shape (letters, letters)."""
    single = {letter: font.getlength(letter) for letter in letters}
    plain = {"features": ["-liga"]}
    return np.array([[font.getlength(a + b, **plain) - single[a] - single[b] for b in letters] for a in letters])


@pytest.mark.parametrize("name", ["Lato-Light.ttf", "Lato-Regular.ttf"])
@pytest.mark.parametrize("size", [12, 18, 24])
def test_kerning_of_all_pairs_is_what_raqm_adds(name, size):
    typeface = load_typeface(name, size, "raqm")
    numbers = [typeface.index[letter] for letter in LETTERS]
    expected = measured(load_font(name, size, "raqm"), LETTERS, size) * UNIT
    assert np.count_nonzero(expected) > 100
    assert np.array_equal(typeface.kerning[np.ix_(numbers, numbers)], expected)


def test_kerning_is_in_units_of_the_font():
    pairs, em = kerning_of(find_font("Lato-Light.ttf"), ("A", "V", "o"))
    assert em == 2000
    font = load_font("Lato-Light.ttf", em, "raqm")
    assert np.array_equal(pairs, measured(font, ("A", "V", "o"), em))
    assert pairs[0, 1] < 0


def test_basic_shaping_and_fonts_of_one_width_have_none():
    assert not load_typeface("Lato-Light.ttf", 20, "basic").kerning.any()
    assert not load_typeface("FreeMono.ttf", 20, "raqm").kerning.any()


def test_a_letter_that_the_font_has_not_is_not_kerned():
    pairs, _ = kerning_of(find_font("Lato-Light.ttf"), ("A", "\U000f0000", "V"))
    assert not pairs[1].any() and not pairs[:, 1].any()
    assert pairs[0, 2]
