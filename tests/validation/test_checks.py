"""Each check: what it sees, what it says, and that a sound page passes all of them."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from invoice_lab.ocr.layouts import load_layouts
from invoice_lab.ocr.page import Field, LineReading, Page, Problem
from invoice_lab.validation import checks
from invoice_lab.validation.checks import CHECKS, checks_of
from invoice_lab.validation.judge import judge
from invoice_lab.validation.settle import SETTLED_BY_LOOKING, settled
from invoice_lab.validation.thresholds import Thresholds, thresholds

TODAY = date(2026, 1, 1)
QR_2019 = "INVOICE:FAC_2019_0042\nDATE:2019-03-14 15:09:26\nCUST:00042\nCAT:B"
QR_2018 = "INVOICE:FAC/2018/0007\nDATE:2018-11-03 23:58:00\nCUST:M, birth 1989-04-24\n"


def read(value, raw=None, how="exact"):
    return Field(raw if raw is not None else str(value), value, None, 0.99, how)


def line(product="Paper.", quantity="2", unit_price="3.10"):
    return LineReading(read(product), read(quantity), read(unit_price))


def page_2019(**fields):
    values = {
        "invoice_id": "FAC_2019_0042", "issued_at": "2019-03-14 15:09:26", "name": "Zoé", "address_1": "1 Street",
        "address_2": "Town", "total": "12.40", "qr_invoice_id": "FAC_2019_0042", "qr_issued_at": "2019-03-14 15:09:26",
        "number": "00042", "category": "B",
    }  # fmt: skip
    return _page("fac-2019", QR_2019, values, fields)


def page_2018(**fields):
    values = {
        "invoice_id": "FAC/2018/0007", "issued_at": "2018-11-03", "name": "Richard", "email": "r@example.com",
        "address_1": "1 Street", "address_2": "Town", "total": "12.40", "qr_invoice_id": "FAC/2018/0007",
        "qr_issued_at": "2018-11-03 23:58:00", "gender": "M", "birth_date": "1989-04-24",
    }  # fmt: skip
    return _page("fac-2018", QR_2018, values, fields)


def _page(layout, qr, values, changes):
    fields = {name: read(value) for name, value in values.items()}
    fields |= {name: value if isinstance(value, Field) else read(value) for name, value in changes.items()}
    fields = {name: field for name, field in fields.items() if field.raw != "gone"}
    return Page("0" * 64, layout=layout, currency="EUR", qr=qr, fields=fields, lines=(line(), line()))


def codes(page):
    return [finding.code for finding in judge(page, TODAY).findings]


@pytest.mark.parametrize("page", [page_2019(), page_2018()], ids=["fac-2019", "fac-2018"])
def test_a_sound_page_is_accepted(page):
    judgement = judge(page, TODAY)
    assert judgement.findings == ()
    assert judgement.status == "accepted"
    assert judgement.invoice.total == Decimal("12.40")
    assert [item.amount for item in judgement.invoice.lines] == [Decimal("6.20")] * 2


def test_the_time_of_day_of_2018_comes_from_the_code():
    assert str(judge(page_2018(), TODAY).invoice.issued_at) == "2018-11-03 23:58:00"


UNSOUND = {
    "total-mismatch": (page_2019(total="12.41"), "total"),
    "id-mismatch": (page_2019(invoice_id="FAC_2019_0043"), "invoice_id"),
    "date-mismatch": (page_2019(issued_at="2019-03-14 15:09:27"), "issued_at"),
    "field-missing": (page_2019(name="gone"), "name"),
    "field-unreadable": (page_2019(invoice_id=read(None, "FAC_20l9_OO42")), "invoice_id"),
    "qr-unreadable": (replace(page_2019(number="gone", category="gone"), qr=None), "qr"),
    "qr-unexpected": (replace(page_2019(), qr="<script>"), "qr"),
    "lines-missing": (replace(page_2019(), lines=()), "lines"),
    "line-unreadable": (replace(page_2019(), lines=(line(), line(quantity=None))), "lines.2"),
    "quantity-zero": (replace(page_2019(total="6.20"), lines=(line(), line(quantity="0"))), "lines.2.quantity"),
    "date-impossible": (page_2018(issued_at="2018-11-31"), "issued_at"),
    "date-implausible": (
        page_2019(issued_at="2029-03-14 15:09:26", qr_issued_at="2029-03-14 15:09:26"),
        "issued_at",
    ),
    "birth-date-impossible": (page_2018(birth_date="1989-02-30"), "birth_date"),
    "layout-unknown": (replace(page_2019(), layout=None), None),
    "field-doubled": (replace(page_2019(), doubled=("total",)), "total"),
    "several-invoices": (replace(page_2019(), doubts=(Problem("several-invoices", "Two codes."),)), None),
    "characters-impossible": (page_2019(name="J0hn"), "name"),
}


@pytest.mark.parametrize("code", UNSOUND)
def test_what_is_wrong_goes_to_review_with_its_finding(code):
    page, field = UNSOUND[code]
    judgement = judge(page, TODAY)
    found = {finding.code: finding for finding in judgement.findings}
    assert judgement.status == "review"
    assert code in found
    assert found[code].field == field
    assert found[code].severity == "error"
    assert found[code].message.endswith(".")


@pytest.mark.parametrize("born", ["2019-01-01", "1850-01-01", "no date"])
def test_birth_dates_that_cannot_be(born):
    assert codes(page_2018(birth_date=born)) == ["birth-date-impossible"]


def test_a_young_customer_is_only_noted():
    judgement = judge(page_2018(birth_date="2010-01-01"), TODAY)
    assert [(finding.code, finding.severity) for finding in judgement.findings] == [("age-unusual", "warning")]
    assert judgement.status == "accepted"


@pytest.mark.parametrize(
    ("code", "status"),
    [("no-invoice", "rejected"), ("damaged-file", "rejected"), ("internal-error", "failed"), ("worker-lost", "failed")],
)
def test_problems_are_rejected_unless_they_are_ours(code, status):
    judgement = judge(Page("0" * 64).with_problem(code, "Said so."), TODAY)
    assert (judgement.status, judgement.findings[0].code, judgement.invoice) == (status, code, None)


def test_money_is_never_rounded_away():
    page = replace(
        page_2019(total="0.30"), lines=(line(quantity="1", unit_price="0.10"), line(quantity="2", unit_price="0.10"))
    )
    assert codes(page) == []


def test_a_reading_less_sure_than_its_kind_asks_for_goes_to_review(monkeypatch):
    least = Thresholds(confidence={"default": 0.0, "product": 0.995, "total": 0.99}, calibrated=("exact",))
    monkeypatch.setattr(checks, "thresholds", lambda: least)
    judgement = judge(page_2019(), TODAY)
    assert [(finding.code, finding.field) for finding in judgement.findings] == [
        ("field-unsure", "lines.1.product"),
        ("field-unsure", "lines.2.product"),
    ]
    assert "99.0% sure" in judgement.findings[0].message
    assert judgement.status == "review"
    assert settled(judgement, SETTLED_BY_LOOKING).status == "accepted", "whoever decides has looked"


def covered(page, *names):
    """Say of all fields but these that every pixel is as drawn."""
    exact = {name: replace(field, how="exact", confidence=1.0) for name, field in page.fields.items()}
    exact |= {name: replace(field, how="qr") for name, field in exact.items() if name in {"number", "category"}}
    spoilt = {name: replace(exact[name], how="fit", confidence=0.01) for name in names}
    return replace(page, fields=exact | spoilt)


def test_what_covers_a_field_of_a_clean_page_is_told_even_where_it_is_confirmed():
    judgement = judge(replace(covered(page_2019(), "total"), lines=(line(quantity="4"),)), TODAY)
    assert [(finding.code, finding.field) for finding in judgement.findings] == [("field-covered", "total")]
    assert settled(judgement, SETTLED_BY_LOOKING).status == "accepted"


def test_fields_of_a_page_that_is_bad_all_over_are_not_covered_but_confirmed():
    page = covered(page_2019(), "total", "invoice_id", "issued_at")
    lines = tuple(
        replace(
            one,
            quantity=replace(one.quantity, how="fit", confidence=0.2),
            unit_price=replace(one.unit_price, how="fit", confidence=0.2),
        )
        for one in page.lines
    )
    assert codes(replace(page, lines=lines)) == []


def test_the_thresholds_are_data():
    assert 0 <= thresholds().least("lines.3.product", "fit") <= 1
    made = Thresholds(
        confidence={"default": 0.1, "total": 0.5}, calibrated=("fit", "pixels"), judged_otherwise=("total",)
    )
    assert made.least("total", "fit") == 0.5
    assert made.least("lines.2.quantity", "fit") == 0.1
    assert made.least("name", "rapidocr+pixels") == 0.1
    assert made.least("total", "tesserocr") == 0, "arithmetic judges it"
    assert made.least("lines.2.product", "tesserocr") is None, "nothing judges it"


def test_a_text_that_only_an_engine_read_goes_to_review_however_sure_it_is():
    page = page_2019()
    name = replace(page.fields["name"], how="tesserocr", confidence=1.0)
    (finding,) = judge(replace(page, fields={**page.fields, "name": name}), TODAY).findings
    assert (finding.code, finding.field) == ("field-unsure", "name")
    assert "by tesserocr alone" in finding.message


@pytest.mark.parametrize("confidence", [{}, {"total": 0.5}, {"default": 1.5}, {"default": 0.5, "colour": 0.5}])
def test_thresholds_that_cannot_be_are_refused(confidence):
    with pytest.raises(ValidationError):
        Thresholds(confidence=confidence, calibrated=())


def test_every_check_says_for_a_person_what_it_does():
    assert all(check.__doc__ for check in CHECKS.values())
    assert checks_of(None) == checks_of(load_layouts()["fac-2019"]) == tuple(CHECKS.values())


def test_every_code_of_a_check_is_told_in_the_data_model():
    told = (Path(__file__).parents[2] / "docs" / "data-model.md").read_text(encoding="utf-8")
    sources = Path(checks.__file__).parent
    text = "".join(
        (sources / name).read_text(encoding="utf-8") for name in ("checks.py", "amounts.py", "characters.py")
    )
    codes = set(re.findall(r'Finding\(\s*"([a-z-]+)"', text))
    assert len(codes) > 15
    assert [code for code in codes if f"`{code}`" not in told] == []
