"""Compare what texts could be on the sheet itself: each reading drawn, seen and compressed as the sheet was.

The search works on the straightened page, which interpolation has spoilt a little; here nothing is spoilt. Of each
glyph the likeliest others are tried in its place, and of each text the other readings that the search found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from invoice_lab.ocr.glyphs.canvas import Canvas, FittedText
from invoice_lab.ocr.glyphs.exchange import margins, usage_cost, usage_costs
from invoice_lab.ocr.glyphs.search import BEAM, Found
from invoice_lab.ocr.glyphs.sheet import Sheet
from invoice_lab.ocr.glyphs.spread import Area, Plane
from invoice_lab.ocr.glyphs.typeface import Ints

MOST_OTHERS = 40
"""Glyphs that are tried in the place of one."""
HOPELESS = 150.0
"""Nats by which a glyph is worse on the straightened page from which on it is not tried."""
SEARCHES = ((0.003, 100), (0.007, 400))
"""Least noise (darkness) assumed, and hypotheses for each column, in the searches for texts that don't explain the
sheet. The more noise is assumed, the more counts what is usual."""
MOST_POOR = 8
"""Where more texts than these don't explain the sheet, something lies on it: no search mends that."""
EXPLORED, MOST_EXPLORED, MENDED = 4, 12, 3
"""Readings of a search whose glyphs are exchanged, too: for a text, and for all that are searched; glyphs of each. On
pages with handwriting over many texts there would be no end to it."""
RESTARTS, BEST = 4, 2
"""How often a search begins again where a text goes wrong; readings that are taken of each beginning."""
RIVALS = 8
"""Readings of each comparison that a text's lead is measured against."""
SWEEPS = 4
ALIKE = 0.9
"""A text's glyphs are compared anew where its error has become less than this share of what it was when they were
compared, or was less than this share of what it is now: how sure they are follows from it."""
GAIN = 0.1
"""Nats from which on one reading counts as better than another."""


@dataclass(frozen=True)
class Step:
    """A glyph put in a place: what that costs, in nats, and what should be seen of it; see `Sheet.costs`."""

    cost: float
    place: int
    glyph: int
    after: Plane
    window: Area


