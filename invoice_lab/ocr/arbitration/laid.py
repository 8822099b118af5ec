"""Glyphs laid side by side: a text as numbers of glyphs and places of the pen, which compiled code can draw."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.arbitration.compiled import laying

Plane = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Picture = tuple[Plane, int, int]
"""Coverage, 0 to 1, cut to the ink, and its place: pixels right of the pen, pixels below the top of the em box."""


class GlyphTable:
    """Glyphs one after the other in flat arrays; each is drawn when it is first asked for, by whichever thread.

    Parameters
    ----------
    draw : callable
        Gives a glyph's picture, and how far it moves the pen, by its name.
    """

    def __init__(self, draw: Callable[[str], tuple[Picture, int]]) -> None:
        self._draw = draw
        self._numbers: dict[str, int] = {}
        self._pictures: list[Picture] = []
        self._advances: list[int] = []
        self._arrays: tuple[npt.NDArray[Any], ...] | None = None
        self._lock = threading.Lock()

    def numbers(self, glyphs: Sequence[str]) -> Ints:
        """Return the numbers of glyphs."""
        try:
            return np.array([self._numbers[glyph] for glyph in glyphs], np.int64)
        except KeyError as missing:
            self._add(missing.args[0])
            return self.numbers(glyphs)

    def advances(self, numbers: Ints) -> Ints:
        """Return how far glyphs move the pen."""
        return self.arrays[6][numbers]

    def _add(self, glyph: str) -> None:
        with self._lock:
            if glyph in self._numbers:
                return
            picture, advance = self._draw(glyph)
            self._pictures.append(picture)
            self._advances.append(advance)
            self._arrays = None
            self._numbers[glyph] = len(self._pictures) - 1  # last: whoever knows the number finds it in the arrays

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """Coverage of all; of each where it starts there, height, width, left, top, advance; for compiled code."""
        arrays = self._arrays
        if arrays is None:
            with self._lock:
                arrays = self._arrays = self._flat()
        return arrays

    def _flat(self) -> tuple[npt.NDArray[Any], ...]:
        inks = [ink for ink, _, _ in self._pictures]
        sizes = np.array([ink.size for ink in inks], np.int64)
        heights, widths = (np.array([ink.shape[axis] for ink in inks], np.int64) for axis in (0, 1))
        lefts, tops = (np.array([picture[at] for picture in self._pictures], np.int64) for at in (1, 2))
        data = np.concatenate([ink.ravel() for ink in inks]).astype(np.float32)
        return data, np.cumsum(sizes) - sizes, heights, widths, lefts, tops, np.array(self._advances, np.int64)


@dataclass(frozen=True)
class Laid:
    """A text: the table of its glyphs, their numbers, and how far right of the text's pen each one's pen stands."""

    table: GlyphTable
    numbers: Ints
    pens: Ints

    def ink(self) -> Picture:
        """Draw the text."""
        if not self.numbers.size:
            return np.zeros((0, 0), np.float32), 0, 0
        heights, widths, lefts, tops = (array[self.numbers] for array in self.table.arrays[2:6])
        inked = heights * widths > 0
        if not inked.any():
            return np.zeros((0, 0), np.float32), 0, 0
        left, top = int((self.pens + lefts)[inked].min()), int(tops[inked].min())
        right, bottom = int((self.pens + lefts + widths)[inked].max()), int((tops + heights)[inked].max())
        whole = np.zeros((bottom - top, right - left), np.float32)
        laying.lay(whole, (-left, -top), self.numbers, self.pens, self.table.arrays)
        return whole, left, top

    def unexplained(self, seen: Plane, pen: tuple[int, int], gain: float, width: int) -> Plane:
        """Return the squared darkness that the text leaves in each column and those before it.

        Parameters
        ----------
        seen : ndarray of float, shape (height, width)
        pen : (x, y)
            Of the text, on it.
        gain : float
            Darkness of full coverage.
        width : int
            So many columns are summed up, with the one that it is for.
        """
        left = laying.unexplained(seen, gain, pen, self.numbers, self.pens, self.table.arrays)
        return laying.summed(left, width)
