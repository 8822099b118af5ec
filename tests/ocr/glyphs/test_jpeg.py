"""JPEG: parts compressed again are what they are in the whole picture, and the way of compressing is found."""

import io

import numpy as np
import pytest
from drawings import draw_little
from PIL import Image

from invoice_lab.ocr.glyphs.finish import Compressed
from invoice_lab.ocr.glyphs.jpeg import Compression, compressed, find_compression
from invoice_lab.ocr.paper import to_grey

WHOLE = (288, 416)
"""Height and width in whole units."""


@pytest.fixture(scope="module")
def page():
    """A page of colours, cut to whole units."""
    return np.asarray(draw_little())[: WHOLE[0], : WHOLE[1]]


def saved(picture, **how):
    """What Pillow writes and reads again, in grey."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", **how)
    seen = np.asarray(Image.open(buffer))
    return seen if seen.ndim == 2 else to_grey(seen)


@pytest.mark.parametrize("thinned", [0, 1, 2])
@pytest.mark.parametrize("quality", [30, 75])
def test_several_parts_at_once_are_as_in_the_whole_picture(page, quality, thinned):
    whole = saved(page, quality=quality, subsampling=("4:4:4", "4:2:2", "4:2:0")[thinned])
    window = Compressed(Compression(quality, thinned)).whole((slice(85, 110), slice(30, 170)))[0]
    other = (slice(160, 160 + window[0].stop - window[0].start), slice(32, 32 + window[1].stop - window[1].start))
    parts = np.stack([page[window], page[other]]).astype(np.float32)
    inner = slice(1, -1)  # thinned-out colours are enlarged with the next pixel's, also of the next unit
    affected = tuple(slice(part.start + 1, part.stop - 1) for part in window)
    for made, places in (
        (compressed(parts, Compression(quality, thinned))[:, inner, inner], (window, other)),
        (Compressed(Compression(quality, thinned))(parts, window, affected), (window, other)),
    ):
        for seen, place in zip(made, places, strict=True):
            assert np.array_equal(seen, whole[place][inner, inner])


def test_a_grey_picture_is_what_pillow_writes(page):
    grey = to_grey(page)
    seen = compressed(grey[None, :, :, None].astype(np.float32), Compression(40))
    assert np.array_equal(seen[0], saved(grey, quality=40))


@pytest.mark.parametrize(("quality", "thinned"), [(30, 2), (75, 0), (60, 1), (93, 2)])
def test_quality_and_thinning_are_found(page, quality, thinned):
    seen = saved(page, quality=quality, subsampling=("4:4:4", "4:2:2", "4:2:0")[thinned]).astype(float)

    def misfit(how):
        return float(np.mean((compressed(page[None].astype(np.float32), how)[0] - seen) ** 2))

    assert find_compression(misfit, coloured=True) == Compression(quality, thinned)


def test_the_quality_of_a_grey_picture_is_found(page):
    grey = to_grey(page)
    seen = saved(grey, quality=61).astype(float)

    def misfit(how):
        return float(np.mean((compressed(grey[None, ..., None].astype(np.float32), how)[0] - seen) ** 2))

    assert find_compression(misfit, coloured=False).quality == 61


def test_what_is_known_is_widened_to_whole_units():
    known, affected = Compressed(Compression(50)).whole((slice(17, 33), slice(0, 16)))
    assert known == (slice(16, 48), slice(0, 16))
    assert affected == (slice(17, 47), slice(1, 15))
    known, affected = Compressed(Compression(50, thinned=0)).whole((slice(17, 33), slice(0, 16)))
    assert known == affected == (slice(16, 48), slice(0, 16))
