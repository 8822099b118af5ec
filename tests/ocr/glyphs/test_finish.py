"""What befalls a picture after its pixels have seen the ink; and sheets that are the canvas, shifted."""

import cv2
import numpy as np
import pytest
from drawings import little_ink
from PIL import Image

from invoice_lab.ocr.glyphs.aligned import Aligned
from invoice_lab.ocr.glyphs.finish import Pass, Passed, Plain, greyed
from invoice_lab.ocr.glyphs.inked import LUMA
from invoice_lab.ocr.glyphs.resized import weights
from invoice_lab.ocr.glyphs.spread import Spread

PART = (slice(60, 100), slice(20, 180))


def grey_page():
    return np.rint(255 * (1 - little_ink())).astype(np.float32)


def test_no_pixel_is_whiter_than_white_or_blacker_than_black():
    seen = Plain()(np.array([[[[300.0], [-20.0], [77.5]]]], np.float32), PART, PART)
    assert seen.tolist() == [[[255.0, 0.0, 77.5]]]


def test_colours_are_greyed_by_their_brightness():
    colours = np.array([[[[255.0, 0.0, 0.0], [0.0, 0.0, 255.0]]]], np.float32)
    assert np.allclose(greyed(colours)[..., 0], 255 * LUMA[[0, 2]])


@pytest.mark.parametrize("name", ["BILINEAR", "LANCZOS"])
def test_a_part_enlarged_is_as_in_the_whole_picture(name):
    """A sharp filter overshoots beside the ink: Pillow cuts that off after each axis."""
    small = np.asarray(Image.fromarray(grey_page().astype(np.uint8)).resize((280, 200), Image.Resampling.BOX))
    large = np.asarray(Image.fromarray(small).resize((420, 300), Image.Resampling[name])).astype(float)
    along, down = weights(name.lower(), 280, 420), weights(name.lower(), 200, 300)
    finish = Passed((Pass(1, along), Pass(0, down)))
    window = (slice(45, 60), slice(20, 90))
    known, affected = finish.whole(window)
    pictures = small[known].astype(np.float32)[None, :, :, None]
    assert np.abs(finish(pictures, known, affected)[0] - large[affected]).max() <= 1  # Pillow's weights are rounded
    changed = small.copy()
    changed[window] = 255 - changed[window]
    other = np.asarray(Image.fromarray(changed).resize((420, 300), Image.Resampling[name])).astype(float)
    outside = np.abs(other - large)
    outside[affected] = 0
    assert outside.max() == 0


def test_a_pass_whose_levels_are_not_kept_cuts_nothing_off():
    small = np.asarray(Image.fromarray(grey_page().astype(np.uint8)).resize((280, 200), Image.Resampling.BOX))
    along, down = (weights("lanczos", *sizes) for sizes in ((280, 420), (200, 300)))
    everything = (slice(0, 200), slice(0, 280))
    linear = np.clip(np.rint(down @ small.astype(np.float32) @ along.T), 0, 255)
    for kept, alike in ((False, True), (True, False)):
        finish = Passed((Pass(1, along, kept=kept), Pass(0, down)))
        made = finish(small.astype(np.float32)[None, :, :, None], *finish.whole(everything))[0]
        assert (np.abs(made - linear).max() <= 1) == alike


def test_ink_is_seen_where_the_canvas_was_moved_to():
    ink = little_ink()
    spread = Spread(cv2.getGaussianKernel(11, 1.0).astype(np.float32) @ cv2.getGaussianKernel(11, 1.0).T, 0.0, 0.0)
    optics = Aligned((7, -12), Spread(spread.kernel.astype(np.float32), 0.0, 0.0))
    alone = np.zeros((320, 440), np.float32)
    alone[PART[0].start - 12 : PART[0].stop - 12, PART[1].start + 7 : PART[1].stop + 7] = ink[PART]
    expected = cv2.GaussianBlur(alone, (11, 11), 1.0, borderType=cv2.BORDER_CONSTANT)
    window = optics.window(PART, alone.shape)
    seen = optics.seen(ink[PART][None], (PART[1].start, PART[0].start), window)[0]
    assert np.allclose(seen, expected[window], atol=1e-5)
    outside = expected.copy()
    outside[window] = 0
    assert outside.max() < 1e-6


def test_ink_that_is_cut_off_by_the_sheets_edge():
    ink = np.ones((1, 10, 10), np.float32)
    optics = Aligned((-4, -4), None)
    window = optics.window((slice(0, 10), slice(0, 10)), (8, 8))
    assert window == (slice(0, 6), slice(0, 6))
    assert optics.seen(ink, (0, 0), window)[0].all()
    assert optics.window((slice(0, 3), slice(0, 3)), (8, 8)) == (slice(0, 0), slice(0, 0))
