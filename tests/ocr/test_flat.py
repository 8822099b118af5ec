"""Sheets turned without interpolation: the angle is told by what is drawn, and every known pixel is as it was."""

from dataclasses import replace

import numpy as np
import pytest
from drawings import LITTLE_RECORD, draw_little, little
from PIL import Image

from invoice_lab.ocr.drawn import read_drawn
from invoice_lab.ocr.drawn_layout import Placement
from invoice_lab.ocr.exact import read_exact
from invoice_lab.ocr.flat import Turn, turn_of
from invoice_lab.ocr.glyphs.fit import draw_labels
from invoice_lab.ocr.laid_flat import UNDECIDED, lay_flat
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.pose import Pose
from invoice_lab.ocr.qrcode import read_codes
from invoice_lab.ocr.registration import Registration

NEAREST = Image.Resampling.NEAREST
CANVAS = (420, 300)
ANGLES = [2.345678, -1.7, 0.3345, -0.21]
"""Degrees; the smaller they are, the fewer pixels tell them from others."""


def rotated(degrees, *, grow=False, how=NEAREST):
    """A page turned as Pillow does it, as an array."""
    return np.asarray(draw_little().rotate(degrees, how, expand=grow, fillcolor="white"))


def about(rgb, degrees, off=0.25):
    """The pose of a page turned by about so many degrees, a little off its place."""
    turn = np.radians(degrees)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    middle = (np.array(rgb.shape[1::-1]) - 1) / 2 + off
    return Pose(np.vstack([np.column_stack([matrix, middle - matrix @ ((np.array(CANVAS) - 1) / 2)]), [0, 0, 1]]))


def labels():
    return draw_labels(CANVAS[::-1], little().slots(Placement(lines=2)))


def registered(rgb):
    return Registration(to_grey(rgb), little(), read_codes(to_grey(rgb))[0]).run()


@pytest.mark.parametrize("grow", [True, False])
@pytest.mark.parametrize("degrees", ANGLES)
def test_labels_tell_the_angle(degrees, grow):
    rgb = rotated(degrees, grow=grow)
    turn = turn_of(rgb, about(rgb, degrees + 0.05), CANVAS, *labels())
    assert turn.low <= degrees <= turn.high
    assert turn.width < (0.01 if abs(degrees) > 1 else 0.1)


@pytest.mark.parametrize("grow", [True, False])
@pytest.mark.parametrize("degrees", ANGLES)
def test_what_is_laid_flat_is_as_it_was_drawn(degrees, grow):
    rgb, page = rotated(degrees, grow=grow), np.asarray(draw_little())
    laid = lay_flat(rgb, little(), registered(rgb))
    differs = (laid.flat.rgb != page).any(axis=2)
    assert not (differs & laid.flat.known).any()
    beyond = 0.0 if grow else 0.06  # corners that were turned off the sheet
    assert 1 - laid.flat.known.mean() < 0.03 + beyond
    assert differs.mean() < 0.001


def test_a_turned_page_laid_on_a_larger_sheet_is_found():
    rgb = np.full((500, 700, 3), 255, np.uint8)
    turned = rotated(1.25, grow=True)
    rgb[37 : 37 + turned.shape[0], 101 : 101 + turned.shape[1]] = turned
    pose = about(turned, 1.22, off=0.15)
    moved = Pose(np.array([[1, 0, 101], [0, 1, 37], [0, 0, 1.0]]) @ pose.matrix)
    turn = turn_of(rgb, moved, CANVAS, *labels())
    assert turn.low <= 1.25 <= turn.high


@pytest.mark.parametrize("how", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])
@pytest.mark.parametrize("degrees", ANGLES)
def test_interpolated_pages_are_not_laid_flat(degrees, how):
    rgb = rotated(degrees, how=how)
    assert turn_of(rgb, about(rgb, degrees), CANVAS, *labels()) is None


