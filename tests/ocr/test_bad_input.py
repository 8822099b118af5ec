"""Whatever is handed in: the right status with the right finding; nothing accepted silently, nothing lost."""

import io
import struct
import zlib
from random import Random

import pytest
import qrcode
from pages import BOREALE, NEW, OLD, changed, png, scan_of
from pdfs import pdf
from PIL import Image, ImageDraw
from rasters import chunk
from sheets import OTHER, beside, halves, paper, without_code

from invoice_lab.ocr.page import LONGEST_SHOWN
from invoice_lab.ocr.read import Reader
from invoice_lab.samples.damage import damage
from invoice_lab.samples.truth import chance
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.evaluate import wrong_fields
from invoice_lab.validation.judge import judge
from invoice_lab.validation.record import to_record

LONGEST_MESSAGE = 3 * LONGEST_SHOWN


@pytest.fixture(scope="module")
def reader():
    return Reader()


@pytest.fixture(scope="module")
def engine_reader():
    return Reader("tesserocr")


def judged(reader, image):
    (page,) = reader.read(scan_of(image))
    return judge(page)


def codes(judgement):
    return [finding.code for finding in judgement.findings]


def wrong(record, judgement):
    return wrong_fields(record, to_record(judgement, "page.png", 0))


# Pages that lie on a side or on the head


@pytest.mark.parametrize("record", [NEW, OLD], ids=lambda record: record["layout"])
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_page_is_read_as_its_code_shows(reader, record, degrees):
    picture = paper(record)
    turned, straight = judged(reader, picture.rotate(degrees, expand=True)), judged(reader, picture)
    assert (turned.status, wrong(record, turned)) == ("accepted", [])
    assert (turned.page.width, turned.page.height) == ((850, 1100) if degrees == 180 else (1100, 850))
    assert {field.how for field in turned.page.fields.values()} == {"exact", "qr"}
    for name, field in straight.page.fields.items():
        assert crop_of(picture, field) == crop_of(
            picture.rotate(degrees, expand=True), turned.page.fields[name], degrees
        )


def crop_of(image, field, degrees=0):
    """Return the pixels of a field, upright."""
    box = field.box
    return image.crop((box.x, box.y, box.right, box.bottom)).rotate(-degrees, expand=True).tobytes() if box else None


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_page_without_code_is_read_and_sent_to_review(engine_reader, degrees):
    judgement = judged(engine_reader, without_code(paper(NEW)).rotate(degrees, expand=True))
    assert (judgement.status, codes(judgement)) == ("review", ["qr-unreadable"])
    assert set(wrong(NEW, judgement)) == {"qr", "customer.number", "customer.category"}


def test_a_turned_page_of_a_layout_without_codes_is_accepted(engine_reader):
    judgement = judged(engine_reader, paper(BOREALE).rotate(180))
    assert (judgement.status, wrong(BOREALE, judgement)) == ("accepted", [])


def test_a_turned_page_of_unknown_layout_is_read_by_labels(engine_reader):
    strange = paper(changed(NEW, invoice_id="RECH-77", qr=None)).rotate(90, expand=True)
    judgement = judged(engine_reader, strange)
    assert judgement.status == "review"
    assert "layout-unknown" in codes(judgement)
    assert judgement.page.value("total") == NEW["total"]


# More than one invoice on a page, or none

TWO = {
    "side by side": beside(paper(NEW), paper(OTHER)),
    "side by side, the right code lost": beside(paper(NEW), without_code(paper(OTHER))),
    "side by side, the left code lost": beside(without_code(paper(NEW)), paper(OTHER)),
    "one above the other": halves(paper(NEW), paper(OLD)),
    "one above the other, the lower code lost": halves(paper(NEW), without_code(paper(OTHER))),
    "one above the other, the upper code lost": halves(without_code(paper(NEW)), paper(OTHER)),
    "of two layouts, the lower code lost": halves(paper(NEW), without_code(paper(OLD))),
}


