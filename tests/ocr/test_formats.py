"""Each format in each of its kinds gives the pixels that it draws, sheet by sheet."""

import io

import numpy as np
import pytest
from pages import png
from PIL import Image
from rasters import GREY, GREY_ALPHA, PALETTE, RGB, RGBA, packed, raw_png, raw_tiff, tiff_tags

from invoice_lab.errors import NothingFoundError, ScanError
from invoice_lab.ocr.decode import FORMATS, SUFFIXES, Limits, decode
from invoice_lab.ocr.decode.picture import on_white

HEIGHT, WIDTH = 52, 61
RANDOM = np.random.default_rng(7)


def values(depth: int, channels: int) -> np.ndarray:
    return RANDOM.integers(0, 2**depth, (HEIGHT, WIDTH, channels), dtype=np.uint16)


def shades(raw: np.ndarray, depth: int) -> np.ndarray:
    """Bring values of any depth to 8 bits, as RGB."""
    eight = raw >> 8 if depth == 16 else raw * 255 // (2**depth - 1)
    return np.broadcast_to(eight, (*raw.shape[:2], 3)).astype(int)


def mixed(ink: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return np.rint(255 + (ink - 255.0) * alpha / 255).astype(int)


def saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def only(data: bytes) -> np.ndarray:
    (rgb,) = decode(data)
    assert rgb.dtype == np.uint8
    assert rgb.flags.c_contiguous
    assert rgb.flags.writeable
    return rgb.astype(int)


PICTURE = Image.fromarray(values(8, 3).astype(np.uint8))
SMOOTH = Image.fromarray(
    np.stack(np.broadcast_arrays(np.arange(WIDTH)[None] * 4, np.arange(HEIGHT)[:, None] * 4, 99), -1).astype(np.uint8)
)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("kind", "channels"), [(GREY, 1), (RGB, 3)], ids=["grey", "rgb"])
@pytest.mark.parametrize("keyed", [False, True], ids=["opaque", "one shade transparent"])
@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_png_without_alpha(depth, kind, channels, keyed, interlaced):
    if kind == RGB and depth < 8:
        depth = 8
    raw = values(depth, channels)
    expected, extra = shades(raw, depth), []
    if keyed:
        key = raw[20, 30]
        extra = [(b"tRNS", key.astype(">u2").tobytes())]
        expected[(raw == key).all(2)] = 255
    assert (only(raw_png(raw, depth, kind, interlaced=interlaced, extra=extra)) == expected).all()


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize(("kind", "channels"), [(GREY_ALPHA, 2), (RGBA, 4)], ids=["grey", "rgb"])
def test_png_with_alpha(depth, kind, channels):
    raw = values(depth, channels)
    expected = mixed(shades(raw[..., :-1], depth), shades(raw[..., -1:], depth))
    assert np.abs(only(raw_png(raw, depth, kind)) - expected).max() <= 1


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("alpha", [None, b"\0", b"\x80\xff"], ids=["opaque", "transparent", "half"])
def test_png_with_a_palette(depth, alpha):
    raw, palette = values(depth, 1), RANDOM.integers(0, 256, (2**depth, 3))
    extra = [(b"PLTE", palette.astype(np.uint8).tobytes())] + ([(b"tRNS", alpha)] if alpha else [])
    opacity = np.full(2**depth, 255)
    opacity[: len(alpha or b"")] = list(alpha or b"")
    expected = mixed(palette[raw[..., 0]], opacity[raw])
    assert np.abs(only(raw_png(raw, depth, PALETTE, extra=extra)) - expected).max() <= 1


def test_full_sixteen_bits_are_white():
    assert only(raw_png(np.full((60, 60, 1), 0xFFFF), 16, GREY)).min() == 255


def test_compositing_is_pillows_bit_for_bit():
    """All 65,536 pairs of ink and opacity."""
    ink, alpha = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    rgba = np.stack([ink, 255 - ink, ink * 7, alpha], -1)
    paper = Image.new("RGBA", (256, 256), "white")
    paper.alpha_composite(Image.fromarray(rgba))
    assert (on_white(rgba) == np.asarray(paper.convert("RGB"))).all()


