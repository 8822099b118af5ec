"""Bytes to pixels: what is drawn, on white, within limits; everything else has a reason."""

import io
import struct
import zlib

import numpy as np
import pytest
from pages import png
from PIL import Image

from invoice_lab.errors import ScanError
from invoice_lab.ocr.decode import Limits, decode


@pytest.mark.parametrize(
    ("ink", "expected"),
    [((0, 0, 255, 255), (0, 0, 255)), ((255, 0, 0, 0), (255, 255, 255)), ((255, 0, 0, 128), (255, 127, 127))],
    ids=["opaque", "transparent", "half"],
)
def test_alpha_is_composited_on_white(ink, expected):
    (rgb,) = decode(png(Image.new("RGBA", (60, 70), ink)))
    assert rgb.shape == (70, 60, 3)
    assert np.abs(rgb[30, 30].astype(int) - expected).max() <= 1


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "LA", "I;16"])
def test_every_png_mode_gives_rgb(mode):
    image = Image.new(mode, (60, 60), 1 if mode == "1" else None)
    (rgb,) = decode(png(image))
    assert rgb.shape == (60, 60, 3)


def test_sixteen_bits_keep_their_grey():
    (grey,) = decode(png(Image.fromarray(np.full((60, 60), 0x8000, np.uint16))))
    assert grey[0, 0].tolist() == [0x80, 0x80, 0x80]


def test_a_camera_orientation_is_followed():
    image = Image.new("RGB", (80, 60), "white")
    image.paste("black", (0, 0, 80, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif)
    (rgb,) = decode(file.getvalue())
    assert rgb.shape == (80, 60, 3)
    assert rgb[40, 55].max() < 60, "the upper edge is now at the right"
    assert rgb[40, 5].min() > 200


def _claimed_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty-file"),
        (b"\x89", "not-an-image"),
        (b"just text, named .png", "not-an-image"),
        (png(Image.new("RGB", (200, 200)))[:-60], "damaged-file"),
        (png(Image.effect_noise((200, 200), 80))[:5000], "damaged-file"),
        (_claimed_png(60_000, 60_000), "too-large"),
        (png(Image.new("1", (9_000, 9_000))), "too-large"),
        (png(Image.new("RGB", (20, 200))), "too-small"),
        (png(Image.new("1", (60, 40_000))), "too-large"),
    ],
    ids=["no bytes", "one byte", "text", "cut end", "cut middle", "bomb", "huge", "small", "long"],
)
def test_unusable_bytes_have_their_reason(data, code):
    with pytest.raises(ScanError) as caught:
        decode(data)
    assert caught.value.code == code
    assert caught.value.message


def test_the_size_in_bytes_has_a_limit_that_is_named():
    with pytest.raises(ScanError, match=r"limit is 0.001 MB") as caught:
        decode(b"x" * 2000, Limits(megabytes=0.001))
    assert caught.value.code == "too-large"
