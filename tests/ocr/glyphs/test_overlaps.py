"""Letters of two lines that meet: the pixels that both ink are as dark as Pillow draws them, and each line is sure."""

import numpy as np
import pytest
from pages import NEW, changed, on_paper

from invoice_lab.ocr.drawn import read_drawn
from invoice_lab.ocr.drawn_layout import Placement, drawn_layout
from invoice_lab.ocr.glyphs.canvas import Canvas
from invoice_lab.ocr.glyphs.overlaps import overlaps
from invoice_lab.ocr.glyphs.spread import Spread
from invoice_lab.ocr.layouts import load_layouts
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.qrcode import read_codes
from invoice_lab.samples import draw_page
from invoice_lab.samples.damage import damage
from invoice_lab.samples.truth import chance
from invoice_lab.validation.thresholds import thresholds

MEETING = ("Ça tourne, moulin à vent.", "Étagère murale à dossiers.")
"""The cedilla of the first stands on the accent of the second."""
RECORD = changed(
    NEW,
    lines=[{**line, "product": said} for line, said in zip(NEW["lines"], MEETING, strict=False)],
    total="38.45",
)
LAYOUT = drawn_layout(load_layouts()[RECORD["layout"]])


@pytest.mark.parametrize("kind", ["blur-1.0", "downscale-2/3", "jpeg-30"])
def test_lines_whose_letters_meet_are_sure(kind):
    page = np.asarray(damage(on_paper(draw_page(RECORD)), kind, chance(kind)))
    reading = read_drawn(page, LAYOUT, read_codes(to_grey(page))[0])
    products = [line.product for line in reading.lines]
    assert tuple(product.value for product in products) == MEETING
    assert min(product.confidence for product in products) > thresholds().least("product", "fit")


def test_ink_on_ink_is_as_dark_as_pillow_draws_it():
    dark = 1 - to_grey(np.asarray(on_paper(draw_page(RECORD)))) / 255
    canvas = Canvas(dark.astype(np.float32), np.ones_like(dark), Spread(np.eye(1, dtype=np.float32), 0.0, 0.0))
    slots = {slot.name: slot for slot in LAYOUT.slots(Placement(lines=2))}
    texts = [canvas.begin(slots[f"{number}.1"], said) for number, said in enumerate(MEETING, 1)]
    ((twice, area, ink),) = overlaps(texts)
    assert ink == texts[0].slot.ink
    assert (twice > 0.05).any()
    error = canvas.ink[area] - dark[area]
    assert error[twice > 0.05].min() > 0.05
    assert np.abs(error - twice)[twice > 0].max() < 0.01


def test_texts_that_meet_nowhere_and_those_of_other_inks_have_none():
    canvas = Canvas(*np.zeros((2, 1100, 850), np.float32), Spread(np.eye(1, dtype=np.float32), 0.0, 0.0))
    slots = {slot.name: slot for slot in LAYOUT.slots(Placement(lines=3))}
    assert not list(overlaps([canvas.begin(slots["1.1"], "Ça"), canvas.begin(slots["3.1"], "Étagère")]))
    assert not list(overlaps([canvas.begin(slots["1.1"], "Mais"), canvas.begin(slots["2.1"], "oui")]))
