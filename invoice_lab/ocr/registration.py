"""Registration: bring a page back to its layout's canvas, by the QR code's corners first, then by its labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.anchors import Anchor, Plane, Sighting, find
from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.drawn_layout import DrawnLayout, Offset, Placement
from invoice_lab.ocr.outline import outline
from invoice_lab.ocr.paper import darkness
from invoice_lab.ocr.pose import CORNER_ERROR, EDGE, Points, Pose
from invoice_lab.ocr.qrcode import QrCode

AROUND = (24, 24)
"""Pixels in which labels are looked for before anything but the code's corners is known: these may be off by one."""
NEAR = (5, 5)
"""Pixels in which they are looked for once the page lies nearly as it should."""
FAR = (90, 70)
"""Pixels in which they are looked for on a page seen from aside."""
BETWEEN = (12, 8)
"""Pixels in which the lines' labels are looked for: less than half a line up and down, or the next line's is found."""
LIKELY, CLEAR = 0.5, 0.85
"""Share of the labels that must be where they should for a pose to be kept, and for no other to be tried."""
ASKEW = 1.0
"""Pixels (root mean square) that labels may be off on a page seen from aside."""
LABEL_ERROR = 0.15
"""Pixels by which labels are off."""
SNAPPED = 0.3
"""Pixels (root mean square) that labels may be off a shift by whole pixels."""
INK, BLANK = 0.02, 25
"""Mean darkness of a row of cells from which on there is text in it, more than in a blank row: the given percentile of
all rows is one."""
HIGH = 3
"""Rows over which it is averaged: text is always higher, specks are not."""
ROUNDS = 3
MOST_LINES = 60


@dataclass(frozen=True)
class Registered:
    """A page on its layout's canvas.

    Attributes
    ----------
    pose : Pose
    placement : Placement
    grey : ndarray of uint8, shape (height, width)
        The canvas.
    dark, weights : ndarray of float, shape (height, width)
        See `invoice_lab.ocr.paper.darkness`.
    """

    pose: Pose
    placement: Placement
    grey: Pixels
    dark: Plane
    weights: Plane

    def laid_flat(self, grey: Pixels, known: npt.NDArray[np.bool_], drawn: DrawnLayout) -> Registered:
        """Return the page where the canvas is known by other means, but for some of its pixels."""
        dark, weights = _without_pictures(grey, drawn)
        return Registered(Pose.of_shift(0, 0), self.placement, grey, dark, weights * known)


