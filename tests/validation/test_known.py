"""What is already known: customers and prices as a value, and the checks of an invoice against it."""

from dataclasses import FrozenInstanceError
from datetime import date, datetime
from decimal import Decimal

import pytest

from invoice_lab.validation.finding import Finding
from invoice_lab.validation.invoice import Customer, Invoice, Line
from invoice_lab.validation.judge import Judgement
from invoice_lab.validation.known import KNOWN_CHECKS, SEVERITY, STABLE_SALES, Known, check_known
from invoice_lab.validation.settle import BEYOND_DECISION, settled

ZOE = Customer(name="Zoé", number="00000", category="B", address=("1 Street", "Town"))
ANN = Customer(name="Ann", email="ann@example.com", birth_date=date(1980, 1, 1), gender="F")


def invoice(customer=ZOE, *, price="3.10", number=1, day=1, currency="EUR", product="Paper."):
    line = Line(product=product, quantity=2, unit_price=Decimal(price))
    return Invoice(
        layout="fac-2019", invoice_id=f"FAC_2019_{number:04d}", issued_at=datetime(2019, 3, day), customer=customer,
        lines=(line,), total=line.amount, currency=currency,
    )  # fmt: skip


def known_after(*invoices):
    known = Known()
    for item in invoices:
        known = known.after(item)
    return known


def found(item, *before):
    return [(finding.code, finding.severity, finding.field) for finding in check_known(item, known_after(*before))]


def sold(*prices, **values):
    return [invoice(price=price, number=number, **values) for number, price in enumerate(prices, start=1)]


def test_nothing_known_finds_nothing():
    assert found(invoice()) == []
    assert found(invoice(ANN)) == []


@pytest.mark.parametrize(
    ("before", "price", "unusual"),
    [
        (["3.10"] * 3, "3.10", False),
        (["3.10"] * 3, "3.1000", False),
        (["3.10"] * 3, "31.00", True),
        (["3.10"] * (STABLE_SALES - 1), "31.00", False),
        (["3.10", "3.20", "3.30", "3.40"], "9.99", False),
        (["3.10", "3.10", "3.10", "2.00"], "2.00", False),
        (["3.10", "2.00", "3.10", "3.10"], "9.99", True),
    ],
    ids=["same", "same, written longer", "other", "seen too seldom", "no price is stable", "seen once", "two prices"],
)
def test_a_price_is_unusual_where_the_product_has_others(before, price, unusual):
    expected = [("price-unusual", "warning", "lines.1.unit_price")] if unusual else []
    assert found(invoice(price=price, number=9), *sold(*before)) == expected


def test_prices_of_currencies_and_products_are_apart():
    before = sold("3.10", "3.10", "3.10")
    assert found(invoice(price="9.99", number=9, currency="CHF"), *before) == []
    assert found(invoice(price="9.99", number=9, product="Ink."), *before) == []
    assert found(invoice(price="9.99", number=9, product=" PAPER. "), *before) != []


def test_the_sentence_names_the_prices_seen():
    (finding,) = check_known(invoice(price="9.99", number=9), known_after(*sold("3.10", "2.00", "3.10", "3.10")))
    assert finding.message == "Line 1 sells 'Paper.' at 9.99; it was sold at 3.10 (3 times), 2.00 (1 times)."


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"name": "ZOÉ"}, []),
        ({"address": ()}, []),
        ({"category": None}, []),
        ({"name": "Anna"}, [("customer-changed", "warning", "name")]),
        ({"address": ("2 Road", "Town")}, [("customer-changed", "warning", "address_1")]),
        ({"category": "A"}, [("customer-changed", "warning", "category")]),
    ],
)
def test_a_known_customer_number_with_other_fields(changes, expected):
    assert found(invoice(ZOE.model_copy(update=changes), number=2), invoice()) == expected


