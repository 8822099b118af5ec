"""What befalls a picture after its pixels have seen the ink: cut off at white, compressed, resized."""

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
    """Nothing but that no pixel is whiter than white, in no colour.

    That is the same in grey where inks of two colours don't meet.
    """

    def whole(self, window: Area) -> tuple[Area, Area]:
        """See `Finish`."""
        return window, window

    def __call__(self, pictures: Plane, known: Area, affected: Area) -> Plane:
        """See `Finish`."""
        return greyed(np.clip(pictures, 0, 255))[..., 0]


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
        rows, columns = _within(affected, known)
        return compressed(pictures, self.how)[:, rows, columns]


@dataclass(frozen=True)
class Pass:
    """Resizing along one axis: along the columns (`axis` 0) or along the rows (1).

    Attributes
    ----------
    axis : int
    matrix : ndarray of float, shape (pixels after, pixels before)
    kept : bool
        Whether brightness is kept in whole grey levels then: rounded, and cut off at white and black.
    """

    axis: int
    matrix: Plane
    kept: bool = True

    def affected(self, window: Area) -> Area:
        """Return what of the picture after it a window before it affects."""
        return self._along(window, self.matrix)

    def known(self, window: Area) -> Area:
        """Return what of the picture before it has to be known for a window after it."""
        return self._along(window, self.matrix.T)

    def _along(self, window: Area, matrix: Plane) -> Area:
        seen = reached(matrix, (window[self.axis].start, window[self.axis].stop))
        return (seen, window[1]) if self.axis == 0 else (window[0], seen)

    def __call__(self, pictures: Plane, before: Area, after: Area) -> Plane:
        """Resize a window of some pictures, shape (..., height, width)."""
        part = self.matrix[after[self.axis], before[self.axis]]
        made = part @ pictures if self.axis == 0 else pictures @ part.T
        return _whole_levels(made) if self.kept else made


@dataclass(frozen=True)
class Passed:
    """Resized along one axis after the other.

    Where a sharp filter overshoots beside the ink, and is cut off, that is not linear.

    Attributes
    ----------
    passes : tuple of Pass
        After the one by which the picture was seen.
    """

    passes: tuple[Pass, ...]

    def whole(self, window: Area) -> tuple[Area, Area]:
        """See `Finish`."""
        affected = window
        for one in self.passes:
            affected = one.affected(affected)
        return self._known(affected)[0], affected

    def _known(self, affected: Area) -> list[Area]:
        """Return what has to be known before each pass, and after the last one."""
        known = [affected]
        for one in reversed(self.passes):
            known.insert(0, one.known(known[0]))
        return known

    def __call__(self, pictures: Plane, known: Area, affected: Area) -> Plane:
        """See `Finish`."""
        windows = self._known(affected)
        rows, columns = _within(windows[0], known)
        made = _whole_levels(np.moveaxis(pictures[:, rows, columns], -1, 1))  # each colour is cut off by itself
        for one, before, after in zip(self.passes, windows[:-1], windows[1:], strict=True):
            made = one(made, before, after)
        return greyed(np.moveaxis(made, 1, -1))[..., 0]


def _within(part: Area, whole: Area) -> Area:
    """Return where a part of a picture lies in a larger part."""
    rows, columns = (
        slice(one.start - all_.start, one.stop - all_.start) for one, all_ in zip(part, whole, strict=True)
    )
    return rows, columns


def _whole_levels(pictures: Plane) -> Plane:
    """Return pictures in whole grey levels."""
    levels: Plane = np.clip(np.rint(pictures), 0, 255)
    return levels


def greyed(pictures: Plane) -> Plane:
    """Return the brightness of pictures, their last axis being the channels, with one channel."""
    return pictures if pictures.shape[-1] == 1 else (pictures @ LUMA)[..., None]
