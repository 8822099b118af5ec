"""A typeface: one font at one size, its glyphs as pictures, and how far each moves the pen."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.glyphs.fonts import Shaping, find_font, load_font
from invoice_lab.ocr.glyphs.kerning import kerning_of

UNIT = 64
"""Parts of a pixel in which FreeType counts."""
PUNCTUATION = " !\"#$%&'()*+,-./0123456789:;<=>?@[\\]^_{|}~¡¿«»°·–—‘’“”…€£§"
LETTERS = (
    "".join(c for c in map(chr, range(0x41, 0x17F)) if c.isalpha() and unicodedata.normalize("NFKC", c) == c) + "ȘșȚțẞ"
)
"""The letters of the Latin alphabets (Unicode's Basic Latin, Latin-1 and Latin Extended-A)."""
MARGIN = 16
"""Pixels around a glyph's cell that its ink may reach into."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Glyph:
    """One glyph: the letters it stands for, its coverage and where it lies from the pen.

    Attributes
    ----------
    text : str
        One letter, or those of a ligature.
    mask : ndarray of uint8, shape (height, width)
        How much of each pixel is ink, 0 to 255; empty for a space.
    left, top : int
        Of the mask: pixels right of the pen, pixels below the top of the em box.
    advance : int
        64ths of a pixel from pen to pen.
    """

    text: str
    mask: Pixels
    left: int
    top: int
    advance: int


class Typeface:
    """A font at a size.

    Parameters
    ----------
    font : str
        Its file's name.
    size : int
        Pixels an em.
    shaping : {"basic", "raqm"}

    Raises
    ------
    MissingToolError
        Where the font is not installed.
    """

    def __init__(self, font: str, size: int, shaping: Shaping = "basic") -> None:
        self.name, self.size, self.shaping = font, size, shaping
        self.font = load_font(font, size, shaping)
        letters = [c for c in PUNCTUATION + LETTERS if self._has(c)]
        self.texts: tuple[str, ...] = (*letters, *(self._ligatures() if shaping == "raqm" else ()))
        self.glyphs = tuple(self._glyph(text) for text in self.texts)
        self.index = {text: number for number, text in enumerate(self.texts)}

    @cached_property
    def _absent(self) -> bytes:
        """The picture that the font draws for a letter it has not."""
        return bytes(self.font.getmask("\U000f0000"))

    def _has(self, letter: str) -> bool:
        mask = self.font.getmask(letter)
        return letter == " " or (mask.getbbox() is not None and bytes(mask) != self._absent)

    def _glyph(self, text: str) -> Glyph:
        mask, left, top = self.render(text)
        return Glyph(text, mask, left, top, round(self.font.getlength(text) * UNIT))

    def render(self, text: str) -> tuple[Pixels, int, int]:
        """Draw a text as Pillow does.

        Returns
        -------
        mask : ndarray of uint8, shape (height, width)
            Coverage, cut to the ink.
        left, top : int
            Of the mask: pixels right of the pen, pixels below the top of the em box.
        """
        return rendered(self.font, text)

    def _ligatures(self) -> list[str]:
        """Return the pairs and triples of small letters, the last one perhaps with an accent, drawn as one glyph."""
        letters = [c for c in map(chr, range(0x61, 0x7B)) if self._has(c)]
        plain = [a + b for a in letters for b in letters if self._joined(a + b)]
        accented = {letter: [c for c in LETTERS if _base(c) == letter and self._has(c)] for letter in letters}
        pairs = plain + [a[0] + c for a in plain for c in accented[a[1]] if self._joined(a[0] + c)]
        ends = sorted({pair[1] for pair in pairs})
        return pairs + [pair + c for pair in plain for c in ends if pair[1] + c in pairs and self._joined(pair + c)]

    def _joined(self, text: str) -> bool:
        return bytes(self.font.getmask(text)) != bytes(self.font.getmask(text, features=["-liga"]))

    @cached_property
    def advances(self) -> Ints:
        """64ths of a pixel from pen to pen, shape (glyphs,)."""
        return np.array([glyph.advance for glyph in self.glyphs], np.int64)

    @cached_property
    def kerning(self) -> Ints:
        """64ths of a pixel added between two glyphs, shape (glyphs, glyphs); zero with basic shaping.

        Pillow's basic shaping adds whole pixels of kerning as 64ths (1/64 to 3/64 of a pixel a pair): nothing.
        """
        if self.shaping == "basic" or self._monospaced:
            return np.zeros((len(self.texts), len(self.texts)), np.int64)
        path = find_font(self.name)
        assert path is not None
        firsts, seconds = (tuple(text[end] for text in self.texts) for end in (-1, 0))
        letters = tuple(sorted({*firsts, *seconds}))
        pairs, em = kerning_of(path, letters)
        number = {letter: place for place, letter in enumerate(letters)}
        between = pairs[np.ix_([number[letter] for letter in firsts], [number[letter] for letter in seconds])]
        return np.floor(between * (self.size * UNIT / em) + 0.5).astype(np.int64)

    def numbers(self, text: str) -> Ints:
        """Return the glyphs that a text is drawn with, by their numbers: ligatures wherever the font has one.

        Raises
        ------
        KeyError
            The font has not got a letter.
        """
        if self.shaping == "basic":
            return np.array([self.index[letter] for letter in text], np.int64)
        return np.array([self.index[glyph] for glyph in self.split(text)], np.int64)

    def split(self, text: str) -> list[str]:
        """Split a text into the letters of each glyph that Raqm draws it with."""
        return self._glyphs_of.findall(text)

    @cached_property
    def _glyphs_of(self) -> re.Pattern[str]:
        """Matches a glyph's letters: the longest ligature, or one letter."""
        ligatures = sorted((text for text in self.texts if len(text) > 1), key=len, reverse=True)
        return re.compile("|".join([*map(re.escape, ligatures), "."]), re.DOTALL)

    def holds(self, text: str) -> bool:
        """Tell whether the font has all letters of a text."""
        return all(letter in self.index for letter in text)

    def pens(self, glyphs: Sequence[str]) -> Ints:
        """Return where each glyph of a text is drawn: how far right of the pen, in pixels; shape (glyphs,)."""
        numbers = np.array([self.index[glyph] for glyph in glyphs], np.int64)
        steps = self.advances[numbers[:-1]] + self.kerning[numbers[:-1], numbers[1:]]
        return (np.concatenate([[0], np.cumsum(steps)])[: len(numbers)] + UNIT // 2) // UNIT

    def columns(self, text: str) -> Ints:
        """Return how far right of the pen each letter of a text begins, and it ends; shape (letters + 1,), in pixels.

        That is how long the text before it is. The letters of a ligature share a beginning.
        """
        numbers = self.numbers(text)
        pens = np.concatenate([[0], np.cumsum(self.advances[numbers])])
        pens[2:] += np.cumsum(self.kerning[numbers[:-1], numbers[1:]])
        lengths = [len(self.texts[number]) for number in numbers]
        return (np.append(np.repeat(pens[:-1], lengths), pens[-1]) + UNIT // 2) // UNIT

    @property
    def _monospaced(self) -> bool:
        return len({glyph.advance for glyph in self.glyphs}) == 1


def _base(letter: str) -> str:
    """Return the letter that another one is with an accent; empty for one without."""
    parts = unicodedata.normalize("NFD", letter)
    return parts[0] if len(parts) > 1 else ""


def rendered(font: ImageFont.FreeTypeFont, text: str) -> tuple[Pixels, int, int]:
    """Draw a text in a font; see `Typeface.render`."""
    size = math.ceil(font.size)
    image = Image.new("L", (int(font.getlength(text)) + 2 * MARGIN + size, 2 * size + 2 * MARGIN))
    ImageDraw.Draw(image).text((MARGIN, MARGIN), text, fill=255, font=font)
    box = image.getbbox()
    if box is None:
        return np.zeros((0, 0), np.uint8), 0, 0
    return np.asarray(image.crop(box)), box[0] - MARGIN, box[1] - MARGIN


@cache
def load_typeface(font: str, size: int, shaping: Shaping = "basic") -> Typeface:
    """Return a typeface; each is made once a process."""
    return Typeface(font, size, shaping)
