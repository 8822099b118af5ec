"""Glyphs in an ink: how dark each pixel gets when a typeface is drawn in a colour on white."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.glyphs.typeface import Glyph, Typeface

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in brightness (ITU-R BT.601)."""
Colour = tuple[int, int, int, float]
"""Red, green, blue (0 to 255) and opacity (0 to 1)."""


@dataclass(frozen=True)
class Ink:
    """A colour that text is drawn in.

    Attributes
    ----------
    colour : (red, green, blue, opacity)
    """

    colour: Colour

    @property
    def rgba(self) -> tuple[int, int, int, int]:
        """Red, green, blue and opacity, 0 to 255."""
        red, green, blue, opacity = self.colour
        return red, green, blue, round(opacity * 255)

    @property
    def channel(self) -> int:
        """The channel (0 red, 1 green, 2 blue) in which the ink is darkest on white."""
        return int(np.argmin(self.colour[:3]))

    def darkness(self, channel: int | None = None) -> npt.NDArray[np.uint8]:
        """Return how dark a channel is for each coverage.

        Pillow draws a half-transparent ink without blending: a pixel of coverage c gets the colour
        ``white + c (ink - white)`` and the opacity ``1 - c (1 - opacity)``; that is laid on white when it is read.

        Returns
        -------
        ndarray of uint8, shape (256,)
            255 minus the channel's value, by coverage 0 to 255.
        """
        level = self.colour[self.channel if channel is None else channel]
        coverage = np.arange(256)
        # integer arithmetic as in Pillow's ImagingDrawBitmap (BLEND) and alpha_composite
        value = _blend(coverage, 255, int(level))
        alpha = _blend(coverage, 255, self.rgba[3])
        return (255 - _on_white(value, alpha)).astype(np.uint8)

    def luma(self) -> npt.NDArray[np.float64]:
        """Return how dark a grey picture (ITU-R BT.601) is for each coverage, 0 to 1, shape (256,)."""
        parts = [weight * self.darkness(channel).astype(float) for channel, weight in enumerate(LUMA.tolist())]
        return sum(parts, np.zeros(256)) / 255

    def tint(self) -> npt.NDArray[np.float32]:
        """How dark red, green and blue are, of the ink's darkness in grey, shape (3,)."""
        full = np.array([self.darkness(channel)[255] for channel in range(3)], np.float32)
        return full / max(float(full @ LUMA), 1)


def _blend(coverage: npt.NDArray[np.int_], below: int, above: int) -> npt.NDArray[np.int_]:
    mixed = above * coverage + below * (255 - coverage) + 128
    return ((mixed >> 8) + mixed) >> 8


def _on_white(value: npt.NDArray[np.int_], alpha: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
    mixed = value * alpha + 255 * (255 - alpha) + 128
    return ((mixed >> 8) + mixed) >> 8


@dataclass(frozen=True)
class InkedGlyphs:
    """The glyphs of a typeface in an ink, one after the other in flat arrays that compiled code can walk through.

    Attributes
    ----------
    typeface : Typeface
    ink : Ink
    data : ndarray of uint8
        All masks' coverage, row by row.
    start, height, width, left, top, advance : ndarray of int64, shape (glyphs,)
        Where each mask begins in `data`, its shape and place, the pen's advance in 64ths of a pixel.
    weight : ndarray of int64, shape (glyphs,)
        Sum of each mask.
    table : ndarray of uint8, shape (256,)
        How dark the ink's channel is by coverage.
    probe : ndarray of int64, shape (3, glyphs)
        A glyph's darkest pixel: rows below the top of the em box, columns right of the pen, how dark the ink's channel
        is there.
    """

    typeface: Typeface
    ink: Ink
    data: Pixels
    start: npt.NDArray[np.int64]
    height: npt.NDArray[np.int64]
    width: npt.NDArray[np.int64]
    left: npt.NDArray[np.int64]
    top: npt.NDArray[np.int64]
    advance: npt.NDArray[np.int64]
    weight: npt.NDArray[np.int64]
    table: Pixels
    probe: npt.NDArray[np.int64]

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """All arrays in their order, as compiled code takes them."""
        return (
            self.data, self.start, self.height, self.width, self.left, self.top, self.advance, self.weight, self.table,
            self.probe,
        )  # fmt: skip


@cache
def inked_glyphs(typeface: Typeface, ink: Ink) -> InkedGlyphs:
    """Return a typeface's glyphs in an ink; made once a process."""
    masks = [glyph.mask for glyph in typeface.glyphs]
    sizes = [mask.size for mask in masks]
    numbers = {
        "start": np.concatenate([[0], np.cumsum(sizes)[:-1]]),
        "height": [mask.shape[0] for mask in masks],
        "width": [mask.shape[1] for mask in masks],
        "left": [glyph.left for glyph in typeface.glyphs],
        "top": [glyph.top for glyph in typeface.glyphs],
        "advance": [glyph.advance for glyph in typeface.glyphs],
        "weight": [int(mask.sum()) for mask in masks],
    }
    arrays = {name: np.asarray(values, np.int64) for name, values in numbers.items()}
    table = ink.darkness()
    arrays["probe"] = np.array([_probe(glyph, table) for glyph in typeface.glyphs], np.int64).T.copy()
    return InkedGlyphs(typeface, ink, np.concatenate([mask.ravel() for mask in masks]), table=table, **arrays)


def _probe(glyph: Glyph, table: Pixels) -> tuple[int, int, int]:
    if not glyph.mask.size:
        return 0, 0, 0
    row, column = divmod(int(glyph.mask.argmax()), glyph.mask.shape[1])
    return glyph.top + row, glyph.left + column, int(table[glyph.mask[row, column]])
