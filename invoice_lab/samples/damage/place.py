"""Damage by place: shifted, askew, on its side, of another size, on a larger sheet. Text turns and scales with it."""

from __future__ import annotations

from random import Random

from PIL import Image

from invoice_lab.samples.damage.tone import ENLARGERS, REDUCERS, times

BICUBIC = Image.Resampling.BICUBIC
WHITE = (255, 255, 255)
MOST_SHIFT = 12
"""Pixels at most that a page lies beside its place: its text, 20 pixels from the edges, is still there."""
TURNERS = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, BICUBIC)
QUARTERS = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}


def turned(
    picture: Image.Image, degrees: float, *, grow: bool, how: Image.Resampling = Image.Resampling.BICUBIC
) -> Image.Image:
    """Turn a page counter-clockwise on white; the canvas grows so that nothing is cut off, or is kept."""
    return picture.rotate(degrees, how, expand=grow, fillcolor=WHITE)


def shift(picture: Image.Image, rng: Random) -> Image.Image:
    """Move the page by whole pixels, either way, like a sheet laid down beside the scanner's corner."""
    moved = Image.new("RGB", picture.size, WHITE)
    moved.paste(picture, (rng.randint(-MOST_SHIFT, MOST_SHIFT), rng.randint(-MOST_SHIFT, MOST_SHIFT)))
    return moved


def shift_between_pixels(picture: Image.Image, rng: Random) -> Image.Image:
    """Move the page by some pixels and a fraction, as every second scan of a sheet is: no pixel stays as it was."""
    x, y = (rng.randint(-3, 2) + rng.uniform(0.2, 0.8) for _ in "xy")
    return picture.transform(picture.size, Image.Transform.AFFINE, (1, 0, x, 0, 1, y), BICUBIC, fillcolor=WHITE)


def turn_on_either_canvas(picture: Image.Image, rng: Random, *, most: float) -> Image.Image:
    """Turn by up to `most` degrees: half of the pages on a canvas that grows, half on one that cuts off corners.

    With interpolation or without, which is what Pillow does unless it is told otherwise.
    """
    return turned(picture, rng.uniform(-most, most), grow=rng.random() < 0.5, how=rng.choice(TURNERS))


def tilt(picture: Image.Image, rng: Random, *, most: float) -> Image.Image:
    """Turn by up to `most` degrees, like a sheet drawn in askew by a feeder; nothing is cut off."""
    return turned(picture, rng.uniform(-most, most), grow=True)


def turn_quarters(picture: Image.Image, _rng: Random, *, quarters: int) -> Image.Image:
    """Turn by quarters, counter-clockwise: the sheet was laid down the wrong way round."""
    return picture.transpose(QUARTERS[quarters])


def resize(picture: Image.Image, rng: Random, *, factor: float) -> Image.Image:
    """Scan at another resolution: `factor` times as many pixels a side."""
    return picture.resize(times(picture.size, factor), rng.choice(REDUCERS if factor < 1 else ENLARGERS))


def onto_larger_canvas(picture: Image.Image, rng: Random, *, factor: float) -> Image.Image:
    """Lay the page somewhere on a white sheet `factor` times as wide and high, like a small bill on a large glass."""
    canvas = Image.new("RGB", times(picture.size, factor), WHITE)
    at = rng.randint(0, canvas.width - picture.width), rng.randint(0, canvas.height - picture.height)
    canvas.paste(picture, at)
    return canvas
