"""A typeface's glyphs as they look on a page of a given spread, and how well each fits at each place of a strip."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.glyphs.inked import Ink
from invoice_lab.ocr.glyphs.phased import PhasedSpread
from invoice_lab.ocr.glyphs.spread import Plane, Spread
from invoice_lab.ocr.glyphs.typeface import Ints, Typeface

ABOVE = 6
"""Rows of a strip above the em box: room for accents and the spread."""
BELOW = 0.55
"""Rows of a strip below the em box, in ems: descenders and the spread."""


REACH = 0.8
"""Pixels (standard deviation of the spread) from which on a glyph overlaps the one after the next, too."""
FADE = 2.0
"""Standard deviations of the spread before the end of a glyph's advance in which what comes after may reach."""
WHOLE: Plane = np.ones((1, 1, 1), np.float32)
FAR = 10
"""Pixels of gap at which the overlap ends even on the most blurred page that can be read."""


def strip_height(size: int) -> int:
    """Return the height of the strip that holds a text of `size` pixels an em."""
    return ABOVE + size + round(BELOW * size)


class SpreadGlyphs:
    """The glyphs of a typeface in an ink on a page of a given spread.

    Parameters
    ----------
    typeface : Typeface
    ink : Ink
    spread : Spread
    alphabet : str
        Only glyphs of these letters take part.
    corner : (x, y)
        Where the strips' first column and row lie on the page: on a scaled page it matters.

    Attributes
    ----------
    texts : tuple of str
        What each glyph stands for.
    pictures : ndarray of float, shape (phases, glyphs, strip height, width)
        Darkness of each glyph, its pen at column `pen`, by phase of the pen's column.
    advance : ndarray of int, shape (glyphs,)
        64ths of a pixel.
    kerning : ndarray of int, shape (glyphs, glyphs)
        64ths of a pixel.
    """

    def __init__(
        self,
        typeface: Typeface,
        ink: Ink,
        spread: Spread | PhasedSpread,
        alphabet: str,
        corner: tuple[int, int] = (0, 0),
    ) -> None:
        keep = [number for number, text in enumerate(typeface.texts) if set(text) <= set(alphabet)]
        glyphs = [typeface.glyphs[number] for number in keep]
        radius = spread.kernel.shape[0] // 2
        self.typeface, self.ink = typeface, ink
        self.height = strip_height(typeface.size)
        self.texts = tuple(typeface.texts[number] for number in keep)
        self.advance: Ints = np.array([glyph.advance for glyph in glyphs], np.int64)
        self.kerning: Ints = np.ascontiguousarray(typeface.kerning[np.ix_(keep, keep)])
        self.masks = tuple((glyph.mask, glyph.left, glyph.top + ABOVE) for glyph in glyphs)
        self.pen = radius - min(0, *(left for _, left, _ in self.masks))
        self.width = self.pen + max(left + mask.shape[1] for mask, left, _ in self.masks) + radius
        self._darkness = ink.luma().astype(np.float32)
        drawn = [self.drawn(self._coverage([number], [self.pen], self.width)) for number in range(len(glyphs))]
        self._reach = _reach(spread.kernel)
        self._spread, self._corner = spread, corner
        self.pictures: Plane = spread.pictures(np.stack(drawn), self.pen, corner[1])

    @cached_property
    def flat(self) -> Plane:
        """The pictures, shape (phases, glyphs, height x width)."""
        return self.pictures.reshape(*self.pictures.shape[:2], -1)

    @cached_property
    def _mean(self) -> Plane:
        """The pictures on average over the phases, shape (glyphs, height, width)."""
        mean: Plane = self.pictures.mean(axis=0)
        return mean

    def phase(self, columns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the phase of columns of the strip."""
        return self._spread.phase(columns + self._corner[0])

    def squares(self, counted: Plane, seen: Plane, columns: npt.NDArray[np.int64]) -> Plane:
        """Return by how much each glyph changes the squared residual where its pen is at each of some columns.

        Parameters
        ----------
        counted, seen : ndarray, shape (columns, height x width)
            Windows of the weights, and of what is to be explained times the weights.
        columns : ndarray of int, shape (columns,)

        Returns
        -------
        ndarray, shape (columns, glyphs)
        """
        return self._by_phase(WHOLE, counted, seen, columns)

    def _by_phase(self, share: Plane, counted: Plane, seen: Plane, columns: npt.NDArray[np.int64]) -> Plane:
        """Return `squares` where each pixel of the pictures counts for a share."""
        phase, out = self.phase(columns), np.empty((len(columns), len(self.texts)), np.float32)
        for one in np.unique(phase):
            at, counts = phase == one, share[0] * self.flat[one]
            out[at] = counted[at] @ (counts * self.flat[one]).T - 2 * (seen[at] @ counts.T)
        return out

    @cached_property
    def gaps(self) -> range:
        """Pixels between the end of a glyph's advance and the next pen at which the two overlap.

        Below zero by kerning; the more the page is blurred, the farther a glyph reaches past a narrow neighbour.
        """
        kerned = (self.advance[:, None] + self.kerning) >> 6
        closest = int((kerned - (self.advance >> 6)[:, None]).min())
        return range(closest, FAR if self._reach > REACH else 3)

    def spell(self, text: str) -> Ints:
        """Return the glyphs of a text; where several letters are drawn as one glyph, that one."""
        number = {said: glyph for glyph, said in enumerate(self.texts)}
        longest, glyphs = max(map(len, number)), []
        while text:
            said = next(text[:end] for end in range(longest, 0, -1) if text[:end] in number)
            glyphs.append(number[said])
            text = text[len(said) :]
        return np.array(glyphs, np.int64)

    def pens(self, glyphs: npt.NDArray[np.int64], start: int) -> Ints:
        """Return the column at which each glyph of a text is drawn; the first one's pen is at `start`."""
        columns: Ints = (self._exact_pens(glyphs, start) + 32) >> 6
        return columns

    def end(self, glyphs: npt.NDArray[np.int64], start: int) -> int:
        """Return where the pen stands after a text, in 64ths of a pixel."""
        return int(self._exact_pens(glyphs, start)[-1] + self.advance[glyphs[-1]])

    def _exact_pens(self, glyphs: npt.NDArray[np.int64], start: int) -> Ints:
        between = self.kerning[glyphs[:-1], glyphs[1:]] if len(glyphs) > 1 else np.zeros(0, np.int64)
        moved: Ints = np.concatenate([[0], np.cumsum(self.advance[glyphs[:-1]] + between)])
        return (start << 6) + moved

    def drawn(self, coverage: Pixels) -> Plane:
        """Return how dark ink of a coverage is, before it spreads."""
        darkness: Plane = self._darkness[coverage]
        return darkness

    def text_drawn(self, glyphs: npt.NDArray[np.int64], start: int, width: int) -> Plane:
        """Draw a text in a strip of `width` columns, before it spreads."""
        return self.drawn(self._coverage(glyphs.tolist(), self.pens(glyphs, start).tolist(), width))

    def drawn_at(self, glyphs: list[int], columns: list[int], width: int) -> Plane:
        """Draw glyphs whose pens are at columns of a strip of `width` columns, before they spread."""
        return self.drawn(self._coverage(glyphs, columns, width))

    def _coverage(self, glyphs: list[int], columns: list[int], width: int) -> Pixels:
        """Lay glyphs side by side as Pillow does: where two overlap, the second covers what the first leaves white."""
        strip = np.zeros((self.height, width), np.uint8)
        for number, column in zip(glyphs, columns, strict=True):
            mask, left, top = self.masks[number]
            x, y = column + left, max(top, 0)
            part = mask[max(-top, 0) : self.height - top, max(-x, 0) : max(width - x, 0)]
            if part.size:
                below = strip[y : y + part.shape[0], max(x, 0) : max(x, 0) + part.shape[1]]
                both = below.astype(np.int64) * part + 128
                below[...] = below + (part - (((both >> 8) + both) >> 8))
        return strip

    def windows(self, strip: Plane, columns: npt.NDArray[np.int64] | None = None) -> Plane:
        """Return what a glyph covers whose pen is at each column, shape (columns, height x width)."""
        padded = np.zeros((self.height, strip.shape[1] + self.width), np.float32)
        padded[:, self.pen : self.pen + strip.shape[1]] = strip
        view = np.lib.stride_tricks.sliding_window_view(padded, self.width, axis=1)[:, : strip.shape[1]]
        view = view.transpose(1, 0, 2) if columns is None else view[:, columns].transpose(1, 0, 2)
        return np.ascontiguousarray(view).reshape(len(view), -1)

    @cached_property
    def _cuts(self) -> tuple[Plane, ...]:
        """How much each column of the pictures counts up to where their advance ends, in whole pixels and one more.

        Shape (1, glyphs, height x width). On a blurred page what comes after reaches into the last columns: they count
        less.
        """
        column, ends = np.arange(self.width)[None, None, :], self.pen + (self.advance >> 6)[:, None, None]
        more = (0,) if not (self.advance & 63).any() else (0, 1)
        soft = max(FADE * self._reach, 1.0)
        fading = [np.clip((ends + one - column) / soft, 0, 1) for one in more]
        shape = (1, len(self.texts), -1)
        return tuple(np.repeat(share.astype(np.float32), self.height, axis=1).reshape(shape) for share in fading)

    def scores(self, strip: Plane, weights: Plane, first: int = 0) -> Plane:
        """Return by how much each glyph at each column changes the squared residual; below zero is better.

        Parameters
        ----------
        strip, weights : ndarray, shape (height, width)
            What is to be explained, and how much each pixel counts.
        first : int
            The column from which on scores are asked for; before it they are zero.

        Returns
        -------
        ndarray, shape (2 or 3, width, glyphs)
            Of the whole glyph, of its part before the next pen (what comes after may explain the rest), and of that
            part and one column more where pens stand between pixels.
        """
        columns = np.arange(first, strip.shape[1])
        counted, seen = self.windows(weights, columns), self.windows(weights * strip, columns)
        scores = np.zeros((1 + len(self._cuts), strip.shape[1], len(self.texts)), np.float32)
        for out, share in zip(scores, (WHOLE, *self._cuts), strict=True):
            out[first:] = self._by_phase(share, counted, seen, columns)
        return scores

    def overlaps(self, row_weights: Plane) -> Plane:
        """Return what two glyphs add to the squared residual together, beside the sum of their scores.

        Returns
        -------
        ndarray, shape (len(gaps), glyphs, glyphs)
            For pens as far apart as the first glyph's advance (whole pixels) and each of `gaps`.
        """
        count = len(self.texts)
        out = np.zeros((len(self.gaps), count, count), np.float32)
        weighted = self._mean * row_weights[None, :, None]
        whole = self.advance >> 6
        for advance in np.unique(whole):
            rows = np.flatnonzero(whole == advance)
            for place, gap in enumerate(self.gaps):
                apart = max(int(advance) + gap, 0)
                if apart < self.width:
                    left = weighted[rows][:, :, apart:].reshape(len(rows), -1)
                    out[place, rows] = 2 * left @ self._mean[:, :, : self.width - apart].reshape(count, -1).T
        return out


def _reach(kernel: Plane) -> float:
    """Return the standard deviation of a kernel along the rows, in pixels."""
    across = np.abs(kernel.sum(axis=0))
    places = np.arange(len(across)) - len(across) // 2
    share = across / max(across.sum(), 1e-9)
    return float(np.sqrt((share * places**2).sum() - (share * places).sum() ** 2))
