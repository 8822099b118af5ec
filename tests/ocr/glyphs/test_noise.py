"""The noise of a sheet: how strong, how many spoilt pixels, how alike neighbours err."""

import cv2
import numpy as np
import pytest

from invoice_lab.ocr.glyphs.noise import QUIETEST, RAREST, WIDEST, Noise, estimate_noise

SIZE = (300, 400)
EVERYWHERE = np.ones(SIZE, np.bool_)


def residual(sigma, spoilt=0.0):
    """Normal noise, far wider on a share of the pixels, in grey levels."""
    rng = np.random.default_rng(3)
    left = rng.normal(0, sigma, SIZE)
    hit = rng.random(SIZE) < spoilt
    left[hit] = rng.normal(0, WIDEST, hit.sum())
    return left.astype(np.float32)


@pytest.mark.parametrize("sigma", [1.0, 5.0, 12.0])
@pytest.mark.parametrize("spoilt", [0.001, 0.01, 0.05])
def test_strength_and_share_of_spoilt_pixels(sigma, spoilt):
    found = estimate_noise(residual(sigma, spoilt), EVERYWHERE)
    assert found.sigma == pytest.approx(sigma, rel=0.05)
    assert found.spoilt == pytest.approx(spoilt, rel=0.25)
    assert found.alike == pytest.approx(1, abs=0.05)


def test_a_clean_sheet_has_the_least_noise():
    found = estimate_noise(np.zeros(SIZE, np.float32), EVERYWHERE)
    assert (found.sigma, found.spoilt, found.alike) == (QUIETEST, RAREST, 1.0)


def test_neighbours_that_err_alike_count_for_less():
    """Along each axis a box of two pixels makes the correlation of neighbours 1/2: (1 + r) / (1 - r) = 3."""
    left = cv2.blur(residual(10.0), (2, 2))
    assert estimate_noise(left, EVERYWHERE).alike == pytest.approx(9, rel=0.1)


def test_only_what_is_explained_is_measured():
    left = residual(2.0)
    left[:100] = 90
    where = EVERYWHERE.copy()
    where[:100] = False
    assert estimate_noise(left, where).sigma == pytest.approx(2, rel=0.05)


def test_a_spoilt_pixel_surprises_no_more_the_farther_it_is_off():
    noise = Noise(2.0, 0.01, 1.0)
    near, far, farther = noise.surprise(np.array([6.0, 60.0, 120.0], np.float32))
    assert noise.surprise(np.zeros(1, np.float32))[0] == pytest.approx(0, abs=1e-6)
    assert near == pytest.approx(4.5, abs=0.1)
    assert far < 12 and farther < far + 2


def test_a_spoilt_pixel_counts_however_alike_noise_is():
    """Paper whose shade is a little off makes all neighbours err alike: what is missing from a letter is no shade."""
    little, alike = Noise(1.0, 1e-5, 2.0), Noise(1.0, 1e-5, 64.0)
    left = np.array([2.0, 60.0], np.float32)
    assert little.surprise(left)[0] == pytest.approx(1.0, abs=0.01)
    assert alike.surprise(left)[0] == pytest.approx(2.0**2 / 2 / 64, abs=0.01)
    assert little.surprise(left)[1] / 2 == pytest.approx(alike.surprise(left)[1], rel=0.05)
