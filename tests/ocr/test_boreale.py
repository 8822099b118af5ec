"""The third layout, which is nothing but a YAML file: drawn, read by OCR, judged; and a fourth that a user adds."""

from datetime import date, datetime
from decimal import Decimal

import pytest
import yaml
from pages import BOREALE, changed, on_paper, scan_of, scan_of_record
from PIL import Image

from invoice_lab.errors import UsageError
from invoice_lab.ocr.read import Reader
from invoice_lab.samples import draw_page
from invoice_lab.validation.evaluate import wrong_fields
from invoice_lab.validation.judge import judge
from invoice_lab.validation.record import to_record
from invoice_lab.workers import WorkerPool

TODAY = date(2026, 1, 1)


@pytest.fixture(scope="module")
def reader():
    return Reader("tesserocr")


def judged(reader, image_or_record):
    scan = scan_of_record(image_or_record) if isinstance(image_or_record, dict) else scan_of(image_or_record)
    (page,) = reader.read(scan)
    return judge(page, TODAY)


def test_a_page_becomes_an_accepted_invoice(reader):
    judgement = judged(reader, BOREALE)
    assert (judgement.status, judgement.findings) == ("accepted", ())
    invoice = judgement.invoice
    assert (invoice.layout, invoice.invoice_id, invoice.currency) == ("boreale", "PB-004217", "CAD")
    assert invoice.issued_at == datetime(2024, 3, 14)
    assert (invoice.net, invoice.tax, invoice.total) == (Decimal("2663.00"), Decimal("398.78"), Decimal("3061.78"))
    assert [(line.quantity, line.unit_price, line.amount) for line in invoice.lines] == [
        (12, Decimal("8.75"), Decimal("105.00")),
        (2, Decimal("1234.50"), Decimal("2469.00")),
        (100, Decimal("0.89"), Decimal("89.00")),
    ]
    assert wrong_fields(BOREALE, to_record(judgement, "page.png", 0)) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda image: image.resize((1700, 2200), Image.Resampling.BICUBIC),
        lambda image: image.resize((1275, 1650), Image.Resampling.BICUBIC),
    ],
    ids=["twice as large", "1.5 times as large"],
)
def test_other_sizes_are_read_too(reader, damage):
    judgement = judged(reader, damage(on_paper(draw_page(BOREALE))))
    assert judgement.status == "accepted"
    assert wrong_fields(BOREALE, to_record(judgement, "page.png", 0)) == []


@pytest.mark.parametrize("move", [{"header_offset": (60, 30)}, {"table_offset": (-10, 300)}], ids=["header", "table"])
def test_blocks_that_moved_are_found(reader, move):
    judgement = judged(reader, draw_page(BOREALE, **move))
    assert wrong_fields(BOREALE, to_record(judgement, "page.png", 0)) == []


def with_line(number, **values):
    lines = [{**line, **(values if place == number else {})} for place, line in enumerate(BOREALE["lines"])]
    return changed(BOREALE, lines=lines)


TAMPERED = {
    "line-amount-mismatch": (with_line(1, amount="2496.00"), "lines.2.amount"),
    "net-mismatch": (changed(BOREALE, net="2636.00"), "net"),
    "tax-mismatch": (changed(BOREALE, taxes=["133.15", "256.63"]), "tax"),
    "total-mismatch": (changed(BOREALE, total="3067.18"), "total"),
}


@pytest.mark.parametrize("code", TAMPERED)
def test_each_wrong_amount_has_a_finding_of_its_own(reader, code):
    record, field = TAMPERED[code]
    judgement = judged(reader, record)
    assert judgement.status == "review"
    assert [(finding.code, finding.field) for finding in judgement.findings] == [(code, field)]


def test_a_page_without_its_tax_goes_to_review(reader):
    judgement = judged(reader, changed(BOREALE, tax=None, taxes=None))
    assert judgement.status == "review"
    assert ("field-unreadable", "tax") in [(finding.code, finding.field) for finding in judgement.findings]


