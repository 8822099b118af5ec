"""Bytes to pixels: an RGB array on white, within limits."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from invoice_lab.errors import ScanError

Pixels = npt.NDArray[np.uint8]
"""An image: (height, width) grey or (height, width, 3) RGB."""

SUFFIXES = (".png", ".jpg", ".jpeg")
FORMATS = ("PNG", "JPEG")


@dataclass(frozen=True)
class Limits:
    """What a scan may measure at the most, and must at the least."""

    megabytes: float = 50
    megapixels: float = 60
    shortest_side: int = 50
    longest_side: int = 20_000

    @property
    def bytes(self) -> int:
        """The largest file, in bytes."""
        return round(self.megabytes * 1e6)


def decode(data: bytes, limits: Limits | None = None) -> Pixels:
    """Decode a PNG or JPEG file.

    Parameters
    ----------
    data : bytes
        The file.
    limits : Limits, optional

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB; what is transparent is composited on white; a camera's orientation mark is followed.

    Raises
    ------
    ScanError
        Where the bytes are empty, no PNG or JPEG, cut off, or beyond the limits.
    """
    limits = limits or Limits()
    if not data:
        raise ScanError("empty-file", "The file has no bytes.")
    if len(data) > limits.megabytes * 1e6:
        raise ScanError("too-large", f"The file has {len(data) / 1e6:.1f} MB; the limit is {limits.megabytes:g} MB.")
    with warnings.catch_warnings():
        # Pillow only warns of a decompression bomb up to twice its own limit; ours is checked below, before decoding.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return _decode(data, limits)


def _decode(data: bytes, limits: Limits) -> Pixels:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image, limits)
            image.load()
            return _on_white(image)
    except ScanError:
        raise
    except Image.DecompressionBombError as error:
        raise ScanError("too-large", f"The picture is larger than {limits.megapixels:g} megapixels.") from error
    except UnidentifiedImageError as error:
        raise ScanError("not-an-image", f"The file is no PNG or JPEG picture: it begins with {data[:8]!r}.") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ScanError("damaged-file", f"The picture is cut off or damaged: {error}.") from error


def _check_size(image: Image.Image, limits: Limits) -> None:
    width, height = image.size
    if width * height > limits.megapixels * 1e6:
        raise ScanError(
            "too-large", f"The picture has {width} x {height} pixels; the limit is {limits.megapixels:g} MP."
        )
    if max(width, height) > limits.longest_side:
        longest = f"the longest side may have {limits.longest_side}"
        raise ScanError("too-large", f"The picture has {width} x {height} pixels; {longest}.")
    if min(width, height) < limits.shortest_side:
        raise ScanError("too-small", f"The picture has {width} x {height} pixels; no invoice can be read in that.")


def _on_white(image: Image.Image) -> Pixels:
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or image.mode == "I":
        grey = (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)
        image = Image.fromarray(grey)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        white.alpha_composite(rgba)
        image = white
    return np.array(image.convert("RGB"))
