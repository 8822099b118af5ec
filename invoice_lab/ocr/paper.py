"""Paper and spoilt pixels: how dark each pixel is against the paper around it, and which pixels tell nothing."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.decode import Pixels

Plane = npt.NDArray[np.float32]

EVEN = 8.0
"""Grey values from the darkest tenth of the paper to the lightest within which it counts as evenly lit; pictures and
the QR code, under which no paper is seen, are less than a tenth of a page."""
PATCH = 25
"""Pixels of canvas around which the paper's brightness is measured: more than the height of any letter."""
SPECKS = 0.0005
"""Share of lonely black pixels from which on they count as specks (salt and pepper), not as ink."""
LONELY = 0.3
"""How much darker, or lighter, than all but one of its neighbours a speck is."""


def darkness(grey: Plane) -> tuple[Plane, Plane]:
    """Measure how dark a page is, and how much each pixel counts.

    Parameters
    ----------
    grey : ndarray, shape (height, width)
        0 black to 255 white, on the layout's canvas.

    Returns
    -------
    dark, weights : ndarray of float, shape (height, width)
        0 as the paper to 1 black; 0 for specks, which are taken out, else 1.
    """
    light = _brightness(grey)
    if not isinstance(light, float):
        return _without_specks((1 - grey / np.maximum(light, 1)).astype(np.float32), grey, grey.size)
    area = _inked(grey, light)
    dark, weights = np.zeros(grey.shape, np.float32), np.ones(grey.shape, np.float32)
    there = (1 - grey[area] / max(light, 1)).astype(np.float32)
    dark[area], weights[area] = _without_specks(there, grey[area], grey.size)
    return dark, weights


def _inked(grey: Plane, light: float) -> tuple[slice, slice]:
    """Return the rows and columns outside of which all is as the paper is; where something is lighter, all of them."""
    if float(grey.max()) > light:
        return slice(None), slice(None)
    x, y, width, height = cv2.boundingRect((grey < light).view(np.uint8))
    return slice(max(y - 1, 0), y + height + 1), slice(max(x - 1, 0), x + width + 1)  # and what is beside the ink


def paper(grey: Plane) -> Plane:
    """Return the brightness of the paper, shape of the page: one value where the page is evenly lit."""
    light = _brightness(grey)
    return np.full(grey.shape, light, np.float32) if isinstance(light, float) else light


def _brightness(grey: Plane) -> Plane | float:
    usual = float(np.percentile(grey, 90))
    light = cv2.dilate(cv2.GaussianBlur(grey, (0, 0), 1), np.ones((PATCH, PATCH), np.uint8))
    closed = cv2.erode(light, np.ones((PATCH, PATCH), np.uint8))
    if float(closed.max() - closed.min()) < EVEN:  # to smooth it makes it no less even
        return usual
    smooth = cv2.GaussianBlur(closed, (0, 0), PATCH)
    darkest, lightest = np.percentile(smooth, (10, 90))
    return usual if lightest - darkest < EVEN else smooth.astype(np.float32)


def _without_specks(dark: Plane, grey: Plane, size: int) -> tuple[Plane, Plane]:
    """Take specks out of a page, or of that part of its `size` pixels which is not blank."""
    weights = np.ones_like(dark)
    pepper = _lonely(dark, grey <= 5, LONELY)
    if np.count_nonzero(pepper) < SPECKS * size:
        return dark, weights
    darkest = cv2.dilate(dark, np.ones((3, 3), np.uint8))
    salt = _lonely(dark, (grey >= 250) & (darkest - dark > 0.6 * LONELY), 0.6 * LONELY)
    weights[pepper | salt] = 0
    return np.where(pepper, 0, dark).astype(np.float32), weights


def _lonely(dark: Plane, candidates: npt.NDArray[np.bool_], apart: float) -> npt.NDArray[np.bool_]:
    """Tell which of some pixels differ by more than `apart` from all their eight neighbours but one, if any."""
    lonely = np.zeros(dark.shape, np.bool_)
    rows, columns = np.nonzero(candidates)
    padded = np.pad(dark, 1, mode="edge")
    around = [padded[rows + y, columns + x] for y in range(3) for x in range(3) if (x, y) != (1, 1)]
    off = np.abs(np.stack(around) - dark[rows, columns])
    lonely[rows, columns] = np.count_nonzero(off <= apart, axis=0) <= 1
    return lonely


def to_grey(rgb: Pixels) -> Pixels:
    """Return the luminance (ITU-R BT.601) of an RGB picture."""
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
