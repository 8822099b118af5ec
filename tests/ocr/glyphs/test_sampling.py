"""How a sheet's pixels see the canvas is found from text that is known: kernels, and the exact pose."""

import cv2
import numpy as np
import pytest
from drawings import little, little_ink, places_of_text, pose_of_turn
from PIL import Image

from invoice_lab.ocr.glyphs.sampling import KNOTS, RADIUS, Sampling, estimate_sampling
from invoice_lab.ocr.pose import Pose

CLOSE = 0.03
"""Pixels that the pose may be off: two steps of Gauss-Newton after the last estimate leave no more."""
DISTANCE = np.arange(-RADIUS, RADIUS + 1 / KNOTS, 1 / KNOTS)
OFF = np.array([[1, 0.0004, 0.2], [-0.0004, 1, -0.15], [0, 0, 1]])
"""Less than half a pixel off, as registration may leave a pose."""


def cubic(distance):
    """Return the weight of Pillow's bicubic filter for turning (Keys, a = -1) at some distances."""
    near, far = distance <= 1, (distance > 1) & (distance < 2)
    return near * (distance**3 - 2 * distance**2 + 1) + far * (-(distance**3) + 5 * distance**2 - 8 * distance + 4)


def middle(kernel):
    """Return the centre of a kernel's mass: by so much farther on a pixel looks than its place."""
    return float((kernel * DISTANCE).sum() / kernel.sum())


def sheet_of(ink, degrees):
    """Turn ink as Pillow turns a page, and return its true pose with it."""
    page = Image.fromarray(ink)
    turned = page.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=0)
    return np.asarray(turned), pose_of_turn(degrees, page.size, turned.size)


def near(ink, pose, shape):
    grown = cv2.dilate((ink > 0.05).astype(np.float32), np.ones((9, 9), np.uint8))
    return cv2.warpPerspective(grown, pose.matrix, shape[::-1]) > 0.5


@pytest.fixture(scope="module")
def turned():
    """A sheet, its true pose, the ink, and what was estimated of it from a pose that is off."""
    ink = little_ink()
    dark, true = sheet_of(ink, 2.3)
    found, level = estimate_sampling(dark, ink, near(ink, true, dark.shape), Pose(true.matrix @ OFF))
    return dark, true, ink, found, level


def test_the_pose_is_found_to_hundredths_of_a_pixel(turned):
    """A shift alike everywhere may be told by the pose or by the kernels: what counts is where pixels look."""
    _, true, _, found, _ = turned
    places = places_of_text(little())
    assert np.abs(Pose(true.matrix @ OFF).on_sheet(places) - true.on_sheet(places)).max() > 0.2
    back = Pose(np.linalg.inv(found.pose.matrix)).on_sheet(true.on_sheet(places))
    looked_at = back + np.array([middle(found.rows), middle(found.columns)])
    assert np.abs(looked_at - places).max() < CLOSE


def test_the_kernels_are_those_of_the_filter():
    ink = little_ink()
    dark, true = sheet_of(ink, -4.1)
    found, level = estimate_sampling(dark, ink, near(ink, true, dark.shape), true)
    for kernel in (found.rows, found.columns):
        assert np.abs(kernel - cubic(np.abs(DISTANCE))).max() < 0.02
    assert level == pytest.approx(0, abs=0.003)


def test_what_is_seen_is_what_is_on_the_sheet(turned):
    dark, true, ink, found, level = turned
    area = (slice(80, 115), slice(15, 250))
    window = found.window(area, dark.shape)
    seen = found.seen(ink[None], (0, 0), window)[0] + level
    told = near(ink, true, dark.shape)[window]
    assert np.abs(seen - dark[window])[told].mean() < 0.01
    part = found.seen(ink[area][None], (area[1].start, area[0].start), window)[0]
    whole = cv2.warpPerspective(np.ones_like(ink[area]), (true.shifted((15, 80))).matrix, dark.shape[::-1])[window]
    inner = cv2.erode((whole > 0.99).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert np.allclose(part[inner], found.seen(ink[None], (0, 0), window)[0][inner], atol=0.02)


def test_the_window_holds_all_that_an_area_reaches():
    ink = np.zeros((40, 60), np.float32)
    ink[15:20, 22:30] = 1
    flat = np.full(int(2 * RADIUS * KNOTS) + 1, 0.1)
    sampling = Sampling(pose_of_turn(17.0, (60, 40), (80, 70)), flat, flat)
    everything = (slice(0, 70), slice(0, 80))
    seen = sampling.seen(ink[None], (0, 0), everything)[0]
    rows, columns = sampling.window((slice(15, 20), slice(22, 30)), (70, 80))
    outside = seen.copy()
    outside[rows, columns] = 0
    assert seen[rows, columns].max() > 0
    assert not outside.any()


@pytest.mark.parametrize("count", [0, 1, 10, 100])
def test_pixels_that_are_too_few_leave_the_pose_as_it_was(count):
    ink = little_ink()
    dark, pose = sheet_of(ink, 2.3)
    known = np.argwhere(near(ink, pose, dark.shape))[::50][:count]
    where = np.zeros(dark.shape, np.bool_)
    where[tuple(known.T)] = True
    off = Pose(pose.matrix @ OFF)
    made, level = estimate_sampling(dark, ink, where, off)
    assert len(known) == count
    assert made.pose is off
    assert level == 0
    assert middle(made.rows) == 0
