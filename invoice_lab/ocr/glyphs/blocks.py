"""What JPEG keeps of a page, block by block: for each coefficient, within which step it lay.

Where it is not known to the grey level what was compressed, compressing what should be there again gives other steps
here and there, each of which changes 64 pixels by much. How likely a step is follows from how far a coefficient may
have been off: the likelihood of a quantised, noisy number.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from scipy.special import ndtr

Plane = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

EDGE = 8
"""Pixels of a block, both ways."""
GREY = 128.0
"""What JPEG subtracts from brightness first."""
BLACK, WHITE = 1.0, 254.0
"""Grey levels up to which, and from which on, brightness may have been cut off when it was read again."""
ERRORS = (0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0)
"""Grey levels (standard deviation) by which what is compressed may be off, to choose from."""
RARE, FAR = 1e-3, 250.0
"""Share of coefficients that are off by anything, and how far that reaches, in grey levels."""


@dataclass(frozen=True)
class Blocks:
    """The steps of a picture's brightness.

    Attributes
    ----------
    steps : ndarray of float, shape (8, 8)
        Width of the steps, in grey levels, row by row from the lowest frequency.
    error : float
        Grey levels by which what is compressed may be off.
    """

    steps: Doubles
    error: float

    @classmethod
    def estimated(cls, steps: Doubles, should: Plane, seen: Plane) -> Blocks:
        """Return the blocks with the error by which a picture that should be `should` is likeliest.

        Parameters
        ----------
        steps : ndarray, shape (8, 8)
        should, seen : ndarray, shape (n, 8, 8)
            Blocks of what was compressed, and of what is seen of them; without any, nothing is known of the error.
        """
        if not len(should):
            return cls(steps, ERRORS[-1])
        sums = [float(cls(steps, error)._of_blocks(should, seen).sum()) for error in ERRORS]
        return cls(steps, ERRORS[int(np.argmin(sums))])

    def surprise(self, should: Plane, seen: Plane) -> Plane:
        """Return minus the log likelihood of what is seen, in nats.

        Parameters
        ----------
        should : ndarray, shape (n, height, width)
            What may have been compressed; whole blocks.
        seen : ndarray, shape (height, width)

        Returns
        -------
        ndarray, shape (n,)
        """
        blocks = in_blocks(should)
        found = self._of_blocks(blocks.reshape(-1, EDGE, EDGE), np.tile(in_blocks(seen[None])[0], (len(should), 1, 1)))
        sums: Plane = found.reshape(len(should), -1).sum(axis=1).astype(np.float32)
        return sums

    def _of_blocks(self, should: Plane, seen: Plane) -> Doubles:
        wanted = _transformed(np.clip(should, 0, 255) - GREY)
        kept = _pictured(np.rint(wanted / self.steps) * self.steps) + GREY
        cut_off = ((seen >= WHITE) & (kept > WHITE)) | ((seen <= BLACK) & (kept < BLACK))
        found = _transformed(np.where(cut_off, kept, seen) - GREY)
        above, below = ((found - wanted + half * self.steps) / self.error for half in (0.5, -0.5))
        sign = np.where(above + below > 0, -1.0, 1.0)  # in the lower tail differences keep their digits
        inside = np.abs(ndtr(sign * above) - ndtr(sign * below))
        likely = (1 - RARE) * inside + RARE * np.minimum(self.steps / (2 * FAR), 1)
        surprise: Doubles = -np.log(likely).sum(axis=(1, 2))
        return surprise


def in_blocks(pictures: Plane) -> Plane:
    """Return the blocks of pictures of whole blocks, shape (n, blocks, 8, 8)."""
    count, height, width = pictures.shape
    parts = pictures.reshape(count, height // EDGE, EDGE, width // EDGE, EDGE).transpose(0, 1, 3, 2, 4)
    return parts.reshape(count, -1, EDGE, EDGE)


@cache
def steps_of(quality: int) -> Doubles:
    """Return the steps in which libjpeg keeps brightness, shape (8, 8)."""
    buffer = io.BytesIO()
    Image.new("L", (EDGE, EDGE)).save(buffer, "JPEG", quality=quality)
    buffer.seek(0)
    steps: Doubles = np.array(JpegImageFile(buffer).quantization[0], np.float64).reshape(EDGE, EDGE)
    return steps


@cache
def _cosines() -> Doubles:
    """Return the orthonormal discrete cosine transform of eight numbers, shape (8, 8)."""
    place = np.arange(EDGE)
    waves = np.cos(np.pi * (2 * place[None, :] + 1) * place[:, None] / (2 * EDGE)) * np.sqrt(2 / EDGE)
    waves[0] /= np.sqrt(2)
    return waves


def _transformed(blocks: npt.NDArray[np.floating]) -> Doubles:
    waves = _cosines()
    made: Doubles = waves @ blocks @ waves.T
    return made


def _pictured(blocks: Doubles) -> Doubles:
    waves = _cosines()
    made: Doubles = waves.T @ blocks @ waves
    return made
