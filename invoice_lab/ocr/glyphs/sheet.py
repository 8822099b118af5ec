"""A sheet as it should look: texts drawn, seen by its pixels, compressed as it was, and what differs from that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.glyphs.appearance import EXACT, Appearance, Optics, Size, choose, coarsened, resized, shifted
from invoice_lab.ocr.glyphs.blocks import Blocks, in_blocks, steps_of
from invoice_lab.ocr.glyphs.canvas import Canvas, FittedText
from invoice_lab.ocr.glyphs.explained import explained_pixels
from invoice_lab.ocr.glyphs.finish import Compressed, Plain, greyed
from invoice_lab.ocr.glyphs.inked import LUMA, Ink
from invoice_lab.ocr.glyphs.jpeg import UNIT
from invoice_lab.ocr.glyphs.noise import WIDEST, Noise, estimate_noise
from invoice_lab.ocr.glyphs.overlaps import overlaps
from invoice_lab.ocr.glyphs.phased import PhasedSpread
from invoice_lab.ocr.glyphs.sampling import estimate_sampling
from invoice_lab.ocr.glyphs.spread import Area, Mask, Plane
from invoice_lab.ocr.glyphs.typeface import Ints
from invoice_lab.ocr.paper import paper, to_grey
from invoice_lab.ocr.pose import EDGE, Points, Pose

SAMPLE = 8
"""Texts, those with most ink, by which it is found out how a sheet came about."""
FAR_OFF = 30.0
"""Grey levels: farther off, a pixel counts as spoilt, and no more."""
PATCH = 9
"""Pixels of the canvas, both ways, of a patch on which something unexplained is looked for."""
MEAN_WEIGHT = 0.01
"""Weight of the texts' mean misfit beside their median one, to tell ways apart that explain most texts alike."""
SPOILT = 20.0
"""Standard deviations: farther off, a pixel counts as spoilt, and no more."""
BETTER_PART = 25.0
"""Percentile of the texts, by what the worst patch of each leaves, that is taken for a good one."""
UNUSUAL, FEW = 3.0, 3
"""Something else stands on a patch that leaves more (squares, in variances) than so many times what the worst patch of
a good text leaves, and so many spoilt pixels beside that."""
MOST_SPOILT = 0.04
"""Share of spoilt pixels, of all near explained ink, from which on it is not known how the sheet came about."""
MOST_LEFT = 8
"""Spoilt pixels: where the worst patch of a good text leaves more than so many do, that is not known either."""
MOST_UNKNOWN = 0.3
"""Share of a patch of a text of which nothing is known from which on it can't be told what stands there."""
NEAR, BLANK = 3, 6.0
"""Pixels, both ways, in which grey levels that differ by no more are blank."""
LOST = 0.5
"""Share of what compression changes nearby by which a pixel may err: shades hardly off are rounded otherwise."""
HALF = 0.5
"""Share of a block's pixels that have to be explained."""
NOWHERE: Area = (slice(0, 0), slice(0, 0))


