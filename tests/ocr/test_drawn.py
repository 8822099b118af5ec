"""Pages read by drawing them: right on every kind of damage that has a goal, and doubtful where something covers it."""

import dataclasses

import numpy as np
import pytest
from drawings import LITTLE_RECORD, draw_little, little
from pages import BOREALE, NEW, OLD, changed, on_paper
from PIL import Image, ImageDraw

from invoice_lab.ocr.drawn import DOUBTFUL, read_drawn
from invoice_lab.ocr.drawn_layout import Placement, drawn_layout
from invoice_lab.ocr.layouts import load_layouts
from invoice_lab.ocr.page import Box
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.qrcode import read_codes
from invoice_lab.ocr.registration import Registration
from invoice_lab.samples import draw_page
from invoice_lab.samples.damage import DAMAGES, damage
from invoice_lab.samples.damage.place import turned
from invoice_lab.samples.truth import chance

GOALS = [kind for kind, about in DAMAGES.items() if about.goal is not None]
WAYS = {"as-arrived": {"exact"}, "shift": {"exact"}, "rotation-3": {"exact", "fit"}}
"""How pages of a kind are read; those turned without interpolation are laid flat, and much is then as it was drawn."""
SURE = 0.99
EXPECTED = {
    "invoice_id": LITTLE_RECORD["invoice_id"],
    "issued_at": LITTLE_RECORD["issued_at"][:10],
    "name": LITTLE_RECORD["customer"]["name"],
    "total": LITTLE_RECORD["total"],
}


def read(page, drawn=None):
    rgb = np.asarray(page)
    codes = read_codes(to_grey(rgb))
    return read_drawn(rgb, drawn or little(), codes[0] if codes else None)


def fac_2019():
    return drawn_layout(load_layouts()["fac-2019"])


def values(reading):
    return {name: field.value for name, field in reading.fields.items()}


def lines(reading):
    return [(line.product.value, line.quantity.value, line.unit_price.value) for line in reading.lines]


def fields(reading):
    """All fields of a reading by name, those of the lines too."""
    of_lines = {
        f"{number}.{part}": getattr(line, part)
        for number, line in enumerate(reading.lines, 1)
        for part in ("product", "quantity", "unit_price")
    }
    return reading.fields | of_lines


def printed(record):
    return [(line["product"], str(line["quantity"]), line["unit_price"]) for line in record["lines"]]


@pytest.mark.parametrize("kind", [kind for kind in GOALS if kind != "photo"])
def test_each_kind_of_damage_is_read_right(kind):
    reading = read(damage(draw_little(), kind, chance("drawn", kind)))
    assert values(reading) == EXPECTED
    assert lines(reading) == printed(LITTLE_RECORD)
    assert [name for name, field in fields(reading).items() if field.confidence < SURE] == []
    assert {field.how for field in fields(reading).values()} == WAYS.get(kind, {"fit"})


def test_what_is_wrong_on_a_photo_is_doubtful():
    """Seven photos of ten are to be read right: of the others, no wrong field may look sure."""
    found = fields(read(damage(draw_little(), "photo", chance("b"))))
    right = dict(EXPECTED)
    for number, line in enumerate(LITTLE_RECORD["lines"], 1):
        right |= {f"{number}.{part}": str(value) for part, value in line.items()}
    assert set(found) <= set(right)
    wrong = {name for name, field in found.items() if field.value != right[name]}
    assert len(wrong) < len(right) / 2
    assert [name for name in wrong if found[name].confidence >= SURE] == []


@pytest.mark.parametrize("record", [NEW, OLD, BOREALE], ids=lambda record: record["layout"])
def test_the_pages_of_each_layout_are_read_as_they_arrive(record):
    reading = read(on_paper(draw_page(record)), drawn_layout(load_layouts()[record["layout"]]))
    customer = {name: value for name, value in record["customer"].items() if isinstance(value, str)}
    found = values(reading)
    assert [found["address_1"], found["address_2"]] == record["customer"]["address"]
    assert {name: found[name] for name in customer if name in found} == {
        name: value for name, value in customer.items() if name in found
    }
    assert (found["invoice_id"], found["total"]) == (record["invoice_id"], record["total"])
    assert lines(reading) == printed(record)
    assert found.get("tax") == record.get("tax")
    assert {field.confidence for field in fields(reading).values()} == {1.0}


def test_a_page_tilted_so_little_that_its_labels_fit_a_shift_is_read_right():
    """A thirtieth of a degree: a sixth of a pixel at the page's edge."""
    page = turned(on_paper(draw_page(NEW)), 0.035, grow=False)
    grey = to_grey(np.asarray(page))
    assert Registration(grey, fac_2019(), read_codes(grey)[0]).run().pose.whole_shift == (0, 0)
    reading = read(page, fac_2019())
    assert lines(reading) == printed(NEW)
    assert [name for name, field in fields(reading).items() if field.confidence < SURE] == []