@pytest.mark.parametrize("image", TWO.values(), ids=TWO)
def test_two_invoices_on_a_page(reader, image):
    judgement = judged(reader, image)
    assert judgement.status == "review"
    assert set(codes(judgement)) == {"several-invoices"}
    said = "".join(filter(str.isdigit, " ".join(finding.message for finding in judgement.findings)))
    others = {record["invoice_id"] for record in (NEW, OLD, OTHER)} - {judgement.page.value("invoice_id")}
    numbers = {"".join(filter(str.isdigit, other)) for other in others}
    assert any(number in said for number in numbers), "the finding says which other invoice it is"


@pytest.mark.parametrize("name", TWO)
def test_two_invoices_read_by_an_engine_are_not_accepted(engine_reader, name):
    judgement = judged(engine_reader, TWO[name])
    assert judgement.status == "review"
    assert {"several-invoices", "field-doubled"} & set(codes(judgement))


def test_two_invoices_without_any_code(reader):
    judgement = judged(reader, halves(without_code(paper(NEW)), without_code(paper(OTHER))))
    assert judgement.status == "review"
    assert {"several-invoices", "qr-unreadable"} <= set(codes(judgement))


def test_a_note_beside_an_invoice_is_no_second_one(reader):
    image = paper(NEW)
    ImageDraw.Draw(image).text((60, 700), "Merci de votre visite et à bientôt. Total respect!", fill="black")
    ImageDraw.Draw(image).line((100, 800, 400, 830, 500, 790), fill="navy", width=3)
    judgement = judged(reader, image)
    assert (judgement.status, wrong(NEW, judgement)) == ("accepted", [])


def test_a_code_for_something_else_on_the_page_is_passed_over(reader):
    image = paper(NEW)
    image.paste(small_code("https://pay.example.com/?id=1"), (20, 900))
    upper = Image.new("RGB", (850, 1250), "white")
    upper.paste(image, (0, 150))
    upper.paste(small_code("https://shop.example.com"), (20, 5))
    for page in (image, upper):
        judgement = judged(reader, page)
        assert (judgement.status, wrong(NEW, judgement)) == ("accepted", [])


def small_code(payload):
    code = qrcode.QRCode(box_size=3, border=4)
    code.add_data(payload)
    return code.make_image().get_image().convert("RGB")


# Codes of other invoices, and codes that mean harm


def test_the_code_of_another_invoice(reader):
    judgement = judged(reader, paper(changed(NEW, qr=OTHER["qr"])))
    assert (judgement.status, codes(judgement)) == ("review", ["id-mismatch", "date-mismatch"])


OF_2018 = "INVOICE:FAC/2019/0042\nDATE:2019-03-14 15:09:26\nCUST:M, birth 1989-04-24\n"
OTHER_LAYOUT = {
    "2018 on 2019, as drawn": ("auto", NEW, OLD["qr"]),
    "2018 on 2019": ("tesserocr", NEW, OLD["qr"]),
    "2019 on 2018": ("tesserocr", OLD, NEW["qr"]),
    "2018 on 2019, the same digits": ("tesserocr", NEW, OF_2018),
}


@pytest.mark.parametrize(("kind", "record", "payload"), OTHER_LAYOUT.values(), ids=OTHER_LAYOUT)
def test_the_code_of_another_layout(reader, engine_reader, kind, record, payload):
    """The page is read as what is printed on it; nothing is taken from the code."""
    judgement = judged(reader if kind == "auto" else engine_reader, paper(changed(record, qr=payload)))
    assert judgement.status == "review"
    assert "qr-unexpected" in codes(judgement)
    assert judgement.page.layout == record["layout"]
    assert judgement.page.value("invoice_id") == record["invoice_id"]
    assert judgement.page.value("total") == record["total"]
    for name in ("number", "category", "gender", "birth_date"):
        assert judgement.page.value(name) is None


