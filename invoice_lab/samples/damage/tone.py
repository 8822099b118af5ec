"""Damage pixel by pixel: focus, contrast, compression, noise. The page keeps its place, and mostly its size."""

from __future__ import annotations

import io
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance, ImageFilter

MID_GREY = 128
THRESHOLDS = (185, 205)
"""Range of a fax's threshold: the half-transparent red of the total has a grey of 165, and must stay ink."""
REDUCERS = (
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)
"""How programs make pages smaller: by area, or with a sharper filter."""
ENLARGERS = REDUCERS[1:]
"""And larger."""
THINNED = (0, 1, 2)
"""How JPEG thins out colours: not at all, along the rows, along both axes."""


def numpy_chance(rng: Random) -> np.random.Generator:
    """Make numpy's source of chance from ours, for whole arrays at once."""
    return np.random.default_rng(rng.getrandbits(64))


def to_picture(values: npt.NDArray[Any]) -> Image.Image:
    """Make a picture of values that may lie somewhat outside 0 to 255: shape (height, width, 3)."""
    return Image.fromarray((values + 0.5).clip(0, 255).astype(np.uint8))


def blur(picture: Image.Image, _rng: Random, *, sigma: float) -> Image.Image:
    """Blur like a lens out of focus: Gaussian, `sigma` in pixels."""
    return picture.filter(ImageFilter.GaussianBlur(sigma))


def halve_contrast(picture: Image.Image, _rng: Random) -> Image.Image:
    """Fade like a worn-out drum or thin paper: every value is half as far from mid-grey, paper is grey."""
    return picture.point(lambda value: round(MID_GREY + (value - MID_GREY) / 2))


def halve_contrast_about_mean(picture: Image.Image, _rng: Random) -> Image.Image:
    """Fade about the mean of the page: paper stays almost white, ink becomes mid-grey, as when toner runs out."""
    return ImageEnhance.Contrast(picture).enhance(0.5)


def as_grey(picture: Image.Image, _rng: Random) -> Image.Image:
    """Drop the colours, like a scanner set to 8-bit grey."""
    return picture.convert("L").convert("RGB")


def as_bilevel(picture: Image.Image, rng: Random) -> Image.Image:
    """Keep black and white alone, like a fax or an archive's 1-bit scan."""
    threshold = rng.randint(*THRESHOLDS)
    return picture.convert("L").point(lambda value: 255 * (value >= threshold)).convert("RGB")


def as_jpeg(picture: Image.Image, rng: Random, *, quality: int) -> Image.Image:
    """Save as JPEG and open again, as mail programs and phones do: blocks, ringing, smeared colours."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, subsampling=rng.choice(THINNED))
    return Image.open(buffer).convert("RGB")


def coarsen(picture: Image.Image, rng: Random) -> Image.Image:
    """Lose detail like a page sent at a low resolution and printed again: to 2/3 of its size and back."""
    small = picture.resize(times(picture.size, 2 / 3), rng.choice(REDUCERS))
    return small.resize(picture.size, rng.choice(ENLARGERS))


def noise(picture: Image.Image, rng: Random, *, sigma: float) -> Image.Image:
    """Add the noise of a sensor: Gaussian, each channel for itself, `sigma` in grey levels of 255."""
    values = np.asarray(picture, np.float32)
    return to_picture(values + np.float32(sigma) * numpy_chance(rng).standard_normal(values.shape, np.float32))


def salt_and_pepper(picture: Image.Image, rng: Random, *, share: float) -> Image.Image:
    """Strew dust: a `share` of the pixels becomes black or white, each as often."""
    values, drawn = np.array(picture), numpy_chance(rng).random(picture.size[::-1])
    values[drawn < share] = 255
    values[drawn < share / 2] = 0
    return Image.fromarray(values)


def times(size: tuple[int, int], factor: float) -> tuple[int, int]:
    """Return a size (width, height) times a factor, in whole pixels."""
    return round(size[0] * factor), round(size[1] * factor)
