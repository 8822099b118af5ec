"""The exact reader: every text of a page as it is drawn, and none of which a single pixel differs."""

import copy

import numpy as np
import pytest
from pages import BOREALE, NEW, OLD, on_paper

from invoice_lab.ocr.decode.picture import on_white
from invoice_lab.ocr.drawn_layout import Placement, drawn_layout
from invoice_lab.ocr.exact import draw_again, place_exactly, read_exact
from invoice_lab.ocr.layouts import load_layouts
from invoice_lab.samples import draw_page
from invoice_lab.samples.business import make_invoices

HEADER = {
    "fac-2019": {
        "header.0": "INVOICE FAC_2019_0042",
        "header.1": "Issue date 2019-03-14 15:09:26",
        "header.2": "Bill to Zoé Hébert",
        "header.3": "Address 12 rue du Château",
        "header.4": "59000 Lille",
        "1.0": " 3 x  12.50 Euro",
        "1.1": "Crème brûlée maison.",
        "2.0": " 1 x   0.95 Euro",
        "2.1": "Paper clip large.",
        "3.0": " 2 x  12.50 Euro",
        "3.1": "Crème brûlée maison.",
        "foot.0": "TOTAL",
        "foot.1": "     63.45 Euro",
    },
    "fac-2018": {
        "header.0": "INVOICE FAC/2018/0007",
        "header.1": "Issue date 2018-11-03",
        "header.2": "Bill to Richard Stone",
        "header.3": "Email rstone@example.com",
        "header.4": "Address 3305 Garden Road",
        "header.5": "West Harbor, NY 27137",
        "1.0": " 2 x   3.83 Euro",
        "1.1": "Guess want sound site.",
        "2.0": " 4 x 127.51 Euro",
        "2.1": "Attentive coffee grinder.",
        "foot.0": "TOTAL",
        "foot.1": "    517.70 Euro",
    },
}
RECORDS = {"fac-2019": NEW, "fac-2018": OLD, "boreale": BOREALE}


def drawn(name):
    return drawn_layout(load_layouts()[name])


def canvas_of(record, **moved):
    return np.asarray(on_paper(draw_page(record, **moved)))


def read(canvas, name):
    return read_exact(canvas, drawn(name), place_exactly(canvas, drawn(name)))


@pytest.mark.parametrize("name", HEADER)
def test_every_text_is_read(name):
    assert read(canvas_of(RECORDS[name]), name) == HEADER[name]


@pytest.mark.parametrize("layout", ["fac-2018", "fac-2019"])
def test_names_and_products_of_many_languages_are_read(layout):
    for record in [one for one in make_invoices(18, 11) if one["layout"] == layout][:6]:
        texts = read(canvas_of(record), layout)
        assert texts["header.2"] == f"Bill to {record['customer']['name']}"
        assert [texts.get(f"{number}.1") for number in range(1, len(record["lines"]) + 1)] == [
            line["product"] for line in record["lines"]
        ]


def test_boreale_is_read_to_its_last_amount():
    texts = read(canvas_of(BOREALE), "boreale")
    assert set(texts) == {slot.name for slot in drawn("boreale").slots(Placement(lines=3))}
    assert texts["header.4"] == "Facturé à Hélène Gagné"
    assert texts["2.0"].split() == ["2", "1", "234,50", "$", "2", "469,00", "$"]
    assert texts["foot.7"].split() == ["3", "061,78", "$"]


@pytest.mark.parametrize("name", RECORDS)
def test_drawn_again_the_page_is_the_same_to_the_pixel(name):
    canvas, layout = canvas_of(RECORDS[name]), drawn(name)
    placement = place_exactly(canvas, layout)
    again = on_white(draw_again(layout, placement, read(canvas, name), canvas.shape[:2]))
    for x, y, width, height in layout.layout.pictures:
        again[y : y + height, x : x + width] = canvas[y : y + height, x : x + width]
    assert np.array_equal(again, canvas)


@pytest.mark.parametrize("name", HEADER)
def test_one_pixel_of_one_letter_changed_refuses_that_text_alone(name):
    """Pixels of each text's own middle rows, where no neighbour reaches in, one at a time."""
    clean, layout = canvas_of(RECORDS[name]), drawn(name)
    placement = place_exactly(clean, layout)
    rng = np.random.default_rng(12)
    for slot in layout.slots(placement):
        x, y = slot.pen
        row = y + round(0.75 * slot.typeface.size)
        inked = x + np.flatnonzero((clean[row, x : slot.right] != 255).any(axis=1))
        canvas = clean.copy()
        column = int(rng.choice(inked))
        canvas[row, column] ^= 1
        refused = set(HEADER[name]) - set(read_exact(canvas, layout, placement))
        assert slot.name in refused
        near = {other.name for other in layout.slots(placement) if abs(other.pen[1] - y) < 30}
        assert refused <= near


def test_a_speck_on_blank_paper_beside_a_text_refuses_it_too():
    canvas = canvas_of(NEW).copy()
    canvas[30, 480] = 254
    assert set(HEADER["fac-2019"]) - set(read(canvas, "fac-2019")) == {"header.0"}


def test_a_letter_that_another_covers_refuses_both_names():
    record = copy.deepcopy(NEW)
    canvas = canvas_of(record).copy()
    canvas[80:104, 100:112] = 255
    texts = read(canvas, "fac-2019")
    assert "header.2" not in texts
    assert texts["header.0"] == HEADER["fac-2019"]["header.0"]


@pytest.mark.parametrize("count", [0, 1, 9])
def test_the_foot_tells_the_number_of_lines(count):
    record = {**NEW, "lines": (NEW["lines"] * 3)[:count]}
    assert place_exactly(canvas_of(record), drawn("fac-2019")) == Placement(lines=count)


def test_no_placement_where_the_foot_is_missing_or_elsewhere():
    layout = drawn("fac-2019")
    assert place_exactly(canvas_of({**NEW, "total": None}), layout) is None
    assert place_exactly(canvas_of(NEW, table_offset=(0, 5)), layout) is None


def test_blocks_that_moved_are_read_where_they_are():
    canvas = canvas_of(NEW, header_offset=(12, 9), table_offset=(-7, 33))
    assert read_exact(canvas, drawn("fac-2019"), Placement((12, 9), (-7, 33), 3)) == HEADER["fac-2019"]
    assert read_exact(canvas, drawn("fac-2019"), Placement(lines=3)) == {}
