"""Darkness against the paper: even and uneven light, specks and what only looks like them."""

import numpy as np
import pytest
from drawings import draw_little, little_ink

from invoice_lab.ocr.paper import EVEN, darkness, paper, to_grey
from invoice_lab.samples.damage import damage
from invoice_lab.samples.truth import chance


def page(light=1.0):
    """The little page without its code, under some light (a share, or one for each pixel)."""
    return (255 * (1 - little_ink()) * light).astype(np.float32)


def test_even_light_is_one_brightness():
    assert np.ptp(paper(page(0.8))) == 0
    assert paper(page(0.8))[0, 0] == pytest.approx(204)
    assert np.ptp(paper(page(np.linspace(1, 1 - 0.9 * EVEN / 255, 420)))) == 0


def test_uneven_light_is_followed_under_the_letters():
    light = np.linspace(1, 0.6, 420)[None, :] * np.linspace(0.9, 1, 300)[:, None]
    found = paper(page(light))
    inner = (slice(30, -30), slice(30, -30))  # beyond the page there is nothing to follow
    assert np.abs(found / (255 * light) - 1)[inner].max() < 0.05
    dark, _ = darkness(page(light))
    assert np.abs(dark - little_ink())[inner].mean() < 0.02


def test_ink_is_as_dark_as_it_is_drawn():
    dark, weights = darkness(page())
    assert np.allclose(dark, little_ink(), atol=1e-6)
    assert weights.all()


def test_specks_are_taken_out_and_count_nothing():
    clean = draw_little(with_code=False)
    specked = to_grey(np.asarray(damage(clean, "salt-pepper-1", chance(6)))).astype(np.float32)
    grey = to_grey(np.asarray(clean)).astype(np.float32)
    dark, weights = darkness(specked)
    pepper = (specked == 0) & (grey == 255)
    assert (weights[pepper] == 0).mean() > 0.97  # the others lie side by side
    assert not dark[pepper & (weights == 0)].any()
    hit = specked != grey
    assert (weights[~hit] == 0).mean() < 0.0005


def test_a_few_lonely_dots_are_ink():
    grey = page()
    grey[280, 100], grey[285, 300] = 0, 0
    dark, weights = darkness(grey)
    assert dark[280, 100] == dark[285, 300] == 1
    assert weights.all()


def test_grey_is_luminance():
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 20, 30]]], np.uint8)
    assert to_grey(colours).tolist() == [[76, 150, 29, 18]]