class Sheet:
    """The pixels of a sheet and what they should be.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (height, width, 3)
    pose : Pose
        Where the canvas lies on it.
    canvas : Canvas
    texts : sequence of FittedText
        As they read by now.
    unknown : ndarray of bool, shape (height, width), optional
        Pixels that tell next to nothing.

    Attributes
    ----------
    appearance : Appearance
    noise : Noise
    """

    def __init__(
        self, rgb: Pixels, pose: Pose, canvas: Canvas, texts: Sequence[FittedText], unknown: Mask | None = None
    ) -> None:
        grey = to_grey(rgb)
        self._grey = _in_units(grey.astype(np.float32))
        self._size: Size = (self._grey.shape[0], self._grey.shape[1])
        self._pose = pose
        missing = np.zeros(grey.shape, np.float32) if unknown is None else unknown.astype(np.float32)
        self._unknown = _in_units(missing) > 0
        self._scale = max(pose.scale, 0.5)
        self._laid: Size = (grey.shape[0], grey.shape[1])
        self._texts, self._rule, self._overlaps = texts, canvas.rule, list(overlaps(texts))
        self._sample = sorted(texts, key=lambda text: -float(text.drawn.sum()))[:SAMPLE]
        bright = paper(pose.rectify(grey, canvas.ink.shape[::-1]).astype(np.float32))
        self._whole_paper = self._paper_of(rgb, pose, bright)
        told = explained_pixels(canvas, self._pose, self._laid).astype(np.float32)
        self._told = (_in_units(told, cv2.BORDER_CONSTANT) > 0) & ~self._unknown
        self._drawn: tuple[Optics, bool] | None = None
        self._paper = self._whole_paper
        ways = self._ways(self._pose, canvas, self._laid)
        self.appearance = choose(ways, self._misfit, coloured=self._paper.shape[2] > 1)
        self._take(self.appearance)
        self.measure()

    def _paper_of(self, rgb: Pixels, pose: Pose, bright: Plane) -> Plane:
        """Return the brightness of the paper in each channel, one where the sheet has no colours."""
        size = (self._size[1], self._size[0])
        laid = cv2.warpPerspective(bright, pose.matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if not (np.ptp(rgb, axis=2) > 0).any():
            return laid[:, :, None]
        usual = np.percentile(rgb.reshape(-1, 3), 90, axis=0)
        tinted: Plane = laid[:, :, None] * (usual / max(float(usual @ LUMA), 1)).astype(np.float32)
        return tinted

    def _ways(self, pose: Pose, canvas: Canvas, sheet: Size) -> Iterator[Appearance]:
        size = (canvas.ink.shape[0], canvas.ink.shape[1])
        shift, spread = pose.whole_shift, canvas.spread
        if shift is not None:
            yield from shifted(shift, spread, self._size)
        yield from self._sampled(pose, canvas)
        if shift is not None and isinstance(spread, PhasedSpread):
            yield from coarsened(shift, sheet, self._size, spread, self._misfit)
        if np.array_equal(pose.matrix, Pose.filling(size[::-1], sheet[::-1]).matrix):
            yield from resized(size, sheet, self._size, self._misfit)

    def _sampled(self, pose: Pose, canvas: Canvas) -> Iterator[Appearance]:
        """Return the ways of a sheet whose pixels lie anyhow on the canvas."""
        dark: Plane = (1 - self._grey / np.maximum(greyed(self._paper)[:, :, 0], 1)).astype(np.float32)
        sampling, level = estimate_sampling(dark, canvas.ink, self._told, pose)
        yield Appearance(sampling, self._size, level)

    def _take(self, way: Appearance) -> None:
        """Draw all texts in a way that the sheet can have come about."""
        drawn = (way.optics, isinstance(way.finish, Plain))
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._paper = self._whole_paper
        if isinstance(way.finish, Plain) and self._rule is None:
            self._paper = greyed(self._paper)
        if way.size != self._size:
            small = cv2.resize(self._paper, way.size[::-1], interpolation=cv2.INTER_AREA)
            self._paper = small.reshape(*way.size, -1)
        self._should: Plane = self._paper * np.float32(1 - way.level)
        if self._rule:
            self._draw(way, self._rule.drawn, self._rule.area, self._rule.rule.ink)
        for text in self._texts:
            self._draw(way, text.drawn, text.area, text.slot.ink)
        for twice, area, ink in self._overlaps:
            self._draw(way, -twice, area, ink)

    def _draw(self, way: Appearance, drawn: Plane, area: Area, ink: Ink) -> None:
        """Darken what the sheet should be by ink that is drawn on an area of the canvas."""
        rows, columns = area
        window = way.optics.window(area, way.size)
        if not _is_empty(window):
            seen = way.optics.seen(drawn[None], (columns.start, rows.start), window)[0]
            self._should[window] -= self._paper[window] * seen[:, :, None] * self._tint(ink)

    def _misfit(self, way: Appearance) -> float:
        """Return how far some of the texts are from what they should look like, in grey levels.

        The root of the median of their mean squares: texts that are misread are far off in any way. That of the mean
        tells ways apart that leave nothing of most texts: black ones look alike however colours are thinned out.
        """
        self._take(way)
        squares = []
        for text in self._sample:
            window = way.optics.window(text.area, way.size)
            if _is_empty(window):
                continue
            known, affected = way.finish.whole(window)
            left = way.finish(self._should[known][None], known, affected)[0] - self._grey[affected]
            told = np.minimum(np.abs(left[self._told[affected]]), FAR_OFF)
            if told.size:
                squares.append(float((told**2).mean()))
        return float(np.sqrt(np.median(squares)) + MEAN_WEIGHT * np.sqrt(np.mean(squares))) if squares else np.inf

    def _tint(self, ink: Ink) -> Plane:
        """Return how dark an ink is in each channel of the sheet, of its darkness in grey."""
        return ink.tint() if self._paper.shape[2] > 1 else np.ones(1, np.float32)

    @property
    def understood(self) -> bool:
        """Whether it is known how the sheet came about; else nothing that is read of it is certain."""
        spoilt = float(self.noise.spoilt[self._told].mean()) if self._told.any() else 1.0
        return spoilt <= MOST_SPOILT and self._usual <= MOST_LEFT * (SPOILT * self._scale) ** 2

    def unexplained(self, text: FittedText) -> bool:
        """Tell whether something else stands on a text, or it is misread."""
        return self._crowded(text.body)

    def hidden(self, text: FittedText) -> bool:
        """Tell whether a part of a text, or the place of one more letter, lies beyond the sheet, or is not known.

        Its label is known anyway.
        """
        area = text.after_label()
        if area is None:
            return False
        corners = self._pose.on_sheet(_corners(area))
        if (corners < -EDGE).any() or (corners > np.array(self._laid[::-1]) - EDGE).any():
            return True
        parts = self._where(area)
        if parts is None:
            return True
        unknown = self._unknown[parts[1]] * self._inside(area, parts[1])
        return bool(cv2.blur(unknown, (PATCH, PATCH), borderType=cv2.BORDER_CONSTANT).max() > MOST_UNKNOWN)

    def error(self, text: FittedText) -> float:
        """Return by how much pixels of a text err at its edges, in grey levels (standard deviation)."""
        blocks, parts = self._blocks.get(text.slot.name), self._where(text.body)
        if blocks:
            return blocks.error
        errors = self.noise.error(parts[1])[self._edges[parts[1]]] if parts else np.zeros(0)
        return float(np.median(errors)) if errors.size else 0.0

    def first_wrong(self, text: FittedText, columns: Ints) -> int:
        """Return the place of the first glyph that does not explain what is seen of it; their number if all do.

        Parameters
        ----------
        text : FittedText
        columns : ndarray of int, shape (glyphs + 1,)
            Where each glyph begins on the canvas, and where the last one ends.
        """
        rows, _ = text.body
        areas = [(rows, slice(int(left), int(right))) for left, right in pairwise(columns)]
        return next((place for place, area in enumerate(areas) if self._crowded(area)), len(areas))

    def _crowded(self, area: Area) -> bool:
        """Tell whether an area of the canvas has a patch that leaves more than texts usually do."""
        return self._worst(area) > self._most

    def _worst(self, area: Area) -> float:
        """Return what the worst patch of an area of the canvas leaves: squares, in variances.

        No pixel counts for more than a spoilt one. Infinite for an area beyond the sheet.
        """
        parts = self._where(area)
        if parts is None:
            return np.inf
        known, affected = parts
        left = np.minimum(np.abs(self._residual(known, affected)) / self._error[affected], SPOILT)
        edge = max(round(PATCH * self._scale), 3)
        squares = left**2 * self._inside(area, affected)
        return float(cv2.boxFilter(squares, -1, (edge, edge), normalize=False, borderType=cv2.BORDER_CONSTANT).max())

    def _inside(self, area: Area, window: Area) -> Plane:
        """Tell which pixels of a window lie on an area of the canvas: on a turned sheet, not all of them."""
        places = self._pose.on_sheet(_corners(area)) - (window[1].start, window[0].start)
        inside = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), np.uint8)
        cv2.fillConvexPoly(inside, np.round(places).astype(np.int32), 1)
        return inside.astype(np.float32)

    def measure(self) -> None:
        """Measure the noise anew, by how much a pixel errs at the least (grey levels), and what patches leave."""
        everything = (slice(0, self._size[0]), slice(0, self._size[1]))
        picture = (slice(0, self.appearance.size[0]), slice(0, self.appearance.size[1]))
        seen: Plane = self.appearance.finish(self._should[picture][None], picture, everything)[0]
        self._edges = _edges(seen)
        windows = (window for _, _, window in self._parts())
        self.noise: Noise = estimate_noise(self._grey - seen, self._told, self._edges, windows)
        self.noise.sigma[self._unknown] = WIDEST
        self._error: Plane = np.maximum(self.noise.error(everything), 1)
        if isinstance(self.appearance.finish, Compressed):
            lost = cv2.blur((greyed(self._should)[..., 0] - seen) ** 2, (UNIT, UNIT))
            self._error = np.maximum(self._error, LOST * np.sqrt(np.maximum(lost, 0)))  # sums round below zero
        self._blocks = dict(self._inexact(picture, self._grey - seen))
        worst = [left for text in self._texts if np.isfinite(left := self._worst(text.body))]
        self._usual = float(np.percentile(worst, BETTER_PART)) if worst else 0.0
        self._most = UNUSUAL * self._usual + FEW * (SPOILT * self._scale) ** 2

    def _inexact(self, picture: Area, left: Plane) -> Iterator[tuple[str, Blocks]]:
        """Return the blocks of those texts of a compressed sheet of which it is not known exactly what was compressed.

        The error of each, or of all texts where that is more.
        """
        finish = self.appearance.finish
        if not isinstance(finish, Compressed):
            return
        inexact = [
            (text, known)
            for text, known, window in self._parts()
            if _root_mean_square(left[window][self._told[window]]) > EXACT
        ]
        if not inexact:
            return
        should, steps = greyed(np.clip(self._should, 0, 255))[..., 0], steps_of(finish.how.quality)

        def blocks_of(part: Area) -> Blocks:
            return Blocks.estimated(steps, *_blocks_where(self._told[part], should[part], self._grey[part]))

        usual = blocks_of(picture).error
        for text, known in inexact:
            own = blocks_of(known)
            yield text.slot.name, replace(own, error=max(own.error, usual))

    def _parts(self) -> Iterator[tuple[FittedText, Area, Area]]:
        """Return the texts on the sheet, each with the part of the picture and that of the sheet where it stands."""
        for text in self._texts:
            parts = self._where(text.body)
            if parts:
                yield text, *parts

    def _residual(self, known: Area, affected: Area) -> Plane:
        """Return by how much pixels differ from what they should be, in grey levels; see `Finish`."""
        finished: Plane = self.appearance.finish(self._should[known][None], known, affected)[0]
        return self._grey[affected] - finished

    def costs(self, text: FittedText, changes: Plane, corner: tuple[int, int]) -> tuple[Plane, Plane, Area]:
        """Compare changes of a text's ink.

        Parameters
        ----------
        text : FittedText
        changes : ndarray, shape (n, height, width)
            Ink that is added (or, below zero, taken away) on a part of the canvas.
        corner : (x, y)
            Where on the canvas.

        Returns
        -------
        ndarray, shape (n,)
            By how much each makes the sheet less likely, in nats.
        ndarray, shape (n, rows, columns, channels)
            What the pixels of a window should be then, before compression.
        (slice, slice)
            The window.
        """
        area = (slice(corner[1], corner[1] + changes.shape[1]), slice(corner[0], corner[0] + changes.shape[2]))
        parts = self._where(area)
        if parts is None:
            return np.zeros(len(changes), np.float32), np.zeros((len(changes), 0, 0, 1), np.float32), NOWHERE
        known, affected = parts
        seen = self.appearance.optics.seen(changes, corner, known)[..., None] * self._tint(text.slot.ink)
        before = self._should[known][None]
        pictures = np.concatenate([before, before - self._paper[known][None] * seen])
        surprise = self._surprise(text, pictures, known, affected)
        return surprise[1:] - surprise[0], pictures[1:], known

    def _surprise(self, text: FittedText, pictures: Plane, known: Area, affected: Area) -> Plane:
        """Return how unlikely the sheet is where pictures of a window are what it should be, in nats, shape (n,)."""
        blocks = self._blocks.get(text.slot.name)
        if blocks:
            return blocks.surprise(greyed(np.clip(pictures, 0, 255))[..., 0], self._grey[known])
        left = self._grey[affected][None] - self.appearance.finish(pictures, known, affected)
        return self.noise.surprise(left, affected).sum(axis=(1, 2))

    def _where(self, area: Area) -> tuple[Area, Area] | None:
        """Return the part of the picture, and that of the sheet, that ink on an area of the canvas changes.

        None where that lies beyond the sheet.
        """
        way = self.appearance
        window = way.optics.window(area, way.size)
        return None if _is_empty(window) else way.finish.whole(window)

    def take(self, after: Plane, window: Area) -> None:
        """Take a change: what the pixels of a window should be from now on."""
        self._should[window] = after


