"""Real pages through the real engines: every field, with its box, on both layouts and on what arrives in practice."""

import numpy as np
import pytest
from pages import NEW, OLD, changed, on_paper, png, scan_of, scan_of_record
from PIL import Image, ImageDraw, ImageFilter

from invoice_lab.ocr.engines import AUTO, load_engine
from invoice_lab.ocr.read import Reader
from invoice_lab.samples import draw_page
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.judge import judge


@pytest.fixture(scope="module")
def reader():
    return Reader("auto")


def core(page):
    """Id, date, total and every number of the lines, as read."""
    lines = [(line.quantity.value, line.unit_price.value) for line in page.lines]
    return page.value("invoice_id"), page.value("issued_at"), page.value("total"), lines


def expected_core(record):
    moment = record["issued_at"] if record["layout"] == "fac-2019" else record["issued_at"][:10]
    lines = [(str(line["quantity"]), line["unit_price"]) for line in record["lines"]]
    return record["invoice_id"], moment, record["total"], lines


@pytest.mark.parametrize("engine", AUTO)
@pytest.mark.parametrize("record", [NEW, OLD], ids=lambda record: record["layout"])
def test_every_field_of_a_clean_page(engine, record):
    (page,) = Reader(engine).read(scan_of_record(record))
    customer = record["customer"]
    assert page.problem is None
    assert (page.layout, page.currency, page.engine) == (record["layout"], "EUR", engine)
    assert page.engine_version
    assert core(page) == expected_core(record)
    assert [line.product.value for line in page.lines] == [line["product"] for line in record["lines"]]
    assert [page.value("name"), page.value("address_1"), page.value("address_2")] == [
        customer["name"],
        *customer["address"],
    ]
    for name in ("email", "number", "category", "gender", "birth_date"):
        assert page.value(name) == customer.get(name)
    assert page.qr == record["qr"]


def test_boxes_lie_on_the_ink_they_name(reader):
    image = on_paper(draw_page(NEW))
    (page,) = reader.read(scan_of(image))
    grey = np.asarray(image.convert("L"))
    for name in ("invoice_id", "issued_at", "name", "address_1", "total"):
        box = page.fields[name].box
        ink = grey[box.y : box.bottom, box.x : box.right]
        assert ink.size
        assert ink.min() < 200, f"{name} stands on blank paper"
        assert 0 <= page.fields[name].confidence <= 1
    assert page.fields["number"].box is None
    assert page.fields["number"].how == "qr"
    assert abs(page.fields["total"].box.y - page.lines[-1].quantity.box.y - 30) <= 6


def rotated(degrees):
    return lambda image: image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor="white")


def with_black_edge(image):
    ImageDraw.Draw(image).line((0, 2, image.width, 2), fill="black", width=4)
    return image


def with_blurred_code(image):
    box = (550, 10, 690, 140)
    image.paste(image.crop(box).filter(ImageFilter.GaussianBlur(1.6)), box)
    return image


DAMAGE = {
    "rotated by 2": rotated(2),
    "rotated by -3": rotated(-3),
    "black edge": with_black_edge,
    "blurred code": with_blurred_code,
    "twice as large": lambda image: image.resize((1700, 2200), Image.Resampling.BICUBIC),
}


@pytest.mark.parametrize("record", [NEW, OLD], ids=lambda record: record["layout"])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_pages_that_arrive_in_practice_are_read(reader, record, damage):
    (page,) = reader.read(scan_of(damage(on_paper(draw_page(record)))))
    assert core(page) == expected_core(record)
    assert judge(page).status == "accepted"


@pytest.mark.parametrize(
    "move",
    [{"header_offset": (30, 20)}, {"table_offset": (0, 600)}, {"header_offset": (5, 15), "table_offset": (-10, 300)}],
    ids=["header", "lines at the bottom", "both"],
)
def test_blocks_that_moved_are_found_by_their_labels(reader, move):
    (page,) = reader.read(scan_of(draw_page(NEW, **move)))
    assert core(page) == expected_core(NEW)
    assert page.value("address_2") == "59000 Lille"


def test_a_jpeg_is_read(reader):
    import io

    file = io.BytesIO()
    on_paper(draw_page(OLD)).save(file, "JPEG", quality=80)
    (page,) = reader.read(Scan.of("page.jpg", file.getvalue()))
    assert core(page) == expected_core(OLD)


def landscape():
    y, x = np.mgrid[0:600, 0:800]
    return Image.fromarray(np.stack([x / 4, 200 - y / 4, 90 + 0 * x], axis=2).astype(np.uint8))


@pytest.mark.parametrize(
    ("image", "code"),
    [(Image.new("RGB", (850, 1100), "white"), "blank-page"), (landscape(), "no-invoice")],
    ids=["blank", "photo"],
)
def test_no_invoice_is_said_to_be_none(reader, image, code):
    (page,) = reader.read(scan_of(image))
    assert page.problem.code in {code, "no-invoice"}
    assert judge(page).status == "rejected"


@pytest.mark.parametrize("data", [b"", b"\x89", b"text", png(Image.new("RGB", (300, 300)))[:-50]])
def test_unusable_bytes_become_a_problem_of_the_page(reader, data):
    (page,) = reader.read(Scan.of("x.png", data))
    assert page.problem
    assert judge(page).status == "rejected"


def test_an_invoice_without_code_is_read_and_sent_to_review(reader):
    image = on_paper(draw_page(NEW))
    image.paste("white", (550, 10, 690, 140))
    (page,) = reader.read(scan_of(image))
    assert core(page) == expected_core(NEW)
    assert [finding.code for finding in judge(page).findings] == ["qr-unreadable"]


def test_an_unknown_invoice_is_read_by_its_labels_and_sent_to_review(reader):
    strange = changed(NEW, invoice_id="RECH-77", qr="something else")
    (page,) = reader.read(scan_of_record(strange))
    judgement = judge(page)
    assert page.layout is None
    assert judgement.status == "review"
    assert "layout-unknown" in [finding.code for finding in judgement.findings]
    assert page.value("total") == NEW["total"]


def test_hostile_text_in_a_code_is_kept_as_text(reader):
    hostile = changed(NEW, qr="'; drop table invoices; -- <script>alert(1)</script>\x00")
    (page,) = reader.read(scan_of_record(hostile))
    assert "\x00" not in page.qr
    assert judge(page).status == "review"


def test_an_unknown_engine_is_refused_with_the_nearest_name():
    from invoice_lab.errors import UsageError

    with pytest.raises(UsageError, match="tesserocr"):
        load_engine("teserocr")


@pytest.mark.shared
def test_real_scans(shared, reader):
    """A spread of real scans: nearly all core fields right, nothing wrong among the accepted."""
    import json

    records = [json.loads(line) for line in (shared / "invoices/truth.jsonl").read_text().splitlines()]
    right = wrong_accepted = 0
    chosen = records[::50] + records[-4:]
    for record in chosen:
        path = shared / "invoices" / record["file"]
        (page,) = reader.read(Scan.of(record["file"], path.read_bytes()))
        same = core(page) == expected_core(record)
        right += same
        wrong_accepted += judge(page).status == "accepted" and not same
    assert right / len(chosen) >= 0.85
    assert wrong_accepted == 0
