"""What JPEG makes of a page: compressed again as the page was, what it should look like becomes what is seen."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from invoice_lab.ocr.paper import to_grey

Plane = npt.NDArray[np.float32]

UNIT = 16
"""Pixels, both ways, that JPEG compresses together: four blocks, and one of each colour where those are thinned out."""
LESS: tuple[Literal[0, 1], ...] = (0, 1)
"""Ways to thin out colours less than most programs do."""
COARSE, FINE = range(10, 96, 5), range(-4, 5)
"""Qualities that are tried, and those around the best of them."""


@dataclass(frozen=True)
class Compression:
    """A way of compressing: quality (1 to 100, as libjpeg counts), and how colours are thinned out.

    `thinned` is along so many axes: 0 not at all (4:4:4), 1 along the rows (4:2:2), 2 along both (4:2:0).
    """

    quality: int
    thinned: Literal[0, 1, 2] = 2


def compressed(rgb: Plane, how: Compression) -> Plane:
    """Return pictures as they come out of JPEG, in grey.

    Parameters
    ----------
    rgb : ndarray, shape (n, height, width, 1 or 3)
        0 to 255; of one channel for a picture without colours. The corner is one of a unit, height and width are whole
        units.
    how : Compression

    Returns
    -------
    ndarray, shape (n, height, width)
    """
    count, height, width, channels = rgb.shape
    tall = np.clip(np.rint(rgb), 0, 255).astype(np.uint8).reshape(count * height, width, channels)
    buffer = io.BytesIO()
    Image.fromarray(tall[:, :, 0] if channels == 1 else tall).save(
        buffer, "JPEG", quality=how.quality, subsampling=how.thinned
    )
    with Image.open(buffer) as picture:
        seen = np.asarray(picture)
    grey = seen if seen.ndim == 2 else to_grey(seen)
    return grey.reshape(count, height, width).astype(np.float32)


def find_compression(misfit: Callable[[Compression], float], *, coloured: bool) -> Compression:
    """Return the compression with which a page misses what it should look like by the least.

    Parameters
    ----------
    misfit : callable
        From a compression to how far what should be seen with it is from what is seen.
    coloured : bool
        Whether the page has colours, which may be thinned out.
    """
    best = min((Compression(quality) for quality in COARSE), key=misfit)
    near = [Compression(best.quality + by) for by in FINE if 0 < best.quality + by <= 100]
    best = min(near, key=misfit)
    return min(best, *(Compression(best.quality, thinned) for thinned in LESS), key=misfit) if coloured else best
