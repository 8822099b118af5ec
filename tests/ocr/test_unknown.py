"""Pages of no known layout: found by general labels in five languages, never accepted; what has none is no invoice."""

import pytest
from pages import scan_of
from PIL import Image, ImageDraw

from invoice_lab.ocr.read import Reader
from invoice_lab.ocr.unknown import general_labels
from invoice_lab.samples.fonts import load_font
from invoice_lab.validation.judge import judge
from invoice_lab.validation.record import to_record

ENGLISH = [
    ("ACME Widgets Ltd", 40, 30, 30),
    ("Invoice no: 2023-0815", 40, 100, 18), ("Issue date: 03/05/2023", 40, 126, 18),
    ("Bill to:", 40, 180, 18), ("Jane Miller", 40, 204, 18),
    ("5 High Street", 40, 228, 18), ("Leeds LS1 4AB", 40, 252, 18),
    ("Description", 40, 320, 16), ("Qty", 400, 320, 16), ("Price", 500, 320, 16), ("Total", 640, 320, 16),
    ("Blue widget", 40, 350, 18), ("3", 400, 350, 18), ("£12.50", 500, 350, 18), ("£37.50", 640, 350, 18),
    ("Green widget", 40, 374, 18), ("1", 400, 374, 18), ("£1,020.00", 500, 374, 18), ("£1,020.00", 640, 374, 18),
    ("Subtotal", 500, 430, 18), ("£1,057.50", 640, 430, 18),
    ("VAT 20 %", 500, 454, 18), ("£211.50", 640, 454, 18),
    ("Total due", 500, 478, 18), ("£1,269.00", 640, 478, 18),
]  # fmt: skip
FRENCH = [
    ("FACTURE", 40, 30, 30),
    ("Facture no 77-2024", 40, 100, 18), ("Date d'émission: 2024-05-03", 40, 126, 18),
    ("Facturé à: Chloé Martin", 40, 180, 18), ("Adresse: 12 rue du Moulin", 40, 204, 18), ("59000 Lille", 40, 228, 18),
    ("Paquet de riz", 40, 350, 18), ("3 x 12,50 €", 600, 350, 18),
    ("Sac de farine", 40, 374, 18), ("1 x 1 020,00 €", 580, 374, 18),
    ("Montant", 40, 430, 18), ("1 057,50 €", 600, 430, 18),
]  # fmt: skip
GERMAN = [
    ("Rechnung Nr. 2024-117", 40, 100, 20), ("Rechnungsdatum: 03.05.2024", 40, 130, 20),
    ("Kunde: Karla Stein", 40, 160, 20), ("Gesamtbetrag  1.234,50 EUR", 40, 300, 20),
]  # fmt: skip
LETTER = [
    ("Dear Anna,", 40, 100, 20), ("we met in May, and it was lovely.", 40, 130, 20), ("Best wishes", 40, 200, 20),
]  # fmt: skip


@pytest.fixture(scope="module")
def reader():
    return Reader("tesserocr")


def judged(reader, texts):
    image = Image.new("RGB", (850, 1100), "white")
    for text, x, y, size in texts:
        ImageDraw.Draw(image).text((x, y), text, fill="black", font=load_font("Lato-Regular.ttf", size, "basic"))
    (page,) = reader.read(scan_of(image))
    return judge(page)


def read(reader, texts):
    judgement = judged(reader, texts)
    assert judgement.page.layout is None
    assert judgement.status == "review"
    assert "layout-unknown" in [finding.code for finding in judgement.findings]
    return to_record(judgement, "page.png", 0)


def test_an_english_invoice(reader):
    record = read(reader, ENGLISH)
    assert (record["invoice_id"], record["issued_at"]) == ("2023-0815", "2023-05-03 00:00:00")
    assert record["customer"]["name"] == "Jane Miller"
    assert record["customer"]["address"] == ["5 High Street", "Leeds LS1 4AB"]
    assert (record["net"], record["tax"], record["total"]) == ("1057.50", "211.50", "1269.00")
    assert record["currency"] == "GBP"
    assert [tuple(line.values()) for line in record["lines"]] == [
        ("Blue widget", 3, "12.50", "37.50"),
        ("Green widget", 1, "1020.00", "1020.00"),
    ]


def test_a_french_invoice(reader):
    record = read(reader, FRENCH)
    assert (record["invoice_id"], record["issued_at"]) == ("77-2024", "2024-05-03 00:00:00")
    assert record["customer"]["name"] == "Chloé Martin"
    assert record["customer"]["address"] == ["12 rue du Moulin", "59000 Lille"]
    assert (record["total"], record["currency"]) == ("1057.50", "EUR")
    assert [tuple(line.values()) for line in record["lines"]] == [
        ("Paquet de riz", 3, "12.50"),
        ("Sac de farine", 1, "1020.00"),
    ]


def test_a_german_invoice_without_lines(reader):
    record = read(reader, GERMAN)
    assert (record["invoice_id"], record["issued_at"]) == ("2024-117", "2024-05-03 00:00:00")
    assert (record["customer"]["name"], record["total"], record["lines"]) == ("Karla Stein", "1234.50", [])


def test_text_stands_where_other_layouts_have_their_pictures(reader):
    record = read(reader, [(text, x + 500 * (y < 140), y, size) for text, x, y, size in ENGLISH])
    assert (record["invoice_id"], record["issued_at"]) == ("2023-0815", "2023-05-03 00:00:00")


@pytest.mark.parametrize("texts", [LETTER, []], ids=["letter", "blank"])
def test_what_has_no_such_labels_is_no_invoice(reader, texts):
    judgement = judged(reader, texts)
    assert judgement.status == "rejected"
    assert judgement.page.problem.code in {"no-invoice", "blank-page"}


def test_labels_are_told_once():
    labels = general_labels()
    told = [label.lower() for block in (labels.header, labels.foot) for _, label in labels.pairs(block)]
    assert len(told) == len(set(told)), "a label stands for one field"
