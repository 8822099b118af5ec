"""Read a sheet that was turned without interpolation: laid flat by the angle that what is read on it tells best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.drawn_layout import DrawnLayout
from invoice_lab.ocr.exact import read_exact
from invoice_lab.ocr.fitting import fit_page
from invoice_lab.ocr.flat import MOST_WRONG, Flat, Turn, turn_of
from invoice_lab.ocr.glyphs.fit import NONE, PageFit, draw_labels
from invoice_lab.ocr.glyphs.spread import Mask, Plane
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.registration import Registered

UNDECIDED = 0.001
"""Degrees to which labels have to tell an angle, a hundredth of a pixel at the edges; else more than one is tried."""
MISREAD = 0.01
"""Share of telling pixels that show something else where texts are misread, or the angle is wrong."""
ROUNDS = 3


@dataclass(frozen=True)
class LaidFlat:
    """A sheet laid flat, and what is read of it.

    Attributes
    ----------
    turn : Turn
        How it was turned.
    flat : Flat
    exact : dict of str to str
        Slot name to its text, where every pixel is known and as it is drawn.
    fit : PageFit
        Of the other texts.
    """

    turn: Turn
    flat: Flat
    exact: dict[str, str]
    fit: PageFit


def lay_flat(rgb: Pixels, drawn: DrawnLayout, registered: Registered) -> LaidFlat | None:
    """Lay a sheet flat; None where it was not turned, or by interpolation, or no angle fits what is read.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (height, width, 3)
    drawn : DrawnLayout
    registered : Registered
    """
    if registered.pose.whole_shift is not None:
        return None
    turn = turn_of(rgb, registered.pose, drawn.layout.canvas, *_drawn(drawn, registered, NONE))
    if turn is None or turn.low <= 0 <= turn.high:  # not turned at all
        return None
    best: LaidFlat | None = None
    for start in [turn] if turn.width <= UNDECIDED else turn.parts():
        laid = _settled(rgb, drawn, registered, (turn, start))
        if best is None or laid.turn.wrong < best.turn.wrong:
            best = laid
        if best.turn.wrong <= MISREAD:
            break
    return best if best and best.turn.wrong <= MOST_WRONG else None


def _settled(rgb: Pixels, drawn: DrawnLayout, registered: Registered, turns: tuple[Turn, Turn]) -> LaidFlat:
    """Read a page and tell the angle by that, of all of the first turn; again, as long as that shows other pixels."""
    every, first = turns
    laid = _laid(rgb, drawn, registered, first)
    for _ in range(ROUNDS):
        read = dict(laid.exact)
        read.update((text.slot.name, "".join(laid.fit.canvas.said(text)).rstrip()) for text in laid.fit.open)
        after = every.narrowed(rgb, *_drawn(drawn, registered, read))
        if after is None:
            break
        flat = after.flatten(rgb)
        both = flat.known & laid.flat.known
        certain = read_exact(flat.rgb, drawn, registered.placement, flat.known)
        if laid.exact.items() <= certain.items() and np.array_equal(flat.rgb[both], laid.flat.rgb[both]):
            return replace(laid, turn=after, flat=flat)
        laid = _laid(rgb, drawn, registered, after)
    return laid


def _laid(rgb: Pixels, drawn: DrawnLayout, registered: Registered, turn: Turn) -> LaidFlat:
    flat = turn.flatten(rgb)
    exact = read_exact(flat.rgb, drawn, registered.placement, flat.known)
    fit = fit_page(registered.laid_flat(to_grey(flat.rgb), flat.known, drawn), drawn, exact)
    return LaidFlat(turn, flat, exact, fit)


def _drawn(drawn: DrawnLayout, registered: Registered, read: Mapping[str, str]) -> tuple[Plane, Mask]:
    """Draw texts as far as they are read, labels alone of the others; see `draw_labels`.

    Nothing is known where the rule crosses them.
    """
    slots = filter(drawn.holds, drawn.slots(registered.placement))
    told = [replace(slot, label=read.get(slot.name) or slot.label) for slot in slots]
    ink, where = draw_labels(registered.dark.shape, told)
    rule = drawn.rule_at(registered.placement)
    if rule and rule.row >= 0:
        where[rule.row : rule.row + 1] = False
    return ink, where