class Comparison:
    """Compares the readings of a page's texts.

    Parameters
    ----------
    sheet : Sheet
    canvas : Canvas
    texts : sequence of FittedText
        What they read, their margins and their lead are brought up to date.
    """

    def __init__(self, sheet: Sheet, canvas: Canvas, texts: Sequence[FittedText]) -> None:
        self._sheet, self._canvas = sheet, canvas
        self._texts = [text for text in texts if text.found]
        self._errors: dict[str, float] = {}
        self._each = EXPLORED

    def run(self) -> None:
        """Exchange glyphs and readings until none is better."""
        for text in self._texts:
            self._take_best(text, text.rivals + self._shorter(text))
        self._sheet.measure()
        self._exchange_all(self._texts)
        searches: list[Callable[[FittedText], None]] = [partial(self._search, *how) for how in SEARCHES]
        for search in (*searches, self._restart):
            poor = self._poor()
            if len(poor) > MOST_POOR:
                break
            self._each = min(EXPLORED, MOST_EXPLORED // max(len(poor), 1))
            for text in poor:
                search(text)
            self._exchange_all(poor)
        self._sheet.measure()
        self._exchange_all([text for text in self._texts if self._errs_otherwise(text)])
        for text in self._texts:
            self._lead(text)

    def _poor(self) -> list[FittedText]:
        """Return the texts that don't explain what is seen of them."""
        self._sheet.measure()
        return [text for text in self._texts if self._sheet.unexplained(text)]

    def _errs_otherwise(self, text: FittedText) -> bool:
        """Tell whether a text errs by more, or less, than it seemed to when its glyphs were compared."""
        least, most = sorted((self._sheet.error(text), self._errors[text.slot.name]))
        return least < ALIKE * most

    def _exchange_all(self, texts: Sequence[FittedText]) -> None:
        for text in texts:
            text.margins = margins(self._canvas, text)
            self._errors[text.slot.name] = self._sheet.error(text)
        changed = list(texts)
        for _ in range(SWEEPS):
            changed = [text for text in changed if self._exchange(text)]
            if not changed:
                break

    # --- glyphs ------------------------------------------------------------------------------------------------------

    def _exchange(self, text: FittedText) -> bool:
        """Exchange glyphs of a text; tell whether any was."""
        assert text.found is not None
        found, changed = np.full_like(text.margins, np.inf), False
        usage = usage_costs(self._canvas, text, self._canvas.face(text.slot))
        for place in range(len(text.found.glyphs)):
            others = self._others(text, place)
            if self._try(text, place, others, usage, found):
                changed = True
                usage = usage_costs(self._canvas, text, self._canvas.face(text.slot))
        text.margins = found
        return changed

    def _others(self, text: FittedText, place: int) -> Ints:
        """Return the glyphs to try at a place: what stands there, then the likeliest by the margins known."""
        assert text.found is not None
        row, now = text.margins[place], text.found.glyphs[place]
        likely = np.argsort(row, kind="stable")[: MOST_OTHERS + 1]
        likely = likely[(row[likely] < HOPELESS) & (likely != now)]
        return np.concatenate([[now], likely])

    def _try(self, text: FittedText, place: int, others: Ints, usage: Plane, worse: Plane) -> bool:
        """Try glyphs at a place and take the best; tell whether that is another than stands there."""
        assert text.found is not None
        now = int(others[0])
        worse[place, now] = 0
        if len(others) == 1:
            return False
        costs, after, window = self._costs(text, place, others, usage)
        best = int(costs.argmin())
        worse[place, others[1:]] = costs
        if costs[best] >= -GAIN:
            return False
        worse[place, others] -= costs[best]
        self._put(text, Step(float(costs[best]), place, int(others[1 + best]), after[best], window))
        return True

    def _put(self, text: FittedText, step: Step) -> None:
        """Put a glyph in its place."""
        assert text.found is not None
        self._sheet.take(step.after, step.window)
        glyphs = text.found.glyphs.copy()
        glyphs[step.place] = step.glyph
        text.found = Found(glyphs, text.found.steps, text.found.cost)
        self._canvas.redraw(text)

    def _descend(self, text: FittedText) -> None:
        """Exchange, of all glyphs, the one by which a text gets better most, as long as one does, but not many."""
        assert text.found is not None
        for _ in range(MENDED):
            text.margins = margins(self._canvas, text)
            usage = usage_costs(self._canvas, text, self._canvas.face(text.slot))
            places = [(place, self._others(text, place)) for place in range(len(text.found.glyphs))]
            steps = [self._step(text, place, others, usage) for place, others in places if len(others) > 1]
            best = min(steps, key=lambda step: step.cost, default=None)
            if best is None or best.cost >= -GAIN:
                break
            self._put(text, best)

    def _step(self, text: FittedText, place: int, others: Ints, usage: Plane) -> Step:
        costs, after, window = self._costs(text, place, others, usage)
        best = int(costs.argmin())
        return Step(float(costs[best]), place, int(others[1 + best]), after[best], window)

    def _costs(self, text: FittedText, place: int, others: Ints, usage: Plane) -> tuple[Plane, Plane, Area]:
        """Return by how much glyphs (all but the first, which stands there) are worse at a place; see `Sheet.costs`."""
        changes, corner = self._changes(text, place, others[1:])
        costs, after, window = self._sheet.costs(text, changes, corner)
        return costs + usage[place, others[1:]] - usage[place, others[0]], after, window

    def _changes(self, text: FittedText, place: int, others: Ints) -> tuple[Plane, tuple[int, int]]:
        """Return by how much the ink changes with each of some glyphs in a place, and where that is on the canvas."""
        assert text.found is not None
        face = self._canvas.face(text.slot).glyphs
        glyphs = np.tile(text.found.glyphs, (len(others), 1))
        glyphs[:, place] = others
        pens = face.pens(text.found.glyphs, text.start)
        changes = [
            self._local_change(text, row, place)
            if np.array_equal(face.pens(row, text.start), pens)
            else face.text_drawn(row, text.start, text.drawn.shape[1]) - text.drawn
            for row in glyphs
        ]
        rows, columns = text.area
        return _trimmed(text.cut(np.stack(changes)), (columns.start, rows.start))

    def _local_change(self, text: FittedText, glyphs: Ints, place: int) -> Plane:
        """Return by how much the ink changes where one glyph changes and no pen moves."""
        assert text.found is not None
        face, width = self._canvas.face(text.slot).glyphs, text.drawn.shape[1]
        pens = face.pens(text.found.glyphs, text.start)
        left = max(int(pens[place]) - face.pen, 0)
        right = min(int(pens[place]) - face.pen + face.width, width)
        near = slice(max(place - 1, 0), place + 2)
        local = (pens[near] - left).tolist()
        before, after = (face.drawn_at(row[near].tolist(), local, right - left) for row in (text.found.glyphs, glyphs))
        change = np.zeros_like(text.drawn)
        change[:, left:right] = after - before
        return change

    # --- readings ----------------------------------------------------------------------------------------------------

    def _lead(self, text: FittedText) -> None:
        """Measure how much better a text is than the other readings that more than one glyph sets apart.

        Blanks at the end, which nobody can see, are no difference.
        """
        assert text.found is not None
        texts = self._canvas.face(text.slot).glyphs.texts
        now = _visible(text.found.glyphs, texts)
        apart = [rival for rival in text.rivals if _differing(_visible(rival.glyphs, texts), now) > 1]
        text.lead = float(self._compared(text, apart)[0].min()) if apart else np.inf

    def _shorter(self, text: FittedText) -> list[Found]:
        """Return the readings that lack some of the marks at a text's end: a rule, or dust, looks like them.

        Where many of them are wrong, taking away one only moves the others.
        """
        assert text.found is not None
        glyphs, steps, texts = text.found.glyphs, text.found.steps, self._canvas.face(text.slot).glyphs.texts
        kept = max((end for end, glyph in enumerate(glyphs, 1) if texts[glyph].isalnum()), default=1)
        ends = (end for end in range(kept, len(glyphs)) if steps[end - 1] == steps[-1])
        return [Found(glyphs[:end], steps[:end], text.found.cost) for end in ends]

    def _search(self, noise: float, beam: int, text: FittedText) -> None:
        """Take the best of what a wider search finds, and what becomes of some of its readings."""
        rivals = self._canvas.rivals(text, max(self._canvas.spread.noise, noise), beam)
        self._take_best(text, rivals)
        self._exchange_all([text])
        for rival in rivals[: self._each]:
            self._explore(text, rival)

    def _explore(self, text: FittedText, rival: Found) -> None:
        """Take what another reading becomes when its glyphs are exchanged, if that is better.

        Two letters that are wrong together can each be right for the pens of the other.
        """
        assert text.found is not None
        before = text.found
        costs, after, window = self._compared(text, [rival])
        if costs[0] > MENDED * HOPELESS:  # more than so many glyphs could mend
            return
        self._take(text, rival, after[0], window)
        self._descend(text)
        self._take_best(text, [before])

    def _restart(self, text: FittedText) -> None:
        """Search a text again from where it goes wrong, as long as that makes it better."""
        noise = max(self._canvas.spread.noise, SEARCHES[0][0])
        for _ in range(RESTARTS):
            wrong = self._sheet.first_wrong(text, self._canvas.columns(text))
            branches = [one for keep in (wrong - 1, wrong) if keep >= 0 for one in self._canvas.branches(text, keep)]
            rivals = [found for kept in branches for found in self._canvas.rivals(text, noise, BEAM, kept=kept)[:BEST]]
            if not self._take_best(text, rivals):
                break

    def _take_best(self, text: FittedText, rivals: list[Found]) -> bool:
        """Take the best of some readings if it is better than a text as it reads; tell whether it is.

        Those nearest to it, and what it replaces, stay its rivals.
        """
        assert text.found is not None
        rivals = [rival for rival in rivals if not np.array_equal(rival.glyphs, text.found.glyphs)]
        if not rivals:
            return False
        costs, after, window = self._compared(text, rivals)
        best = int(costs.argmin())
        near = [rivals[number] for number in np.argsort(costs, kind="stable")[:RIVALS]]
        text.rivals = _distinct([*text.rivals, *near, text.found])
        if costs[best] >= -GAIN:
            return False
        self._take(text, rivals[best], after[best], window)
        return True

    def _take(self, text: FittedText, reading: Found, after: Plane, window: Area) -> None:
        """Take a reading; see `Sheet.take`."""
        self._sheet.take(after, window)
        text.found = reading
        self._canvas.redraw(text)
        self._canvas.measure(text)

    def _compared(self, text: FittedText, rivals: Sequence[Found]) -> tuple[Plane, Plane, Area]:
        """Return by how much other readings are worse, in nats, and what should be seen of them; see `Sheet.costs`."""
        assert text.found is not None
        changes = np.stack([self._canvas.drawn(text, rival) - text.drawn for rival in rivals])
        corner = (text.area[1].start, text.area[0].start)
        costs, after, window = self._sheet.costs(text, *_trimmed(changes, corner))
        usage = np.array([usage_cost(self._canvas, text, rival) for rival in rivals], np.float32)
        return costs + usage - np.float32(usage_cost(self._canvas, text, text.found)), after, window


def _distinct(readings: Sequence[Found]) -> list[Found]:
    """Return each of some readings once."""
    return list({one.glyphs.tobytes(): one for one in readings}.values())


def _visible(glyphs: Ints, texts: Sequence[str]) -> Ints:
    """Return the glyphs of a reading up to the last that is no blank."""
    seen = [place for place, glyph in enumerate(glyphs) if not texts[glyph].isspace()]
    return glyphs[: seen[-1] + 1] if seen else glyphs[:0]


def _differing(glyphs: Ints, others: Ints) -> float:
    """Return in how many places two readings differ, infinity where their lengths do.

    A glyph that only one of them has at its end is one place.
    """
    short, long = sorted((glyphs, others), key=len)
    if len(long) == len(short) + 1 and np.array_equal(short, long[:-1]):
        return 1.0
    return float(np.count_nonzero(glyphs != others)) if len(glyphs) == len(others) else np.inf


def _trimmed(changes: Plane, corner: tuple[int, int]) -> tuple[Plane, tuple[int, int]]:
    """Cut off rows and columns in which nothing changes."""
    touched = (changes != 0).any(axis=0)
    rows, columns = np.flatnonzero(touched.any(axis=1)), np.flatnonzero(touched.any(axis=0))
    if not len(rows):
        return changes[:, :1, :1], corner
    part = changes[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.ascontiguousarray(part), (corner[0] + int(columns[0]), corner[1] + int(rows[0]))