class Registration:
    """Registers one sheet.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
        The sheet.
    drawn : DrawnLayout
    code : QrCode or None
    guess : Pose, optional
        About where the canvas lies; as the code says, else that it fills the sheet by default.
    """

    def __init__(self, grey: Pixels, drawn: DrawnLayout, code: QrCode | None, guess: Pose | None = None) -> None:
        self._sheet, self._drawn = grey, drawn
        self._canvas = drawn.layout.canvas
        corners = drawn.code_corners
        self._corners = corners - EDGE if code and corners is not None else None
        self._seen_corners = np.array(code.corners if code else np.zeros((0, 2)), float) - EDGE
        self._guess = guess
        self._pose = guess or self._unaided()

    def run(self) -> Registered | None:
        """Register the sheet; None where the labels are not found."""
        found = self._registered()
        if self._guess is None or (found and all(map(self._drawn.holds, self._drawn.slots(found.placement)))):
            return found
        self._pose = self._unaided()  # a header that has moved looks like a page that has
        return self._registered() or found

    def _registered(self) -> Registered | None:
        self._look()
        first = self._pose
        unmoved = self._place_unmoved()
        if unmoved is None or self._share(unmoved) < CLEAR:
            unmoved = self._better_moved(unmoved, first)
        if unmoved is None:
            return None
        self._snap(unmoved)
        return Registered(self._pose, unmoved, self._grey, self._dark, self._weights)

    def _better_moved(self, unmoved: Placement | None, first: Pose) -> Placement | None:
        """Try whether blocks have moved; keep what brings more labels to their places."""
        pose, share = self._pose, self._share(unmoved) if unmoved else 0.0
        self._pose = first
        self._look()
        moved = self._place_moved()
        if moved and self._share(moved) > max(share, LIKELY):
            return moved
        self._pose = pose
        self._look()
        return unmoved

    # --- the pose ----------------------------------------------------------------------------------------------------

    def _unaided(self) -> Pose:
        """Return the pose that the code's corners tell, that of a page that fills its sheet without a code."""
        if self._corners is not None:
            return Pose.similar(self._corners, self._seen_corners)
        return Pose.of_size(self._canvas, (self._sheet.shape[1], self._sheet.shape[0]))

    def _look(self) -> None:
        """Straighten the sheet with the pose known so far."""
        self._grey = self._pose.rectify(self._sheet, self._canvas)
        self._dark, self._weights = _without_pictures(self._grey, self._drawn)

    def _anchors(self, placement: Placement, *, with_lines: bool = True) -> list[Anchor]:
        anchors = [one.moved(placement.header) for one in self._drawn.header_anchors()]
        table = self._drawn.foot_anchors(placement.lines)
        for line in range(placement.lines if with_lines else 0):
            table += self._drawn.line_anchors(line)
        return anchors + [one.moved(placement.table) for one in table]

    def _refine(self, anchors: Sequence[Anchor], within: tuple[int, int]) -> float:
        """Move the pose to where anchors are; return how far they were off, in pixels."""
        seen = self._sightings(anchors, within)
        if len(seen) < 2:
            return 0.0
        points = np.array([anchor.middle for anchor, _ in seen])
        by = np.array([sighting.off for _, sighting in seen])
        weights = np.full(len(seen), 1 / LABEL_ERROR)
        off = float(np.sqrt(np.mean(by**2)))
        if self._corners is not None:
            points, by = np.vstack([points, self._corners]), np.vstack([by, self._corner_errors()])
            weights = np.concatenate([weights, np.full(len(self._corners), 1 / CORNER_ERROR)])
        self._pose, _ = self._pose.corrected(points, by, weights)
        return off

    def _corner_errors(self) -> Points:
        """Return how far the code's corners are off by now, on the canvas."""
        assert self._corners is not None
        errors: Points = self._pose.on_canvas(self._seen_corners) - self._corners
        return errors

    def _sightings(self, anchors: Sequence[Anchor], within: tuple[int, int]) -> list[tuple[Anchor, Sighting]]:
        seen = [(anchor, find(anchor, self._dark, within)) for anchor in anchors]
        found = [(anchor, sighting) for anchor, sighting in seen if sighting]
        if len(found) < 4:
            return found
        by = np.array([sighting.off for _, sighting in found])
        apart = np.abs(by - np.median(by, axis=0)).max(axis=1)
        usual = max(2.0, 3 * float(np.median(apart)))
        return [one for one, far in zip(found, apart, strict=True) if far <= usual]

    def _snap(self, placement: Placement) -> None:
        """Take the page as shifted by whole pixels, or as filling its sheet, where the anchors agree with that."""
        snapped = self._pose.snapped(self._canvas, (self._sheet.shape[1], self._sheet.shape[0]))
        if snapped is None or np.array_equal(snapped.matrix, self._pose.matrix):
            return
        before = self._pose
        self._pose = snapped
        self._look()
        seen = self._sightings(self._anchors(placement), NEAR)
        off = [sighting.off for _, sighting in seen]
        allowed = SNAPPED * max(1.0, 1 / snapped.scale)
        if not off or float(np.sqrt(np.mean(np.square(off)))) > allowed:
            self._pose = before
            self._look()

    # --- the blocks where they should be -----------------------------------------------------------------------------

    def _place_unmoved(self) -> Placement | None:
        """Take all that is off for the pose's doing: labels of the header first, then the foot, then the lines.

        None where labels and pose never agree: then blocks have moved.
        """
        first = self._pose
        for pose in self._poses():
            for widest in (AROUND, FAR):
                self._pose = pose
                self._look()
                if len(self._sightings(self._drawn.header_anchors(), widest)) < 2:
                    continue
                for within in (widest, NEAR):
                    self._refine(self._drawn.header_anchors(), within)
                    self._look()
                placement = self._count_unmoved()
                if placement and self._share(placement) > LIKELY:
                    return placement
        self._pose = first
        self._look()
        return None

    def _poses(self) -> Iterator[Pose]:
        """Give the poses that the page may have, the likeliest first; a later one is made only if it is asked for."""
        yield self._pose
        if self._corners is not None:
            yield Pose.slanted(self._corners, self._seen_corners)
        paper = outline(self._sheet)
        if paper is not None:
            corners = [np.roll(paper, turn, axis=0) for turn in self._turns()]
            yield from (Pose.of_outline(self._canvas, turned) for turned in corners)

    def _turns(self) -> tuple[int, ...]:
        """Return by how many corners the sheet may be turned: as the code is, any way without a code."""
        if self._corners is None:
            return (0, 1, 2, 3)
        across = self._seen_corners[1] - self._seen_corners[0]
        return (-round(np.degrees(np.arctan2(across[1], across[0])) / 90) % 4,)

    def _count_unmoved(self) -> Placement | None:
        foot = self._foot()
        if foot is None or len(self._sightings(self._drawn.header_anchors(), NEAR)) < 2:
            return None
        placement = Placement(lines=self._count(foot)[0])
        self._refine(self._anchors(placement, with_lines=False), FAR)
        self._look()
        for within in (BETWEEN, NEAR, NEAR):
            off = self._refine(self._anchors(placement), within)
            self._look()
            if off < LABEL_ERROR:
                break
        return placement

    def _share(self, placement: Placement) -> float:
        """Return the share of the labels that are where they should be; 0 where those are off too far."""
        anchors = self._anchors(placement)
        off = [sighting.off for _, sighting in self._sightings(anchors, NEAR)]
        near = bool(off) and float(np.sqrt(np.mean(np.square(off)))) < ASKEW
        return len(off) / len(anchors) if near else 0.0

    # --- the blocks wherever they stand ------------------------------------------------------------------------------

    def _place_moved(self) -> Placement | None:
        """Find header and table anywhere; then refine the pose with both where they are."""
        header, foot = self._moved(self._drawn.header_anchors()[:2]), self._foot()
        if foot is None:
            return Placement(header, (0, 0), 0) if header else None
        lines, moved = self._count(foot)
        placement = Placement(header or (0, 0), moved, lines)
        for _ in range(ROUNDS):
            off = self._refine(self._anchors(placement), NEAR)
            self._look()
            if off < LABEL_ERROR:
                break
        return placement

    def _moved(self, anchors: Sequence[Anchor]) -> Offset | None:
        """Return how far a block has moved, in whole pixels; None where it is not found."""
        near = self._sightings(anchors, AROUND)
        if near:
            return _whole(np.median([sighting.off for _, sighting in near], axis=0).tolist())
        everywhere = (self._canvas[0], self._canvas[1])
        seen = [find(anchor, self._dark, everywhere) for anchor in anchors[:1]]
        return _whole(seen[0].off) if seen and seen[0] else None

    def _foot(self) -> Offset | None:
        """Return where the foot of the table stands on the canvas."""
        anchors = self._drawn.foot_anchors()
        if not anchors:
            return None
        height = self._canvas[1]
        for sideways in (AROUND[0], self._canvas[0]):
            seen = find(anchors[0], self._dark, (sideways, height))
            if seen:
                x, y = self._drawn.foot_at(0)
                return round(x + seen.off[0]), round(y + seen.off[1])
        return None

    def _count(self, foot: Offset) -> tuple[int, Offset]:
        """Count the lines upwards from the foot: as far as there is ink in the first cell's columns without a gap.

        Returns
        -------
        int
        (int, int)
            How far the table has then moved.
        """
        x, y = self._drawn.foot_at(0)
        table = self._drawn.drawing.table
        end = foot[1] - table.foot_at
        inked = np.flatnonzero(self._has_ink(foot[0] - x)[: max(end, 0)])
        gaps = np.flatnonzero(np.diff(inked[::-1]) < -table.pitch)
        top = int(inked[::-1][gaps[0]] if len(gaps) else inked[0]) if len(inked) else end
        near_foot = len(inked) and end - inked[-1] <= table.pitch
        lines = min(round((end - top + self._ink_top()) / table.pitch), MOST_LINES) if near_foot else 0
        return lines, (foot[0] - x, foot[1] - y - table.pitch * lines)

    def _has_ink(self, moved: int) -> Plane:
        """Tell for each row of the canvas whether there is ink in the columns of a line's first cell."""
        table = self._drawn.drawing.table
        cell = table.line[0]
        left, right = table.at[0] + moved + cell.at[0], table.at[0] + moved + cell.right
        ink = self._dark[:, max(left, 0) : right].mean(axis=1)
        ink = np.convolve(ink, np.ones(HIGH) / HIGH, "same")
        rows: Plane = ink - np.percentile(ink, BLANK) > INK  # specks lie everywhere
        return rows

    def _ink_top(self) -> int:
        """Return how far below its em box's top the ink of a line's first cell begins."""
        cell = self._drawn.drawing.table.line[0]
        return self._drawn.typeface(cell).render("0")[2]


def _without_pictures(grey: Pixels, drawn: DrawnLayout) -> tuple[Plane, Plane]:
    """Return how dark a straightened page is, blank where pictures are, and how much each pixel counts."""
    dark, weights = darkness(grey.astype(np.float32))
    for x, y, width, height in drawn.layout.pictures:
        dark[y : y + height, x : x + width] = 0
    return dark, weights


def _whole(off: Sequence[float]) -> Offset:
    return round(off[0]), round(off[1])
