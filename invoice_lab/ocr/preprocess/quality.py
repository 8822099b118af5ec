"""The quality of a picture, measured: what the steps of pre-processing are chosen by."""

from __future__ import annotations

from functools import cached_property
from math import pi, sqrt

import cv2
import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.paper import LONELY, paper
from invoice_lab.ocr.preprocess.picture import Upright
from invoice_lab.ocr.qrcode import angle_of

MOST_MEASURED = 1_000_000
"""Pixels: of a larger picture every second, third, ... row is measured, which is enough for shares and quantiles."""
INK, PAPER = 0.005, 0.9
"""Quantiles of the grey values that are taken for ink and for paper."""
STEEPEST = 0.999
"""Quantile of the slopes that is taken for the edges of letters."""
NOISE_MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""Is blind to edges and gentle slopes (Immerkær, Fast noise variance estimation, CVIU 64, 1996)."""
BLACK, WHITE = 5, 250
"""Grey values of specks: at most, and at least."""
SHRINK = 4
"""The paper's brightness is measured on a picture so many times smaller."""
FRAME = 0.01
"""Share of the width that is looked at along the edges of the picture for what the sheet lies on."""
DARK = 0.6
"""Share of the paper's brightness below which the edge of a picture is no paper."""
MID_GREY = 128
"""Grey value below which a stroke is dark enough for a ruled line."""
RULE = 200
"""Pixels of canvas: a straight stroke that is longer is no letter's."""
MOST_SKEW, FINEST = 6.0, 0.1
"""Degrees within which a text's rows are looked for, and how exactly."""
PROFILE = 700
"""Pixels of width that a page is shrunk to for that."""


