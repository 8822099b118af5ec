"""How sure a text is whose pixels fit: whether its look-alikes would fit as well."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from invoice_lab.ocr.arbitration.confusable import look_alikes
from invoice_lab.ocr.arbitration.lettering import Drawn, Plane
from invoice_lab.ocr.arbitration.mend import Mended
from invoice_lab.ocr.arbitration.strip import Look
from invoice_lab.ocr.glyphs.typography import typography

NOISE = 0.05
"""The least noise (darkness) that is reckoned with: fonts of another release differ by as much."""
CLEAR = 12.0
"""Nats beyond which a look-alike needs no further thought: one in 160,000."""
DOUBTFUL = 0.3
"""Highest confidence of a text that leaves something unexplained."""
SUREST = 0.9999
"""Highest confidence: what may go wrong apart from the letters."""


def confidence(mended: Mended, kind: str) -> float:
    """Return how sure a mended text is, 0 to 1."""
    if mended.misfit > 1:
        return DOUBTFUL / mended.misfit
    strip = mended.strip
    noise = max(strip.look.noise, NOISE) / strip.gain
    letters = list(enumerate(mended.text))[strip.label :]
    doubt = sum(_doubt(strip.look, mended.text, place, letter, noise, kind) for place, letter in letters)
    return SUREST / (1 + doubt)


def _doubt(look: Look, text: str, place: int, letter: str, noise: float, kind: str) -> float:
    """Return the odds against a letter: the sum over its look-alikes."""
    odds = 0.0
    for other, apart in distances(look, letter, kind).items():
        nats = apart / (2 * noise**2)
        if nats < CLEAR:
            odds += float(np.exp(-max(nats + _habit(text, place, other), -CLEAR)))
    return odds


def _habit(text: str, place: int, other: str) -> float:
    """Return how much less usual, in nats, it is that `other` stands in a character's place."""
    return _cost(text[:place] + other + text[place + 1 :], place, len(other)) - _cost(text, place, 1)


def _cost(text: str, place: int, length: int) -> float:
    tables = typography()
    around = text[max(place - 1, 0) : place + length + 1]
    classes = [tables.class_of(letter) for letter in around]
    classes = classes if place else ["start", *classes]
    follows = sum(tables.follows[one].get(two, 0.0) for one, two in zip(classes, classes[1:], strict=False))
    return follows + tables.cost_alone(text[place : place + length])


@cache
def distances(look: Look, letter: str, kind: str) -> Mapping[str, float]:
    """Return the squared difference (of coverage) between a letter and each of its look-alikes."""
    own = look.draw(letter)
    return {other: difference(own, look.draw(other)) for other in look_alikes(kind).get(letter, ())}


def difference(one: Drawn, other: Drawn) -> float:
    """Return the sum of squared differences between two texts that are drawn from the same pen."""
    left, top = min(one.left, other.left), min(one.top, other.top)
    right = max(part.left + part.ink.shape[1] for part in (one, other))
    bottom = max(part.top + part.ink.shape[0] for part in (one, other))
    planes = [_laid(part, (left, top), (bottom - top, right - left)) for part in (one, other)]
    return float(np.square(planes[0] - planes[1]).sum())


def _laid(part: Drawn, corner: tuple[int, int], size: tuple[int, int]) -> Plane:
    plane = np.zeros(size, np.float32)
    x, y = part.left - corner[0], part.top - corner[1]
    plane[y : y + part.ink.shape[0], x : x + part.ink.shape[1]] = part.ink
    return plane
