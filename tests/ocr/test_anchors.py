"""Labels are found to a fraction of a pixel, and not where there are none; the outline of paper on something darker."""

import cv2
import numpy as np
import pytest
from drawings import draw_little, little

from invoice_lab.ocr.anchors import find
from invoice_lab.ocr.outline import outline
from invoice_lab.ocr.paper import darkness, to_grey


def dark_page(shift=(0.0, 0.0), sigma=0.0):
    grey = to_grey(np.asarray(draw_little())).astype(np.float32)
    if sigma:
        grey = cv2.GaussianBlur(grey, (0, 0), sigma)
    moved = cv2.warpAffine(
        grey, np.array([[1, 0, shift[0]], [0, 1, shift[1]]]), (420, 300), flags=cv2.INTER_CUBIC, borderValue=255
    )
    return darkness(moved)[0]


@pytest.mark.parametrize("shift", [(0.0, 0.0), (3.0, -2.0), (0.5, 0.0), (-1.3, 2.7)])
@pytest.mark.parametrize("sigma", [0.0, 1.2])
def test_labels_are_found_where_they_are(shift, sigma):
    """A parabola through three values of the correlation is off by a tenth of a pixel at the most."""
    dark = dark_page(shift, sigma)
    for anchor in [*little().header_anchors(), *little().foot_anchors(2)]:
        seen = find(anchor, dark, (8, 6))
        assert seen.off == pytest.approx(shift, abs=0.1)
        assert seen.likeness > 0.8  # labels are drawn softer than a sharp page is


def test_what_stands_at_the_lines_ends_is_an_anchor_too():
    (anchor,) = little().line_anchors(1)
    assert find(anchor, dark_page(), (3, 3)).off == pytest.approx((0, 0), abs=0.1)


def test_no_label_is_found_on_blank_paper_or_elsewhere():
    anchor = little().header_anchors()[0]
    rng = np.random.default_rng(5)
    assert find(anchor, np.zeros((300, 420), np.float32), (8, 6)) is None
    assert find(anchor, rng.normal(0, 0.004, (300, 420)).astype(np.float32), (8, 6)) is None
    assert find(anchor.moved((0, 200)), dark_page(), (8, 6)) is None


def test_a_label_beyond_the_canvas_is_not_looked_for():
    assert find(little().header_anchors()[0].moved((-500, 0)), dark_page(), (8, 6)) is None


PAPER = np.array([(120, 80), (705, 130), (690, 905), (90, 860)], float)


def table_with_paper(corners, size=(1000, 800)):
    picture = np.full(size, 70, np.uint8)
    return cv2.fillConvexPoly(picture, corners.round().astype(np.int32), 235)


@pytest.mark.parametrize("upside_down", [False, True])
def test_the_corners_of_paper_come_clockwise_from_the_upper_left(upside_down):
    """The picture is shrunk to 600 pixels: corners are told to one of its pixels and the blur's rounding."""
    picture = table_with_paper(PAPER)
    found = outline(np.ascontiguousarray(np.rot90(picture, 2)) if upside_down else picture)
    expected = (np.array([799, 999]) - PAPER)[[2, 3, 0, 1]] if upside_down else PAPER
    assert np.abs(found - expected).max() < 3 * 1000 / 600


def test_no_outline_where_paper_fills_the_picture_or_is_no_quadrangle():
    assert outline(np.full((1000, 800), 240, np.uint8)) is None
    assert outline(np.asarray(draw_little().convert("L"))) is None
    round_paper = cv2.circle(np.full((1000, 800), 70, np.uint8), (400, 500), 300, 235, -1)
    assert outline(round_paper) is None
    assert outline(table_with_paper(PAPER * 0.2)) is None
