"""The logo of the made-up company: a green shield with a paper boat, and a word that says what it is."""

from __future__ import annotations

from functools import cache

from PIL import Image, ImageDraw

from invoice_lab.samples.fonts import font

SIDE = 128
FINE = 4
"""Drawn this many times larger, then scaled down, for smooth edges."""
SAND, FOREST, LEAF, PAPER, SHADE, SEA = "#f3ead8", "#1f5a43", "#2f8a63", "#ffffff", "#d7dfe4", "#79b8c9"


@cache
def logo() -> Image.Image:
    """Draw the logo: 128x128 pixels, RGBA, opaque."""
    image = Image.new("RGBA", (SIDE * FINE, SIDE * FINE), SAND)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle(_scale(8, 6, 120, 98), radius=22 * FINE, fill=FOREST)
    draw.ellipse(_scale(84, 14, 104, 34), fill=SAND)
    draw.polygon(_scale(64, 22, 64, 62, 36, 62), fill=PAPER)
    draw.polygon(_scale(64, 22, 64, 62, 92, 62), fill=SHADE)
    draw.polygon(_scale(22, 58, 106, 58, 90, 80, 38, 80), fill=PAPER)
    draw.polygon(_scale(64, 62, 106, 58, 90, 80, 64, 80), fill=SHADE)
    for row, colour in enumerate((SEA, LEAF)):
        for wave in range(5):
            left, top = 10 + wave * 22 - row * 6, 78 + row * 7
            draw.arc(_scale(left, top, left + 24, top + 12), 20, 160, fill=colour, width=3 * FINE)
    draw.text((64 * FINE, 112 * FINE), "SPECIMEN", fill=FOREST, font=font("lato", 20 * FINE, "basic"), anchor="mm")
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _scale(*pixels: int) -> list[int]:
    return [pixel * FINE for pixel in pixels]
