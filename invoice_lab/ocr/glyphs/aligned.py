"""How the pixels of a sheet see ink where each of them is a pixel of the canvas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from invoice_lab.ocr.glyphs.phased import PhasedSpread
from invoice_lab.ocr.glyphs.spread import Area, Plane, Spread


@dataclass(frozen=True, eq=False)
class Aligned:
    """A sheet that is the canvas, shifted by whole pixels; as `invoice_lab.ocr.glyphs.sampling.Sampling` otherwise.

    Attributes
    ----------
    shift : (x, y)
        Where the canvas's corner lies on the sheet.
    spread : Spread, PhasedSpread or None
        None where ink is as it is drawn.
    """

    shift: tuple[int, int]
    spread: Spread | PhasedSpread | None

    @property
    def _radius(self) -> int:
        return self.spread.kernel.shape[0] // 2 if self.spread else 0

    def window(self, area: Area, sheet: tuple[int, int]) -> Area:
        """Return the part of a sheet of (height, width) on which ink on an area of the canvas can be seen."""
        (x, y), radius = self.shift, self._radius
        top, bottom = max(area[0].start + y - radius, 0), min(area[0].stop + y + radius, sheet[0])
        left, right = max(area[1].start + x - radius, 0), min(area[1].stop + x + radius, sheet[1])
        return slice(top, max(bottom, top)), slice(left, max(right, left))

    def seen(self, pictures: Plane, corner: tuple[int, int], window: Area) -> Plane:
        """Return how ink on the canvas is seen on a part of the sheet; see `Optics`."""
        top, left = window[0].start - self.shift[1], window[1].start - self.shift[0]
        height, width = window[0].stop - window[0].start, window[1].stop - window[1].start
        laid = np.zeros((len(pictures), height, width), np.float32)
        y, x = corner[1] - top, corner[0] - left
        part = pictures[:, max(-y, 0) : max(height - y, 0), max(-x, 0) : max(width - x, 0)]
        laid[:, max(y, 0) : max(y, 0) + part.shape[1], max(x, 0) : max(x, 0) + part.shape[2]] = part
        if self.spread is None:
            return laid
        area = (slice(top, top + height), slice(left, left + width))
        return np.stack([self.spread.of(one, area) for one in laid])
