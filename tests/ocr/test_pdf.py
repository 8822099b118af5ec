"""PDF pages: scans come back pixel by pixel, others are drawn for reading; bad ones have their reason."""

import io

import numpy as np
import pytest
from pages import NEW, on_paper, scan_of
from pdfs import FONT, Stream, image, pdf
from PIL import Image

from invoice_lab.errors import ScanError
from invoice_lab.ocr.decode import Limits, decode
from invoice_lab.ocr.decode.pdf import TEXT_DPI
from invoice_lab.ocr.read import Reader
from invoice_lab.samples import draw_page
from invoice_lab.sources.scan import Scan

RANDOM = np.random.default_rng(3)
LETTER = (612, 792)
NOISE = RANDOM.integers(0, 256, (110, 85, 3), dtype=np.uint8)
WORDS = "BT /F 24 Tf 72 700 Td (Invoice 42) Tj ET"
TEXT_SIZE = (792 * TEXT_DPI // 72, 612 * TEXT_DPI // 72, 3)


def page(commands: str, more: str = "", box: tuple[float, ...] = (0, 0, *LETTER)) -> tuple[str, str]:
    resources = f"/Resources << /XObject << /I 3 0 R /X 4 0 R >> {FONT} >>"
    return f"/MediaBox [{' '.join(map(str, box))}] {resources} {more}", commands


def placed(width: float, height: float, x: float = 0, y: float = 0, name: str = "I") -> str:
    return f"q {width} 0 0 {height} {x} {y} cm /{name} Do Q "


def only(data: bytes, limits: Limits | None = None) -> np.ndarray:
    (rgb,) = decode(data, limits)
    assert rgb.dtype == np.uint8
    assert rgb.flags.c_contiguous
    assert rgb.flags.writeable
    return rgb


def test_a_scanned_invoice_has_its_own_pixels():
    rgb = np.asarray(on_paper(draw_page(NEW)))
    assert rgb.shape == (1100, 850, 3)
    assert (only(pdf([page(placed(*LETTER))], [image(rgb)])) == rgb).all()


def test_a_scan_saved_by_pillow_is_as_its_jpeg():
    picture, pdf_file, jpeg_file = on_paper(draw_page(NEW)), io.BytesIO(), io.BytesIO()
    picture.save(pdf_file, "PDF", resolution=100, quality=90)
    picture.save(jpeg_file, "JPEG", quality=90)
    expected = only(jpeg_file.getvalue()).astype(int)
    assert np.abs(only(pdf_file.getvalue()) - expected).max() <= 2


@pytest.mark.parametrize("points", [(595.276, 841.89), (595, 842), (612, 792), (419.53, 595.28), (1190.55, 1683.78)])
@pytest.mark.parametrize("dpi", [72, 96, 100, 150, 183])
def test_any_size_and_resolution_is_exact(points, dpi):
    width, height = (round(side * dpi / 72) for side in points)
    row = RANDOM.integers(0, 256, (1, width, 3), dtype=np.uint8)
    rgb = (row + np.arange(height, dtype=np.uint8)[:, None, None] * 37).astype(np.uint8)
    data = pdf([page(placed(*points), box=(0, 0, *points))], [image(rgb)])
    assert (only(data) == rgb).all()


FORM = Stream(
    "/Type /XObject /Subtype /Form /BBox [0 0 306 396] /Matrix [2 0 0 2 0 0] /Resources << /XObject << /I 3 0 R >> >>",
    placed(306, 396).encode(),
)
SCANS = {
    "plain": page(placed(*LETTER)),
    "not at the origin": page(placed(*LETTER, 10, 20), box=(10, 20, 622, 812)),
    "on a white ground": page("1 1 1 rg 0 0 612 792 re f " + placed(*LETTER)),
    "under unseen words": page(placed(*LETTER) + WORDS.replace("BT", "BT 3 Tr")),
    "within a form": page(placed(1, 1, name="X")),
    "turned upside down": page("q -612 0 0 -792 612 792 cm /I Do Q"),
}


@pytest.mark.parametrize(("name", "scan"), SCANS.items(), ids=SCANS)
def test_a_scan_is_exact_however_it_is_laid(name, scan):
    expected = np.rot90(NOISE, 2) if "upside" in name else NOISE
    assert (only(pdf([scan], [image(NOISE), FORM])) == expected).all()


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_the_rotation_of_a_page_is_followed(turns):
    data = pdf([page(placed(*LETTER), f"/Rotate {90 * turns}")], [image(NOISE)])
    assert (only(data) == np.rot90(NOISE, -turns)).all()


def test_a_scan_that_lies_on_its_side_is_exact():
    data = pdf([page("0 612 -792 0 792 0 cm /I Do", box=(0, 0, 792, 612))], [image(NOISE)])
    assert (only(data) == np.rot90(NOISE)).all()


def test_the_strips_of_a_scan_are_one_picture():
    upper, lower = image(NOISE[:50]), image(NOISE[50:])
    commands = placed(612, 360, 0, 432) + placed(612, 432, 0, 0, "X")
    assert (only(pdf([page(commands)], [upper, lower])) == NOISE).all()


def test_a_crop_box_cuts():
    data = pdf([page(placed(*LETTER), "/CropBox [0 0 612 432]")], [image(NOISE)])
    assert (only(data) == NOISE[50:]).all()


def test_a_fax_of_flat_pixels_is_drawn_square():
    data = pdf([page(placed(*LETTER))], [image(NOISE[::2])])
    assert only(data).shape == NOISE.shape


@pytest.mark.parametrize(
    "commands",
    [
        WORDS,
        placed(*LETTER) + WORDS,
        placed(300, 300) + WORDS,
        placed(*LETTER) + "0 0 1 rg 100 100 50 50 re f",
    ],
    ids=["words", "words over a coarse picture", "words beside a picture", "a stamp over a coarse picture"],
)
def test_what_is_no_scan_is_drawn_for_reading(commands):
    rgb = only(pdf([page(commands)], [image(NOISE)]))
    assert rgb.shape == TEXT_SIZE
    assert rgb.min() < 50


def test_a_fine_scan_with_a_stamp_stays_fine():
    fine = np.full((3300, 2550, 3), 255, np.uint8)
    rgb = only(pdf([page(placed(*LETTER) + WORDS)], [image(fine)]))
    assert rgb.shape == fine.shape
    assert rgb.min() < 50


def test_what_is_not_drawn_is_white():
    assert only(pdf([page("")])).min() == 255


def test_soft_masks_show_white():
    masked = image(NOISE)
    masked = Stream(masked.entries + " /SMask 4 0 R", masked.data)
    mask = image(np.zeros((1, 1, 3), np.uint8))
    mask = Stream(mask.entries.replace("/DeviceRGB", "/DeviceGray"), mask.data)
    assert only(pdf([page(placed(*LETTER))], [masked, mask])).min() == 255


BLACK = Stream("/Type /XObject /Subtype /Form /BBox [0 0 100 100]", b"0 g 0 0 100 100 re f")


@pytest.mark.parametrize(
    "kind", ["/Subtype /Stamp", "/Subtype /Widget /FT /Tx /T (total) /V (1.00) /DA (/F 9 Tf)"], ids=["stamp", "field"]
)
def test_annotations_and_filled_forms_are_drawn(kind):
    box = "/Type /Annot /F 4 /Rect [72 72 172 172] /AP << /N 4 0 R >>"
    rgb = only(pdf([page("", f"/Annots [<< {box} {kind} >>]")], ["", BLACK]))
    middle = rgb[-round(122 * TEXT_DPI / 72), round(122 * TEXT_DPI / 72)]
    assert middle.tolist() == [0, 0, 0]
    assert (rgb.min(2) == 255).mean() > 0.9


def test_pages_come_in_order():
    pages = [page("", box=(0, 0, 200 + n, 300)) for n in range(12)]
    shapes = [sheet.shape[:2] for sheet in decode(pdf(pages))]
    assert shapes == [(round(300 * TEXT_DPI / 72), round((200 + n) * TEXT_DPI / 72)) for n in range(12)]


@pytest.mark.parametrize("box", [(0, 0, 14_400, 14_400), (0, 0, 14_400, 1_440)], ids=["square", "long"])
def test_a_poster_is_drawn_within_the_limits(box):
    limits = Limits(megapixels=0.5, longest_side=1500)
    height, width, _ = only(pdf([page(WORDS, box=box)]), limits).shape
    assert height * width <= 0.5e6
    assert max(height, width) in (707, 1500)
    assert abs(width / height - box[2] / box[3]) < 0.05


def bomb() -> Stream:
    small = image(NOISE)
    return Stream(small.entries.replace("/Width 85 /Height 110", "/Width 60000 /Height 60000"), small.data)


WHOLE = pdf([page(placed(*LETTER))] * 3, [image(NOISE)])


@pytest.mark.parametrize(
    ("data", "limits", "code", "message"),
    [
        (pdf([page(WORDS)], password="secret"), Limits(), "encrypted-file", "save it without one"),
        (WHOLE, Limits(sheets=2), "too-many-sheets", "more than 2 sheets"),
        (WHOLE, Limits(total_megapixels=0.02), "too-large", "3 sheets"),
        (WHOLE, Limits(shortest_side=100), "too-small", "Sheet 1 has 85 x 110"),
        (pdf([page(placed(9, 9))], [bomb()]), Limits(), "too-large", "60000 x 60000"),
        (pdf([page(placed(9, 9) * 9)], [image(NOISE)]), Limits(total_megapixels=0.05), "too-large", "9 pictures"),
        (pdf([]), Limits(), "damaged-file", "no pages"),
        (WHOLE[:-400], Limits(), "damaged-file", "cut off or damaged"),
        (b"%PDF-1.7", Limits(), "damaged-file", "cut off or damaged"),
        (pdf([page("", box=(0, 0, 5, 5))]), Limits(), "too-small", "14 x 14"),
    ],
    ids=["password", "sheets", "total", "small", "bomb", "many pictures", "no pages", "cut", "head", "tiny"],
)
def test_bad_files_have_their_reason(data, limits, code, message):
    with pytest.raises(ScanError, match=message) as caught:
        decode(data, limits)
    assert caught.value.code == code


def test_a_damaged_page_is_named():
    data = pdf([page(WORDS)] * 2).replace(b"/Kids [3 0 R 5 0 R]", b"/Kids [3 0 R 9 0 R]")
    with pytest.raises(ScanError, match="Sheet 2 of the PDF is damaged") as caught:
        decode(data)
    assert caught.value.code == "damaged-file"


def test_a_file_that_only_its_owner_may_change_is_read():
    assert (only(pdf([page(WORDS)], password="")) == only(pdf([page(WORDS)]))).all()


def test_things_before_the_mark_are_passed_over():
    assert only(b"\n" * 900 + pdf([page(WORDS)])).shape == TEXT_SIZE


def test_an_invoice_in_a_pdf_is_read_like_its_picture():
    reader = Reader()
    picture = draw_page(NEW)
    scan = Scan.of("page.pdf", pdf([page(placed(*LETTER))], [image(np.asarray(on_paper(picture)))]))
    (of_pdf,), (of_png,) = reader.read(scan), reader.read(scan_of(picture))
    assert of_pdf.fields == of_png.fields
    assert of_pdf.lines == of_png.lines
    assert of_pdf.fields["invoice_id"].value == NEW["invoice_id"]


def test_a_picture_that_is_shown_nowhere_large_doesnt_matter():
    fine = Image.new("RGB", (400, 400))
    assert only(pdf([page(placed(20, 20) + WORDS)], [image(np.asarray(fine))])).shape == TEXT_SIZE
