"""A strip of the page around one text, and how well what a text looks like explains it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.arbitration.compiled.laying import summed
from invoice_lab.ocr.arbitration.laid import Plane
from invoice_lab.ocr.arbitration.lettering import Drawn, Lettering
from invoice_lab.ocr.page import Box

Costs = npt.NDArray[np.float32]
"""What is unexplained in each column: squared darkness, summed over the rows."""

SLACK = 3
"""Pixels that a text may stand off the place that the engine gave, each way."""
RISE = 6
"""Pixels that it may stand above or below: as much as an accent that was not read."""
BEGINNING = 8
"""Letters by which a text is found."""
PATCH = 0.5
"""Width, in ems, over which what is unexplained is summed up: about a letter."""
UNEXPLAINED = 0.005
"""Squared darkness of a patch, for each pixel of the em, from which on a letter is wrong: half of what tells a comma
from a point in light print."""
NOISY = 3.0
"""So many times the squared noise of a patch is not unusual."""
FAINTEST, DARKEST = 0.05, 1.2
"""Darkness of full coverage: nothing is darker than black but by a wrong letter or two."""
BESIDE = 1.0
"""Ems beside a text that must be blank where nothing is known to stand there."""


@dataclass(frozen=True)
class Look:
    """How texts look on a page.

    Attributes
    ----------
    lettering : Lettering
    blur : float
        Pixels.
    noise : float
        Darkness (root mean square).
    opacity : float
        Of the ink, 0 to 1, where the page was drawn with it: there, edges are darker than their coverage alone.
    """

    lettering: Lettering
    blur: float = 0.0
    noise: float = 0.0
    opacity: float = 1.0

    @property
    def is_plain(self) -> bool:
        """Whether texts look as their glyphs do."""
        return not self.blur and self.opacity == 1

    def draw(self, text: str) -> Drawn:
        """Draw a text as it looks on the page."""
        drawn = self.lettering.draw(text)
        if self.opacity < 1:  # colour and opacity are both laid on by coverage, then the page is shown on white
            ink = drawn.ink * (1 - drawn.ink * (1 - self.opacity)) / self.opacity
            drawn = replace(drawn, ink=ink.astype(np.float32))
        if not self.blur or not drawn.ink.size:
            return drawn
        around = round(3 * self.blur)
        ink = cv2.GaussianBlur(np.pad(drawn.ink, around), (0, 0), self.blur)
        return Drawn(ink, drawn.left - around, drawn.top - around, drawn.stops)


@dataclass(frozen=True)
class Strip:
    """The surroundings of a text.

    Attributes
    ----------
    seen : ndarray of float, shape (height, width)
        How dark they are, 0 to 1; what is known of other texts is taken out.
    corner : (x, y)
        Of the strip on the page.
    pen : (x, y)
        Where the text's pen starts and the top of its em box, in pixels of `seen`.
    gain : float
        Darkness of full coverage.
    look : Look
    label : int
        So many characters at the text's start are known.
    """

    seen: Plane
    corner: tuple[int, int]
    pen: tuple[int, int]
    gain: float
    look: Look
    label: int = 0
    _costs: dict[tuple[str, int], Costs] = field(default_factory=dict, repr=False)

    @property
    def limit(self) -> float:
        """What may stay unexplained on a patch."""
        size = self.look.lettering.size
        pixels = PATCH * size * (self.look.lettering.below - self.look.lettering.above)
        return UNEXPLAINED * size + NOISY * pixels * (self.look.noise / self.gain) ** 2

    def patches(self, text: str, move: int = 0) -> Costs:
        """Return what `text` leaves unexplained around each column, in parts of the ink; `move` shifts the pen."""
        if (text, move) not in self._costs:
            width = max(round(PATCH * self.look.lettering.size), 1)
            self._costs[text, move] = self._unexplained(text, move, width) / self.gain**2
        return self._costs[text, move]

    def _unexplained(self, text: str, move: int, width: int) -> Costs:
        laid = self.look.lettering.laid(text) if self.look.is_plain else None
        if laid is not None:
            return laid.unexplained(self.seen, (self.pen[0] + move, self.pen[1]), self.gain, width)
        drawn = self.look.draw(text)
        rest = self.seen.copy()
        _take_out(rest, drawn.ink * self.gain, self.pen[0] + drawn.left + move, self.pen[1] + drawn.top)
        return summed(np.square(rest).sum(axis=0), width)

    def reach(self, text: str, move: int = 0) -> int:
        """Return the first column that `text` does not explain, the width where there is none."""
        wrong = self.patches(text, move) > self.limit
        return int(np.argmax(wrong)) if wrong.any() else self.seen.shape[1]

    def misfit(self, text: str) -> float:
        """Return the worst patch, in parts of what is allowed: a text fits from 0 to 1."""
        return float(self.patches(text).max()) / self.limit

    def unexplained(self, text: str) -> float:
        """Return what `text` leaves unexplained of the whole strip, in parts of the ink."""
        return float(self.patches(text).sum()) / max(round(PATCH * self.look.lettering.size), 1)

    def character_at(self, text: str, column: int) -> int:
        """Return the number of the character that stands at a column."""
        stops = np.array(self.look.lettering.draw(text).stops) + self.pen[0]
        return int(np.clip(np.searchsorted(stops, column, side="right") - 1, 0, max(len(text) - 1, 0)))


def _take_out(rest: Plane, ink: Plane, x: int, y: int) -> None:
    """Subtract ink whose upper left corner lies at (x, y), as far as it lies on `rest`."""
    height, width = rest.shape
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + ink.shape[1], width), min(y + ink.shape[0], height)
    if left < right and top < bottom:
        rest[top:bottom, left:right] -= ink[top - y : bottom - y, left - x : right - x]


@dataclass(frozen=True)
class Placed:
    """A text on the page.

    Attributes
    ----------
    look : Look
    text : str
    label : int
        So many characters at its start are a label, which is known.
    pen : (x, y)
        Where its pen starts and the top of its em box, in pixels of the page.
    gain : float
        How dark full coverage is.
    """

    look: Look
    text: str
    label: int
    pen: tuple[int, int]
    gain: float


def place(dark: Plane, look: Look, text: str, label: int, box: Box) -> Placed | None:
    """Find a text.

    It is looked for by its label, or its first letters: a wrong one further on shifts all behind it.

    Parameters
    ----------
    dark : ndarray
        The page.
    look : Look
    text : str
    label : int
        So many characters at the start are its label.
    box : Box
        Around the ink behind the label, as the engine gave it; engines give boxes that are too high.

    Returns
    -------
    Placed or None
        None where it has no ink, lies beyond the page, or the page is blank there or has bolder letters.
    """
    value, drawn = look.draw(text[label:]), look.draw(text[: max(BEGINNING, label)].rstrip())
    height, width = drawn.ink.shape
    x = box.x - look.draw(text).stops[label] - value.left + drawn.left
    y = box.y - value.top + drawn.top
    left, top = max(x - SLACK, 0), max(y - RISE, 0)
    lower = RISE + max(box.height - value.ink.shape[0], 0)
    area = dark[top : max(y + height + lower, 0), left : max(x + width + SLACK, 0)]
    if not drawn.ink.size or area.shape[0] < height or area.shape[1] < width:
        return None
    likeness = cv2.matchTemplate(np.ascontiguousarray(area), drawn.ink, cv2.TM_CCORR_NORMED)
    *_, (x, y) = cv2.minMaxLoc(likeness)
    gain = float(area[y : y + height, x : x + width].sum() / drawn.ink.sum())
    if not FAINTEST <= gain <= DARKEST:
        return None
    return Placed(look, text, label, (left + x - drawn.left, top + y - drawn.top), gain)


def strip_of(dark: Plane, placed: Placed, others: list[Placed], left: int, right: int) -> Strip:
    """Cut out the surroundings of a text and take out what other texts explain there.

    Parameters
    ----------
    dark : ndarray
        The page.
    placed : Placed
    others : list of Placed
    left, right : int
        Columns of the page from which to before which it must stand alone.
    """
    x, y = placed.pen
    face = placed.look.lettering
    left, top = max(left, 0), max(y + face.above - 1, 0)
    seen = dark[top : y + face.below + 1, left : max(right, left + 1)].copy()
    for other in others:
        drawn = other.look.draw(other.text)
        _take_out(seen, drawn.ink * other.gain, other.pen[0] + drawn.left - left, other.pen[1] + drawn.top - top)
    np.maximum(seen, 0, out=seen)
    return Strip(seen, (left, top), (x - left, y - top), placed.gain, placed.look, placed.label)
