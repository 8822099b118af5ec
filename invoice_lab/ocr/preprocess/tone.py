"""Steps that change how bright pixels are, and leave them where they stand."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.paper import LONELY
from invoice_lab.ocr.preprocess.picture import Upright
from invoice_lab.ocr.preprocess.quality import Quality, light, lonely

SMOOTH = 0.7
"""Pixels of canvas: standard deviation of the blur that noise is smoothed by; less leaves noise, more joins letters."""
DARKER = 2.0
"""Exponent (gamma) of the darkening of light ink."""
AMOUNT = 1.0
"""How much of what a blur takes away is added again."""
FAINTEST = 25.0
"""Grey values from paper to ink: less is noise on a blank page, which is not made ink of."""
GREYS = np.arange(256.0)
"""All grey values."""


def despeckle(picture: Upright) -> Upright:
    """Give specks the median of their neighbours."""
    pepper, salt = lonely(picture.grey, 255 * LONELY)
    return picture.with_grey(np.where(pepper | salt, cv2.medianBlur(picture.grey, 3), picture.grey))


def flatten_light(picture: Upright) -> Upright:
    """Divide by the brightness of the paper."""
    even = cv2.resize(light(picture.grey), picture.size, interpolation=cv2.INTER_LINEAR)
    return picture.with_grey(cv2.divide(picture.grey, np.maximum(even, 1), scale=255, dtype=cv2.CV_8U))


def denoise(picture: Upright) -> Upright:
    """Smooth by a narrow blur, which an engine stands better than noise."""
    return picture.with_grey(cv2.GaussianBlur(picture.grey, (0, 0), SMOOTH * picture.scale))


def stretch_contrast(picture: Upright) -> Upright:
    """Spread grey values so that ink gets black and paper white."""
    quality = Quality(picture)
    gain = 255 / max(quality.paper - quality.ink, FAINTEST)
    return _with_tones(picture, 255 - gain * np.clip(quality.paper - GREYS, 0, None))


def darken_ink(picture: Upright) -> Upright:
    """Make paper white and light ink darker."""
    return _with_tones(picture, 255 * np.minimum(GREYS / max(Quality(picture).paper, 1.0), 1) ** DARKER)


def sharpen(picture: Upright) -> Upright:
    """Add what a blur of the measured width takes away (unsharp mask)."""
    soft = cv2.GaussianBlur(picture.grey, (0, 0), max(Quality(picture).blur * picture.scale, 0.5))
    return picture.with_grey(cv2.addWeighted(picture.grey, 1 + AMOUNT, soft, -AMOUNT, 0))


def _with_tones(picture: Upright, tones: npt.NDArray[np.float64]) -> Upright:
    """Give each grey value another; shape (256,)."""
    table = np.clip(np.round(tones), 0, 255).astype(np.uint8)
    grey: Pixels = cv2.LUT(picture.grey, table)
    return picture.with_grey(grey)
