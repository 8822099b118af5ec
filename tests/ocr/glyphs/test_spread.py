"""The spread of a page is found from text that is known."""

import cv2
import numpy as np
import pytest
from drawings import little, little_ink

from invoice_lab.ocr.drawn_layout import Placement
from invoice_lab.ocr.glyphs.fit import spread_of_labels
from invoice_lab.ocr.glyphs.spread import QUIETEST, RADIUS, estimate_spread

EVERYWHERE = (slice(None), slice(None))
WEAKEST = 0.01
"""How far a value of a kernel, which sums up to one, may be off: the ridge and the noise of 1 % allow for less."""


def gaussian(sigma, shift=(0.0, 0.0)):
    """The kernel of a blur, perhaps shifted."""
    places = np.arange(-RADIUS, RADIUS + 1)
    across, down = (np.exp(-((places - by) ** 2) / (2 * sigma**2)) for by in shift)
    return np.outer(down / down.sum(), across / across.sum())


@pytest.fixture(scope="module")
def ink():
    return little_ink()


def near_text(ink):
    return cv2.dilate((ink > 0.05).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0


@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.5])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.4, -0.3)])
def test_a_known_kernel_is_found_with_level_and_noise(ink, sigma, shift):
    kernel = gaussian(sigma, shift)
    noise = np.random.default_rng(1).normal(0, 0.01, ink.shape)
    dark = cv2.filter2D(ink, -1, kernel[::-1, ::-1], borderType=cv2.BORDER_CONSTANT) * 0.9 + 0.05 + noise
    found = estimate_spread(dark.astype(np.float32), ink, near_text(ink))
    assert np.abs(found.kernel - 0.9 * kernel).max() < WEAKEST
    assert found.level == pytest.approx(0.05, abs=0.002)
    assert found.noise == pytest.approx(0.01, rel=0.1)
    left = dark - found.level - found.of(ink, EVERYWHERE)
    assert left[near_text(ink)].std() == pytest.approx(0.01, rel=0.1)


def test_a_sharp_page_is_not_spread(ink):
    found = estimate_spread(ink, ink, near_text(ink))
    assert found.kernel[RADIUS, RADIUS] == pytest.approx(1, abs=WEAKEST)
    assert found.noise == QUIETEST


def test_pixels_that_are_not_to_be_relied_on_are_left_out(ink):
    dark, where = ink.copy(), near_text(ink)
    dark[100:140] = 0.7
    where[95:145] = False
    found = estimate_spread(dark, ink, where)
    assert found.kernel[RADIUS, RADIUS] == pytest.approx(1, abs=WEAKEST)


def test_the_labels_alone_tell_the_spread(ink):
    """What stands beside and below the labels is not drawn: it must not be taken for spread."""
    kernel = gaussian(1.0)
    dark = cv2.filter2D(ink, -1, kernel, borderType=cv2.BORDER_CONSTANT)
    found = spread_of_labels(dark, np.ones_like(dark), little().slots(Placement(lines=2)))
    assert np.abs(found.kernel - kernel).max() < WEAKEST