LOSSLESS = {
    "bmp": saved(PICTURE, "BMP"),
    "tiff": saved(PICTURE, "TIFF"),
    "tiff lzw": saved(PICTURE, "TIFF", compression="tiff_lzw"),
    "tiff deflate": saved(PICTURE, "TIFF", compression="tiff_adobe_deflate"),
    "tiff packbits": saved(PICTURE, "TIFF", compression="packbits"),
    "tiff big": saved(PICTURE, "TIFF", big_tiff=True),
    "webp": saved(PICTURE, "WEBP", lossless=True),
}


@pytest.mark.parametrize("data", LOSSLESS.values(), ids=LOSSLESS)
def test_lossless_colour_is_kept(data):
    assert (only(data) == np.asarray(PICTURE)).all()


LOSSY = {
    "jpeg": saved(SMOOTH, "JPEG", quality=95),
    "jpeg progressive": saved(SMOOTH, "JPEG", quality=95, progressive=True),
    "jpeg in tiff": saved(SMOOTH, "TIFF", compression="jpeg", quality=95),
    "webp": saved(SMOOTH, "WEBP", quality=95),
}


@pytest.mark.parametrize("data", LOSSY.values(), ids=LOSSY)
def test_lossy_colour_is_nearly_kept(data):
    assert np.abs(only(data) - np.asarray(SMOOTH)).mean() < 3


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_four_inks_become_colours(kind):
    inks = np.zeros((60, 60, 4), np.uint8)
    inks[:30] = (0, 255, 255, 0)
    rgb = only(saved(Image.fromarray(inks, "CMYK"), kind))
    assert np.abs(rgb[5, 5] - (255, 0, 0)).max() < 8
    assert rgb[50, 5].min() > 247


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        ("1", "TIFF", {"compression": "group4"}),
        ("1", "TIFF", {"compression": "group3"}),
        ("1", "TIFF", {"compression": "group4", "tiffinfo": {262: 0}}),
        ("1", "BMP", {}),
        ("L", "TIFF", {}),
        ("L", "BMP", {}),
        ("L", "JPEG", {"quality": 100}),
        ("P", "BMP", {}),
        ("P", "TIFF", {}),
    ],
)
def test_few_shades(mode, kind, options):
    image = PICTURE.convert(mode)
    assert np.abs(only(saved(image, kind, **options)) - np.asarray(image.convert("RGB"))).max() <= 2


@pytest.mark.parametrize(
    ("kind", "options"),
    [("WEBP", {"lossless": True, "exact": True}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})],
)
def test_alpha_of_other_formats(kind, options):
    raw = values(8, 4)
    expected = mixed(raw[..., :3].astype(int), raw[..., 3:])
    assert np.abs(only(saved(Image.fromarray(raw.astype(np.uint8)), kind, **options)) - expected).max() <= 1


@pytest.mark.parametrize(
    ("order", "photometric", "channels"),
    [("<", 0, 1), ("<", 1, 1), (">", 1, 1), ("<", 2, 3), (">", 2, 3)],
    ids=["white is zero", "black is zero", "black is zero, big-endian", "rgb", "rgb, big-endian"],
)
def test_tiff_of_sixteen_bits(order, photometric, channels):
    raw = values(16, channels)
    data = raw_tiff([(tiff_tags(raw, 16, photometric), [b"".join(packed(raw, 16, order))])], order)
    assert (only(data) == shades(0xFFFF - raw if photometric == 0 else raw, 16)).all()


def test_tiff_of_separate_planes():
    raw = values(8, 3)
    planes = [raw[..., n].astype(np.uint8).tobytes() for n in range(3)]
    assert (only(raw_tiff([(tiff_tags(raw, 8, 2, planar=2), planes)])) == raw).all()


def frame(shade: int, **more: int) -> tuple:
    raw = np.full((60, 70, 1), shade, np.uint16)
    return tiff_tags(raw, 8, 1, **more), [b"".join(packed(raw, 8))]


