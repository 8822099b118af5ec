"""Words to rows of text, from top to bottom and left to right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from statistics import median
from typing import Protocol

import numpy as np

from invoice_lab.ocr.engines import Hint, OcrEngine, Word
from invoice_lab.ocr.page import Box
from invoice_lab.ocr.pieces import pieces
from invoice_lab.ocr.preprocess import Upright, crop_to_ink, enlarge

WIDE = 2.5
"""Heights of a row that make a gap between two words one between columns; a space is a quarter of the height."""

MARGIN = 10
"""Pixels of blank paper around a piece that is read by itself."""
SMALL = 14
"""Pixels of canvas: lower pieces are in small print."""
LARGE, LARGER = 1.25, 2.0
"""Enlargement of pieces, and of those in small print."""


@dataclass(frozen=True)
class Row:
    """Words that stand side by side; boxes in pixels of the upright page."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """The words with a space between them."""
        return " ".join(word.text for word in self.words)

    @property
    def box(self) -> Box:
        """The smallest box around the words."""
        return reduce(Box.around, (word.box for word in self.words))

    @property
    def middle(self) -> float:
        """The height in the middle of the row: the median over its words."""
        return median(word.box.y + word.box.height / 2 for word in self.words)

    @property
    def confidence(self) -> float:
        """The confidence of the least sure word."""
        return min(word.confidence for word in self.words)

    def between(self, left: float, right: float) -> Row | None:
        """Return the words whose middle lies from `left` to `right`, None where there are none."""
        words = tuple(word for word in self.words if left <= word.box.x + word.box.width / 2 < right)
        return Row(words) if words else None

    def of_span(self, first: int, end: int) -> Row | None:
        """Return the words that hold the characters `first` to before `end` of the text, None where there are none."""
        words, place = [], 0
        for word in self.words:
            if place < end and place + len(word.text) > first:
                words.append(word)
            place += len(word.text) + 1
        return Row(tuple(words)) if words else None

    def pieces(self) -> list[Row]:
        """Return the words between wide gaps, such as columns side by side, from left to right."""
        wide = WIDE * self.box.height
        starts = [0, *(n for n in range(1, len(self.words)) if self.gap(n) > wide), len(self.words)]
        return [Row(self.words[start:end]) for start, end in pairwise(starts)]

    def gap(self, number: int) -> int:
        """Return how many pixels stand between a word and the one before it."""
        return self.words[number].box.x - self.words[number - 1].box.right


class Reread(Protocol):
    """Reads an area of the upright page again."""

    def __call__(self, area: Box, factor: float, characters: str = "") -> list[Row]:
        """Return the area's rows.

        Parameters
        ----------
        area : Box
            In pixels of the upright page.
        factor : float
            How much a page at the layout's scale is enlarged.
        characters : str
            The only characters that can occur; empty means any.
        """
        ...


class BearsOut(Protocol):
    """Tells whether the pixels bear out what was read, so that it need not be read again."""

    def __call__(self, values: Mapping[str, str], boxes: Mapping[str, Box]) -> bool:
        """Tell it of some fields that stand together.

        Parameters
        ----------
        values : mapping of str to str
            Each field's value, in the field's form.
        boxes : mapping of str to Box
            Where each stands, in pixels of the upright page.
        """
        ...


BORNE_OUT = 0.999
"""Confidence of digits that the pixels bear out: any other digit would leave more than is allowed unexplained."""


def unknown_pixels(values: Mapping[str, str], boxes: Mapping[str, Box]) -> bool:
    """Bear out nothing: of the pixels nothing is known."""
    return False


def read_rows(
    engine: OcrEngine, page: Upright, factor: float, area: Box | None = None, characters: str = ""
) -> list[Row]:
    """Read a page, or an area of it, and group the words into rows.

    Parameters
    ----------
    engine : OcrEngine
    page : Upright
    factor : float
        How much to enlarge the picture before it is read.
    area : Box, optional
        In pixels of the upright page; the whole page by default.
    characters : str
        The only characters that can occur; empty means any.
    """
    by_piece = area is None and not characters and not page.is_repaired and getattr(engine, "by_piece", False)
    cut = pieces(page.grey, page.scale) if by_piece else None
    if cut:
        words = [word for piece in cut for word in _piece_words(engine, page, piece)]
        return group(words, tolerance=8 * page.scale)
    area = area or Box(0, 0, page.grey.shape[1], page.grey.shape[0])
    part = page.grey[max(area.y, 0) : area.bottom, max(area.x, 0) : area.right]
    cropped = crop_to_ink(part, margin=round(10 * page.scale)) if part.size else None
    if cropped is None:
        return []
    picture, (left, top) = cropped
    words = engine.words(enlarge(picture, factor), Hint("block", characters))
    origin = (max(area.x, 0) + left, max(area.y, 0) + top)
    return group([_placed(word, factor, origin) for word in words], tolerance=8 * page.scale)


def _piece_words(engine: OcrEngine, page: Upright, piece: Box) -> list[Word]:
    """Read a piece of a page by itself."""
    part = np.pad(page.grey[piece.y : piece.bottom, piece.x : piece.right], MARGIN, constant_values=255)
    factor = (LARGER if piece.height < SMALL * page.scale else LARGE) / page.scale
    origin = (piece.x - MARGIN, piece.y - MARGIN)
    return [_placed(word, factor, origin) for word in engine.words(enlarge(part, factor), Hint("line"))]


def _placed(word: Word, factor: float, origin: tuple[int, int]) -> Word:
    box = word.box
    x, y = round(box.x / factor) + origin[0], round(box.y / factor) + origin[1]
    return Word(word.text, Box(x, y, round(box.width / factor), round(box.height / factor)), word.confidence)


def group(words: list[Word], tolerance: float) -> list[Row]:
    """Group words into rows: a word joins the row whose middle is within `tolerance` pixels of its own."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=_middle):
        if rows and abs(median(map(_middle, rows[-1])) - _middle(word)) <= tolerance:
            rows[-1].append(word)
        else:
            rows.append([word])
    return [Row(tuple(sorted(row, key=lambda word: word.box.x))) for row in rows]


def _middle(word: Word) -> float:
    return word.box.y + word.box.height / 2
