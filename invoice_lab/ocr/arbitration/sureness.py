"""Which look-alike of a text that fits is meant, and how sure that is: whether another would fit as well."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise

import numpy as np

from invoice_lab.ocr.arbitration.confusable import look_alikes
from invoice_lab.ocr.arbitration.laid import Plane
from invoice_lab.ocr.arbitration.lettering import Drawn
from invoice_lab.ocr.arbitration.mend import CLEAN, Mended
from invoice_lab.ocr.arbitration.strip import Look, Strip
from invoice_lab.ocr.glyphs.typography import typography

NOISE = 0.05
"""The least noise (darkness) that is reckoned with: fonts of another release differ by as much."""
CLEAR = 12.0
"""Nats beyond which a look-alike needs no further thought: one in 160,000."""
CORRELATED = 2.0
"""So many times the noise of single pixels counts: what blur and skew leave is alike in neighbouring pixels."""
FOUR = 4.0
"""A look-alike can't explain a patch better than a text that leaves less than `Strip.limit` there if it is further from
it than twice the root of that, four times squared."""
END = "."
"""What is lost, or made up, most easily at the end of a text."""
MOST = 8
"""Letters that are exchanged at the most."""
DOUBTFUL = 0.3
"""Highest confidence of a text that leaves something unexplained."""
SUREST = 0.9999
"""Highest confidence: what may go wrong apart from the letters."""


def settle(mended: Mended, kind: str) -> tuple[str, float]:
    """Choose between a mended text and its look-alikes.

    Returns
    -------
    text : str
        That which the pixels support best; where they hardly tell, the more usual one.
    confidence : float
        0 to 1.
    """
    strip, text = mended.strip, mended.text
    if mended.misfit > 1:
        return text, DOUBTFUL / mended.misfit
    for _ in range(MOST):
        rivals = _rivals(strip, text, kind)
        choice = [rival for rival in rivals if strip.look.noise <= CLEAN or len(rival) == len(text)]
        better = min(choice, key=lambda rival: rivals[rival], default=text)
        if rivals.get(better, 0.0) >= 0:
            break
        text = better
    trust = NOISE / max(NOISE, CORRELATED * strip.look.noise)  # the noisier, the less is known of what noise does
    doubt = sum(float(np.exp(-trust * max(nats, -CLEAR))) for nats in rivals.values())
    return text, SUREST / (1 + doubt)


def _rivals(strip: Strip, text: str, kind: str) -> dict[str, float]:
    """Return the look-alikes of a text that may be meant, each with the nats that speak for the text."""
    noise = max(NOISE, CORRELATED * strip.look.noise) / strip.gain
    rivals: dict[str, float] = {}
    for place, letter in list(enumerate(text))[strip.label :]:
        for other, apart in distances(strip.look, letter, kind).items():
            close = apart < FOUR * strip.limit
            if not close and apart / (2 * noise**2) > CLEAR:
                continue
            rival = text[:place] + other + text[place + 1 :]
            worse = strip.unexplained(rival) - strip.unexplained(text) if close else apart
            rivals[rival] = worse / (2 * noise**2) + _habit(text, place, other)
    for rival in (text + END, text[:-1]):
        if len(rival) > strip.label:
            rivals[rival] = (strip.unexplained(rival) - strip.unexplained(text)) / (2 * noise**2)
    return rivals


def _habit(text: str, place: int, other: str) -> float:
    """Return how much less usual, in nats, it is that `other` stands in a character's place."""
    return _cost(text[:place] + other + text[place + 1 :], place, len(other)) - _cost(text, place, 1)


def _cost(text: str, place: int, length: int) -> float:
    tables = typography()
    around = text[max(place - 1, 0) : place + length + 1]
    classes = [tables.class_of(letter) for letter in around]
    classes = classes if place else ["start", *classes]
    follows = sum(tables.follows[one].get(two, 0.0) for one, two in pairwise(classes))
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
