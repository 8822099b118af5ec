"""The search finds the text that explains a strip, within what its grammar allows."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from drawings import little, little_ink
from fitted import TEXTS

from invoice_lab.ocr.drawn_layout import Placement
from invoice_lab.ocr.glyphs.canvas import Canvas
from invoice_lab.ocr.glyphs.search import BEAM, Found
from invoice_lab.ocr.glyphs.spread import estimate_spread

NOISE = 0.007
SIGMAS = {"sharp": 0.0, "blurred": 1.2}


@cache
def canvas_of(sigma):
    """The little page's canvas, its spread known; tests leave it without texts."""
    ink = little_ink()
    dark = cv2.GaussianBlur(ink, (0, 0), sigma) if sigma else ink
    near = cv2.dilate((ink > 0.05).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    return Canvas(dark, np.ones_like(dark), estimate_spread(dark, ink, near))


def erase(canvas, text):
    text.found = None
    canvas.redraw(text)


def slot_named(name):
    return next(slot for slot in little().slots(Placement(lines=2)) if slot.name == name)


@pytest.mark.parametrize("kind", SIGMAS)
def test_each_text_is_found_and_drawn(kind):
    canvas = canvas_of(SIGMAS[kind])
    for name, said in TEXTS.items():
        text = canvas.begin(slot_named(name))
        before = float((canvas.residual()[text.area] ** 2).sum())
        canvas.search(text, NOISE, BEAM, core=True)
        assert "".join(canvas.said(text)).rstrip() == said
        assert float((canvas.residual()[text.area] ** 2).sum()) < 0.7 * before  # neighbours are in the strip, too
        erase(canvas, text)


def test_the_best_comes_first_and_each_reading_once():
    canvas = canvas_of(1.2)
    found = canvas.rivals(canvas.begin(slot_named("1.1")), NOISE, BEAM)
    costs = [one.cost for one in found]
    assert costs == sorted(costs)
    assert len({(tuple(one.glyphs), tuple(one.steps)) for one in found}) == len(found) > 1


def test_a_grammar_that_does_not_fit_in_the_strip_finds_nothing():
    canvas = canvas_of(0.0)
    slot = slot_named("header.1")
    narrow = canvas.begin(replace(slot, right=slot.pen[0] + 60))
    canvas.search(narrow, NOISE, BEAM, core=True)
    assert narrow.found is None
    assert canvas.said(narrow) == ()
    assert not narrow.drawn.any()


def test_no_letter_stands_where_the_grammar_has_digits():
    """The name's pixels, read as an id, give an id: the form counts."""
    canvas = canvas_of(0.0)
    name, number = slot_named("header.2"), slot_named("header.0")
    text = canvas.begin(replace(name, grammar=number.grammar, alphabet=number.alphabet))
    canvas.search(text, NOISE, BEAM, core=True)
    said = "".join(canvas.said(text))
    assert said[:10] == "Number KL_"
    assert said[10:].isdecimal() and len(said) == 14
    erase(canvas, text)


def test_a_search_that_keeps_the_beginning_finds_the_end_anew():
    canvas = canvas_of(1.2)
    text = canvas.begin(slot_named("header.2"))
    right = canvas.rivals(text, NOISE, BEAM)[0]
    text.found = Found(np.where(np.arange(len(right.glyphs)) < 10, right.glyphs, right.glyphs[0]), right.steps, 0.0)
    canvas.redraw(text)
    again = canvas.rivals(text, NOISE, BEAM, kept=Found(text.found.glyphs[:10], text.found.steps[:10], 0.0))[0]
    assert np.array_equal(again.glyphs, right.glyphs)
    assert np.array_equal(again.steps, right.steps)
    erase(canvas, text)


def test_redrawing_and_another_spread_leave_no_trace():
    canvas = Canvas(little_ink(), np.ones(little_ink().shape, np.float32), canvas_of(1.2).spread)
    untouched = canvas.residual()
    text = canvas.begin(slot_named("1.1"), TEXTS["1.1"])
    assert canvas.said(text) == tuple(TEXTS["1.1"])
    assert np.abs(canvas.residual() - untouched).max() > 0.2
    canvas.respread(replace(canvas.spread, kernel=canvas.spread.kernel * 0.5), [text])
    erase(canvas, text)
    assert np.allclose(canvas.residual(), untouched, atol=1e-5)
    assert np.abs(canvas.ink).max() < 1e-6
