"""Half-transparent ink: laid on white or left without its opacity, a page is read alike."""

import io

import numpy as np
import pytest
import yaml
from drawings import LITTLE, LITTLE_RECORD
from pages import NEW, OLD, changed, on_paper
from PIL import Image

from invoice_lab.ocr.drawn import read_drawn
from invoice_lab.ocr.drawn_layout import drawn_layout
from invoice_lab.ocr.layouts import Layout, load_layouts
from invoice_lab.ocr.opacity import as_shown
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.qrcode import read_codes
from invoice_lab.ocr.registration import Registration
from invoice_lab.samples import draw_page
from invoice_lab.samples.damage import damage
from invoice_lab.samples.damage.tone import ENLARGERS, REDUCERS, times
from invoice_lab.samples.described import draw_described
from invoice_lab.samples.page import qr_code
from invoice_lab.samples.truth import chance

SURE = 0.95
*FIRST, LAST = NEW["lines"]
CROSSED = changed(NEW, lines=[*FIRST, {**LAST, "product": "Garçon jaloux, pigeon."}])
"""Its last line has letters that the rule crosses."""
LONGER = changed(NEW, lines=[*NEW["lines"], NEW["lines"][0]])
"""Each row of the total is sharp, or blurred, by where on the page it stands."""
WAYS = {"laid on white": on_paper, "without opacity": lambda image: image.convert("RGB")}
KINDS = ["as-arrived", "shift", "blur-1.0", "contrast-50", "rotation-3", "jpeg-30", "salt-pepper-1", "photo"]


def drawn_of(record):
    return drawn_layout(load_layouts()[record["layout"]])


