"""JPEG's steps: how likely what is seen is, where what was compressed is known but for an error."""

import io

import numpy as np
import pytest
from drawings import draw_little
from PIL import Image

from invoice_lab.ocr.glyphs.blocks import ERRORS, Blocks, in_blocks, steps_of
from invoice_lab.ocr.paper import to_grey

QUALITY = 60


def saved(grey, quality=QUALITY):
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer)).astype(np.float32)


def page(paper=255):
    """A page in grey, in whole blocks, on paper of some brightness."""
    grey = to_grey(np.asarray(draw_little()))[:288, :416].astype(np.float32)
    return grey * paper / 255


def noisy(picture, sigma, seed=1):
    rng = np.random.default_rng(seed)
    return np.clip(np.rint(picture + rng.normal(0, sigma, picture.shape)), 0, 255).astype(np.uint8)


def test_blocks_are_in_the_order_of_reading():
    picture = np.arange(16 * 24, dtype=np.float32).reshape(1, 16, 24)
    blocks = in_blocks(picture)
    assert blocks.shape == (1, 6, 8, 8)
    assert np.array_equal(blocks[0, 1], picture[0, :8, 8:16])
    assert np.array_equal(blocks[0, 3], picture[0, 8:, :8])


def test_steps_are_those_of_the_standard():
    """Annex K of the standard, at quality 50: 16, 11, 10 along the first row, 12 below the first."""
    assert steps_of(50)[0, :3].tolist() == [16, 11, 10]
    assert steps_of(50)[1, 0] == 12


@pytest.mark.parametrize("error", [1.0, 4.0])
def test_the_error_of_what_was_compressed_is_found(error):
    should, seen = page(200), saved(noisy(page(200), error))
    found = Blocks.estimated(steps_of(QUALITY), in_blocks(should[None])[0], in_blocks(seen[None])[0])
    assert error / 1.5 < found.error < error * 1.5
    assert found.error in ERRORS


@pytest.mark.parametrize("paper", [200, 255])
def test_a_step_that_noise_changed_counts_for_little_and_a_missing_stroke_for_much(paper):
    should, noise = page(paper), 2.0
    seen = saved(noisy(should, noise))
    lost = should.copy()
    lost[88:104, 104:108] = paper  # of a letter
    blocks = Blocks(steps_of(QUALITY), noise)
    right, wrong = blocks.surprise(np.stack([should, lost]), seen)
    assert wrong - right > 100
    again = blocks.surprise(noisy(should, 0.5, seed=2).astype(np.float32)[None], seen)[0]  # other steps here and there
    assert abs(again - right) < 0.05 * right


def test_brightness_that_was_cut_off_at_white_is_no_surprise():
    """Letters ring in compressed pictures; on white paper what is brighter than white is lost."""
    blocks = Blocks(steps_of(30), 0.5)
    surprise = {paper: blocks.surprise(page(paper)[None], saved(np.rint(page(paper)).astype(np.uint8), 30))[0]
                for paper in (200, 255)}  # fmt: skip
    assert surprise[255] < 2 * surprise[200]
