"""How the pixels of a sheet see ink where the whole sheet was made smaller or larger by one of the usual filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

import cv2
import numpy as np
from PIL import Image

from invoice_lab.ocr.glyphs.spread import Area, Plane

Span = tuple[int, int]

KEPT = 64
"""Filters that are kept, of some megabytes each: most of what is tried for a page, and a bound on memory."""


def _by_pillow(before: int, after: int, *, how: Image.Resampling) -> Plane:
    picture = Image.fromarray(np.eye(before, dtype=np.float32))
    return np.asarray(picture.resize((before, after), how), np.float32)


def _by_opencv(before: int, after: int, *, how: int) -> Plane:
    made = cv2.resize(np.eye(before, dtype=np.float32), (before, after), interpolation=how)
    return made.astype(np.float32)


FILTERS: Mapping[str, Callable[[int, int], Plane]] = {
    **{how.name.lower(): partial(_by_pillow, how=how) for how in Image.Resampling},
    "cv-nearest": partial(_by_opencv, how=cv2.INTER_NEAREST),
    "cv-area": partial(_by_opencv, how=cv2.INTER_AREA),
    "cv-linear": partial(_by_opencv, how=cv2.INTER_LINEAR),
    "cv-cubic": partial(_by_opencv, how=cv2.INTER_CUBIC),
    "cv-lanczos": partial(_by_opencv, how=cv2.INTER_LANCZOS4),
}
"""The filters of Pillow and OpenCV: from the number of pixels before and after to the weights of each pixel."""
KEEPING = frozenset(how.name.lower() for how in Image.Resampling)
"""Those that keep whole grey levels between their passes along the rows and along the columns: Pillow's."""


@lru_cache(maxsize=KEPT)
def weights(name: str, before: int, after: int) -> Plane:
    """Return what a filter of `FILTERS` does along one axis, shape (after, before)."""
    return FILTERS[name](before, after)


@dataclass(frozen=True, eq=False)
class Resized:
    """A sheet that was resized as a whole.

    Attributes
    ----------
    shift : (x, y)
        Where the canvas's corner lay on the sheet before.
    rows, columns : ndarray of float, shape (pixels after, pixels before)
        What each row and column of the sheet sees of those before.
    """

    shift: tuple[int, int]
    rows: Plane
    columns: Plane

    def window(self, area: Area, sheet: tuple[int, int]) -> Area:
        """Return the part of the sheet on which ink on an area of the canvas can be seen."""
        (x, y), (height, width) = self.shift, sheet
        rows = reached(self.rows, (area[0].start + y, area[0].stop + y))
        columns = reached(self.columns, (area[1].start + x, area[1].stop + x))
        return slice(rows.start, min(rows.stop, height)), slice(columns.start, min(columns.stop, width))

    def seen(self, pictures: Plane, corner: tuple[int, int], window: Area) -> Plane:
        """Return how ink on the canvas is seen on a part of the sheet; see `Optics`."""
        y, x = corner[1] + self.shift[1], corner[0] + self.shift[0]
        down = _part(self.rows[window[0]], y, pictures.shape[1])
        across = _part(self.columns[window[1]], x, pictures.shape[2])
        return np.asarray(down @ pictures @ across.T, np.float32)


def reached(matrix: Plane, span: Span) -> slice:
    """Return which pixels after, from the first to the last, see some of those before."""
    touched = np.flatnonzero(matrix[:, max(span[0], 0) : max(span[1], 0)].any(axis=1))
    return slice(int(touched[0]), int(touched[-1]) + 1) if len(touched) else slice(0, 0)


def _part(matrix: Plane, first: int, count: int) -> Plane:
    """Return the columns from `first` on; those that the matrix has not are zero."""
    part = np.zeros((len(matrix), count), np.float32)
    low, high = max(first, 0), min(first + count, matrix.shape[1])
    part[:, low - first : max(high, low) - first] = matrix[:, low : max(high, low)]
    return part
