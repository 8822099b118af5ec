"""Layout files: the forms they describe, how printed texts are read, what is refused and how that is told."""

from datetime import datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pages import BOREALE, NEW, OLD

from invoice_lab import ocr, validation
from invoice_lab.errors import UsageError
from invoice_lab.ocr.layouts import layout_of_payload, layout_of_text, load_layouts
from invoice_lab.ocr.layouts.forms import DateForm, Identifier, NumberForm
from invoice_lab.ocr.layouts.likeness import after_label, label_likeness
from invoice_lab.ocr.layouts.load import FOLDER_VARIABLE
from invoice_lab.ocr.layouts.printed import printed

POINT = NumberForm()
COMMA = NumberForm(decimal=",", thousands=" ")
COLUMNS = printed("{quantity} {unit_price} $ {amount} $", COMMA)
TIMES = printed("{quantity} x {unit_price} Euro", POINT)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("2 x 12.50 Euro", ("2", "12.50")),
        ("12 × 12,50 Euro", ("12", "12.50")),
        ("1 2x1 2 . 5 0Euro", ("12", "12.50")),
        ("l x 12.50 Eur", ("1", "12.50")),
        ("2 x 1234.50", ("2", "1234.50")),
        ("2 12.50 Euro", None),
        ("2 x 12.5 Euro", None),
        ("2 x 12.50 Euro more", None),
        ("word x 12.50 Euro", None),
    ],
)
def test_quantity_times_price(text, values):
    read = TIMES.read(text)
    assert (read and tuple(read.values.values())) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("2 12,50 $ 25,00 $", ("2", "12.50", "25.00")),
        ("2 1 234,50 $ 2 469,00 $", ("2", "1234.50", "2469.00")),
        ("12 1234,50 $ 14 814,00 $", ("12", "1234.50", "14814.00")),
        ("2 12.50 S 25,00", ("2", "12.50", "25.00")),
        ("2 12,50 5 25,00 $", ("2", "12.50", "25.00")),
        ("T 12,50 $ 12,50 $", ("7", "12.50", "12.50")),
        ("2 12,50 $", None),
        ("212,50 $ 25,00 $", None),
        ("2 12,5 $ 25,00 $", None),
    ],
)
def test_columns_with_spaces_between_thousands(text, values):
    read = COLUMNS.read(text)
    assert (read and tuple(read.values.values())) == values


def test_values_say_where_they_stand():
    text = " 2 1 234,50 $ 2 469,00 $"
    read = COLUMNS.read(text)
    assert {name: text[first:end] for name, (first, end) in read.spans.items()} == {
        "quantity": "2", "unit_price": "1 234,50", "amount": "2 469,00",
    }  # fmt: skip


def test_the_end_of_a_row_is_read_whatever_stands_before():
    tax = printed("TVA {tax_rate} % {tax} €", COMMA)
    assert tax.label == "TVA"
    assert tax.read_end("| 5,5 % 1 012,30 €").values == {"tax_rate": "5.5", "tax": "1012.30"}
    assert tax.read_end("none at all") is None


@given(st.integers(1, 99999), st.integers(0, 10**9), st.sampled_from([POINT, COMMA, NumberForm(thousands="'")]))
def test_what_a_layout_prints_it_reads(quantity, cents, numbers):
    amount = f"{cents // 100}.{cents % 100:02d}"
    line = printed("{quantity} x {unit_price} $ {amount} $", numbers)
    text = f"{quantity} x {numbers.write(amount)} $ {numbers.write(amount)} $"
    assert line.read(text).values == {"quantity": str(quantity), "unit_price": amount, "amount": amount}
    assert numbers.read(numbers.write(amount)) == amount


@given(st.text(max_size=80))
def test_no_text_breaks_a_pattern(text):
    for form in (TIMES, COLUMNS):
        for read in (form.read(text), form.read_end(text)):
            assert read is None or set(read.values) == set(form.fields)
    assert label_likeness(text, "Date d'émission")[0] <= 1


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        ("FAC_####_####", "INVOICE FAC 2019.0042", "FAC_2019_0042"),
        ("FAC_####_####", "FAC_20l9_OO42", "FAC_2019_0042"),
        ("FAC_####_####", "FAC_2019_042", None),
        ("FAC_####_####", "FAC_SOIL_OOOO", None),
        ("@####", "KO042", "K0042"),
        ("@@-##", "8K-07", "BK-07"),
        ("######", "no BOSTOI here", None),
    ],
)
def test_ids_are_read_in_their_form(form, text, value):
    assert Identifier(form=form).read(text) == value


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [
        ("%d/%m/%Y", "14/03/2024", "2024-03-14"),
        ("%d.%m.%Y", "14. 03. 2024", "2024-03-14"),
        ("%d/%m/%Y", "31/02/2024", "2024-02-31"),
        ("%d/%m/%Y", "2024-03-14", None),
        ("%Y-%m-%d %H:%M", "2024-03-14 09:05", "2024-03-14 09:05:00"),
    ],
)
def test_dates_are_read_in_their_form(pattern, text, value):
    assert DateForm(pattern=pattern).read(text) == value