FOURTH = """
name: acme
currency: CHF
canvas: [800, 1000]
invoice_id: {form: 'RE@@/####'}
issued_at: {pattern: '%d.%m.%Y'}
numbers: {decimal: '.', thousands: "'", places: 2}
header: {invoice_id: Rechnung Nr, issued_at: Datum, name: Kunde, number: Kundennummer, address_1: Anschrift}
forms: {number: {form: '@####'}}
lines: {numbers: '{quantity} Stk {unit_price} CHF', sum: net}
foot: {tax: 'MwSt {tax_rate} % {tax} CHF', total: 'Gesamtbetrag {total} CHF'}
required: [invoice_id, issued_at, name, number, tax, total]
checks: [layout, fields, lines, tax, total]
drawing:
  fonts: {text: Lato-Regular.ttf, mono: FreeMonoBold.ttf}
  inks: {black: {colour: [0, 0, 0]}}
  header:
    at: [30, 150]
    cells:
      - {text: 'Rechnung Nr {invoice_id}', at: [0, 0], font: text, size: 22, ink: black, right: 500}
      - {text: 'Datum {issued_at}', at: [450, 0], font: text, size: 20, ink: black, right: 760}
      - {text: 'Kunde {name}', at: [0, 40], font: text, size: 20, ink: black, right: 440}
      - {text: 'Kundennummer {number}', at: [450, 40], font: text, size: 20, ink: black, right: 760}
      - {text: 'Anschrift {address_1}', at: [0, 70], font: text, size: 16, ink: black, right: 500}
      - {text: '{address_2}', at: [0, 92], font: text, size: 16, ink: black, right: 500}
  table:
    at: [30, 370]
    pitch: 28
    line:
      - {text: '{product}', at: [0, 0], font: text, size: 20, ink: black, right: 400}
      - {text: '{quantity:3} Stk {unit_price:9} CHF', at: [420, 0], font: mono, size: 20, ink: black, right: 760}
    foot_at: 20
    foot:
      - {text: 'MwSt 8.1 %', at: [0, 0], font: text, size: 20, ink: black, right: 300}
      - {text: '        {tax:9} CHF', at: [420, 0], font: mono, size: 20, ink: black, right: 760}
      - {text: 'Gesamtbetrag', at: [0, 30], font: text, size: 20, ink: black, right: 300}
      - {text: '        {total:9} CHF', at: [420, 30], font: mono, size: 20, ink: black, right: 760}
"""
ACME = {
    "layout": "acme",
    "invoice_id": "RECH/0815",
    "issued_at": "2023-11-02 00:00:00",
    "customer": {"name": "Ursina Meier", "number": "K0042", "address": ["Bahnhofstrasse 7", "8001 Basel"]},
    "lines": [
        {"product": "Geige aus Ahorn", "quantity": 1, "unit_price": "1250.00"},
        {"product": "Notenständer", "quantity": 12, "unit_price": "24.50"},
    ],
    "tax": "125.06",
    "total": "1669.06",
    "qr": None,
}


def test_a_fourth_layout_needs_a_file_and_nothing_else(reader, folder):
    (folder / "acme.yaml").write_text(FOURTH)
    judgement = judged(reader, ACME)
    assert (judgement.status, judgement.findings) == ("accepted", ())
    assert wrong_fields(ACME, to_record(judgement, "page.png", 0)) == []
    assert judgement.page.value("tax_rate") == "8.1"
    assert judgement.invoice.tax == Decimal("125.06")
    assert [finding.code for finding in judged(reader, changed(ACME, tax="152.06")).findings] == ["tax-mismatch"]


def test_checks_that_a_layout_does_not_list_are_not_made(reader, folder):
    description = {**yaml.safe_load(FOURTH), "checks": ["layout", "fields"]}
    (folder / "acme.yaml").write_text(yaml.safe_dump(description, allow_unicode=True))
    assert judged(reader, changed(ACME, total="1696.06")).status == "accepted"


def test_a_check_that_there_is_not_is_refused_with_the_nearest(folder):
    description = {**yaml.safe_load(FOURTH), "checks": ["totl"]}
    (folder / "acme.yaml").write_text(yaml.safe_dump(description, allow_unicode=True))
    with pytest.raises(UsageError, match="Did you mean 'total'"):
        WorkerPool("tesserocr")
