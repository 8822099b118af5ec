"""The filters' weights are those with which Pillow and OpenCV resize a whole picture."""

import cv2
import numpy as np
import pytest
from drawings import little_ink
from PIL import Image

from invoice_lab.ocr.glyphs.resized import FILTERS, Resized, reached, weights

SIZES = {"smaller": (225, 315), "larger": (450, 630)}
OPENCV = {
    "cv-nearest": cv2.INTER_NEAREST,
    "cv-area": cv2.INTER_AREA,
    "cv-linear": cv2.INTER_LINEAR,
    "cv-cubic": cv2.INTER_CUBIC,
    "cv-lanczos": cv2.INTER_LANCZOS4,
}


def resized(name, picture, size):
    """Resize a picture as the library does; size as (height, width)."""
    if name in OPENCV:
        return cv2.resize(picture, size[::-1], interpolation=OPENCV[name])
    return np.asarray(Image.fromarray(picture).resize(size[::-1], Image.Resampling[name.upper()]))


@pytest.fixture(scope="module")
def ink():
    return little_ink()


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("change", SIZES)
def test_rows_and_columns_after_each_other_are_the_whole_picture_resized(ink, name, change):
    size = SIZES[change]
    rows, columns = (weights(name, *pair) for pair in zip(ink.shape, size, strict=True))
    assert np.allclose(rows @ ink @ columns.T, resized(name, ink, size), atol=1e-4)


def test_a_part_of_the_ink_is_seen_where_it_lies(ink):
    size, shift = SIZES["smaller"], (3, -2)
    optics = Resized(shift, *(weights("lanczos", *pair) for pair in zip(ink.shape, size, strict=True)))
    area = (slice(80, 112), slice(20, 200))
    alone = np.zeros_like(ink)
    alone[area[0].start + shift[1] : area[0].stop + shift[1], area[1].start + shift[0] : area[1].stop + shift[0]] = ink[
        area
    ]
    expected = resized("lanczos", alone, size)
    window = optics.window(area, size)
    seen = optics.seen(ink[area][None], (area[1].start, area[0].start), window)[0]
    assert np.allclose(seen, expected[window], atol=1e-4)
    outside = np.abs(expected)
    outside[window] = 0
    assert outside.max() < 1e-6


def test_ink_beyond_the_sheet_is_seen_nowhere():
    optics = Resized((0, 0), *[np.eye(10, dtype=np.float32)] * 2)
    seen = optics.seen(np.ones((1, 4, 4), np.float32), (8, -2), (slice(0, 10), slice(0, 10)))[0]
    assert seen.sum() == 4
    assert seen[:2, 8:].all()
    assert reached(np.eye(10), (20, 24)) == slice(0, 0)
