"""PNG, JPEG, TIFF, WebP and BMP to pixels, by Pillow."""

from __future__ import annotations

import io
import itertools
import warnings

import cv2
import numpy as np
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TiffImageFile

from invoice_lab.errors import ScanError
from invoice_lab.ocr.decode.limits import Limits, Pixels, Size, sheet_names

SUBFILE_TYPE = 254
"""TIFF tag: what a page of the file is (TIFF 6.0, section 8, NewSubfileType)."""
NO_SHEET = 0b101
"""Its bits of a thumbnail and of a transparency mask."""
WHITE_IS_ZERO = 0
"""TIFF: the photometric interpretation of a negative."""
NUMBERS = ("I", "F", "LAB")
"""Pillow's modes of pixels that are measurements, not shades: no scanner or camera writes them into a scan."""
PNG_DEPTH = 24
"""Where the bits of a channel stand in a PNG file (PNG specification, 11.2.1: IHDR is the first chunk)."""


def decode_picture(data: bytes, kind: str, limits: Limits) -> tuple[Pixels, ...]:
    """Decode a picture file.

    Parameters
    ----------
    data : bytes
        The file.
    kind : str
        Pillow's name of the format.
    limits : Limits

    Returns
    -------
    tuple of ndarray of uint8, each of shape (height, width, 3)
        RGB on white.

    Raises
    ------
    ScanError
        Where the picture is damaged or beyond the limits.
    """
    with warnings.catch_warnings():
        # Pillow only warns of decompression bombs up to twice its own limit, and of odd tags: our limits are checked
        # before decoding, and what can't be decoded is an error.
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=(kind,)) as image:
                frames = _frames(image, limits)
                limits.check_sizes(list(frames.values()))
                if kind == "PNG":
                    _scale_key(image, data[PNG_DEPTH])
                return tuple(
                    _sheet(image, frame, name) for frame, name in zip(frames, sheet_names(len(frames)), strict=True)
                )
        except ScanError:
            raise
        except Image.DecompressionBombError as error:
            raise ScanError("too-large", f"The picture is larger than {limits.megapixels:g} megapixels.") from error
        except Exception as error:  # whatever Pillow stumbles over in a stranger's bytes: struct.error, KeyError, ...
            raise ScanError("damaged-file", f"The {kind} picture is cut off, damaged or of a rare kind.") from error


def _frames(image: Image.Image, limits: Limits) -> dict[int, Size]:
    """Return the frames that are sheets, and their sizes."""
    if not isinstance(image, TiffImageFile):
        return {0: image.size}
    sizes, extras = {}, set()
    for frame in itertools.count():
        try:
            image.seek(frame)
        except EOFError:
            break
        limits.check_count(frame + 1)
        sizes[frame] = image.size
        if image.tag_v2.get(SUBFILE_TYPE, 0) & NO_SHEET:
            extras.add(frame)
    # Where everything is called a thumbnail nothing is one: no sheet gets lost.
    return {frame: size for frame, size in sizes.items() if frame not in extras} or sizes


def _sheet(image: Image.Image, frame: int, name: str) -> Pixels:
    try:
        image.seek(frame)
        image.load()
    except Exception as error:  # as above
        raise ScanError("damaged-file", f"{name} is cut off or damaged: {error}.") from error
    return _rgb(image)


def _scale_key(image: Image.Image, depth: int) -> None:
    """Bring a PNG's transparent shade to 8 bits, where Pillow brings the pixels there and leaves the shade."""
    key = image.info.get("transparency")
    if isinstance(key, int) and image.mode == "L":
        image.info["transparency"] = key * 255 // (2**depth - 1)
    elif isinstance(key, tuple) and depth == 16:
        image.info["transparency"] = tuple(value >> 8 for value in key)


def _rgb(image: Image.Image) -> Pixels:
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode in NUMBERS:
        raise ScanError("not-an-image", f"The pixels are measurements (mode {image.mode}), no scan's.")
    if image.mode.startswith("I;16"):
        image = _eight_bits(image)
    if image.has_transparency_data:
        return on_white(np.asarray(image if image.mode == "RGBA" else image.convert("RGBA")))
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def _eight_bits(image: Image.Image) -> Image.Image:
    grey, depth = np.asarray(image).astype(np.uint16), 16
    if isinstance(image, TiffImageFile):
        depth = image.tag_v2[BITSPERSAMPLE][0]
        if image.tag_v2[PHOTOMETRIC_INTERPRETATION] == WHITE_IS_ZERO:
            grey = 2**depth - 1 - grey
    shade = Image.fromarray((grey >> (depth - 8)).astype(np.uint8))
    key = image.info.get("transparency")
    if key is not None:
        shade.putalpha(Image.fromarray((grey != key).astype(np.uint8) * 255))
    return shade


def on_white(rgba: Pixels) -> Pixels:
    """Composite on white, bit for bit as Pillow's ``alpha_composite`` does.

    Only what is not opaque is reckoned, in Pillow's fixed point arithmetic (libImaging/AlphaComposite.c): on a page
    with a few soft edges that is 20 times faster.

    Parameters
    ----------
    rgba : ndarray of uint8, shape (height, width, 4)

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
    """
    rgb: Pixels = cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB)
    soft = np.flatnonzero(rgba[..., 3] != 255)
    pixels = rgba.reshape(-1, 4)[soft].astype(np.uint32)
    ink, alpha = pixels[:, :3], pixels[:, 3:]
    mixed = (ink * alpha + 255 * (255 - alpha) + 0x80) << 7
    rgb.reshape(-1, 3)[soft] = ((mixed >> 8) + mixed) >> 15
    return rgb
