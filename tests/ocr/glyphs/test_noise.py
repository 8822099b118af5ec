"""The noise of a sheet: how strong, at edges and on blank paper, how many spoilt pixels, how alike neighbours err."""

import cv2
import numpy as np
import pytest

from invoice_lab.ocr.glyphs.noise import QUIETEST, RAREST, WIDEST, Noise, estimate_noise

SIZE = (300, 400)
EVERYWHERE, NOWHERE = np.ones(SIZE, np.bool_), np.zeros(SIZE, np.bool_)
TOP = (slice(0, 100), slice(0, 400))
ONE = (slice(0, 1), slice(0, 1))


def residual(sigma, spoilt=0.0):
    """Normal noise, far wider on a share of the pixels, in grey levels."""
    rng = np.random.default_rng(3)
    left = rng.normal(0, sigma, SIZE)
    hit = rng.random(SIZE) < spoilt
    left[hit] = rng.normal(0, WIDEST, hit.sum())
    return left.astype(np.float32)


def noise_of(sigma, spoilt, alike, rough=0.0, uneven=0.0):
    """Noise of a sheet of one pixel."""
    planes = (np.full((1, 1), number, np.float32) for number in (sigma, rough, uneven, spoilt))
    return Noise(*planes, alike)


def surprises(noise, *left):
    return noise.surprise(np.array(left, np.float32)[:, None, None], ONE)[:, 0, 0]


@pytest.mark.parametrize("edges", [EVERYWHERE, NOWHERE])
@pytest.mark.parametrize("sigma", [1.0, 5.0, 12.0])
@pytest.mark.parametrize("spoilt", [0.001, 0.01, 0.05])
def test_strength_and_share_of_spoilt_pixels(sigma, spoilt, edges):
    found = estimate_noise(residual(sigma, spoilt), EVERYWHERE, edges)
    assert found.sigma == pytest.approx(sigma, rel=0.05)
    assert found.spoilt == pytest.approx(spoilt, rel=0.25)
    assert found.alike == pytest.approx(1, abs=0.05)


def test_a_clean_sheet_has_the_least_noise():
    found = estimate_noise(np.zeros(SIZE, np.float32), EVERYWHERE, NOWHERE)
    assert (found.sigma == np.float32(QUIETEST)).all() and (found.spoilt == np.float32(RAREST)).all()
    assert (found.uneven == np.float32(RAREST)).all()
    assert found.alike == 1.0


@pytest.mark.parametrize("rough", [4.0, 6.0, 8.0])
@pytest.mark.parametrize("uneven", [0.1, 0.4])
def test_pixels_of_few_colours_that_are_off_by_a_little_are_not_spoilt(rough, uneven):
    left = np.zeros(SIZE, np.float32)
    left[: round(SIZE[0] * uneven)] = residual(rough)[: round(SIZE[0] * uneven)]
    found = estimate_noise(left, EVERYWHERE, EVERYWHERE)
    assert found.sigma == pytest.approx(QUIETEST, rel=0.05)
    assert found.rough == pytest.approx(rough, rel=0.2)
    assert found.uneven == pytest.approx(uneven, rel=0.2)
    assert found.spoilt.max() < 0.001
    assert found.error((slice(None), slice(None))) == pytest.approx(float(np.sqrt((left**2).mean())), rel=0.1)


def test_a_rough_pixel_surprises_less_than_a_spoilt_one():
    sheet = noise_of(0.5, 0.001, 1.0, rough=5.0, uneven=0.3)
    none, rough, spoilt = surprises(sheet, 0.0, 7.0, 70.0)
    assert none == pytest.approx(0, abs=1e-6)
    assert 3 < rough < 6 and spoilt > rough + 5


def test_edges_err_more_than_blank_paper():
    edges = NOWHERE.copy()
    edges[:, :100] = True
    found = estimate_noise(np.where(edges, residual(8.0), residual(1.0)), EVERYWHERE, edges)
    assert found.sigma[edges] == pytest.approx(8, rel=0.05)
    assert found.sigma[~edges] == pytest.approx(1, rel=0.05)


def test_a_text_that_errs_more_than_others_has_its_own_noise():
    left = residual(2.0)
    left[TOP] *= 4
    edges = EVERYWHERE.copy()
    edges[:50] = False
    found = estimate_noise(left, EVERYWHERE, edges, [TOP])
    assert found.sigma[50:100] == pytest.approx(8, rel=0.05)
    assert found.sigma[100:].max() < 4


def test_a_text_that_errs_less_than_others_keeps_the_usual_noise():
    left = residual(2.0)
    left[TOP] /= 4
    found = estimate_noise(left, EVERYWHERE, EVERYWHERE, [TOP])
    assert found.sigma[TOP].min() == found.sigma[100:].max() > 1


def test_neighbours_that_err_alike_count_for_less():
    """Along each axis a box of two pixels makes the correlation of neighbours 1/2: (1 + r) / (1 - r) = 3."""
    left = cv2.blur(residual(10.0), (2, 2))
    assert estimate_noise(left, EVERYWHERE, EVERYWHERE).alike == pytest.approx(9, rel=0.1)


def test_only_what_is_explained_is_measured():
    left = residual(2.0)
    left[:100] = 90
    where = EVERYWHERE.copy()
    where[:100] = False
    assert estimate_noise(left, where, EVERYWHERE).sigma == pytest.approx(2, rel=0.05)


def test_a_spoilt_pixel_surprises_no_more_the_farther_it_is_off():
    none, near, far, farther = surprises(noise_of(2.0, 0.01, 1.0), 0.0, 6.0, 60.0, 120.0)
    assert none == pytest.approx(0, abs=1e-6)
    assert near == pytest.approx(4.5, abs=0.1)
    assert far < 12 and farther < far + 2


def test_a_spoilt_pixel_counts_however_alike_noise_is():
    """Paper whose shade is a little off makes all neighbours err alike: what is missing from a letter is no shade."""
    little, alike = (surprises(noise_of(1.0, 1e-5, number), 2.0, 60.0) for number in (2.0, 64.0))
    assert little[0] == pytest.approx(1.0, abs=0.01)
    assert alike[0] == pytest.approx(2.0**2 / 2 / 64, abs=0.01)
    assert little[1] / 2 == pytest.approx(alike[1], rel=0.05)
