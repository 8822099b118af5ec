"""What befalls a picture after its pixels have seen the ink: cut off at white, compressed, enlarged again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from invoice_lab.ocr.glyphs.inked import LUMA
from invoice_lab.ocr.glyphs.jpeg import UNIT, Compression, compressed
from invoice_lab.ocr.glyphs.resized import reached
from invoice_lab.ocr.glyphs.spread import Area, Plane

REACH = 1
"""Pixels that the colours of one unit reach into the next where they were thinned out."""


class Finish(Protocol):
    """The last step."""

    def whole(self, window: Area) -> tuple[Area, Area]:
        """Return what has to be known to finish a window of the picture, and the part of the sheet that it affects."""
        ...

    def __call__(self, pictures: Plane, known: Area, affected: Area) -> Plane:
        """Finish pictures, shape (n, height, width, channels), of a part that is known: grey, as they are seen."""
        ...


@dataclass(frozen=True)
class Plain:
    """Nothing but that no pixel is whiter than white."""

    def whole(self, window: Area) -> tuple[Area, Area]:
        """See `Finish`."""
        return window, window

    def __call__(self, pictures: Plane, known: Area, affected: Area) -> Plane:
        """See `Finish`."""
        return np.clip(greyed(pictures)[..., 0], 0, 255)


@dataclass(frozen=True)
class Compressed:
    """JPEG: what befalls whole units; thinned-out colours reach from the next ones into the outermost pixels."""

    how: Compression

    def whole(self, window: Area) -> tuple[Area, Area]:
        """See `Finish`."""
        top, left = (one.start // UNIT * UNIT for one in window)
        bottom, right = (-(-one.stop // UNIT) * UNIT for one in window)
        reach = REACH if self.how.thinned else 0
        inner = slice(top + reach, bottom - reach), slice(left + reach, right - reach)
        return (slice(top, bottom), slice(left, right)), inner

    def __call__(self, pictures: Plane, known: Area, affected: Area) -> Plane:
        """See `Finish`."""
        rows, columns = (
            slice(part.start - whole.start, part.stop - whole.start)
            for part, whole in zip(affected, known, strict=True)
        )
        return compressed(pictures, self.how)[:, rows, columns]


@dataclass(frozen=True)
class Enlarged:
    """Made larger again.

    Attributes
    ----------
    rows, columns : ndarray of float, shape (pixels after, pixels before)
    """

    rows: Plane
    columns: Plane

    def whole(self, window: Area) -> tuple[Area, Area]:
        """See `Finish`."""
        affected = [reached(matrix, (part.start, part.stop)) for matrix, part in self._axes(window)]
        known = [reached(matrix.T, (part.start, part.stop)) for matrix, part in self._axes((affected[0], affected[1]))]
        return (known[0], known[1]), (affected[0], affected[1])

    def _axes(self, parts: Area) -> list[tuple[Plane, slice]]:
        return [(self.rows, parts[0]), (self.columns, parts[1])]

    def __call__(self, pictures: Plane, known: Area, affected: Area) -> Plane:
        """See `Finish`."""
        small = np.clip(np.rint(greyed(pictures)[..., 0]), 0, 255)
        down, across = self.rows[affected[0], known[0]], self.columns[affected[1], known[1]]
        return np.clip(np.rint(down @ small @ across.T), 0, 255)


def greyed(pictures: Plane) -> Plane:
    """Return the brightness of pictures, their last axis being the channels, with one channel."""
    return pictures if pictures.shape[-1] == 1 else (pictures @ LUMA)[..., None]
