"""Numbers are held against the pixels: right ones are borne out, and need no second reading; wrong ones never are."""

import numpy as np
import pytest
from pages import NEW, OLD, png, scan_of
from PIL import ImageDraw, ImageFilter

from invoice_lab.ocr.arbitration import Sheet, Support
from invoice_lab.ocr.decode import decode
from invoice_lab.ocr.engines import load_engine
from invoice_lab.ocr.layouts import load_layouts
from invoice_lab.ocr.page import Box, Field
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.preprocess import as_scanned, upright
from invoice_lab.ocr.read import Reader
from invoice_lab.ocr.turns import codes_of
from invoice_lab.samples import draw_page

RECORDS = {"fac-2019": NEW, "fac-2018": OLD}


class Noting:
    """The default engine, which notes what it was asked to read."""

    by_piece = True

    def __init__(self):
        self._engine = load_engine("tesserocr")
        self.name, self.version, self.hints = self._engine.name, self._engine.version, []

    def words(self, picture, hint):
        self.hints.append(hint)
        return self._engine.words(picture, hint)


def support_of(image, layout):
    grey = to_grey(decode(png(image))[0])
    code = codes_of(grey)[0]
    return Support(Sheet.of(as_scanned(upright(grey, code, layout), grey), layout), layout)


def said_on(image):
    """Give what stands together on a page: values and boxes, as an engine read them."""
    (page,) = Reader("tesserocr").read(scan_of(image))
    groups = [{name: page.fields[name]} for name in ("invoice_id", "issued_at", "total")]
    groups += [{"quantity": line.quantity, "unit_price": line.unit_price} for line in page.lines]
    for group in groups:
        yield {name: field.value for name, field in group.items()}, {name: field.box for name, field in group.items()}


def others(values):
    """Give the same values with one digit changed, in every way."""
    for name, value in values.items():
        for place, digit in enumerate(value):
            for other in set("0123456789") - {digit} if digit.isdigit() else ():
                yield {**values, name: value[:place] + other + value[place + 1 :]}


@pytest.mark.parametrize("layout", RECORDS)
def test_what_is_there_is_borne_out_and_nothing_else(layout):
    image = draw_page(RECORDS[layout])
    support, tried = support_of(image, load_layouts()[layout]), 0
    for values, boxes in said_on(image):
        assert support.bears_out(values, boxes), values
        for wrong in others(values):
            tried += 1
            assert not support.bears_out(wrong, boxes), wrong
    assert tried > 250


@pytest.mark.parametrize("layout", RECORDS)
def test_healthy_pages_are_read_once(layout):
    engine = Noting()
    (page,) = Reader(engine).read(scan_of(draw_page(RECORDS[layout])))
    assert page.value("total") == RECORDS[layout]["total"]
    assert [line.unit_price.value for line in page.lines] == [one["unit_price"] for one in RECORDS[layout]["lines"]]
    assert {hint.shape for hint in engine.hints} == {"line"}
    assert {page.fields[name].how for name in ("invoice_id", "issued_at", "total")} == {"tesserocr+pixels"}
    assert {field.how for line in page.lines for field in (line.quantity, line.unit_price)} == {"tesserocr+pixels"}


def test_where_the_pixels_do_not_tell_it_is_read_again():
    engine, image = Noting(), draw_page(NEW).convert("RGB").filter(ImageFilter.GaussianBlur(1.2))
    (page,) = Reader(engine).read(scan_of(image))
    assert page.value("total") == NEW["total"]
    assert any(hint.characters for hint in engine.hints)
    assert page.fields["total"].how == "tesserocr"


def test_confidence_has_four_decimals():
    assert Field("1", "1", None, np.float32(0.98765432), "x").confidence == 0.9877


def test_ink_beside_a_number_takes_the_support():
    image = draw_page(NEW)
    (values, boxes) = next(found for found in said_on(image) if "unit_price" in found[0])
    assert support_of(image, load_layouts()["fac-2019"]).bears_out(values, boxes)
    box = boxes["quantity"]
    ImageDraw.Draw(image).rectangle((box.x - 9, box.y, box.x - 7, box.bottom), fill="black")
    assert not support_of(image, load_layouts()["fac-2019"]).bears_out(values, boxes)


@pytest.mark.parametrize(
    ("values", "boxes"),
    [
        ({}, {}),
        ({"total": "44.86"}, {}),
        ({"nothing": "1"}, {"nothing": Box(100, 100, 20, 10)}),
        ({"issued_at": "2019-02-30 10:00:00"}, {"issued_at": Box(120, 50, 90, 14)}),
        ({"total": "44.86"}, {"total": Box(5000, 5000, 20, 10)}),
    ],
)
def test_what_can_not_be_there_is_not_borne_out(values, boxes):
    assert not support_of(draw_page(NEW), load_layouts()["fac-2019"]).bears_out(values, boxes)


def test_a_layout_whose_drawing_is_not_known_bears_nothing_out():
    layout = load_layouts()["fac-2019"].model_copy(update={"drawing": None})
    sheet = Sheet(np.zeros((100, 100), np.float32), 1.0)
    assert not Support(sheet, layout).bears_out({"total": "1.00"}, {"total": Box(10, 10, 20, 10)})
