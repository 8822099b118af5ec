"""Poses: where a canvas lies on a sheet, put right by what was found, and taken back to the canvas."""

import numpy as np
import pytest
from drawings import draw_little, little, places_of_text, pose_of_turn

from invoice_lab.ocr.page import Box
from invoice_lab.ocr.pose import CORNER_ERROR, Pose
from invoice_lab.ocr.registration import LABEL_ERROR

CANVAS = (420, 300)
CORNERS = np.array([(-0.5, -0.5), (419.5, -0.5), (419.5, 299.5), (-0.5, 299.5)])
"""The outer edges of the canvas: places count from the middles of pixels."""
TURNED = pose_of_turn(3.0, CANVAS, (436, 322))


def test_a_page_that_fills_its_sheet_reaches_from_edge_to_edge():
    for pose, size in ((Pose.filling(CANVAS, (315, 240)), (315, 240)), (Pose.of_size(CANVAS, (840, 600)), (840, 600))):
        expected = (CORNERS + 0.5) * np.array(size) / CANVAS - 0.5
        assert np.allclose(pose.on_sheet(CORNERS), expected)


def test_corners_tell_a_turn_and_scale():
    square = np.array([(325, 22), (400, 22), (400, 97), (325, 97)], float)
    true = Pose(np.array([[1.9, 0.2, 30], [-0.2, 1.9, 70], [0, 0, 1]]))
    for found in (Pose.similar(square, true.on_sheet(square)), Pose.slanted(square, true.on_sheet(square))):
        assert np.allclose(found.on_sheet(CORNERS), true.on_sheet(CORNERS), atol=1e-3)
    assert Pose.similar(square, true.on_sheet(square)).scale == pytest.approx(np.hypot(1.9, 0.2))


def test_the_outline_of_a_sheet_tells_its_perspective():
    paper = np.array([(51, 40), (610, 62), (590, 466), (33, 420)], float)
    assert np.allclose(Pose.of_outline(CANVAS, paper).on_sheet(CORNERS), paper, atol=1e-3)


@pytest.mark.parametrize("off", [np.eye(3), np.array([[1.002, 0.003, 1.4], [-0.003, 1.002, -0.8], [0, 0, 1]])])
def test_anchors_that_are_off_put_a_pose_right(off):
    points = places_of_text(little())
    found = Pose(np.linalg.inv(off)).on_sheet(points)
    pose, left = Pose(TURNED.matrix @ off).corrected(points, found - points, np.full(len(points), 1 / 0.15))
    assert np.abs(pose.on_sheet(points) - TURNED.on_sheet(points)).max() < 0.02
    assert left < 0.02


@pytest.mark.parametrize("share", [1.0, 0.3, 0.1])
def test_anchors_of_a_photograph_bend_the_pose(share):
    """Perspective, of pixels or parts of one, which a scanned page has not, is taken over where anchors show it."""
    bent = Pose(TURNED.matrix @ np.array([[1, 0, 0], [0, 1, 0], [share * 5e-5, share * -4e-5, 1]]))
    points = places_of_text(little())
    found = Pose(np.linalg.inv(TURNED.matrix) @ bent.matrix).on_sheet(points)
    before = np.abs(TURNED.on_sheet(points) - bent.on_sheet(points)).max()
    pose, left = TURNED.corrected(points, found - points, np.full(len(points), 1 / 0.15))
    assert before > 5 * share
    assert np.sqrt(np.mean((pose.on_sheet(points) - bent.on_sheet(points)) ** 2)) < 0.08
    assert left < 0.08


def test_anchors_that_are_found_badly_do_not_bend_a_rigid_page():
    """Errors of a fifth of a pixel, by chance, are no perspective: far from the anchors that would be off by pixels."""
    points, rng = places_of_text(little()), np.random.default_rng(1)
    for _ in range(20):
        pose, _ = TURNED.corrected(points, rng.normal(0, 0.2, points.shape), np.full(len(points), 1 / 0.15))
        assert np.abs(pose.on_sheet(CORNERS) - TURNED.on_sheet(CORNERS)).max() < 0.6


@pytest.mark.parametrize("count", [3, 4, 5])
def test_few_anchors_never_bend_a_page(count):
    """Eight parameters fit the errors of four anchors whatever these are."""
    points, rng = places_of_text(little()), np.random.default_rng(2)
    for _ in range(50):
        some = points[rng.choice(len(points), count, replace=False)]
        pose, _ = TURNED.corrected(some, rng.normal(0, 0.2, some.shape), np.full(count, 1 / 0.15))
        run = np.linalg.inv(TURNED.matrix) @ pose.matrix
        assert np.abs(run[2, :2] / run[2, 2]).max() < 1e-5


