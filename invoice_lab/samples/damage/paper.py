"""Damage of the paper and its light: stains, folds, shadows, strokes of a pen, a smeared QR code."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from invoice_lab.samples.damage.tone import to_picture
from invoice_lab.samples.page import QR_AT

Shade = npt.NDArray[np.floating]
"""What share of the light comes back, 0 to 1: shape (height, width) or (height, width, 3)."""
QR_SIDE = 135
"""Pixels a side of the larger of the layouts' QR codes (version 5), quiet zone included."""
COFFEE = (0.62, 0.45, 0.25)
"""Share of red, green and blue that the stain's darkest part gives back."""
PENS = ((25, 30, 110), (20, 20, 25), (150, 25, 30))


def smooth_noise(size: tuple[int, int], cells: int, rng: Random) -> Shade:
    """Draw clouds of 0 to 1: random values at `cells` x `cells` points, smoothly joined; shape (height, width)."""
    grid = Image.frombytes("L", (cells, cells), rng.randbytes(cells * cells))
    return np.asarray(grid.resize(size, Image.Resampling.BICUBIC), np.float32) / 255


def slope(size: tuple[int, int], angle: float) -> Shade:
    """Return a plane that rises in the direction of `angle` (radians) from 0 to 1; shape (height, width)."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    along = x * np.float32(math.cos(angle)) + y * np.float32(math.sin(angle))
    return np.asarray((along - along.min()) / (along.max() - along.min()))


def shaded(picture: Image.Image, shade: Shade) -> Image.Image:
    """Multiply a picture by what share of the light comes back."""
    values = np.asarray(picture, np.float32)
    return to_picture(values * (shade[..., None] if shade.ndim == 2 else shade))


def stain(picture: Image.Image, rng: Random) -> Image.Image:
    """Put down a cup: a translucent, uneven, brown blot with a darker ring at its edge, over part of the page."""
    width, height = picture.size
    x, y = rng.uniform(0.1, 0.8) * width, rng.uniform(0.08, 0.5) * height
    radius = rng.uniform(0.1, 0.18) * width
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    wobble = 1 + 0.25 * (smooth_noise(picture.size, 9, rng) - 0.5)
    away = np.hypot(columns - x, rows - y) / (radius * wobble)
    inside = 0.175 * (1 - np.tanh((away - 1) * 20))
    ring = 0.5 * np.exp(-(((away - 0.97) / 0.035) ** 2))
    depth = (inside + ring) * (0.7 + 0.3 * smooth_noise(picture.size, 23, rng))
    return shaded(picture, 1 - depth[..., None] * (1 - np.array(COFFEE, np.float32)))


def fold(picture: Image.Image, rng: Random) -> Image.Image:
    """Fold the page in three and spread it: across it soft creases, one side dark, the other lit."""
    rows = slope(picture.size, math.pi / 2 + rng.uniform(-0.02, 0.02)) * picture.height
    shade = np.ones(rows.shape, np.float32)
    for part in (1 / 3, 2 / 3):
        away = rows - (part + rng.uniform(-0.12, 0.12)) * picture.height
        near = np.exp(-((away / rng.uniform(8, 16)) ** 2))
        shade -= near * np.where(away < 0, 0.22, 0.06) + 0.3 * np.exp(-((away / 1.2) ** 2))
    return shaded(picture, shade)


def shadow(picture: Image.Image, rng: Random) -> Image.Image:
    """Stand in the light: from one side or corner the page darkens softly, down to half its brightness."""
    side = slope(picture.size, rng.uniform(0, 2 * math.pi)) + 0.15 * (smooth_noise(picture.size, 4, rng) - 0.5)
    edge, softness = rng.uniform(0.35, 0.65), rng.uniform(0.06, 0.14)
    return shaded(picture, 0.75 - 0.25 * np.tanh((side - edge) / (2 * softness)))


def stray_lines(picture: Image.Image, rng: Random) -> Image.Image:
    """Draw some thin strokes of a pen, long ones across text too; not quite straight, as a hand draws."""
    page = picture.copy()
    draw = ImageDraw.Draw(page)
    for _ in range(rng.randint(3, 6)):
        x, y = rng.uniform(0, 0.7) * page.width, rng.uniform(0, 0.6) * page.height
        length, angle = rng.uniform(0.15, 0.6) * page.width, rng.uniform(-0.6, 0.6)
        steps = [(length * step / 12, rng.gauss(0, 1.0)) for step in range(13)]
        points = [(x + along * math.cos(angle), y + along * math.sin(angle) + off) for along, off in steps]
        draw.line(points, fill=rng.choice(PENS), width=rng.choice((1, 1, 2)), joint="curve")
    return page


def smear_qr(picture: Image.Image, _rng: Random, *, sigma: float) -> Image.Image:
    """Blur the QR code of an upright page, like ink that ran; the correction in the code makes up for it."""
    page = picture.copy()
    box = (*QR_AT, QR_AT[0] + QR_SIDE, QR_AT[1] + QR_SIDE)
    page.paste(page.crop(box).filter(ImageFilter.GaussianBlur(sigma)), box[:2])
    return page
