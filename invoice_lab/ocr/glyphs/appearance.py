"""The ways in which a sheet can have come about from what is drawn: how pixels see ink, and what befalls them then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Protocol

import numpy as np

from invoice_lab.ocr.glyphs.aligned import Aligned
from invoice_lab.ocr.glyphs.finish import Compressed, Finish, Pass, Passed, Plain
from invoice_lab.ocr.glyphs.jpeg import find_compression
from invoice_lab.ocr.glyphs.phased import PhasedSpread
from invoice_lab.ocr.glyphs.resized import FILTERS, KEEPING, Resized, weights
from invoice_lab.ocr.glyphs.spread import Area, Plane, Spread

Size = tuple[int, int]
"""Height and width."""

BETTER = 0.8
"""Share of the misfit that another way may leave at the most, to be taken instead of the simplest."""
EXACT = 1.0
"""Grey levels (root mean square): a way that misses by no more needs no other one beside it."""
ROUNDED = 0.5
"""Grey levels: one by phases that misses by no more, hardly more than rounding does."""
OFF_BY = (0, -1, 1)
"""Pixels by which the size of a picture between may be off its estimate."""


class Optics(Protocol):
    """How a sheet's pixels see the canvas: `Aligned`, `Resized` or `Sampling`."""

    def window(self, area: Area, sheet: Size) -> Area:
        """Return the part of the sheet on which an area of the canvas can be seen."""
        ...

    def seen(self, pictures: Plane, corner: tuple[int, int], window: Area) -> Plane:
        """Return how ink is seen on a part of the sheet.

        Parameters
        ----------
        pictures : ndarray, shape (n, height, width)
        corner : (x, y)
            Of the canvas, where their upper left pixels lie.
        window : (slice, slice)
            Rows and columns of the sheet.

        Returns
        -------
        ndarray, shape (n, rows, columns)
        """
        ...


PLAIN = Plain()


@dataclass(frozen=True)
class Appearance:
    """A way in which a sheet can have come about.

    Attributes
    ----------
    optics : Optics
    size : (height, width)
        Of the picture that sees the ink.
    level : float
        Darkness of blank paper.
    finish : Finish
        What befalls the picture then.
    """

    optics: Optics
    size: Size
    level: float = 0.0
    finish: Finish = PLAIN

    @property
    def by_phases(self) -> bool:
        """Whether this may stand for filters that are not found yet, and explain more."""
        return isinstance(self.optics, Aligned) and isinstance(self.optics.spread, PhasedSpread)


Misfit = Callable[[Appearance], float]
"""How far a sheet is from what it should look like; infinite where that can't be."""


def choose(ways: Iterator[Appearance], misfit: Misfit, *, coloured: bool) -> Appearance:
    """Return the way that fits best; a later one has to fit clearly better than an earlier one.

    Parameters
    ----------
    ways : iterator of Appearance
        The simplest first.
    misfit : callable
    coloured : bool
        Whether the sheet has colours.
    """
    best, least = None, np.inf
    for way in ways:
        left = misfit(way)
        if best is None or left < BETTER * least:
            best, least = way, left
        if least <= (ROUNDED if best.by_phases else EXACT):
            break
        if isinstance(way.finish, Plain):
            lossy = _compressed(way, misfit, coloured=coloured)
            left = misfit(lossy)
            if left < BETTER * least:
                best, least = lossy, left
    assert best is not None
    return best


def _compressed(way: Appearance, misfit: Misfit, *, coloured: bool) -> Appearance:
    """Return a way with the compression that fits best."""
    found = find_compression(lambda how: misfit(replace(way, finish=Compressed(how))), coloured=coloured)
    return replace(way, finish=Compressed(found))


def shifted(shift: tuple[int, int], spread: Spread | PhasedSpread, size: Size) -> Iterator[Appearance]:
    """Return the ways of a sheet each pixel of which is one of the canvas."""
    yield Appearance(Aligned(shift, None), size)
    yield Appearance(Aligned(shift, spread), size, spread.level)


def resized(canvas: Size, sheet: Size, padded: Size, misfit: Misfit) -> Iterator[Appearance]:
    """Return the ways of a sheet that is the canvas resized, with the filter that fits best; sizes as (height, width).

    First as if nothing were cut off between its passes along rows and columns, then with that.
    """
    found = {name: _matrices(name, canvas, sheet, padded) for name in FILTERS}
    ways = {name: Appearance(Resized((0, 0), *matrices), padded) for name, matrices in found.items()}
    name = min(ways, key=lambda one: misfit(ways[one]))
    yield ways[name]
    if name in KEEPING:
        rows, columns = found[name]
        first = Resized((0, 0), np.eye(canvas[0], dtype=np.float32), columns)
        yield Appearance(first, (canvas[0], padded[1]), finish=Passed((Pass(0, rows),)))


def coarsened(
    shift: tuple[int, int], sheet: Size, padded: Size, spread: PhasedSpread, misfit: Misfit
) -> Iterator[Appearance]:
    """Return the ways of a sheet that was made smaller and as large as before again, with the filters that fit best.

    The size between follows from the period with which letters are blurred; filters, which look alike one by one, are
    found in pairs.
    First as if nothing were cut off between the passes that make it smaller, then with that.
    """
    across, down = spread.across.frequency, spread.down.frequency
    guess = round(sheet[0] * (1 - (down or across))), round(sheet[1] * (1 - (across or down)))

    @cache
    def optics(between: Size, smaller: str) -> Resized:
        return Resized(shift, *(weights(smaller, *sizes) for sizes in zip(sheet, between, strict=True)))

    def enlarging(between: Size, larger: str) -> tuple[Pass, ...]:
        rows, columns = _matrices(larger, between, sheet, padded)
        return Pass(1, columns, kept=larger in KEEPING), Pass(0, rows)

    def way(between: Size, smaller: str, larger: str) -> Appearance:
        return Appearance(optics(between, smaller), between, finish=Passed(enlarging(between, larger)))

    def cut_off(between: Size, smaller: str, larger: str) -> Appearance:
        rows, columns = (weights(smaller, *sizes) for sizes in zip(sheet, between, strict=True))
        first = Resized(shift, np.eye(sheet[0], dtype=np.float32), columns)
        return Appearance(first, (sheet[0], between[1]), finish=Passed((Pass(0, rows), *enlarging(between, larger))))

    def ways(between: Size, smaller: str, larger: str) -> list[Appearance]:
        made = [way(between, smaller, larger)]
        return [*made, cut_off(between, smaller, larger)] if smaller in KEEPING else made

    def best_pair(between: Size) -> tuple[str, str]:
        return min(product(FILTERS, FILTERS), key=lambda pair: misfit(way(between, *pair)))

    size, (smaller, larger) = guess, best_pair(guess)
    if all(misfit(one) > EXACT for one in ways(size, smaller, larger)):
        sizes = [(guess[0] + y, guess[1] + x) for y in OFF_BY for x in OFF_BY]
        size, _ = min(product(sizes, FILTERS), key=lambda one: misfit(way(one[0], one[1], larger)))
    if size != guess:
        smaller, larger = best_pair(size)
    yield from ways(size, smaller, larger)


def _matrices(name: str, before: Size, after: Size, padded: Size) -> tuple[Plane, Plane]:
    """Return a filter's weights along rows and columns, continued by zeros to whole units."""
    made = [weights(name, *sizes) for sizes in zip(before, after, strict=True)]
    rows, columns = (
        np.pad(matrix, ((0, whole - len(matrix)), (0, 0))) for matrix, whole in zip(made, padded, strict=True)
    )
    return rows, columns
