"""What befalls a picture after its pixels have seen the ink; and sheets that are the canvas, shifted."""

import cv2
import numpy as np
from drawings import little_ink
from PIL import Image

from invoice_lab.ocr.glyphs.aligned import Aligned
from invoice_lab.ocr.glyphs.finish import Enlarged, Plain, greyed
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


def test_a_part_enlarged_is_as_in_the_whole_picture():
    small = np.asarray(Image.fromarray(grey_page().astype(np.uint8)).resize((280, 200), Image.Resampling.BOX))
    large = np.asarray(Image.fromarray(small).resize((420, 300), Image.Resampling.BILINEAR)).astype(float)
    finish = Enlarged(weights("bilinear", 200, 300), weights("bilinear", 280, 420))
    window = (slice(45, 60), slice(20, 90))
    known, affected = finish.whole(window)
    seen = finish(small[known].astype(np.float32)[None, :, :, None], known, affected)[0]
    assert np.abs(seen - large[affected]).max() <= 1  # Pillow rounds after each axis
    changed = small.copy()
    changed[window] = 255 - changed[window]
    other = np.asarray(Image.fromarray(changed).resize((420, 300), Image.Resampling.BILINEAR)).astype(float)
    outside = np.abs(other - large)
    outside[affected] = 0
    assert outside.max() == 0


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