def test_the_sheets_of_a_tiff_come_in_order():
    first, *others = [Image.new("L", (60 + n, 80), 40 * n) for n in range(5)]
    sheets = decode(saved(first, "TIFF", save_all=True, append_images=others))
    assert [(sheet.shape, sheet[0, 0, 0]) for sheet in sheets] == [((80, 60 + n, 3), 40 * n) for n in range(5)]


def test_thumbnails_and_masks_are_no_sheets():
    sheets = decode(raw_tiff([frame(10, subfile=1), frame(20, subfile=2), frame(30, subfile=4), frame(40, subfile=0)]))
    assert [sheet[0, 0, 0] for sheet in sheets] == [20, 40]


def test_nothing_is_lost_where_all_is_called_a_thumbnail():
    assert [sheet[0, 0, 0] for sheet in decode(raw_tiff([frame(10, subfile=1)]))] == [10]


def test_an_animation_is_its_first_picture():
    first, second = Image.new("RGB", (60, 60), "red"), Image.new("RGB", (60, 60), "blue")
    data = saved(first, "WEBP", save_all=True, append_images=[second], lossless=True)
    assert only(data)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_followed(kind, orientation):
    upright = np.full((60, 90, 3), 255, np.uint8)
    upright[:30, :45] = 0
    upright[40:, 80:] = 100
    turns = {1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 5: lambda a: a.swapaxes(0, 1)}
    turns |= {6: np.rot90, 7: lambda a: np.rot90(a, 2).swapaxes(0, 1), 8: lambda a: np.rot90(a, -1)}
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(turns[orientation](upright)))
    rgb = only(saved(stored, kind, exif=exif))
    assert rgb.shape == upright.shape
    assert np.abs(rgb - upright).mean() < 8


@pytest.mark.parametrize(
    ("limits", "code", "message"),
    [
        (Limits(sheets=2), "too-many-sheets", "more than 2 sheets"),
        (Limits(total_megapixels=0.01), "too-large", "3 sheets have 0 MP together; the limit is 0.01 MP"),
        (Limits(shortest_side=65), "too-small", "Sheet 1 has 70 x 60"),
        (Limits(longest_side=65), "too-large", "Sheet 1 has 70 x 60"),
    ],
)
def test_limits_of_many_sheets(limits, code, message):
    with pytest.raises(ScanError, match=message) as caught:
        decode(raw_tiff([frame(shade) for shade in (1, 2, 3)]), limits)
    assert caught.value.code == code


def test_a_damaged_sheet_is_named():
    data = bytearray(saved(PICTURE, "TIFF", save_all=True, append_images=[PICTURE], compression="tiff_adobe_deflate"))
    with Image.open(io.BytesIO(data)) as image:
        image.seek(1)
        place, length = image.tag_v2[273][0], image.tag_v2[279][0]
    data[place : place + length] = b"\xff" * length
    with pytest.raises(ScanError, match="Sheet 2 is cut off or damaged") as caught:
        decode(bytes(data))
    assert caught.value.code == "damaged-file"


def test_measurements_are_no_scan():
    with pytest.raises(ScanError) as caught:
        decode(saved(Image.new("F", (60, 60)), "TIFF"))
    assert caught.value.code == "not-an-image"


def test_what_a_file_is_its_bytes_tell():
    with pytest.raises(ScanError, match=FORMATS) as caught:
        decode(b"BMW sells cars, and this is a text about them.")
    assert caught.value.code == "not-an-image"
    assert FORMATS in NothingFoundError("x").remedy
    assert {suffix.removeprefix(".").replace("jpg", "jpeg").replace("tiff", "tif") for suffix in SUFFIXES} == {
        name.lower().replace("tiff", "tif") for name in FORMATS.replace(" or ", ", ").split(", ")
    }


def test_a_mode_that_is_drawn_on_nothing_is_white():
    assert only(png(Image.new("LA", (60, 60), (0, 0)))).min() == 255
