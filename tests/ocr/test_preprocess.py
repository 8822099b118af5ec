"""Pre-processing: quality is measured, only the steps that it asks for are taken, and what they make reads better."""

import cv2
import numpy as np
import pytest
from pages import NEW, on_paper, scan_of
from PIL import Image
from pydantic import ValidationError

from invoice_lab.ocr.layouts import layout_of_payload, load_layouts
from invoice_lab.ocr.page import Box
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.preprocess import Quality, Step, Upright, load_steps, stages, upright
from invoice_lab.ocr.qrcode import read_codes
from invoice_lab.ocr.read import Reader
from invoice_lab.samples import draw_page
from invoice_lab.samples.damage import damage
from invoice_lab.samples.truth import chance


@pytest.fixture(scope="module")
def page():
    return on_paper(draw_page(NEW))


def spoilt(page, kind):
    return damage(page, kind, chance("preprocess", kind))


def stages_of(image):
    grey = to_grey(np.asarray(image.convert("RGB")))
    codes = read_codes(grey)
    code = codes[0] if codes else None
    return list(stages(grey, code, layout_of_payload(code.payload) if code else None))


def names(image):
    return [stage.name for stage in stages_of(image)]


def test_a_page_as_it_arrives_is_only_freed_of_its_pictures(page):
    assert names(page) == ["as it arrived", "blank pictures"]


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("salt-pepper-1", "despeckle"),
        ("photo", "cut out"),
        ("shadow", "flatten light"),
        ("gaussian-noise", "denoise"),
        ("contrast-50", "stretch contrast"),
        ("blur-1.5", "sharpen"),
        ("rotation-90", "deskew"),
    ],
)
def test_a_damage_calls_for_its_step(page, kind, step):
    healthy, taken = names(page), stages_of(spoilt(page, kind))
    assert step in [stage.name for stage in taken]
    assert step not in healthy
    told = next(stage for stage in taken if stage.name == step)
    rule = next(rule for rule in load_steps() if rule.name == step)
    assert rule.measure in told.why
    assert told.does == rule.does


def test_a_black_edge_of_the_scanner_is_removed(page):
    edged = page.copy()
    edged.paste((0, 0, 0), (0, 0, page.width, 3))
    taken = stages_of(edged)
    assert taken[-1].name == "remove rules"
    assert taken[-1].picture.grey[:3].min() == 255


def quality_of(image):
    return Quality(Upright.of_scan(to_grey(np.asarray(image.convert("RGB"))), None, None))


def test_what_is_measured_follows_the_damage(page):
    healthy = quality_of(page)
    assert healthy.contrast == 1
    assert (healthy.noise, healthy.surround, healthy.rules) == (0, 0, 0)
    assert quality_of(spoilt(page, "contrast-50")).contrast == pytest.approx(0.5, abs=0.02)
    assert quality_of(spoilt(page, "blur-1.5")).blur == pytest.approx(1.6, abs=0.4)
    assert 3 < quality_of(spoilt(page, "gaussian-noise")).noise < 8
    assert quality_of(spoilt(page, "salt-pepper-1")).specks == pytest.approx(0.005, abs=0.001)
    assert quality_of(spoilt(page, "shadow")).unevenness > 20
    assert set(healthy.as_dict()) == set(Quality.MEASURES)


@pytest.mark.parametrize("turn", [-4.0, -1.3, 0.0, 2.5])
def test_skew_is_told_by_the_rows_of_text_where_there_is_no_code(page, turn):
    white = {"fillcolor": "white", "resample": 3}
    assert quality_of(page.rotate(-turn, **white)).skew == pytest.approx(turn, abs=0.2)


@pytest.mark.parametrize("kind", ["rotation-3", "rotation-90", "photo"])
def test_places_on_the_picture_lead_back_to_the_scan(page, kind):
    """The code's corner stands on the last picture where the pose says it stands on the scan."""
    last = stages_of(spoilt(page, kind))[-1].picture
    x, y = last.code[0]
    box = last.on_scan(Box(round(x), round(y), 1, 1))
    assert np.hypot(box.x - last.qr.corners[0][0], box.y - last.qr.corners[0][1]) < 4


@pytest.mark.parametrize("kind", ["contrast-50", "salt-pepper-1", "shadow", "rotation-90"])
def test_an_engine_reads_pages_that_it_could_not_read_before(page, kind):
    """Without the steps the measured engine read nothing of contrast-50 and rotation-90, a part of the others."""
    (read,) = Reader("tesserocr").read(scan_of(spoilt(page, kind)))
    assert read.value("invoice_id") == NEW["invoice_id"]
    assert read.value("total") == NEW["total"]
    assert [line.unit_price.value for line in read.lines] == [line["unit_price"] for line in NEW["lines"]]


def test_hardly_any_ink_is_ink_all_the_same(page):
    """A last sheet with the total alone, which is printed in light grey: a thousandth of the sheet is ink."""
    lines = Image.new("RGB", page.size, (230, 230, 230))
    lines.paste(page.crop((550, 270, 680, 300)), (550, 270))
    quality = quality_of(lines)
    assert quality.contrast == pytest.approx((230 - 167) / 255, abs=0.02)
    assert quality.blur < 1
    made = upright(to_grey(np.asarray(lines)), None, None).grey
    assert (made.min(), made.max()) == (0, 255)


def test_a_blank_sheet_of_grey_paper_stays_blank(page):
    blank = Image.new("RGB", page.size, (230, 230, 230))
    assert quality_of(blank).contrast == 0
    assert upright(to_grey(np.asarray(blank)), None, None).grey.min() == 255


@pytest.mark.parametrize("layout", [None, "fac-2019"])
def test_of_an_unknown_layout_nothing_but_a_code_is_blanked(page, layout):
    page = page.copy()
    page.paste((90, 90, 90), (700, 20, 840, 40))
    page.paste((90, 90, 90), (60, 600, 200, 620))
    grey = to_grey(np.asarray(page))
    (code,) = read_codes(grey)
    made = upright(grey, code, load_layouts().get(layout))
    middle = np.mean(code.corners, axis=0).astype(int)
    assert made.grey[middle[1] - 30 : middle[1] + 30, middle[0] - 30 : middle[0] + 30].min() == 255
    assert made.grey[30, 770] == (255 if layout else 32)  # gamma 2 darkens 90 to 32
    assert made.grey[610, 100] == (90 if layout else 32)


def test_a_blank_picture_can_be_measured_and_prepared():
    blank = np.full((300, 200), 255, np.uint8)
    assert upright(blank, None, None).grey.min() == 255
    grey = cv2.GaussianBlur(np.full((300, 200), 90, np.uint8), (3, 3), 1)
    assert upright(grey, None, None).grey.shape == grey.shape


@pytest.mark.parametrize(
    "change",
    [{"name": "iron"}, {"measure": "smell"}, {"below": 2.0}, {"above": None}],
    ids=lambda change: next(iter(change)),
)
def test_a_step_that_makes_no_sense_is_refused(change):
    good = {"name": "despeckle", "measure": "specks", "above": 0.001, "unit": "share", "does": "x"}
    Step.model_validate(good)
    with pytest.raises(ValidationError):
        Step.model_validate({**good, **change})