HEAD = "INVOICE:FAC_2019_0042"
REST = "\nDATE:2019-03-14 15:09:26\nCUST:00042\nCAT:B"
HOSTILE = {
    "sql": ("'; DROP TABLE invoices; --", "qr-unexpected"),
    "sql in the id": (f"{HEAD}'; DROP TABLE invoices; --{REST}", "id-mismatch"),
    "script": ('<script>alert("x")</script><img src=x onerror=alert(1)>', "qr-unexpected"),
    "script in the date": (f"{HEAD}\nDATE:<script>alert(1)</script>\nCUST:00042\nCAT:B", "date-mismatch"),
    "4 KB": ("4" * 4000, "qr-unexpected"),
    "long id": (f"{HEAD}{'<b>' * 300}{REST}", "id-mismatch"),
    "control characters": ("\x01\x02\x1b[31mINVOICE\x07\r\n\x7f", "qr-unexpected"),
    "zero": (f"{HEAD}\0{REST}", "qr-unexpected"),
    "right to left": (f"\u202e{HEAD}\u2066{REST}", "qr-unexpected"),
    "digits of another script": (f"{HEAD}{REST}".replace("00042", "٠٠٠٤٢"), "qr-unexpected"),
    "address": ("https://pay.example.com/?to=thief&amount=63.45", "qr-unexpected"),
}


def with_code(payload):
    """Draw an invoice with a QR code of any size."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, box_size=3, border=4)
    code.add_data(payload)
    code.make(fit=True)
    drawn = code.make_image().get_image().convert("RGB")
    page = Image.new("RGB", (850, 1750), "white")
    page.paste(without_code(paper(NEW)), (0, 0))
    page.paste(drawn, (550, 10) if drawn.width < 150 else (150, 1130))
    return page


@pytest.mark.parametrize(("payload", "code"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_codes(engine_reader, payload, code):
    judgement = judged(engine_reader, with_code(payload))
    assert judgement.status == "review"
    assert code in codes(judgement)
    assert all(len(finding.message) < LONGEST_MESSAGE for finding in judgement.findings)
    assert "\0" not in judgement.page.qr
    assert judgement.page.value("number") in {None, "00042"}
    assert judgement.page.value("total") == NEW["total"]


# Handwriting

FIELDS = {
    "invoice_id": (120, 20, 160, 24), "issued_at": (130, 50, 200, 20), "name": (75, 80, 110, 22),
    "address_1": (70, 120, 140, 14), "lines.1.product": (40, 200, 180, 20), "lines.1.quantity": (498, 200, 26, 20),
    "lines.1.unit_price": (600, 200, 60, 20), "total": (560, 275, 100, 22),
}  # fmt: skip
PENS = {"ballpoint": ((20, 30, 120), 2), "felt pen": ((0, 0, 0), 4), "red pencil": ((180, 20, 20), 1)}


OVER = [(name, list(PENS)[n % len(PENS)]) for n, name in enumerate(FIELDS)] + [("total", pen) for pen in list(PENS)[:2]]


@pytest.mark.parametrize(("name", "pen"), OVER, ids=[" ".join(over) for over in OVER])
def test_handwriting_over_a_field(reader, name, pen):
    """Even where code or arithmetic confirm what is under it, somebody has to look at what was written there."""
    (x, y, width, height), rng, image = FIELDS[name], Random(f"{name} {pen}"), paper(NEW)
    ink, thickness = PENS[pen]
    points = [(x + width * step / 6 + rng.uniform(-3, 3), y + height * rng.random()) for step in range(7)]
    ImageDraw.Draw(image).line(points, fill=ink, width=thickness, joint="curve")
    judgement = judged(reader, image)
    assert judgement.status == "review"
    assert {"field-unsure", "field-covered"} & set(codes(judgement))
    assert name in {finding.field for finding in judgement.findings}


@pytest.mark.parametrize("kind", ["jpeg-30", "jpeg-75", "blur-1.0", "rotation-3", "contrast-50", "dpi-75", "photo"])
def test_handwriting_over_a_confirmed_field_of_a_damaged_page(reader, kind):
    x, y, width, height = FIELDS["total"]
    image = paper(NEW)
    ImageDraw.Draw(image).line((x, y + height, x + width, y), fill=PENS["ballpoint"][0], width=2)
    judgement = judged(reader, damage(image, kind, chance(1)))
    assert judgement.status == "review"
    assert "total" in {finding.field for finding in judgement.findings}


@pytest.mark.parametrize("record", [NEW, OLD], ids=lambda record: record["layout"])
def test_lines_across_the_whole_sheet(reader, record):
    """Most texts are crossed by one: what is usual on this sheet is no measure of what explains it."""
    image, rng = paper(record).convert("RGB"), Random(record["layout"])
    for x in range(40, image.width, 60):
        ImageDraw.Draw(image).line((x, 0, x + rng.randint(-6, 6), image.height), fill=(60, 60, 60), width=2)
    assert judged(reader, image).status == "review"


# Files


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


LOSSY = {
    "64 colours": lambda page: saved(page.quantize(64), "PNG"),
    "WebP": lambda page: saved(page, "WEBP", quality=75),
    "JPEG within TIFF": lambda page: saved(page, "TIFF", compression="jpeg", quality=75),
    "JPEG of four inks": lambda page: saved(page.convert("CMYK"), "JPEG", quality=80),
}


@pytest.mark.parametrize("record", [NEW, OLD], ids=lambda record: record["layout"])
@pytest.mark.parametrize("how", LOSSY)
def test_formats_that_keep_colours_roughly_are_read_surely(reader, record, how):
    (page,) = reader.read(Scan.of("page", LOSSY[how](paper(record).convert("RGB"))))
    judgement = judge(page)
    assert (judgement.status, wrong(record, judgement)) == ("accepted", [])


def png_of(width, height, rows):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def bomb(megabytes):
    """Compress zeros: a thousandth of their size."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(megabytes)) + packer.flush()


