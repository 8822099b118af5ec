"""Corrections: names and forms of fields, lines added and taken out, and what is refused with a reason."""

from datetime import date

import pytest
from pages import NEW, OLD, page_of

from invoice_lab.errors import UsageError
from invoice_lab.ocr.page import Box, Field
from invoice_lab.validation.correction import HEADER_FORMS, LINE_FORMS, Correction, parse_settings, values_of
from invoice_lab.validation.fields import every_field
from invoice_lab.validation.judge import judge

TODAY = date(2020, 1, 1)


PAGE = page_of(NEW)


def corrected(page=PAGE, *, added=(), removed=(), **values):
    return Correction({name.replace("__", "."): value for name, value in values.items()}, added, removed).apply(page)


def test_the_page_to_correct_is_sound():
    assert judge(PAGE, TODAY).status == judge(page_of(OLD), TODAY).status == "accepted"


def test_a_corrected_field_says_who_read_it_and_keeps_what_was_read():
    page = corrected(total="70")
    assert page.fields["total"] == Field("63.45", "70.00", Box(1, 2, 3, 4), 1.0, "review")
    assert [finding.code for finding in judge(page, TODAY).findings] == ["total-mismatch"], "it is checked as any other"
    assert PAGE.value("total") == "63.45", "the page itself is a value"


def test_lines_are_changed_taken_out_and_added_by_the_numbers_shown():
    page = corrected(lines__1__quantity="7", removed=(1, 3), added=("Nuts; mixed;2;1.2345", "Tea;1;3"))
    assert [[getattr(line, name).value for name in ("product", "quantity", "unit_price")] for line in page.lines] == [
        ["Paper clip large.", "1", "0.95"],
        ["Nuts; mixed", "2", "1.2345"],
        ["Tea", "1", "3.00"],
    ]
    assert {read.how for name, read in every_field(page).items() if name.startswith("lines.2")} == {"review"}


def test_a_field_that_was_not_read_can_be_given_and_one_that_is_not_there_taken_away():
    page = corrected(email=" zoe@example.com ", address_2="")
    assert page.fields["email"] == Field("", "zoe@example.com", None, 1.0, "review")
    assert "address_2" not in page.fields


def test_a_printed_amount_can_be_corrected_too():
    page = corrected(corrected(lines__2__amount="0.95"), lines__2__amount="")
    assert page.lines[1].amount is None
    assert corrected(lines__2__tax_rate="5.5").lines[1].tax_rate.value == "5.50"


@pytest.mark.parametrize(
    ("field", "given", "value"),
    [
        ("total", "12.5", "12.50"),
        ("total", "1e2", "100.00"),
        ("lines.1.unit_price", "0.1234", "0.1234"),
        ("lines.1.quantity", "007", "7"),
        ("issued_at", "2019-03-15T10:00", "2019-03-15 10:00:00"),
        ("birth_date", "1990-01-02", "1990-01-02"),
        ("name", "  Zoé   B. ", "Zoé B."),
        ("invoice_id", "FAC_2019_0001", "FAC_2019_0001"),
        ("layout", "fac-2018", "fac-2018"),
    ],
)
def test_values_are_brought_to_their_forms(field, given, value):
    page = PAGE if field != "layout" else page_of(NEW, layout=None, currency=None)
    assert values_of(Correction({field: given}).apply(page))[field] == value


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("total", "12,50"),
        ("total", "12.345"),
        ("total", "nan"),
        ("total", "1e30"),
        ("total", "twelve"),
        ("lines.1.quantity", "1.5"),
        ("lines.1.quantity", "-1"),
        ("lines.1.quantity", "²"),
        ("lines.1.quantity", ""),
        ("lines.1.unit_price", "0.12345"),
        ("lines.4.quantity", "1"),
        ("lines.0.quantity", "1"),
        ("lines.1.colour", "red"),
        ("issued_at", "14.03.2019"),
        ("issued_at", "2019-02-30 10:00:00"),
        ("issued_at", "2019-03-14"),
        ("birth_date", "1990-13-01"),
        ("name", "a\x1b[31mb"),
        ("name", "x" * 501),
        ("email", "nobody"),
        ("invoice_id", "FAC-2019-1"),
        ("layout", "fac-1066"),
        ("colour", "red"),
        ("qr", "INVOICE:1"),
        ("name", NEW["customer"]["name"]),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence_and_a_remedy(field, given):
    with pytest.raises(UsageError) as refused:
        Correction({field: given}).apply(PAGE)
    assert refused.value.message
    assert refused.value.remedy != UsageError.remedy


@pytest.mark.parametrize(("added", "removed"), [(("Tea;1",), ()), (("Tea;x;1",), ()), ((), (4,)), ((), (0,))])
def test_lines_that_cannot_be_are_refused(added, removed):
    with pytest.raises(UsageError):
        Correction({}, added, removed).apply(PAGE)


def test_the_nearest_field_is_named():
    with pytest.raises(UsageError, match="Did you mean 'total'"):
        Correction({"totel": "1"}).apply(PAGE)


def test_the_time_of_day_can_be_given_where_only_the_code_holds_it():
    fields = {name: value for name, value in page_of(OLD).fields.items() if name != "qr_issued_at"}
    page = page_of(OLD, qr=None, fields=fields)
    assert judge(page, TODAY).invoice is None
    invoice = judge(corrected(page, issued_at="2018-11-03 23:58"), TODAY).invoice
    assert str(invoice.issued_at) == OLD["issued_at"]


def test_settings_are_parsed_and_never_given_twice():
    assert parse_settings(["name=a=b", " total = 1"]) == {"name": "a=b", "total": " 1"}
    for settings in (["total"], ["total=1", "total=2"]):
        with pytest.raises(UsageError):
            parse_settings(settings)


def test_every_form_says_what_it_must_be():
    assert all(words for _, words in (*HEADER_FORMS.values(), *LINE_FORMS.values()))