class Quality:
    """What can be measured on a picture; each figure is measured when it is first asked for.

    Parameters
    ----------
    picture : Upright
    """

    MEASURES = (
        "contrast",
        "blur",
        "noise",
        "specks",
        "unevenness",
        "surround",
        "skew",
        "rules",
        "strange",
        "pictures",
        "scale",
    )
    """The names of the figures."""

    def __init__(self, picture: Upright) -> None:
        self._picture = picture
        self._grey = picture.grey
        self._rows = picture.grey[:: max(1, -(-picture.grey.size // MOST_MEASURED))]

    def as_dict(self) -> dict[str, float]:
        """Return all figures by name."""
        return {name: getattr(self, name) for name in self.MEASURES}

    @cached_property
    def paper(self) -> float:
        """Grey value of the paper."""
        return float(np.quantile(self._rows, PAPER))

    @cached_property
    def ink(self) -> float:
        """Grey value of the darkest ink."""
        return float(np.quantile(self._rows, INK * self._filled))

    @cached_property
    def _filled(self) -> float:
        """How much ink there is, as a share of what quantiles are made for: 1 but for a page of hardly any text."""
        pairs = np.maximum(self._rows[:, 1:], self._rows[:, :-1])  # a lonely pixel is no ink
        middle = (self.paper + float(pairs.min())) / 2
        return min(float((pairs <= middle).mean()) / (2 * INK), 1.0)

    @cached_property
    def contrast(self) -> float:
        """How far ink and paper are apart, as a share of black to white."""
        return max(self.paper - self.ink, 0.0) / 255

    @cached_property
    def blur(self) -> float:
        """Standard deviation of the blur in pixels of canvas.

        A black edge that is blurred by a Gaussian is at most contrast / (sigma sqrt(2 pi)) steep.
        """
        slopes = cv2.absdiff(self._rows[:, 1:], self._rows[:, :-1])
        steepest = float(np.quantile(slopes, 1 - (1 - STEEPEST) * self._filled))
        return 255 * self.contrast / (max(steepest, 1.0) * sqrt(2 * pi)) / self._picture.scale

    @cached_property
    def noise(self) -> float:
        """Standard deviation of the paper's noise in grey values; half of it is cut off where the paper is white."""
        answers = np.abs(cv2.filter2D(self._grey, cv2.CV_16S, NOISE_MASK)[:: self._grey.size // MOST_MEASURED + 1])
        return float(np.median(answers)) / (0.6745 * 6)

    @cached_property
    def specks(self) -> float:
        """Share of the pixels that are black and stand alone."""
        return float(lonely(self._grey, 255 * LONELY)[0].mean())

    @cached_property
    def unevenness(self) -> float:
        """Standard deviation of the paper's brightness over the page, in grey values; 0 where it is evenly lit."""
        return float(np.std(light(self._grey)))

    @cached_property
    def surround(self) -> float:
        """Share of the picture's edge that is no paper, such as the table that a photographed page lies on."""
        width = max(1, round(FRAME * self._grey.shape[1]))
        inside = np.zeros(self._grey.shape, bool)
        inside[width:-width, width:-width] = True
        return float((self._grey[~inside] < DARK * self.paper).mean())

    @cached_property
    def skew(self) -> float:
        """Degrees clockwise by which the page is turned: told by the QR code, else by the rows of text."""
        corners = self._picture.code
        return angle_of(corners) if corners is not None else text_angle(self._grey)

    @cached_property
    def rules(self) -> float:
        """Share of the pixels that belong to long straight strokes."""
        return float((rules(self._grey, self._picture.scale) > 0).mean())

    @cached_property
    def pictures(self) -> float:
        """How many pictures are known to be on the page: those of its layout, and the QR code."""
        layout = self._picture.layout
        return float((len(layout.pictures) if layout else 0) + (self._picture.qr is not None))

    @property
    def strange(self) -> float:
        """1 where the layout is unknown, so that nobody knows where its pictures are; 0 elsewhere."""
        return float(self._picture.layout is None)

    @property
    def scale(self) -> float:
        """Pixels for one of the layout's canvas."""
        return self._picture.scale


def light(grey: Pixels) -> npt.NDArray[np.float32]:
    """Return the brightness of the paper, `SHRINK` times smaller than the picture."""
    small = cv2.resize(grey, None, fx=1 / SHRINK, fy=1 / SHRINK, interpolation=cv2.INTER_AREA)
    return paper(small.astype(np.float32))


def lonely(grey: Pixels, apart: float) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Find specks: black pixels, and white ones, with at most one neighbour of their kind.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    apart : float
        Grey values between a speck and what is around it.

    Returns
    -------
    pepper, salt : ndarray of bool, shape (height, width)
    """
    black, white = grey <= BLACK, grey >= WHITE
    dark, bright = (grey < 255 - apart).astype(np.uint8), (grey > apart).astype(np.uint8)
    few = [cv2.boxFilter(kind, cv2.CV_16S, (3, 3), normalize=False) <= 2 for kind in (dark, bright)]
    return black & few[0], white & few[1]


def rules(grey: Pixels, scale: float) -> Pixels:
    """Return where long thin lines are, such as a black edge that a scanner leaves; 0 elsewhere."""
    ink = cv2.threshold(grey, MID_GREY, 255, cv2.THRESH_BINARY_INV)[1]
    length = max(int(RULE * scale), 3)
    return cv2.bitwise_or(_long_strokes(ink, length), _long_strokes(ink.T, length).T)


def _long_strokes(ink: Pixels, length: int) -> Pixels:
    """Return the strokes along the rows that are as long as that, half as long at the picture's edge."""
    strokes = np.zeros(ink.shape, np.uint8)
    inky = np.flatnonzero(np.count_nonzero(ink, axis=1) >= length // 2)  # other rows have none
    if inky.size:
        kernel = np.ones((1, length), np.uint8)
        strokes[inky] = cv2.morphologyEx(np.ascontiguousarray(ink[inky]), cv2.MORPH_OPEN, kernel)
    return strokes


def text_angle(grey: Pixels) -> float:
    """Return by how many degrees the rows of text are turned clockwise: along them, ink and gaps are told best apart.

    The variance of the row sums is greatest then (Postl, Detection of linear oblique structures and skew scan in
    digitized documents, ICPR 1986). 0 for a page without text.
    """
    factor = min(1.0, PROFILE / grey.shape[1])
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    ink = 255 - small.astype(np.float32)
    if float(ink.std()) < 1:
        return 0.0
    best, step = 0.0, 1.0
    around = np.arange(-MOST_SKEW, MOST_SKEW + step, step)
    while step >= FINEST:
        best = max((float(turn) for turn in best + around), key=lambda turn: _clearness(ink, turn))
        around, step = np.arange(-step, step * 1.01, step / 4), step / 4
    return best


def _clearness(ink: npt.NDArray[np.float32], turn: float) -> float:
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1)
    turned = cv2.warpAffine(ink, matrix, (width, height), flags=cv2.INTER_LINEAR)
    return float(np.var(np.diff(turned.sum(axis=1))))
