"""Reading by labels, as a function of rows: fields wherever they stand, lines and foot, what stands there twice."""

import re

from pages import BOREALE

from invoice_lab.ocr.engines import Word
from invoice_lab.ocr.labels import read_by_labels
from invoice_lab.ocr.layouts import load_layouts
from invoice_lab.ocr.page import Box
from invoice_lab.ocr.rows import Row
from invoice_lab.ocr.votes import Vote, elect_each

LETTER, HEIGHT = 10, 20
HEADER = [
    (40, 100, "Facture no PB-004217"),
    (40, 130, "Date d'émission 14/03/2024"),
    (40, 160, "No client 042317"),
    (40, 190, "Facturé à Hélène Gagné"),
    (40, 220, "Adresse 1450, rue Sherbrooke"),
    (40, 250, "Montréal H3G 1K9"),
]
LINES = [
    (40, 400, "Papier recyclé A4"), (480, 400, "12"), (560, 400, "8,75 $"), (700, 400, "105,00 $"),
    (40, 430, "Chaise 500"), (490, 430, "2"), (530, 430, "1 234,50 $"), (680, 430, "2 469,00 $"),
]  # fmt: skip
FOOT = [
    (430, 480, "Sous-total"), (680, 480, "2 574,00 $"),
    (430, 510, "TPS 5 %"), (700, 510, "128,70 $"),
    (430, 540, "TVQ 9,975 %"), (700, 540, "256,76 $"),
    (430, 570, "Total"), (680, 570, "2 959,46 $"),
]  # fmt: skip


def rows_of(texts):
    """Rows as an engine sees them, texts given as (x, y, text)."""
    rows = {}
    for x, y, text in texts:
        for found in re.finditer(r"\S+", text):
            box = Box(x + LETTER * found.start(), y, LETTER * len(found[0]), HEIGHT)
            rows.setdefault(y, []).append(Word(found[0], box, 0.9))
    return [Row(tuple(words)) for _, words in sorted(rows.items())]


def read(texts, reread=None):
    """Read rows; an area is read again as it was read before, or by `reread`."""
    rows = rows_of(texts)

    def same(area, factor, characters=""):
        inside = [row for row in rows if area.y <= row.middle <= area.bottom]
        return [part for row in inside if (part := row.between(area.x, area.right)) is not None]

    return read_by_labels(rows, load_layouts()["boreale"], reread or same, "test")


def values(reading):
    return {name: field.value for name, field in reading.fields.items()}


def lines(reading):
    return [tuple(field.value for field in vars(line).values() if field) for line in reading.lines]


EXPECTED_LINES = [("Papier recyclé A4", "12", "8.75", "105.00"), ("Chaise 500", "2", "1234.50", "2469.00")]


def test_every_field_and_line():
    reading = read(HEADER + LINES + FOOT)
    assert values(reading) == {
        "invoice_id": "PB-004217", "issued_at": "2024-03-14", "number": "042317", "name": "Hélène Gagné",
        "address_1": "1450, rue Sherbrooke", "address_2": "Montréal H3G 1K9", "net": "2574.00", "tax": "385.46",
        "total": "2959.46",
    }  # fmt: skip
    assert lines(reading) == EXPECTED_LINES
    assert (reading.doubled, reading.currency) == ((), "CAD")
    assert reading.lines[1].unit_price.box == Box(530, 430, 80, HEIGHT)
    assert reading.fields["total"].box == Box(680, 570, 80, HEIGHT)
    assert reading.fields["tax"].box == Box(700, 510, 60, 50), "around both rows"
    assert {field.how for field in reading.fields.values()} == {"test"}


def test_labels_side_by_side_and_values_below_them():
    moved = [
        (40, 100, "Facture no PB-004217"), (450, 100, "Date d'émission 14/03/2024"),
        (40, 130, "Facturé à"), (450, 130, "No client"),
        (40, 155, "Hélène Gagné"), (450, 155, "042317"),
    ]  # fmt: skip
    found = values(read(moved + LINES + FOOT))
    assert {name: found[name] for name in ("invoice_id", "issued_at", "name", "number")} == {
        "invoice_id": "PB-004217", "issued_at": "2024-03-14", "name": "Hélène Gagné", "number": "042317",
    }  # fmt: skip


