"""Pages that were scaled: how ink is spread there depends on where between two pixels a pixel came to lie.

A page that was shrunk, and perhaps enlarged again, blurs each letter in another way, over and over with the same
period. The periods show as peaks in the spectrum of what a spread alike everywhere leaves unexplained; then each phase
of a period gets a kernel of its own. Scaling works along rows and columns one after the other; so do the kernels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from invoice_lab.ocr.glyphs.spread import QUIETEST, Area, Plane, Spread

RADIUS = 5
"""Pixels that the kernels reach."""
MOST_PHASES = 6
"""Kernels of a period: so fine is a pixel divided where the period is no small whole number of pixels."""
STEADY = 0.05
"""Cycles by which a period may drift over the page to be taken for a whole number of pixels."""
FINE = 1.5
"""Pixels: detail finer than that is what scaling blurs."""
LOWEST, HIGHEST = 0.04, 0.5
"""Cycles a pixel in which periods are looked for."""
PEAK = 6.0
"""How many times higher than the spectrum's usual level a peak has to be."""
LOW_PEAK = 3.0
"""How high it has to be where the other axis has one: a page is scaled as a whole."""
ROUNDS = 4
RIDGE = 1e-6


@dataclass(frozen=True)
class Period:
    """One axis: cycles a pixel (0: alike everywhere), and the number of phases that are told apart."""

    frequency: float = 0.0
    phases: int = 1

    def of(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the phase (0, 1, ...) of rows or columns."""
        turned: npt.NDArray[np.int64] = np.floor((self.frequency * places + 1e-6) % 1 * self.phases).astype(np.int64)
        return turned % self.phases


@dataclass(frozen=True)
class PhasedSpread:
    """How ink is spread on a scaled page.

    Attributes
    ----------
    across, down : Period
    rows, columns : ndarray of float, shape (phases, 2 r + 1)
        The kernels along the rows and along the columns, by phase of the pixel's column and row.
    level, noise : float
        As in `Spread`.
    """

    across: Period
    down: Period
    rows: Plane
    columns: Plane
    level: float
    noise: float

    @property
    def kernel(self) -> Plane:
        """The kernel on average."""
        mean: Plane = np.outer(self.columns.mean(axis=0), self.rows.mean(axis=0)).astype(np.float32)
        return mean

    def of(self, ink: Plane, area: Area) -> Plane:
        """Return drawn ink as it appears on an area of the page."""
        first_row, first_column = area[0].start or 0, area[1].start or 0
        rows = self.down.of(first_row + np.arange(ink.shape[-2]))
        columns = self.across.of(first_column + np.arange(ink.shape[-1]))
        return _along_rows(_along_columns(ink, self.columns, rows), self.rows, columns)

    @property
    def phases(self) -> int:
        """How many pictures a glyph has, by the phase of its pen's column."""
        return self.across.phases

    def phase(self, columns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the phase of columns of the page."""
        return self.across.of(columns)

    def pictures(self, drawn: Plane, pen: int, top: int) -> Plane:
        """Return glyphs, drawn in strips whose first row is `top`, as they appear.

        Returns
        -------
        ndarray, shape (phases, glyphs, height, width)
        """
        rows = self.down.of(top + np.arange(drawn.shape[1]))
        smeared = _along_columns(drawn, self.columns, rows)
        offsets = np.arange(drawn.shape[2]) - pen
        starts = [(phase + 0.5) / self.across.phases for phase in range(self.across.phases)]
        turned = [(self.across.frequency * offsets + start) % 1 * self.across.phases for start in starts]
        return np.stack([_along_rows(smeared, self.rows, np.floor(phase).astype(np.int64)) for phase in turned])


def _along_rows(ink: Plane, kernels: Plane, phases: npt.NDArray[np.int64]) -> Plane:
    """Spread ink along the rows, each column by the kernel of its phase; works on stacks of pictures too."""
    radius = kernels.shape[1] // 2
    padded = np.pad(ink, [(0, 0)] * (ink.ndim - 1) + [(radius, radius)])
    out = np.zeros_like(ink)
    for tap in range(kernels.shape[1]):
        out += padded[..., 2 * radius - tap : 2 * radius - tap + ink.shape[-1]] * kernels[phases, tap]
    return out


def _along_columns(ink: Plane, kernels: Plane, phases: npt.NDArray[np.int64]) -> Plane:
    return np.swapaxes(_along_rows(np.swapaxes(ink, -1, -2), kernels, phases), -1, -2)


def find_periods(residual: Plane, ink: Plane) -> tuple[Period, Period]:
    """Look for periods in what a spread alike everywhere leaves unexplained.

    Parameters
    ----------
    residual : ndarray, shape (height, width)
    ink : ndarray, shape (height, width)
        What was read, as it is drawn.

    Returns
    -------
    across, down : Period
    """
    product = residual * (ink - cv2.GaussianBlur(ink, (0, 0), FINE))
    across, down = _period(product), _period(product.T)
    off = sum(1 / length for length in ink.shape)  # the size between is whole, and each peak nearly tells it
    if abs(across.frequency - down.frequency) <= off:
        return across, down
    like_across = _period(product.T, (across.frequency, off)) if across.frequency else Period()
    if like_across.frequency:  # lines of text, evenly spaced, make peaks down the page, too
        return across, like_across
    like_down = _period(product, (down.frequency, off)) if down.frequency else Period()
    return (like_down, down) if like_down.frequency else (across, down)


def _period(product: Plane, near: tuple[float, float] | None = None) -> Period:
    """Look for a wave in the product of what is left and the ink's fine detail: there, letters are blurred by turns.

    Anywhere, or near the frequency of the other axis (and by how much it may differ), where a lower peak tells enough.
    """
    wave = product.sum(axis=0)
    spectrum = np.abs(np.fft.rfft(wave - wave.mean(), 16 * len(wave)))
    frequencies = np.arange(len(spectrum)) / (16 * len(wave))
    inside = (frequencies > LOWEST) & (frequencies <= HIGHEST)
    usual, peak = np.median(spectrum[inside]), PEAK
    if near:
        inside, peak = np.abs(frequencies - near[0]) <= near[1], LOW_PEAK
    if spectrum[inside].max() < peak * usual:
        return Period()
    frequency = float(frequencies[inside][spectrum[inside].argmax()])
    for count in (2, 3, 4):
        drift = abs(frequency * count - round(frequency * count)) * len(wave) / count
        if drift < STEADY:
            return Period(round(frequency * count) / count, count)
    return Period(frequency, MOST_PHASES)


def estimate_phased(
    dark: Plane, drawn: Plane, where: npt.NDArray[np.bool_], periods: tuple[Period, Period], before: Spread
) -> PhasedSpread:
    """Estimate kernels for each phase by least squares, along the rows and along the columns in turn.

    Parameters
    ----------
    dark, drawn, where
        As in `estimate_spread`.
    periods : (Period, Period)
        Across and down.
    before : Spread
        Where to begin.
    """
    across, down = periods
    left, values, right = np.linalg.svd(before.kernel.astype(float))
    scale = np.sqrt(values[0])
    columns = np.tile((left[:, 0] * scale).astype(np.float32), (down.phases, 1))
    rows = np.tile((right[0] * scale).astype(np.float32), (across.phases, 1))
    row_phase, column_phase = down.of(np.arange(dark.shape[0])), across.of(np.arange(dark.shape[1]))
    level = before.level
    for _ in range(ROUNDS):
        rows, level = _solve(dark, _along_columns(drawn, columns, row_phase), where, column_phase, rows)
        columns, level = _solve(dark.T, _along_rows(drawn, rows, column_phase).T, where.T, row_phase, columns)
    made = PhasedSpread(across, down, rows, columns, level, 0.0)
    whole = (slice(0, dark.shape[0]), slice(0, dark.shape[1]))
    left_over = (dark - level - made.of(drawn, whole))[where]
    return PhasedSpread(across, down, rows, columns, level, max(float(left_over.std()), QUIETEST))


def _solve(
    dark: Plane, ink: Plane, where: npt.NDArray[np.bool_], phases: npt.NDArray[np.int64], before: Plane
) -> tuple[Plane, float]:
    """Solve for the kernels along the rows, one a phase, and the paper's level."""
    radius = before.shape[1] // 2
    padded = np.pad(ink, [(0, 0), (radius, radius)])
    kernels, levels = before.copy(), []
    for phase in range(len(before)):
        row, column = np.nonzero(where & (phases == phase)[None, :])
        if len(row) < 20 * before.shape[1]:
            continue
        system = np.stack([padded[row, column + 2 * radius - tap] for tap in range(before.shape[1])], axis=1)
        system = np.column_stack([system, np.ones(len(row), np.float32)]).astype(float)
        normal = system.T @ system
        normal[np.diag_indices(len(normal) - 1)] += RIDGE * np.trace(normal) / len(normal)
        solution = np.linalg.solve(normal, system.T @ dark[row, column])
        kernels[phase] = solution[:-1]
        levels.append(float(solution[-1]))
    return kernels, float(np.mean(levels)) if levels else 0.0
