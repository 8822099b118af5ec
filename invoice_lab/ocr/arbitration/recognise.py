"""Which installed font a page is printed in, told by its texts: for layouts whose drawing nobody described."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

import cv2
import numpy as np
from PIL import features

from invoice_lab.errors import MissingToolError
from invoice_lab.ocr.arbitration.laid import Plane
from invoice_lab.ocr.arbitration.lettering import lettering
from invoice_lab.ocr.arbitration.strip import BEGINNING, RISE, SLACK, Look
from invoice_lab.ocr.glyphs.fonts import Shaping, installed_fonts, load_font
from invoice_lab.ocr.page import Box

MEASURED_AT = 100
"""Pixels an em at which a font's widths are compared with a text's."""
SIZES = (-1, 0, 1)
"""Whole pixels an em around the size that the width tells: hinting makes letters wider or narrower by up to a tenth."""
SMALLEST = 7
"""Pixels an em below which no letter can be told."""
HEIGHTS = 0.3
"""How much a text may be higher or lower than a font would have it, in ems: dust, and letters that were misread."""
SAMPLES = 3
"""Texts of one kind that fonts are compared with."""
SAME = 0.95
"""Likeness from which on a look, or a font, that the page uses elsewhere is taken without trying others."""
LIKE = 0.8
"""Likeness (normalised correlation) below which no font counts as found."""


@dataclass(frozen=True)
class Sample:
    """A text that an engine read, and the box of its ink in pixels of the page."""

    text: str
    box: Box


@dataclass(frozen=True)
class Found:
    """A font, its size, and how alike the texts are (-1 to 1)."""

    font: str
    size: int
    likeness: float


def recognise(dark: Plane, kinds: Mapping[str, list[Sample]]) -> dict[str, Look]:
    """Find the font of each kind of field.

    Parameters
    ----------
    dark : ndarray
        The page's darkness.
    kinds : dict of str to list of Sample
        Kind of field to its texts.

    Returns
    -------
    dict of str to Look
        Without the kinds whose font is not installed.
    """
    some = {kind: sorted(samples, key=_length)[:SAMPLES] for kind, samples in kinds.items()}
    found: dict[str, Found] = {}
    for _ in range(2):  # the second time for those whose font shows elsewhere on the page alone
        for kind in sorted(set(some) - set(found), key=lambda kind: (sum(map(_length, some[kind])), kind)):
            best = _first(dark, some[kind], list(found.values()))
            if best and best.likeness >= LIKE:
                found[kind] = best
    shaping = _shaping(dark, [(one, some[kind]) for kind, one in found.items()])
    return {kind: Look(lettering(one.font, one.size, shaping)) for kind, one in found.items()}


def _length(sample: Sample) -> int:
    """Return a key that puts long texts first."""
    return -len(sample.text)


def _first(dark: Plane, samples: Sequence[Sample], used: Sequence[Found]) -> Found | None:
    """Return the best of the looks that the page uses elsewhere, else of their fonts, else of all fonts."""
    sizes = sorted({(one.font, one.size) for one in used})
    same = [Found(*key, _likeness(dark, samples, Look(lettering(*key)))) for key in sizes]
    fonts = sorted({one.font for one in used})
    best: Found | None = None
    for found in chain([same], (_in_fonts(dark, samples, names) for names in (fonts, installed_fonts()))):
        best = max(found, key=lambda one: one.likeness, default=best)
        if best and best.likeness >= SAME:
            break
    return best


def _in_fonts(dark: Plane, samples: Sequence[Sample], fonts: Iterable[str]) -> list[Found]:
    return [
        Found(font, size, _likeness(dark, samples, Look(lettering(font, size))))
        for font in fonts
        for size in _sizes(font, samples[0])
    ]


def _shaping(dark: Plane, found: Sequence[tuple[Found, Sequence[Sample]]]) -> Shaping:
    """Tell by the whole texts how a page's letters stand side by side: as they are, or with kerning and ligatures."""

    def alike(shaping: Shaping) -> float:
        looks = [(samples, Look(lettering(one.font, one.size, shaping))) for one, samples in found]
        return sum(_likeness(dark, samples, look, whole=True) for samples, look in looks)

    shapings: tuple[Shaping, ...] = ("basic", "raqm") if features.check("raqm") else ("basic",)
    return max(shapings, key=alike)


def _sizes(font: str, sample: Sample) -> Iterator[int]:
    """Give the sizes at which a font would draw a text as wide as it is, where it would be as high too."""
    shape = _shape(font, sample.text)
    if shape is None:
        return
    size = sample.box.width / shape[0]
    if size >= SMALLEST and abs(sample.box.height / size - shape[1]) <= HEIGHTS:
        yield from (round(size) + step for step in SIZES)


@cache
def _widths(font: str) -> dict[str, tuple[float, float, float]] | None:
    """Return an empty table of a font's letters: advance, top and bottom, in ems; None where it can't be used."""
    try:
        load_font(font, MEASURED_AT, "basic").getbbox("x")
    except (MissingToolError, OSError):
        return None
    return {}


def _shape(font: str, text: str) -> tuple[float, float] | None:
    """Return width and height of a text's ink, in ems."""
    table = _widths(font)
    if table is None:
        return None
    face = load_font(font, MEASURED_AT, "basic")
    for letter in set(text) - set(table):
        _, top, _, bottom = face.getbbox(letter)
        table[letter] = face.getlength(letter) / MEASURED_AT, top / MEASURED_AT, bottom / MEASURED_AT
    letters = [table[letter] for letter in text]
    inked = [one for one, letter in zip(letters, text, strict=True) if not letter.isspace()]
    height = max(one[2] for one in inked) - min(one[1] for one in inked)
    return sum(one[0] for one in letters), height


def _likeness(dark: Plane, samples: Sequence[Sample], look: Look, whole: bool = False) -> float:
    return float(np.median([_alike(dark, sample, look, whole) for sample in samples]))


def _alike(dark: Plane, sample: Sample, look: Look, whole: bool) -> float:
    """Return the normalised correlation of a text, or of its first letters, with the page."""
    drawn = look.draw(sample.text if whole else sample.text[:BEGINNING].rstrip())
    height, width = drawn.ink.shape
    y = sample.box.y + drawn.top - look.draw(sample.text).top
    area = dark[max(y - RISE, 0) : y + height + RISE, max(sample.box.x - SLACK, 0) : sample.box.x + width + SLACK]
    if not drawn.ink.size or area.shape[0] < height or area.shape[1] < width:
        return 0.0
    return float(cv2.matchTemplate(np.ascontiguousarray(area), drawn.ink, cv2.TM_CCOEFF_NORMED).max())