def test_a_product_may_be_called_like_a_label():
    named = [(x, y, {"Chaise 500": "Total Adresse"}.get(text, text)) for x, y, text in LINES]
    reading = read(HEADER + named + FOOT)
    assert lines(reading)[1] == ("Total Adresse", "2", "1234.50", "2469.00")
    assert values(reading)["address_1"] == "1450, rue Sherbrooke"
    assert values(reading)["total"] == "2959.46"
    assert reading.doubled == ()


def test_titles_of_columns_are_no_line():
    titles = [(40, 370, "Article"), (450, 370, "Quantité"), (560, 370, "Prix"), (700, 370, "Montant")]
    assert lines(read(HEADER + titles + LINES + FOOT)) == EXPECTED_LINES


def test_a_line_that_was_read_badly_is_not_lost():
    worn = [(x, y, {"12": "I2.", "8,75 $": "8,7"}.get(text, text)) for x, y, text in LINES]
    reading = read(HEADER + worn + FOOT)
    assert [line.product.value for line in reading.lines] == ["Papier recyclé A4", "Chaise 500"]
    assert reading.lines[0].unit_price.value is None


def test_numbers_are_read_again_until_two_readings_agree():
    asked = []

    def reread(area, factor, characters=""):
        first = not any(characters for _, characters in asked)
        asked.append((factor, characters))
        worn = [(x, y, {"12": "72"}.get(text, text)) for x, y, text in LINES]
        texts = worn if first else LINES
        return [row for row in rows_of(texts + FOOT) if area.y <= row.middle <= area.bottom]

    reading = read(HEADER + LINES + FOOT, reread)
    assert lines(reading) == EXPECTED_LINES
    assert all(set(characters) >= set("0123456789,$") for factor, characters in asked if characters)


def test_two_invoices_on_a_page_are_told():
    second = [(x, y + 520, text.replace("4217", "4218")) for x, y, text in HEADER]
    other = [(x, y + 620, text.replace("2 959,46", "9 999,99")) for x, y, text in FOOT]
    reading = read(HEADER + LINES + FOOT + second + other)
    assert reading.doubled == ("invoice_id", "total")
    assert values(reading)["invoice_id"] == "PB-004217"
    assert lines(reading) == EXPECTED_LINES


def test_one_of_two_taxes_that_is_not_read_leaves_no_sum():
    worn = [(x, y, {"256,76 $": "2S6,7"}.get(text, text)) for x, y, text in FOOT]
    assert values(read(HEADER + LINES + worn))["tax"] is None


def test_a_page_of_nothing_gives_nothing():
    reading = read([(40, 40, "Dear Anna,"), (40, 80, "see you soon")])
    assert (reading.fields, reading.lines, reading.doubled) == ({}, (), ())
    assert read([]).fields == {}


def test_each_value_is_elected_by_itself():
    votes = [
        Vote({"quantity": "1", "unit_price": "2.00"}, "a", 0.7),
        Vote({"quantity": "7", "unit_price": "2.00"}, "b", 0.8),
        Vote(None, "c", 0.0),
        Vote({"quantity": "7", "unit_price": "9.00"}, "d", 0.9),
        Vote({"quantity": "5", "unit_price": "9.00"}, "never taken", 1.0),
    ]
    chosen = elect_each(iter(votes), ("quantity", "unit_price"))
    assert (chosen["quantity"].value, chosen["quantity"].confidence) == ("7", 0.9)
    assert (chosen["unit_price"].value, chosen["unit_price"].confidence) == ("2.00", 0.8)


def test_the_words_of_the_record_are_those_of_the_layout():
    assert set(BOREALE["customer"]) - {"address"} <= set(load_layouts()["boreale"].header)
