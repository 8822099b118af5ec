"""Plain PNG files to pixels, in half of Pillow's time: inflated by ISA-L, unfiltered by compiled code.

Whatever is out of the ordinary (palettes, few bits, a colour key,
interlacing, an orientation mark, damage) is left to Pillow, and so are all messages about it.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from isal import isal_zlib

from invoice_lab.ocr.decode.compiled.unfilter import unfilter
from invoice_lab.ocr.decode.limits import Limits, Pixels

SIGNATURE = 8
"""Bytes before the first chunk."""
HEADER = struct.Struct(">IIBBBBB")
"""IHDR: width, height, bits a channel, colour type, compression, filter, interlacing (PNG specification, 11.2.1)."""
CHANNELS = {0: 1, 2: 3, 6: 4}
"""Channels by colour type, of those read here: grey, RGB, RGBA."""
HARMLESS = frozenset({b"pHYs", b"tIME", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD"})
"""Chunks that don't change what Pillow shows."""


def decode_png(data: bytes, limits: Limits) -> Pixels | None:
    """Decode a PNG file of 8 bits a channel.

    Parameters
    ----------
    data : bytes
        The file.
    limits : Limits

    Returns
    -------
    ndarray of uint8, shape (height, width, 3), or None
        RGB, composited on white as `on_white` does; None where the file is not plain, or not whole.

    Raises
    ------
    ScanError
        Where the picture is beyond the limits.
    """
    chunks = _chunks(data)
    if chunks is None:
        return None
    header, packed = chunks
    width, height, depth, colour, *methods = HEADER.unpack(header)
    channels = CHANNELS.get(colour)
    if depth != 8 or channels is None or any(methods) or not width * height:
        return None
    limits.check_sizes([(width, height)])
    rows = _inflated(packed, height * (1 + width * channels))
    rgb = np.empty((height, width, 3), np.uint8)
    whole = rows is not None and unfilter(np.frombuffer(rows, np.uint8), channels, rgb.reshape(height, -1))
    return rgb if whole else None


def _chunks(data: bytes) -> tuple[bytes, bytes] | None:
    """Return the header and the packed pixels of a whole, plain file."""
    at, header, before = SIGNATURE, b"", b""
    packed: list[bytes] = []
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body, end = data[at + 4 : at + 8], data[at + 8 : at + 8 + length], at + 12 + length
        if end > len(data) or zlib.crc32(body, zlib.crc32(kind)) != struct.unpack_from(">I", data, end - 4)[0]:
            return None
        if (kind == b"IHDR") == bool(header) or (kind == b"IHDR" and length != HEADER.size):
            return None
        if kind == b"IEND":
            return (header, b"".join(packed)) if packed else None
        if kind == b"IHDR":
            header = body
        elif kind == b"IDAT" and (not packed or before == b"IDAT"):
            packed.append(body)
        elif kind not in HARMLESS:
            return None
        at, before = end, kind
    return None


def _inflated(packed: bytes, size: int) -> bytes | None:
    """Inflate a stream of `size` bytes; never more, whatever it says."""
    stream = isal_zlib.decompressobj()
    try:
        rows = stream.decompress(packed, size + 1)
    except Exception:  # IsalError: isal tells type checkers that it is a value, so it can't be named
        return None
    return rows if len(rows) == size and stream.eof else None