def test_pages_that_are_moved_or_scaled_are_not_laid_flat():
    moved = np.roll(np.asarray(draw_little()), (-2, 3), axis=(0, 1))
    assert lay_flat(moved, little(), registered(moved)) is None
    ink, where = labels()
    large = np.asarray(draw_little().resize((840, 600), NEAREST))
    assert turn_of(large, Pose.of_size(CANVAS, (840, 600)), CANVAS, ink, where) is None


def test_where_nothing_is_known_no_angle_is_told():
    rgb, (ink, where) = rotated(1.7), labels()
    assert turn_of(rgb, about(rgb, 1.7), CANVAS, ink, np.zeros_like(where)) is None


def test_misread_texts_are_noticed_by_the_pixels_that_show_something_else():
    """That is how the angle to begin with is chosen."""
    rgb = rotated(0.3345)
    found = registered(rgb)
    laid = lay_flat(rgb, little(), found)
    slots = little().slots(found.placement)
    said = {**laid.exact, **{text.slot.name: "".join(laid.fit.canvas.said(text)) for text in laid.fit.open}}

    def wrong(name):
        read = [replace(slot, label=name if slot.name == "header.2" else said[slot.name].rstrip()) for slot in slots]
        return laid.turn.narrowed(rgb, *draw_labels(CANVAS[::-1], read)).wrong

    assert wrong("Bill to Zoé Hébert-Lill") < 0.002
    assert wrong("Bill to Zeo Hebort-LIil") > 0.02


@pytest.mark.parametrize("degrees", ANGLES)
def test_a_page_turned_without_interpolation_is_read_for_certain(degrees):
    rgb = rotated(degrees, grow=True)
    reading = read_drawn(rgb, little(), read_codes(to_grey(rgb))[0])
    assert reading.fields["name"].value == LITTLE_RECORD["customer"]["name"]
    assert [line.product.value for line in reading.lines] == [line["product"] for line in LITTLE_RECORD["lines"]]
    parts = [*reading.fields.values(), *(part for line in reading.lines for part in (line.product, line.unit_price))]
    assert min(part.confidence for part in parts) > 0.99
    box = reading.fields["name"].box
    assert abs(box.x - about(rgb, degrees).on_sheet(np.array([[74.0, 86.0]]))[0, 0]) < 6


@pytest.mark.parametrize("how", [NEAREST, Image.Resampling.BILINEAR])
def test_blocks_partly_beyond_the_canvas_are_left_out(how):
    """The header has moved up: its first row is cut off, and so are its labels."""
    rgb = np.asarray(draw_little().rotate(1.3, how, expand=True, fillcolor="white"))
    found = registered(rgb)
    moved = replace(found, placement=Placement(header=(-30, -30), lines=2))
    laid = lay_flat(rgb, little(), moved)
    assert (laid is not None) == (how == NEAREST)
    ink, where = draw_labels(CANVAS[::-1], little().slots(moved.placement))
    assert ink.any() and where.any()


def test_a_text_of_which_pixels_are_not_known_is_not_exact():
    page, known = np.asarray(draw_little()), np.ones(CANVAS[::-1], np.bool_)
    every = read_exact(page, little(), Placement(lines=2), known)
    assert every == read_exact(page, little(), Placement(lines=2))
    known[95, 90] = False  # within the name
    assert set(every) - set(read_exact(page, little(), Placement(lines=2), known)) == {"header.2"}


def test_where_what_is_read_fits_no_angle_a_page_is_not_laid_flat(monkeypatch):
    rgb = rotated(0.3345)
    found = registered(rgb)
    labels_alone = turn_of(rgb, found.pose, CANVAS, *labels())
    assert labels_alone.width > UNDECIDED
    monkeypatch.setattr(Turn, "narrowed", lambda *_: None)
    monkeypatch.setattr("invoice_lab.ocr.laid_flat.turn_of", lambda *_: labels_alone)
    assert lay_flat(rgb, little(), found) is None