@pytest.mark.parametrize(
    ("pose", "size", "plain"),
    [
        (Pose.of_shift(6.7, -3.2), CANVAS, Pose.of_shift(7, -3)),
        (Pose(np.array([[1.5015, 0, 0.6], [0, 1.5, 0.1], [0, 0, 1]])), (630, 450), Pose.filling(CANVAS, (630, 450))),
        (TURNED, (436, 322), None),
        (Pose.of_shift(6.7, -3.2), (436, 322), Pose.of_shift(7, -3)),
    ],
)
def test_a_pose_that_is_nearly_plain_snaps_to_it(pose, size, plain):
    snapped = pose.snapped(CANVAS, size)
    assert (snapped is None) == (plain is None)
    assert plain is None or np.allclose(snapped.matrix, plain.matrix)


def test_only_a_shift_by_whole_pixels_is_one():
    assert Pose.of_shift(-4, 9).whole_shift == (-4, 9)
    assert Pose.of_shift(0.5, 0).whole_shift is None
    assert Pose.filling(CANVAS, (840, 600)).whole_shift is None
    assert TURNED.whole_shift is None


def test_no_pixel_is_changed_by_a_whole_shift_and_beyond_the_sheet_is_white():
    sheet = np.random.default_rng(4).integers(0, 255, (300, 420, 3), np.uint8)
    flat = Pose.of_shift(-5, 12).rectify(sheet, CANVAS)
    assert np.array_equal(flat[:288, 5:], sheet[12:, :415])
    assert (flat[288:] == 255).all() and (flat[:, :5] == 255).all()


@pytest.mark.parametrize("factor", [2, 3])
def test_a_large_sheet_is_shrunk_pixel_by_pixel(factor):
    """Each pixel of the canvas is the mean of those that made it up: interpolation alone would leave some out."""
    page = np.asarray(draw_little().convert("L"))
    large = page.repeat(factor, axis=0).repeat(factor, axis=1)
    flat = Pose.filling(CANVAS, (factor * 420, factor * 300)).rectify(large, CANVAS)
    assert np.abs(flat.astype(int) - page).max() <= 1


def test_a_turned_page_comes_back():
    page = draw_little().convert("L")
    turned = page.rotate(3.0, 3, expand=True, fillcolor=255)
    flat = pose_of_turn(3.0, page.size, turned.size).rectify(np.asarray(turned), CANVAS)
    difference = np.abs(flat.astype(int) - np.asarray(page))
    unmoved = np.abs(np.asarray(turned)[:300, :420].astype(int) - np.asarray(page))
    assert difference.mean() < 0.2 * unmoved.mean()  # what two interpolations of thin strokes leave


def test_a_box_on_the_sheet_is_around_all_its_corners():
    assert Pose.of_shift(3, -2).box_on_sheet(Box(10, 20, 30, 8)) == Box(13, 18, 30, 8)
    box = TURNED.box_on_sheet(Box(100, 50, 200, 20))
    corners = TURNED.on_sheet(np.array([(100, 50), (300, 50), (300, 70), (100, 70)], float))
    assert np.all(corners >= (box.x, box.y)) and np.all(corners <= (box.right, box.bottom))
    assert box.height > 20


def test_the_pose_of_a_part_of_the_canvas():
    part = TURNED.shifted((40, 10))
    assert np.allclose(part.on_sheet(np.array([(5.0, 6.0)])), TURNED.on_sheet(np.array([(45.0, 16.0)])))


def test_what_chance_explains_is_no_perspective():
    """A page with one line: few labels, all at its left, and a code's corners, found to a pixel each."""
    labels = [(67.5, 31.0), (64.0, 59.5), (44.5, 89.5), (40.5, 125.0)]
    corners = [(561.5, 21.5), (660.5, 21.5), (660.5, 120.5), (561.5, 120.5)]
    by = [(-0.18, 3.38), (-0.02, 3.47), (0.19, 3.7), (0.47, 3.7), (0, 0), (0, 0), (-0.97, -1.03), (0, 0)]
    weights = np.concatenate([np.full(4, 1 / LABEL_ERROR), np.full(4, 1 / CORNER_ERROR)])
    pose, _ = Pose.of_shift(0, 0).corrected(np.array(labels + corners), np.array(by), weights)
    assert np.abs(pose.matrix[2, :2]).max() < 1e-6