def test_dates_are_written_in_their_form():
    form = DateForm(pattern="%d.%m.%Y %H:%M")
    assert form.write(datetime(2024, 3, 14, 9, 5)) == "14.03.2024 09:05"
    assert form.day == DateForm(pattern="%d.%m.%Y")


@pytest.mark.parametrize(
    ("text", "label", "rest"),
    [
        ("Facture no PB-1", "Facture no", "PB-1"),
        ("Factureno PB-1", "Facture no", "PB-1"),
        ("Facturé à Zoé", "Facture no", None),
        ("Sous-total 12,00", "Total", None),
        ("T0TAL 12.00", "TOTAL", "12.00"),
        ("", "TOTAL", None),
    ],
)
def test_labels_put_up_with_a_wrong_letter(text, label, rest):
    assert after_label(text, label) == rest


@pytest.mark.parametrize("record", [NEW, OLD], ids=lambda record: record["layout"])
def test_a_layout_is_known_by_its_code(record):
    assert layout_of_payload(record["qr"]).name == record["layout"]
    assert layout_of_payload("INVOICE:7\n") is None


def test_a_layout_is_known_by_its_id_and_labels():
    rows = ["Facture no " + BOREALE["invoice_id"], "Date d'emission 14/03/2024", "Total 3 061,78 $"]
    assert layout_of_text("\n".join(rows)).name == "boreale"
    assert layout_of_text("INVOICE FAC_2019_0042\nIssue date 2019-03-14\nTOTAL 63.45 Euro").name == "fac-2019"
    assert layout_of_text("Dear Anna,\nabout PB-004217 I have to say") is None, "an id may be quoted anywhere"


def test_no_code_that_reads_or_judges_knows_a_layout_by_name():
    sources = [path for room in (ocr, validation) for path in Path(room.__file__).parent.rglob("*.py")]
    texts = {path.name: path.read_text(encoding="utf-8") for path in sources}
    assert [name for name, text in texts.items() if any(layout in text for layout in load_layouts())] == []


def description(**changes):
    boreale = {
        "name": "x", "currency": "CAD", "canvas": [850, 1100], "invoice_id": {"form": "X-##"},
        "issued_at": {"pattern": "%d/%m/%Y"}, "header": {"invoice_id": "Facture", "issued_at": "Date"},
        "lines": {"numbers": "{quantity} x {unit_price}"}, "foot": {"total": "Total {total}"}, "required": ["total"],
    }  # fmt: skip
    return {**boreale, **changes}


def test_a_small_description_is_enough(folder):
    (folder / "x.yaml").write_text(yaml.safe_dump(description()))
    layout = load_layouts()["x"]
    assert (layout.lines_sum_to, layout.below, layout.qr) == ("total", {"address_2": "address_1"}, None)


WRONG = {
    "unknown key": ({"colour": "red"}, "colour"),
    "unknown field": ({"header": {"invoice_id": "F", "issued_at": "D", "phone": "Tel"}}, "phone"),
    "no date": ({"header": {"invoice_id": "F"}}, "issued_at"),
    "unknown required": ({"required": ["phone"]}, "phone"),
    "no total": ({"foot": {"net": "Net {net}"}}, "total"),
    "a row of something else": ({"foot": {"total": "Total {net}"}}, "total"),
    "a field twice": ({"foot": {"total": "Total {total} {total}"}}, "total"),
    "no year": ({"issued_at": {"pattern": "%d/%m/%y"}}, "%Y"),
    "no digit": ({"invoice_id": {"form": "FAC"}}, "digit"),
    "no regular expression": (
        {"qr": {"pattern": "(?P<invoice_id>", "modules": 33, "module": 3, "corner": [0, 0]}},
        "regular expression",
    ),
    "a code without id": ({"qr": {"pattern": "x", "modules": 33, "module": 3, "corner": [0, 0]}}, "invoice_id"),
    "a name that is taken": ({"name": "boreale"}, "again"),
    "a row without a label": ({"foot": {"total": "{total} Euro"}}, "label"),
    "a line without price": ({"lines": {"numbers": "{quantity}"}}, "unit_price"),
    "a line with something else": ({"lines": {"numbers": "{quantity} {unit_price} {weight}"}}, "unit_price"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_description_is_refused_with_file_key_and_reason(folder, case):
    changes, told = WRONG[case]
    (folder / "mine.yaml").write_text(yaml.safe_dump(description(**changes)))
    with pytest.raises(UsageError, match=rf"mine\.yaml[^|]*{told}") as refused:
        load_layouts()
    assert "docs/layouts.md" in refused.value.remedy or "name" in refused.value.remedy


def test_what_is_no_yaml_and_no_folder_is_told(folder, monkeypatch):
    (folder / "mine.yaml").write_text("a: [")
    with pytest.raises(UsageError, match="is no YAML"):
        load_layouts()
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder / "nowhere"))
    with pytest.raises(UsageError, match="is no folder"):
        load_layouts()
