"""Plain PNG files are decoded as Pillow does, bit for bit; all others are left to Pillow."""

import itertools
import struct
import zlib

import numpy as np
import pytest
from pages import NEW, png
from rasters import GREY, RGB, RGBA, chunk, raw_png

from invoice_lab.errors import ScanError
from invoice_lab.ocr.decode.limits import Limits
from invoice_lab.ocr.decode.picture import decode_picture
from invoice_lab.ocr.decode.png import decode_png
from invoice_lab.samples import draw_page

LIMITS = Limits(shortest_side=1)
CHANNELS = {GREY: 1, RGB: 3, RGBA: 4}
MARK = 8


def predicted(kind, left, above, corner):
    """The value that a filter guesses (PNG specification, 9.2), written without regard for speed."""
    if kind == 4:
        guess = left + above - corner
        return min((left, above, corner), key=lambda value: abs(guess - value))
    return (0, left, above, (left + above) // 2)[kind]


def filtered(values, kinds):
    """Return rows of (height, width, channels) values as a PNG's stream has them, each filtered by its kind."""
    height, _, channels = values.shape
    lines = values.reshape(height, -1).astype(int).tolist()
    above = [0] * len(lines[0])
    out = bytearray()
    for kind, line in zip(kinds, lines, strict=True):
        out.append(kind)
        for at, value in enumerate(line):
            left, corner = (row[at - channels] if at >= channels else 0 for row in (line, above))
            out.append((value - predicted(kind, left, above[at], corner)) % 256)
        above = line
    return bytes(out)


def with_stream(values, colour, stream, cuts=()):
    """Write a PNG whose packed pixels are given, cut into several chunks."""
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 8, colour, 0, 0, 0)
    ends = [0, *cuts, len(stream)]
    bodies = [chunk(b"IDAT", stream[a:b]) for a, b in itertools.pairwise(ends)]
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(bodies) + chunk(b"IEND", b"")


def noise(colour, seed=3, size=(23, 17)):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 256, (*size, CHANNELS[colour]), np.uint8)
    values[5:9] = values[4]  # rows as the one above
    if colour == RGBA:
        values[::2, :, 3] = 255
    return values


@pytest.mark.parametrize("colour", CHANNELS)
@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4, "mixed"])
def test_every_filter_and_colour_is_undone_as_pillow_does(colour, kind):
    values = noise(colour)
    kinds = [row % 5 for row in range(len(values))] if kind == "mixed" else [kind] * len(values)
    data = with_stream(values, colour, zlib.compress(filtered(values, kinds)), cuts=(40, 41))
    expected = decode_picture(data, "PNG", LIMITS)[0]
    assert np.array_equal(decode_png(data, LIMITS), expected)
    if colour == RGB:
        assert np.array_equal(expected, values)


def test_a_drawn_page_is_decoded_as_pillow_does():
    data = png(draw_page(NEW))
    assert np.array_equal(decode_png(data, LIMITS), decode_picture(data, "PNG", LIMITS)[0])


@pytest.mark.parametrize("extra", [b"pHYs", b"gAMA"])
def test_chunks_that_change_no_pixel_are_passed_over(extra):
    values = noise(RGB)
    assert np.array_equal(decode_png(raw_png(values, 8, RGB, extra=[(extra, bytes(9))]), LIMITS), values)


def test_what_is_not_plain_is_left_to_pillow():
    values = noise(RGB)
    for extra in (b"tRNS", b"eXIf", b"iTXt", b"acTL", b"PLTE"):
        assert decode_png(raw_png(values, 8, RGB, extra=[(extra, bytes(6))]), LIMITS) is None
    assert decode_png(raw_png(values, 8, RGB, interlaced=True), LIMITS) is None
    assert decode_png(raw_png(noise(GREY), 16, GREY), LIMITS) is None
    assert decode_png(raw_png(noise(GREY) & 1, 1, GREY), LIMITS) is None


def broken():
    values = noise(RGB)
    rows = filtered(values, [1] * len(values))
    packed = zlib.compress(rows)
    whole = with_stream(values, RGB, packed)
    header = MARK + 25
    yield "nothing after the mark", whole[:MARK]
    yield "no pixels", whole[:header] + chunk(b"IEND", b"")
    yield "no end", whole[:-12]
    yield "cut within a chunk", whole[:-20]
    yield "a changed byte", whole[: header + 20] + bytes([whole[header + 20] ^ 1]) + whole[header + 21 :]
    yield "two headers", whole[:header] + whole[MARK:]
    yield "pixels before the header", whole[:MARK] + chunk(b"IDAT", packed) + whole[MARK:]
    yield "a short header", whole[:MARK] + chunk(b"IHDR", bytes(5)) + whole[header:]
    yield "no stream", with_stream(values, RGB, b"nothing packed")
    yield "a stream that ends early", with_stream(values, RGB, packed[:-9])
    yield "too few rows", with_stream(values, RGB, zlib.compress(rows[:-1]))
    yield "too many rows", with_stream(values, RGB, zlib.compress(rows + bytes(1)))
    yield "a filter that there is not", with_stream(values, RGB, zlib.compress(b"\x05" + rows[1:]))
    yield "no width", with_stream(values[:, :0], RGB, packed)


@pytest.mark.parametrize(("what", "data"), list(broken()), ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_damaged_is_left_to_pillow(what, data):
    assert decode_png(data, LIMITS) is None


def test_limits_come_before_inflating():
    values = np.zeros((1, 1, 3), np.uint8)
    header = struct.pack(">IIBBBBB", 20_001, 100, 8, RGB, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + raw_png(values, 8, RGB)[MARK + 25 :]
    with pytest.raises(ScanError, match="longest side"):
        decode_png(data, LIMITS)
