"""A page is cut into pieces at blank rows and columns."""

import numpy as np
import pytest

from invoice_lab.ocr.page import Box
from invoice_lab.ocr.pieces import MOST, pieces


def page(*boxes, height=200, width=400, paper=255):
    grey = np.full((height, width), paper, np.uint8)
    for x, y, wide, high in boxes:
        grey[y : y + high, x : x + wide] = 0
    return grey


def test_texts_with_blank_paper_around_them_are_pieces_from_top_to_bottom():
    words = [(10, 20, 30, 12), (46, 20, 30, 12), (200, 20, 40, 12), (10, 60, 50, 12)]
    assert pieces(page(*words), 1.0) == [Box(10, 20, 66, 12), Box(200, 20, 40, 12), Box(10, 60, 50, 12)]


@pytest.mark.parametrize("paper", [255, 200, 90])
def test_paper_may_be_grey(paper):
    assert pieces(page((10, 20, 30, 12), paper=paper), 1.0) == [Box(10, 20, 30, 12)]


def test_underscores_and_accents_belong_to_the_row_beside_them():
    assert pieces(page((10, 20, 30, 12), (42, 35, 8, 2)), 1.0) == [Box(10, 20, 40, 17)]
    assert pieces(page((10, 20, 30, 12), (20, 15, 3, 2)), 1.0) == [Box(10, 15, 30, 17)]


def test_dust_is_no_piece():
    assert pieces(page((10, 20, 30, 12), (300, 150, 2, 2)), 1.0) == [Box(10, 20, 30, 12)]


def test_rows_of_two_columns_that_are_not_level_stay_apart():
    texts = [(x, y + 22 * row, 60, 12) for x, y in ((10, 20), (200, 31)) for row in range(2)]
    assert pieces(page(*texts), 1.0) == [Box(*text) for text in texts]


def test_at_another_scale_the_same_pieces_are_found():
    words = [(10, 20, 30, 12), (46, 20, 30, 12), (200, 20, 40, 12)]
    thrice = np.kron(page(*words), np.ones((3, 3), np.uint8))
    assert pieces(thrice, 3.0) == [Box(30, 60, 198, 36), Box(600, 60, 120, 36)]


@pytest.mark.parametrize(
    "grey",
    [
        page(),
        page((10, 20, 100, 120)),  # a picture, or text that is set too close
        page(*[(x, y, 3, 6) for x in range(0, 390, 25) for y in range(0, 190, 10)]),
    ],
    ids=["blank", "a high block", f"more than {MOST}"],
)
def test_a_page_that_does_not_fall_into_rows_is_not_cut(grey):
    assert pieces(grey, 1.0) is None
