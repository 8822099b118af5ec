"""Registration: a page is brought back to its canvas, however it lies on its sheet."""

import numpy as np
import pytest
from drawings import LITTLE_RECORD, draw_little, little, little_record, places_of_text, pose_of_turn
from PIL import Image

from invoice_lab.ocr.drawn_layout import Placement
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.pose import Pose
from invoice_lab.ocr.qrcode import read_codes
from invoice_lab.ocr.registration import LABEL_ERROR, Registration
from invoice_lab.samples.damage import damage
from invoice_lab.samples.damage.place import turned
from invoice_lab.samples.truth import chance

SIZE = little().layout.canvas
LINES = len(LITTLE_RECORD["lines"])
FARTHEST = 3 * LABEL_ERROR
"""Pixels of the canvas that a text may be off: each label is off by LABEL_ERROR (a standard deviation), and the texts
lie among the labels, so that what is fitted to them is off by no more than three of it anywhere."""


def registered(page, *, code=True):
    """Register a page; `code` False: as if its code could not be read."""
    grey = to_grey(np.asarray(page))
    codes = read_codes(grey) if code else [None]
    return Registration(grey, little(), codes[0]).run()


def farthest_off(pose, true):
    """Return how far, in pixels of the canvas, the place of any text is off at the most."""
    places = places_of_text(little())
    return float(np.abs(pose.on_sheet(places) - true.on_sheet(places)).max() / true.scale)


def laid(page, at, size):
    sheet = Image.new("RGB", size, "white")
    sheet.paste(page, at)
    return sheet


@pytest.fixture(scope="module")
def page():
    return draw_little()


@pytest.mark.parametrize("degrees", [-5.0, -3.0, 3.0, 5.0])
@pytest.mark.parametrize("grow", [True, False], ids=["grown canvas", "cut canvas"])
def test_a_page_that_lay_askew(page, degrees, grow):
    sheet = turned(page, degrees, grow=grow)
    found = registered(sheet)
    assert found.placement == Placement(lines=LINES)
    assert farthest_off(found.pose, pose_of_turn(degrees, SIZE, sheet.size)) < FARTHEST


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_page_turned_by_quarters(page, degrees):
    sheet = page.rotate(degrees, expand=True)
    found = registered(sheet)
    assert found.placement == Placement(lines=LINES)
    assert farthest_off(found.pose, pose_of_turn(degrees, SIZE, sheet.size)) < FARTHEST


@pytest.mark.parametrize("code", [True, False], ids=["with code", "without code"])
@pytest.mark.parametrize("factor", [0.5, 0.75, 2.0])
def test_a_page_of_another_size_fills_its_sheet(page, factor, code):
    size = (round(factor * SIZE[0]), round(factor * SIZE[1]))
    found = registered(page.resize(size, Image.Resampling.BICUBIC if factor > 1 else Image.Resampling.BOX), code=code)
    assert found.placement == Placement(lines=LINES)
    assert np.array_equal(found.pose.matrix, Pose.filling(SIZE, size).matrix)


@pytest.mark.parametrize("code", [True, False], ids=["with code", "without code"])
def test_a_page_that_lay_beside_its_place_is_moved_by_whole_pixels(page, code):
    sheet = laid(page, (-7, 11), SIZE)
    found = registered(sheet, code=code)
    assert found.pose.whole_shift == (-7, 11)
    assert found.placement == Placement(lines=LINES)
    assert np.array_equal(found.grey[:289, 7:], to_grey(np.asarray(page))[:289, 7:])


@pytest.mark.parametrize("code", [True, False], ids=["with code", "without code"])
def test_a_page_that_lay_between_pixels(page, code):
    moved = (1, 0, 0.4, 0, 1, -1.7)
    sheet = page.transform(SIZE, Image.Transform.AFFINE, moved, Image.Resampling.BICUBIC, fillcolor="white")
    assert farthest_off(registered(sheet, code=code).pose, Pose.of_shift(-0.4, 1.7)) < FARTHEST


def test_a_page_on_a_larger_sheet(page):
    found = registered(laid(page, (133, 251), (700, 800)))
    assert found.pose.whole_shift == (133, 251)
    assert found.placement == Placement(lines=LINES)


@pytest.mark.parametrize("code", [True, False], ids=["with code", "without code"])
@pytest.mark.parametrize(
    "moves", [{"header": (17, -9)}, {"table": (-8, 45)}, {"header": (9, 6), "table": (6, 40)}], ids=str
)
def test_blocks_that_moved_are_found_by_their_labels(moves, code):
    sheet = draw_little(**{f"{block}_offset": by for block, by in moves.items()})
    found = registered(sheet, code=code)
    assert found.placement == Placement(**moves, lines=LINES)
    assert found.pose.whole_shift == (0, 0)


@pytest.mark.parametrize("count", [0, 1, 4])
def test_lines_are_counted_up_from_the_foot(count):
    record = little_record(lines=[*LITTLE_RECORD["lines"], *LITTLE_RECORD["lines"]][:count])
    assert registered(draw_little(record)).placement == Placement(lines=count)


@pytest.mark.parametrize("kind", ["blur-1.5", "jpeg-30", "salt-pepper-1", "contrast-50", "shadow"])
def test_damage_does_not_move_the_page(page, kind):
    found = registered(damage(page, kind, chance(7)))
    assert found.placement == Placement(lines=LINES)
    assert found.pose.whole_shift == (0, 0)


@pytest.mark.parametrize("code", [True, False], ids=["with code", "without code"])
def test_a_photographed_page_is_found_by_labels_or_outline(page, code):
    """How the photo was taken is not known: the labels must lie where they should, straightened."""
    found = registered(damage(page, "photo", chance(8)), code=code)
    assert found.placement == Placement(lines=LINES)
    ink = 255 - to_grey(np.asarray(page)).astype(float)[:, :300]
    seen = found.dark[:, :300]
    assert np.corrcoef(ink.ravel(), seen.ravel())[0, 1] > 0.75


def test_specks_and_pictures_do_not_count(page):
    found = registered(damage(page, "salt-pepper-1", chance(9)))
    assert (found.weights == 0).mean() == pytest.approx(0.005, abs=0.003)  # pepper; salt shows on ink alone
    x, y, width, height = little().layout.pictures[0]
    assert not found.dark[y : y + height, x : x + width].any()


@pytest.mark.parametrize("seed", range(6))
def test_specks_are_not_counted_as_lines(page, seed):
    """Beside the lines, and interpolated, so that none is a single black pixel."""
    specked = damage(page, "salt-pepper-1", chance(seed, "specks"))
    assert registered(turned(specked, 0.7, grow=True)).placement == Placement(lines=LINES)


def test_what_is_no_page_of_the_layout_is_not_registered():
    rng = np.random.default_rng(10)
    assert Registration(np.full((300, 420), 255, np.uint8), little(), None).run() is None
    assert Registration(rng.integers(0, 255, (300, 420), np.uint8), little(), None).run() is None


def test_a_guess_that_misleads_does_no_harm(page):
    found = Registration(to_grey(np.asarray(page)), little(), None, Pose.of_shift(260, 170)).run()
    assert found.pose.whole_shift == (0, 0)


@pytest.mark.parametrize("degrees", [-5.0, 3.0, 5.0])
def test_without_a_code_a_page_that_lay_askew_is_found_or_given_up_but_not_misplaced(page, degrees):
    sheet = turned(page, degrees, grow=False)
    found = registered(sheet, code=False)
    assert found is None or farthest_off(found.pose, pose_of_turn(degrees, SIZE, sheet.size)) < FARTHEST