def _is_empty(window: Area) -> bool:
    """Tell whether a window has no pixel."""
    return any(part.stop <= part.start for part in window)


def _root_mean_square(left: Plane) -> float:
    """Return the root mean square of residuals, zero without any."""
    return float(np.sqrt((left**2).mean())) if left.size else 0.0


def _blocks_where(told: Mask, *pictures: Plane) -> tuple[Plane, ...]:
    """Return the blocks of pictures of which most pixels are explained."""
    where = in_blocks(told.astype(np.float32)[None])[0].mean(axis=(1, 2)) > HALF
    return tuple(in_blocks(picture[None])[0][where] for picture in pictures)


def _edges(seen: Plane) -> Mask:
    """Tell where a picture is not blank, or not far from what is not."""
    kernel = np.ones((NEAR, NEAR), np.uint8)
    contrast: Plane = cv2.dilate(seen, kernel) - cv2.erode(seen, kernel)
    return contrast > BLANK


def _corners(area: Area) -> Points:
    """Return the middles of an area's outermost pixels, clockwise from the upper left."""
    (top, bottom), (left, right) = ((part.start, part.stop - 1) for part in area)
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float)


def _in_units(plane: Plane, border: int = cv2.BORDER_REPLICATE) -> Plane:
    """Return a picture continued to whole units, as libjpeg does: by its last row and column."""
    height, width = plane.shape
    made: Plane = cv2.copyMakeBorder(plane, 0, -height % UNIT, 0, -width % UNIT, border)
    return made
