"""What is printed in money: each wrong amount has one finding of its own, rounding has none."""

from datetime import date
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.page import Field, LineReading, Page
from invoice_lab.validation.amounts import line_amounts, net_is_sum, tax_follows_rates, total_is_sum
from invoice_lab.validation.draft import Draft

FOOTS = {
    "two taxes": {"net": "Net {net}", "tax": ["TPS 5 % {tax}", "TVQ 9,975 % {tax}"], "total": "Total {total}"},
    "rate read": {"net": "Net {net}", "tax": "VAT {tax_rate} % {tax}", "total": "Total {total}"},
    "no rate": {"net": "Net {net}", "tax": "Tax {tax}", "total": "Total {total}"},
    "total": {"total": "Total {total}"},
    "tax within": {"tax": "of which VAT 20 % {tax}", "total": "Total {total}"},
}


def layout(foot, **lines):
    return Layout(
        name="x", currency="CAD", canvas=(850, 1100), invoice_id={"form": "#"}, issued_at={"pattern": "%Y-%m-%d"},
        header={"invoice_id": "Invoice", "issued_at": "Date"}, foot=FOOTS[foot], required=(),
        lines={"numbers": "{quantity} {unit_price} {amount}", **lines},
    )  # fmt: skip


def read(value):
    return Field(value, value, None, 0.99, "exact")


def draft(foot="two taxes", lines=((2, "50.00", "100.00"),), sums=None, **fields):
    readings = tuple(
        LineReading(read("Tea"), read(str(quantity)), read(price), read(amount) if amount else None)
        for quantity, price, amount in lines
    )
    page = Page("0" * 64, fields={name: read(value) for name, value in fields.items()}, lines=readings)
    described = layout(foot, **({"sum": sums} if sums else {}))
    return Draft(**{**vars(Draft.of(page)), "layout": described})


def codes(item):
    checks = (line_amounts, net_is_sum, tax_follows_rates, total_is_sum)
    return [(finding.code, finding.field) for check in checks for finding in check(item, date(2026, 1, 1))]


SOUND = {"net": "100.00", "tax": "14.98", "total": "114.98"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"tax": "14.97", "total": "114.97"}, []),
        ({"lines": ((2, "50.00", "10.00"),)}, [("line-amount-mismatch", "lines.1.amount")]),
        ({"lines": ((2, "50.00", None),)}, []),
        ({"net": "101.00"}, [("net-mismatch", "net")]),
        ({"tax": "15.98"}, [("tax-mismatch", "tax")]),
        ({"tax": "14.95", "total": "114.95"}, [("tax-mismatch", "tax")]),
        ({"total": "115.98"}, [("total-mismatch", "total")]),
        ({"tax": "15.98", "total": "99.99"}, [("tax-mismatch", "tax"), ("total-mismatch", "total")]),
        ({"lines": ((3, "50.00", "100.00"),)}, [("line-amount-mismatch", "lines.1.amount"), ("net-mismatch", "net")]),
    ],
)
def test_a_wrong_amount_has_its_own_finding(changes, expected):
    assert codes(draft(**{**SOUND, **changes})) == expected


@pytest.mark.parametrize(
    ("foot", "fields", "expected"),
    [
        ("rate read", {"net": "100.00", "tax_rate": "20", "tax": "20.00", "total": "120.00"}, []),
        ("rate read", {"net": "100.00", "tax_rate": "10", "tax": "20.00", "total": "120.00"}, ["tax-mismatch"]),
        ("no rate", {"net": "100.00", "tax": "7.77", "total": "107.77"}, []),
        ("no rate", {"net": "100.00", "tax": "7.77", "total": "107.78"}, ["total-mismatch"]),
        ("total", {"total": "100.00"}, []),
        ("total", {"total": "100.01"}, ["total-mismatch"]),
        ("tax within", {"tax": "16.67", "total": "100.00"}, []),
        ("two taxes", {"total": "100.00"}, []),
        ("two taxes", {"net": "100.00"}, []),
    ],
)
def test_what_is_printed_is_checked(foot, fields, expected):
    assert [code for code, _ in codes(draft(foot, **fields))] == expected


def test_lines_with_tax_sum_up_to_the_total():
    assert codes(draft("no rate", sums="total", net="83.33", tax="16.67", total="100.00")) == []
    wrong = codes(draft("no rate", sums="total", net="83.33", tax="16.67", total="100.10"))
    assert wrong == [("total-mismatch", "total")]


def test_without_a_printed_net_the_lines_may_be_it():
    assert codes(draft("tax within", sums="net", tax="20.00", total="120.00")) == []
    assert codes(draft("tax within", sums="net", tax="21.00", total="121.00")) == [("tax-mismatch", "tax")]


@given(
    st.lists(st.tuples(st.integers(1, 99), st.integers(1, 10**6)), min_size=1, max_size=6),
    st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_HALF_DOWN]),
)
def test_taxes_rounded_in_any_usual_way_are_right_and_a_cent_more_in_the_total_is_not(lines, rounding):
    cent = Decimal("0.01")
    items = [(quantity, f"{price * cent:.2f}", f"{quantity * price * cent:.2f}") for quantity, price in lines]
    net = sum(Decimal(amount) for _, _, amount in items)
    tax = sum((net * Decimal(rate) / 100).quantize(cent, rounding) for rate in ("5", "9.975"))
    sound = {"net": f"{net}", "tax": f"{tax}"}
    assert codes(draft(lines=items, **sound, total=f"{net + tax}")) == []
    assert codes(draft(lines=items, **sound, total=f"{net + tax + cent}")) == [("total-mismatch", "total")]