@pytest.mark.parametrize(
    ("field", "known", "said", "misread"),
    [
        ("name", "Péra Oztürk", "béra Oztürk", True),
        ("name", "Mosè Falcà", "Mosè Falcd", True),
        ("name", "Zoé Hébert", "Zoé Roy", False),
        ("name", "ÉLODIE ROY", "Élodie Roy", None),
        ("address", ("Süderwall 761", "17774 Schönfließ"), ("Süderwall 761", "17774 SchônflieG"), True),
        ("address", ("12 rue du Château", "59000 Lille"), ("7 place d'Armes", "59000 Lille"), False),
    ],
)
def test_what_differs_by_a_letter_was_misread(field, known, said, misread):
    before, after = (ZOE.model_copy(update={field: value}) for value in (known, said))
    shown = {"address": "address_1"}.get(field, field)
    code, severity = ("customer-misread", "error") if misread else ("customer-changed", "warning")
    assert found(invoice(after, number=2), invoice(before)) == ([] if misread is None else [(code, severity, shown)])


@pytest.mark.parametrize("field", ["email", "birth_date"])
def test_a_known_customer_number_with_another_birth_date_or_email_is_an_error(field):
    before = ZOE.model_copy(update={"email": "z@example.com", "birth_date": date(1990, 2, 3)})
    other = before.model_copy(update={field: {"email": "someone@else.org", "birth_date": date(1990, 2, 4)}[field]})
    assert found(invoice(other, number=2), invoice(before)) == [("customer-mismatch", "error", field)]
    assert found(invoice(ZOE, number=2), invoice(before)) == [], "what is not said contradicts nothing"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"birth_date": date(1980, 1, 2)}, [("customer-mismatch", "error", "birth_date")]),
        ({"email": "a.miller@elsewhere.org"}, [("customer-changed", "warning", "email")]),
        ({"email": "arn@example.com"}, [("customer-misread", "error", "email")]),
        ({"email": "arn@example.com", "birth_date": date(1980, 1, 2)}, []),
        ({"name": "Bob", "birth_date": date(1980, 1, 2)}, []),
        ({"name": "Bob"}, [("customer-changed", "warning", "name")]),
        ({"gender": "M"}, [("customer-changed", "warning", "gender")]),
    ],
    ids=["birth date", "e-mail", "e-mail, alike", "a namesake", "a family's e-mail", "name", "gender"],
)
def test_persons_without_a_number(changes, expected):
    assert found(invoice(ANN.model_copy(update=changes), number=2), invoice(ANN)) == expected


def test_the_latest_invoice_describes_a_customer_whenever_it_came():
    old, new = invoice(day=1), invoice(ZOE.model_copy(update={"name": "Zoé B."}), number=2, day=2)
    for order in ((old, new), (new, old)):
        assert found(invoice(ZOE.model_copy(update={"name": "Zoé B."}), number=3, day=3), *order) == []


def test_a_customer_that_nothing_identifies_is_an_error():
    assert found(invoice(Customer(name="Zoé"))) == [("customer-unidentified", "error", "number")]
    assert found(invoice(Customer(name="Zoé", email="z@example.com"))) == [("customer-unidentified", "error", "number")]


def test_known_is_a_value():
    before = known_after(invoice())
    before.after(invoice(price="9.99", number=2))
    assert before == known_after(invoice())
    with pytest.raises(FrozenInstanceError):
        before.prices = {}


def test_each_check_says_for_a_person_what_it_does():
    assert all(check.__doc__ for check in KNOWN_CHECKS)
    assert set(SEVERITY.values()) == {"error", "warning"}


def test_what_a_person_overrules_stays_to_be_seen_and_holds_nothing_back():
    findings = tuple(Finding(code, "error", None, code) for code in ("total-mismatch", "date-mismatch"))
    judgement = Judgement(None, "review", findings, invoice())
    assert settled(judgement, ["total-mismatch"]).status == "review"
    both = settled(judgement, ["total-mismatch", "date-mismatch"])
    assert both.status == "accepted"
    assert [finding.severity for finding in both.findings] == ["info", "info"]
    assert settled(Judgement(None, "review", (), None), []).status == "review", "there is no invoice to accept"


@pytest.mark.parametrize("code", sorted(BEYOND_DECISION))
def test_what_no_decision_changes(code):
    judgement = Judgement(None, "review", (Finding(code, "error", None, code),), invoice())
    assert settled(judgement, [code]).status == "review"