def test_nothing_is_sure_on_a_sheet_that_came_about_in_an_unknown_way():
    """A sheet that slipped in the scanner again and again: no pose explains it."""
    rgb = np.asarray(damage(draw_little(), "blur-1.0", chance(6)))
    slipped = np.stack([np.roll(row, round(1.2 * np.sin(at / 7)), axis=0) for at, row in enumerate(rgb)])
    found = fields(read(Image.fromarray(slipped)))
    assert max(field.confidence for field in found.values()) <= DOUBTFUL


def ruled(above):
    """Return fac-2019 with its rule some rows higher, across the last line, and a page that it is drawn on."""
    layout = fac_2019().layout
    table = layout.drawing.table
    x, y = table.rule.at
    rule = table.rule.model_copy(update={"at": (x, y - above)})
    drawing = layout.drawing.model_copy(update={"table": table.model_copy(update={"rule": rule})})
    *_, last = NEW["lines"]
    record = changed(NEW, lines=[*NEW["lines"][:-1], {**last, "product": "Garçon jaloux, pigeon."}])
    page = np.asarray(on_paper(draw_page(record))).copy()
    page[table.at[1] + len(record["lines"]) * table.pitch - above, table.at[0] : 800] = 255
    return drawn_layout(layout.model_copy(update={"drawing": drawing})), record, Image.fromarray(page)


def made_smaller_and_larger(page, _rng):
    """Make a page smaller by area, to 2/3 of its size, and as large as before again."""
    small = page.resize((567, 733), Image.Resampling.BOX)
    return small.resize(page.size, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("change", [DAMAGES["blur-1.0"].change, made_smaller_and_larger])
def test_tails_that_a_rule_cuts_are_no_doubt(change):
    """The rule leaves its row white, whatever reaches into it."""
    drawn, record, page = ruled(3)
    reading = read(change(page, chance("rule")), drawn)
    assert lines(reading) == printed(record)
    assert [name for name, field in fields(reading).items() if field.confidence < SURE] == []


def test_boxes_lie_around_what_was_read():
    page = draw_little()
    for sheet, factor in ((page, 1), (page.resize((840, 600), Image.Resampling.BICUBIC), 2)):
        box = read(sheet).fields["name"].box
        left = 20 + little().typeface(little().drawing.header.cells[2]).font.getlength("Bill to ")
        assert box.x == pytest.approx(factor * left, abs=2 * factor)
        ink = (to_grey(np.asarray(sheet)) < 128)[box.y : box.bottom, :]
        columns = np.flatnonzero(ink[:, : 300 * factor].any(axis=0))
        assert box.right == pytest.approx(columns[-1] + 1, abs=3 * factor)
        assert isinstance(box, Box)


def test_a_letter_written_over_makes_its_field_doubtful_and_no_other():
    page = draw_little()
    ImageDraw.Draw(page).text((214, 152), "7", fill=(0, 0, 255), font=little().typeface(cell_of("1.0")).font)
    reading = read(page)
    spoilt = {"1.quantity", "1.unit_price"}
    assert any(fields(reading)[name].confidence < SURE for name in spoilt)
    assert min(field.confidence for name, field in fields(reading).items() if name not in spoilt) > SURE


def cell_of(name):
    cells = zip(little().slots(Placement(lines=2)), little().cells(Placement(lines=2)), strict=True)
    return next(cell for slot, cell in cells if slot.name == name)


def test_a_page_without_its_labels_is_not_read():
    assert read(Image.new("RGB", (420, 300), "white")) is None


def test_a_layout_whose_fonts_are_missing_is_none(caplog):
    layout = little().layout
    fonts = {"text": "No-Such-Font.ttf", "mono": "FreeMono.ttf"}
    missing = layout.model_copy(update={"drawing": layout.drawing.model_copy(update={"fonts": fonts}), "name": "bare"})
    assert drawn_layout(missing) is None
    assert "bare" in caplog.text and "No-Such-Font.ttf" in caplog.text
    assert drawn_layout(layout.model_copy(update={"drawing": None})) is None


def test_slots_follow_their_blocks():
    there, moved = (little().slots(Placement(header, (4, 40), 2)) for header in ((0, 0), (9, -6)))
    names = ["header.0", "header.1", "header.2", "1.0", "1.1", "2.0", "2.1", "foot.0", "foot.1"]
    assert [slot.name for slot in there] == names
    for slot, other in zip(there, moved, strict=True):
        by = (9, -6) if slot.name.startswith("header") else (0, 0)
        assert other == dataclasses.replace(slot, pen=(slot.pen[0] + by[0], slot.pen[1] + by[1]), right=other.right)
    assert there[3].pen == (20 + 4 + 190, 150 + 40)
    assert there[-1].pen == (20 + 4 + 190, 150 + 40 + 2 * 24 + 16)
    assert all(slot.right <= 420 for slot in moved)


def test_an_email_holds_no_letters_with_accents():
    drawn = drawn_layout(load_layouts()["fac-2018"])
    slots = {slot.label.strip(): slot for slot in drawn.slots(Placement(lines=1))}
    assert set("zoe.b_1@example.com") <= set(slots["Email"].alphabet)
    assert not [letter for letter in slots["Email"].alphabet if not letter.isascii()]
    assert "é" in slots["Bill to"].alphabet
