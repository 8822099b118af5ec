"""A picture that is no invoice: sky, sun, hills and trees."""

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageDraw, ImageFilter

SIZE = (1024, 768)
SKY, HORIZON = (96, 150, 205), (246, 222, 190)
HILLS = ((122, 150, 148), (92, 128, 104), (62, 104, 70), (40, 76, 46))


def draw_landscape(rng: Random) -> Image.Image:
    """Draw a landscape, each time another one: 1024x768 pixels, RGB."""
    width, height = SIZE
    image = Image.new("RGB", SIZE)
    draw = ImageDraw.Draw(image)
    for y in range(height):
        part = min(y / (height * 0.6), 1.0)
        draw.line((0, y, width, y), fill=tuple(round(a + (b - a) * part) for a, b in zip(SKY, HORIZON, strict=True)))
    x, y = rng.randrange(120, width - 120), rng.randrange(80, 220)
    draw.ellipse((x - 45, y - 45, x + 45, y + 45), fill=(255, 241, 200))
    for row, colour in enumerate(HILLS):
        ridge = _ridge(height * (0.45 + 0.13 * row), 70 - 12 * row, rng)
        draw.polygon([(0, height), *((x, ridge[x]) for x in range(width)), (width, height)], fill=colour)
        for _ in range(6 * row):
            _draw_tree(draw, x := rng.randrange(width), ridge[x], 18 + 14 * row, rng)
    return image.filter(ImageFilter.GaussianBlur(1.2))


def _ridge(level: float, swing: float, rng: Random) -> list[int]:
    waves = [(rng.uniform(0.002, 0.012), rng.uniform(0, math.tau), swing / (n + 1)) for n in range(3)]
    return [round(level + sum(a * math.sin(f * x + p) for f, p, a in waves)) for x in range(SIZE[0])]


def _draw_tree(draw: ImageDraw.ImageDraw, x: int, foot: int, tall: int, rng: Random) -> None:
    green = (rng.randrange(25, 50), rng.randrange(70, 105), rng.randrange(30, 55))
    draw.rectangle((x - 2, foot - tall // 3, x + 2, foot + 6), fill=(70, 52, 40))
    draw.polygon([(x - tall // 3, foot - tall // 4), (x + tall // 3, foot - tall // 4), (x, foot - tall)], fill=green)
