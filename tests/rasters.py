"""PNG and TIFF files written by hand for tests, in the kinds that Pillow reads but doesn't write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

import numpy as np

ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column, first row, step right, step down of each pass of an interlaced PNG (PNG specification, 8.2)."""

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def chunk(kind: bytes, data: bytes) -> bytes:
    """Make a chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed(values: np.ndarray, depth: int, order: str = ">") -> list[bytes]:
    """Return the rows of (height, width, channels) values as bytes, so many bits a value."""
    if depth >= 8:
        return [row.astype(f"{order}u{depth // 8}").tobytes() for row in values]
    bits = (values.reshape(len(values), -1)[:, :, None] >> np.arange(depth)[::-1]) & 1
    return [np.packbits(row).tobytes() for row in bits.reshape(len(values), -1)]


def raw_png(
    values: np.ndarray, depth: int, kind: int, *, interlaced: bool = False, extra: Sequence[tuple[bytes, bytes]] = ()
) -> bytes:
    """Write a PNG of (height, width, channels) values; `extra` are chunks such as PLTE and tRNS."""
    height, width = values.shape[:2]
    parts = [values[y::down, x::right] for x, y, right, down in ADAM7] if interlaced else [values]
    rows = b"".join(b"\0" + row for part in parts if part.size for row in packed(part, depth))
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def raw_tiff(frames: Sequence[tuple[Mapping[int, Sequence[int]], Sequence[bytes]]], order: str = "<") -> bytes:
    """Write an uncompressed TIFF: each frame's tags (as 32 bit numbers) and strips."""
    out = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    link = 4
    for tags, strips in frames:
        places = []
        for strip in strips:
            places.append(len(out))
            out += strip + bytes(len(strip) % 2)
        entries = dict(tags) | {273: places, 279: [len(strip) for strip in strips]}
        directory = struct.pack(f"{order}H", len(entries))
        beyond = len(out) + 2 + 12 * len(entries) + 4
        values = b""
        for tag, numbers in sorted(entries.items()):
            data = struct.pack(f"{order}{len(numbers)}I", *numbers)
            inline = data if len(numbers) == 1 else struct.pack(f"{order}I", beyond + len(values))
            directory += struct.pack(f"{order}HHI", tag, 4, len(numbers)) + inline
            values += b"" if len(numbers) == 1 else data
        out[link : link + 4] = struct.pack(f"{order}I", len(out))
        link = len(out) + len(directory)
        out += directory + bytes(4) + values
    return bytes(out)


def tiff_tags(values: np.ndarray, depth: int, photometric: int, **more: int) -> dict[int, list[int]]:
    """Return the tags of a frame: sizes, depth, no compression, one strip unless `rows` tells otherwise."""
    height, width, channels = values.shape
    tags = {256: [width], 257: [height], 258: [depth] * channels, 259: [1], 262: [photometric]}
    tags |= {277: [channels], 278: [more.get("rows", height)], 284: [more.get("planar", 1)]}
    return tags | ({254: [more["subfile"]]} if "subfile" in more else {})