def as_jpeg(image):
    file = io.BytesIO()
    image.save(file, "JPEG")
    return file.getvalue()


WHOLE, JPEG = png(paper(NEW)), as_jpeg(paper(NEW))
IN_A_CHUNK = WHOLE[:33] + chunk(b"zTXt", b"Comment\0\0" + bomb(100)) + WHOLE[33:]
FILES = {
    "bomb": (png_of(24_000, 24_000, bomb(576)), "too-large"),
    "bomb in a comment": (IN_A_CHUNK, "damaged-file"),
    "claims two thousand million pixels a side": (png_of(2**31 - 1, 2**31 - 1, b""), "too-large"),
    "a ribbon": (png_of(30_000, 100, bomb(4)), "too-large"),
    "tiny": (png_of(1, 1, zlib.compress(b"\0\0")), "too-small"),
    "half a PNG": (WHOLE[: len(WHOLE) // 2], "damaged-file"),
    "half a JPEG": (JPEG[: len(JPEG) // 2], "damaged-file"),
    "a byte changed": (WHOLE[:5000] + bytes([WHOLE[5000] ^ 255]) + WHOLE[5001:], "damaged-file"),
    "password": (pdf([("/MediaBox [0 0 612 792]", "")], password="secret"), "encrypted-file"),
    "text": (b"INVOICE FAC_2019_0042\nTOTAL 63.45 Euro", "not-an-image"),
    "program": (b"MZ" + bytes(500), "not-an-image"),
    "markup": (b"<html><script>alert(1)</script>", "not-an-image"),
    "nothing": (b"", "empty-file"),
}


@pytest.mark.parametrize(("data", "code"), FILES.values(), ids=FILES)
def test_files_that_are_no_scan(reader, data, code):
    (page,) = reader.read(Scan.of("bad.png", data))
    judgement = judge(page)
    assert (judgement.status, codes(judgement)) == ("rejected", [code])
    assert judgement.page.sha256


@pytest.mark.shared
def test_real_scans_turned_doubled_and_with_the_wrong_code(shared, reader):
    import json

    records = [json.loads(line) for line in (shared / "invoices/truth.jsonl").read_text().splitlines()]
    for first, second in zip(records[100:900:200], records[150:950:200], strict=True):
        with (
            Image.open(shared / "invoices" / first["file"]) as one,
            Image.open(shared / "invoices" / second["file"]) as two,
        ):
            left, right = (on_white(image) for image in (one, two))
        upside_down = judged(reader, left.rotate(180))
        assert (upside_down.status, wrong(first, upside_down)) == ("accepted", [])
        assert codes(judged(reader, beside(left, without_code(right)))) == ["several-invoices"]
        left.paste(right.crop((550, 10, 690, 140)), (550, 10))
        assert {"id-mismatch", "date-mismatch"} <= set(codes(judged(reader, left)))


def on_white(image):
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    return white.convert("RGB")
