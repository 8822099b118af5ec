"""Mending a reading: letters that the pixels contradict are replaced by look-alikes that they support."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from invoice_lab.ocr.arbitration.confusable import alike, alphabet
from invoice_lab.ocr.arbitration.strip import SLACK, Placed, Strip

MOST = 10
"""Steps in which one text is mended; a text with more wrong letters was not read."""
CLEAN = 0.03
"""Noise (darkness) up to which letters are taken out or put in; on a page with more noise that explains anything."""
SOUGHT = 2
"""Steps in which, on a clean page, every letter of the alphabet is tried where no look-alike fits."""
EARLY = 2
"""Characters from the start within which a text without label may stand a little to the side."""

Score = tuple[int, float]


@dataclass(frozen=True)
class Mended:
    """A text as the pixels support it, and its misfit: up to 1 it fits, beyond something is unexplained."""

    text: str
    strip: Strip
    misfit: float

    @property
    def placed(self) -> Placed:
        """The text on the page."""
        (left, top), (x, y) = self.strip.corner, self.strip.pen
        return Placed(self.strip.look, self.text, self.strip.label, (left + x, top + y), self.strip.gain)


def mend(strip: Strip, text: str, kind: str) -> Mended:
    """Replace letters until the text explains the strip, as far as that can be done.

    Parameters
    ----------
    strip : Strip
    text : str
        As it was read, with its label.
    kind : str
        The kind of field, which tells what characters it can hold.
    """
    clean = strip.look.noise <= CLEAN
    strip, tries = _aligned(strip, text), SOUGHT if clean else 0
    for _ in range(MOST):
        reach = strip.reach(text)
        if reach >= strip.seen.shape[1]:
            break
        at = strip.character_at(text, reach)
        better = _best(strip, text, _likely(text, kind, range(max(at - 2, strip.label), min(at + 2, len(text))), clean))
        if better is None and tries:
            better, tries = _best(strip, text, _any(text, kind, at, strip.label)), tries - 1
        if better is None:
            break
        text, strip = better
    return Mended(text, strip, strip.misfit(text))


def _aligned(strip: Strip, text: str) -> Strip:
    """Move the pen to where the text explains most from its start on."""
    return _moved(strip, max(range(-SLACK, SLACK + 1), key=lambda move: (_score(strip, text, move), -abs(move))))


def _moved(strip: Strip, move: int) -> Strip:
    return replace(strip, pen=(strip.pen[0] + move, strip.pen[1]), _costs={}) if move else strip


def _score(strip: Strip, text: str, move: int = 0) -> Score:
    """Return how far a text explains the strip from its left, and how little it leaves unexplained up to there."""
    reach = strip.reach(text, move)
    return reach, -float(strip.patches(text, move)[:reach].sum())


def _best(strip: Strip, text: str, others: Iterable[tuple[int, str]]) -> tuple[str, Strip] | None:
    """Return the text that reaches farthest, with the strip as it lies under it; None where none reaches farther."""
    best, found = (strip.reach(text), 0.0), None
    for place, other in others:
        for move in range(-1, 2) if place < EARLY and not strip.label else (0,):
            score = _score(strip, other, move)
            if score[0] > best[0] or (found and score > best):
                best, found = score, (other, move)
    return (found[0], _moved(strip, found[1])) if found else None


def _likely(text: str, kind: str, places: range, clean: bool) -> Iterator[tuple[int, str]]:
    """Yield texts with a look-alike and, on a clean page, without a character, or with a space more."""
    for place in places:
        for other in alike(kind, text, place):
            yield place, other
        if clean:
            yield place, text[:place] + text[place + 1 :]
            yield place, text[:place] + " " + text[place:]


def _any(text: str, kind: str, at: int, first: int) -> Iterator[tuple[int, str]]:
    """Yield texts with any other character in the place of one, or beside it."""
    for place in range(max(at - 1, first), min(at + 1, len(text)) + 1):
        for letter in alphabet(kind):
            yield place, text[:place] + letter + text[place + 1 :]
            yield place, text[:place] + letter + text[place:]