def code_of(page):
    return read_codes(to_grey(np.asarray(page)))[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("record", [CROSSED, OLD], ids=["fac-2019", "fac-2018"])
def test_every_field_is_right_and_sure(record, way, kind):
    page = damage(WAYS[way](draw_page(record)), kind, chance(record["layout"], kind))
    reading = read_drawn(np.asarray(page), drawn_of(record), code_of(page))
    said = [(line.product.value, line.quantity.value, line.unit_price.value) for line in reading.lines]
    assert said == [(line["product"], str(line["quantity"]), line["unit_price"]) for line in record["lines"]]
    assert reading.fields["total"].value == record["total"]
    assert reading.fields["name"].value == record["customer"]["name"]
    sure = {name: field.confidence for name, field in reading.fields.items()}
    sure |= {f"{number}.product": line.product.confidence for number, line in enumerate(reading.lines)}
    assert [name for name, confidence in sure.items() if confidence < SURE] == []


@pytest.mark.parametrize("way", WAYS)
def test_a_page_as_it_is_drawn_is_certified_to_the_pixel(way):
    page = WAYS[way](draw_page(NEW))
    reading = read_drawn(np.asarray(page), drawn_of(NEW), code_of(page))
    assert {field.how for field in reading.fields.values()} == {"exact"}


@pytest.mark.parametrize("kind", ["blur-1.5", "contrast-50", "contrast-enhance", "photo", "shadow"])
@pytest.mark.parametrize("way", WAYS)
def test_labels_tell_how_the_ink_was_laid(way, kind):
    page = damage(WAYS[way](draw_page(NEW)), kind, chance(kind))
    drawn = drawn_of(NEW)
    shown = as_shown(drawn, Registration(to_grey(np.asarray(page)), drawn, code_of(page)).run())
    assert shown is (drawn if way == "laid on white" else drawn.opaque)


@pytest.mark.parametrize("larger", ENLARGERS, ids=lambda how: f"{how.name.lower()} larger")
@pytest.mark.parametrize("smaller", REDUCERS, ids=lambda how: f"{how.name.lower()} smaller")
@pytest.mark.parametrize("way", WAYS)
def test_blur_that_thin_letters_suffer_from_most_does_not_mislead(way, smaller, larger):
    page = WAYS[way](draw_page(LONGER))
    coarse = to_grey(np.asarray(page.resize(times(page.size, 2 / 3), smaller).resize(page.size, larger)))
    drawn = drawn_of(LONGER)
    shown = as_shown(drawn, Registration(coarse, drawn, code_of(page)).run())
    assert shown is (drawn if way == "laid on white" else drawn.opaque)


def test_a_layout_of_opaque_inks_is_shown_in_one_way():
    assert drawn_layout(load_layouts()["boreale"]).opaque is None


def test_a_stroke_across_the_rule_is_told():
    """The rule hides one row of it, no more."""
    page = WAYS["without opacity"](draw_page(CROSSED))
    strokes = np.array(page)
    strokes[255:266, 60:64] = (20, 20, 120)
    reading = read_drawn(strokes, drawn_of(CROSSED), code_of(Image.fromarray(strokes)))
    assert reading.lines[-1].product.confidence < SURE
    assert all(line.product.confidence >= SURE for line in reading.lines[:-1])


@pytest.mark.parametrize("right", [0, 70, 130])
def test_a_label_that_is_off_the_canvas_tells_nothing(right):
    """A table that moved right takes its labels with it."""
    description = yaml.safe_load(LITTLE)
    description["drawing"]["inks"]["red"] = {"colour": [255, 0, 0], "opacity": 128}
    foot = description["drawing"]["table"]["foot"]
    foot.append({"text": "Thanks", "at": [300, 30], "font": "text", "size": 12, "right": 390})
    for text in foot:
        text["ink"] = "red"
    layout = Layout.model_validate(description)
    page = draw_described(LITTLE_RECORD, layout, layout.drawing, (0, 0), (right, 0))
    left, top = layout.qr.corner
    page.paste(qr_code(LITTLE_RECORD["qr"]), (round(left) - 12, round(top) - 12))
    rgb = np.asarray(damage(on_paper(page), "blur-1.0", chance(1)))
    drawn = drawn_layout(layout)
    assert as_shown(drawn, Registration(to_grey(rgb), drawn, code_of(rgb)).run()) is drawn


def test_a_described_layout_has_its_rule_drawn_and_read():
    """Opaque red, on a page that is nothing but its YAML file."""
    description = yaml.safe_load(LITTLE)
    description["drawing"]["inks"]["red"] = {"colour": [255, 0, 0]}
    description["drawing"]["table"]["rule"] = {"at": [0, 4], "width": 380, "ink": "red"}
    layout = Layout.model_validate(description)
    page = draw_described(LITTLE_RECORD, layout, layout.drawing, (0, 0), (0, 0))
    left, top = layout.qr.corner
    page.paste(qr_code(LITTLE_RECORD["qr"]), (round(left) - 12, round(top) - 12))
    row = np.asarray(page)[150 + 24 * len(LITTLE_RECORD["lines"]) + 4, 20:400]
    assert (row[:, :3] == (255, 0, 0)).all()
    for kind in ("as-arrived", "blur-1.0"):
        rgb = np.asarray(damage(on_paper(page), kind, chance(kind)))
        reading = read_drawn(rgb, drawn_layout(layout), code_of(rgb))
        fields = [*reading.fields.values(), *(line.product for line in reading.lines)]
        assert {field.how for field in fields} == {"exact" if kind == "as-arrived" else "fit"}
        assert [line.product.value for line in reading.lines] == [one["product"] for one in LITTLE_RECORD["lines"]]
        assert min(field.confidence for field in fields) > SURE


@pytest.mark.parametrize("thinned", [0, 1, 2])
@pytest.mark.parametrize("way", WAYS)
def test_few_coloured_texts_tell_how_jpeg_thinned_out_colours(way, thinned):
    """Most texts are black, and look alike however it did."""
    buffer = io.BytesIO()
    record = changed(OLD, lines=OLD["lines"][:1], total="7.66")
    WAYS[way](draw_page(record)).save(buffer, "JPEG", quality=30, subsampling=thinned)
    rgb = np.asarray(Image.open(buffer))
    fields = read_drawn(rgb, drawn_of(OLD), code_of(rgb)).fields
    assert min(field.confidence for field in fields.values()) > SURE
