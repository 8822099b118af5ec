"""Whatever bytes arrive: sheets or a reason, never another error and never a crash."""

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pdfs import FONT, image, pdf
from PIL import Image

from invoice_lab.errors import ScanError
from invoice_lab.ocr.decode import Limits, decode

LIMITS = Limits(megapixels=2, total_megapixels=4, sheets=10)
"""Small ones: a flipped bit may ask for much, which is not what is tried here."""
CODES = {
    "empty-file", "not-an-image", "damaged-file", "encrypted-file", "too-large", "too-small", "too-many-sheets",
}  # fmt: skip
GREY = np.linspace(0, 255, 64 * 60).astype(np.uint8).reshape(60, 64)
PICTURE = Image.fromarray(np.stack([GREY, GREY[::-1], GREY[:, ::-1]], -1))


def saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def a_pdf(password: str | None = None) -> bytes:
    entries = f"/MediaBox [0 0 64 60] /Resources << /XObject << /I 3 0 R >> {FONT} >>"
    note = "/Annots [<< /Type /Annot /Subtype /Square /F 4 /Rect [5 5 20 20] /C [1 0 0] >>]"
    pages = [(entries, "q 64 0 0 60 0 0 cm /I Do Q"), (f"{entries} {note}", "BT /F 12 Tf 5 30 Td (Invoice) Tj ET")]
    return pdf(pages, [image(np.asarray(PICTURE))], password)


WHOLE = {
    "png": saved(PICTURE, "PNG"),
    "png rgba": saved(PICTURE.convert("RGBA"), "PNG"),
    "png palette": saved(PICTURE.convert("P"), "PNG", transparency=3),
    "jpeg": saved(PICTURE, "JPEG"),
    "tiff": saved(PICTURE, "TIFF", save_all=True, append_images=[PICTURE.convert("L")]),
    "tiff lzw": saved(PICTURE, "TIFF", compression="tiff_lzw"),
    "tiff group4": saved(PICTURE.convert("1"), "TIFF", compression="group4"),
    "tiff jpeg": saved(PICTURE, "TIFF", compression="jpeg"),
    "webp": saved(PICTURE, "WEBP"),
    "webp lossless": saved(PICTURE.convert("RGBA"), "WEBP", lossless=True),
    "bmp": saved(PICTURE, "BMP"),
    "bmp palette": saved(PICTURE.convert("P"), "BMP"),
    "pdf": a_pdf(),
    "pdf encrypted": a_pdf(password=""),
}

some = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def outcome(data: bytes) -> str:
    """Return what became of some bytes: ``sheets`` or the reason's code."""
    try:
        sheets = decode(data, LIMITS)
    except ScanError as error:
        assert error.code in CODES
        assert error.message
        return error.code
    assert sheets
    for sheet in sheets:
        assert sheet.dtype == np.uint8
        assert sheet.ndim == 3
        assert sheet.shape[2] == 3
    return "sheets"


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
def test_whole_files_give_sheets(data):
    assert outcome(data) == "sheets"


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
@some
@given(random=st.data())
def test_cut_files(data, random):
    outcome(data[: random.draw(st.integers(0, len(data) - 1))])


@pytest.mark.parametrize("kind", [kind for kind in WHOLE if not kind.startswith("tiff")])
def test_half_a_file_is_no_scan(kind):
    """Of a TIFF without its last sheet the others would be whole; its directories mostly stand at the end."""
    data = WHOLE[kind]
    assert outcome(data[: len(data) // 2]) == "damaged-file"


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
@some
@given(random=st.data())
def test_flipped_bits(data, random):
    spoiled = bytearray(data)
    # Most of a file is picture data; its heads are where parsers stumble.
    near = st.integers(0, min(400, len(data) - 1))
    far = st.integers(0, len(data) - 1)
    for place in random.draw(st.lists(near | far, min_size=1, max_size=6)):
        spoiled[place] ^= 1 << random.draw(st.integers(0, 7))
    outcome(bytes(spoiled))


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
@some
@given(random=st.data())
def test_pieces_left_out_or_doubled(data, random):
    first, second = sorted(random.draw(st.tuples(*[st.integers(0, len(data))] * 2)))
    outcome(data[:first] + data[second:])
    outcome(data[:second] + data[first:])


@pytest.mark.parametrize(
    "head", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"RIFF....WEBP", b"%PDF-1.4\n", b""]
)
@some
@given(tail=st.binary(max_size=300))
def test_garbage(head, tail):
    outcome(head + tail)


def test_a_tiff_whose_directories_go_round_ends():
    data = bytearray(WHOLE["tiff lzw"])
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.n_frames == 1
    first = int.from_bytes(data[4:8], "little")
    link = first + 2 + 12 * int.from_bytes(data[first : first + 2], "little")
    data[link : link + 4] = data[4:8]
    assert len(decode(bytes(data))) == 1
