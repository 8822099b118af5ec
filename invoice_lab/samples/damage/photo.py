"""A photo of an invoice that lies on a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

import numpy as np
from PIL import Image, ImageFilter

from invoice_lab.samples.damage.paper import Shade, shaded, slope, smooth_noise
from invoice_lab.samples.damage.tone import as_jpeg, blur, noise, to_picture

Point = tuple[float, float]

ENLARGEMENT = (1.0, 2.0)
"""Pixels of the photo for one of the page: what a phone gives of a letter-sized sheet, and half of it where a program
made the photo smaller."""
SHARPEST = 1.5
"""Enlargement from which on the photo's focus is worse, in pixels, the larger it is."""
MARGIN = (0.06, 0.12)
"""Table seen on each side, as a share of the page's width."""
PULL = 0.04
"""How far a corner moves at most, as a share of the page's width and height."""
TABLES = ((92, 64, 44), (60, 62, 68), (120, 92, 66), (44, 52, 60))
"""Colours of wood and laminate, darker than paper."""
DIMMEST = (0.6, 0.8)
"""Brightness of the darkest corner, as a share of the lightest."""
PAPER = (0.97, 0.96, 0.93)
"""What paper gives back of indoor light: a little yellow."""


def photograph(picture: Image.Image, rng: Random) -> Image.Image:
    """Photograph the page by hand: mild perspective, a table around, uneven light, soft focus, noise, JPEG 75."""
    enlargement = rng.uniform(*ENLARGEMENT)
    left, right, top, bottom = (rng.uniform(*MARGIN) * picture.width for _ in range(4))
    size = (
        round(enlargement * (picture.width + left + right)),
        round(enlargement * (picture.height + top + bottom)),
    )
    pulled = _pulled_corners(picture.width, picture.height, rng)
    corners = [(enlargement * (left + x), enlargement * (top + y)) for x, y in pulled]
    photo = _lay_on_table(picture, corners, _table(size, rng))
    photo = blur(photo, rng, sigma=rng.uniform(0.5, 0.9) * max(enlargement / SHARPEST, 1))
    photo = shaded(photo, _light(size, rng)[..., None] * np.array(PAPER, np.float32))
    return as_jpeg(noise(photo, rng, sigma=rng.uniform(2.0, 5.0)), rng, quality=75)


def _pulled_corners(width: int, height: int, rng: Random) -> list[Point]:
    """Move each corner of the page a little, by chance: upper left, upper right, lower right, lower left."""
    corners = ((0, 0), (width, 0), (width, height), (0, height))
    return [(x + rng.uniform(-PULL, PULL) * width, y + rng.uniform(-PULL, PULL) * height) for x, y in corners]


def _lay_on_table(picture: Image.Image, corners: Sequence[Point], table: Image.Image) -> Image.Image:
    """Draw the page between four corners of the table, with a soft shadow at its edge."""
    how = Image.Transform.PERSPECTIVE
    back = _perspective(corners, ((0, 0), (picture.width, 0), (picture.width, picture.height), (0, picture.height)))
    sheet = Image.new("L", picture.size, 255).transform(table.size, how, back, Image.Resampling.BILINEAR)
    depth = np.asarray(sheet.filter(ImageFilter.GaussianBlur(8)), np.float32) / 255
    laid = shaded(table, 1 - 0.5 * depth)
    laid.paste(picture.transform(table.size, how, back, Image.Resampling.BICUBIC, fillcolor="white"), mask=sheet)
    return laid


def _perspective(source: Sequence[Point], target: Sequence[Point]) -> list[float]:
    """Solve for the eight numbers that map each source point (x, y) to its target (u, v).

    u = (a x + b y + c) / (g x + h y + 1) and v = (d x + e y + f) / (g x + h y + 1), as `PIL.Image.transform` has it.
    """
    rows, wanted = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return [float(number) for number in np.linalg.solve(np.array(rows), np.array(wanted))]


def _table(size: tuple[int, int], rng: Random) -> Image.Image:
    """Draw the top of a table: one colour, with grain along its length."""
    grain = 0.8 + 0.4 * smooth_noise((size[0], 4), 40, rng)[:1].repeat(size[1], axis=0)
    clouds = 0.85 + 0.3 * smooth_noise(size, 6, rng)
    return to_picture((grain * clouds)[..., None] * np.array(rng.choice(TABLES), np.float32))


def _light(size: tuple[int, int], rng: Random) -> Shade:
    """Return the light of a lamp from one side, with soft clouds in it; shape (height, width), 0 to 1."""
    falling = slope(size, rng.uniform(0, 2 * math.pi)) ** np.float32(rng.uniform(0.7, 1.6))
    clouds = smooth_noise(size, 4, rng)
    return 1 - (1 - np.float32(rng.uniform(*DIMMEST))) * (0.85 * falling + 0.15 * clouds)
