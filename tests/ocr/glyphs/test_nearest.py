"""Sheets turned without interpolation: the pose is found to hundredths of a pixel, others are told from them."""

import numpy as np
import pytest
from drawings import draw_little
from PIL import Image

from invoice_lab.ocr.glyphs.nearest import estimate_nearest
from invoice_lab.ocr.glyphs.sampling import KNOTS, RADIUS, Sampling
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.pose import Pose

KERNEL = np.maximum(1 - np.abs(np.arange(-RADIUS, RADIUS + 1 / KNOTS, 1 / KNOTS)), 0)


def dark_of(page):
    return (1 - to_grey(np.asarray(page)) / 255).astype(np.float32)


def rotated(degrees, how):
    """A page turned on its canvas, how dark it is then, and the pose of the canvas on it."""
    page = draw_little()
    turned = page.rotate(degrees, how, fillcolor="white")
    (x, y), turn = np.array(page.size) / 2, np.radians(degrees)
    (cos, sin) = np.cos(turn), np.sin(turn)
    middle = np.array([[1, 0, x - 0.5], [0, 1, y - 0.5], [0, 0, 1]])
    pose = Pose(middle @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1.0]]) @ np.linalg.inv(middle))
    return dark_of(page), dark_of(turned), pose


@pytest.mark.parametrize("off", [0.0, 0.12, 0.24])
def test_nearly_every_pixel_shows_the_nearest_one(off):
    ink, dark, pose = rotated(1.7, Image.Resampling.NEAREST)
    start = Sampling(pose.shifted((off, -off)), KERNEL, KERNEL)
    found = estimate_nearest(dark, ink, np.ones(dark.shape, np.bool_), start, 0.0)
    whole = (slice(0, dark.shape[0]), slice(0, dark.shape[1]))
    seen = found.seen(ink[None], (0, 0), whole)[0]
    inked = (seen > 0.05) | (dark > 0.05)
    assert (np.abs(seen - dark)[inked] > 0.01).mean() < 0.02
    wrong = inked & (np.abs(seen - dark) > 0.01)
    assert found.undecided(whole)[wrong].mean() > 0.8
    assert found.undecided(whole).mean() < 0.25


def test_a_part_is_seen_as_in_the_whole():
    ink, _, pose = rotated(1.7, Image.Resampling.NEAREST)
    found = estimate_nearest(*rotated(1.7, Image.Resampling.NEAREST)[1::-1], np.ones(ink.shape, np.bool_),
                             Sampling(pose, KERNEL, KERNEL), 0.0)  # fmt: skip
    area = (slice(80, 120), slice(100, 220))
    window = found.window(area, ink.shape)
    alone = np.zeros_like(ink)
    alone[area] = ink[area]
    whole = found.seen(alone[None], (0, 0), (slice(0, ink.shape[0]), slice(0, ink.shape[1])))[0]
    assert np.array_equal(found.seen(ink[area][None], (100, 80), window)[0], whole[window])
    whole[window] = 0
    assert not whole.any()


@pytest.mark.parametrize("how", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])
def test_an_interpolated_page_is_none(how):
    ink, dark, pose = rotated(1.7, how)
    assert estimate_nearest(dark, ink, np.ones(dark.shape, np.bool_), Sampling(pose, KERNEL, KERNEL), 0.0) is None
