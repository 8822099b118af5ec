"""What is known at commit: customers and prices of what was accepted before, however many scans a commit carries."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from invoice_lab.ocr.page import Page
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.invoice import Customer, Invoice, Line
from invoice_lab.validation.judge import Judgement
from invoice_lab.warehouse.arrival import Arrival, Batch
from invoice_lab.warehouse.known import fetch_known
from invoice_lab.warehouse.load import load, start_batch

ANN = Customer(name="Ann", email="ann@example.com", birth_date="1980-01-01")
ZOE = Customer(name="Zoé", number="00042", address=("1 Street", "Town"))


def invoice(number, customer=ZOE, price="3.10", product="Paper."):
    line = Line(product=product, quantity=2, unit_price=Decimal(price))
    return Invoice(
        layout="fac-2018" if customer.email else "fac-2019", invoice_id=f"I{number:04d}",
        issued_at=datetime(2019, 1, 1) + timedelta(days=number), customer=customer, lines=(line,), total=line.amount,
        currency="EUR",
    )  # fmt: skip


def arrivals(invoices):
    for no, item in enumerate(invoices, start=1):
        scan = Scan.of(f"{no}.png", repr(item).encode() + bytes([no % 250]))
        page = Page(scan.sha256, layout=item.layout, engine="test", engine_version="1")
        yield Arrival(no, scan.name, scan.sha256, 10, (Judgement(page, "accepted", (), item),))


BATCH = [
    invoice(1),
    invoice(2),
    invoice(3),
    invoice(4, price="31.00"),  # the product has a price by now
    invoice(5, price="31.00"),  # seen before
    invoice(6, ZOE.model_copy(update={"address": ("2 Road", "Town")})),
    invoice(7, ANN, product="Ink."),
    invoice(8, ANN.model_copy(update={"birth_date": ANN.birth_date.replace(year=1981)}), product="Ink."),
    invoice(8, ANN.model_copy(update={"name": "Bob"}), product="Ink."),  # the id was not taken by the one before
    invoice(9, Customer(name="Nobody")),
    invoice(2),  # in other bytes
    invoice(2, price="9.99"),
]
EXPECTED = [
    ("1.png", "accepted", None),
    ("10.png", "review", "customer-unidentified"),
    ("11.png", "accepted", None),
    ("12.png", "review", "id-conflict"),
    ("2.png", "accepted", None),
    ("3.png", "accepted", None),
    ("4.png", "accepted", "price-unusual"),
    ("5.png", "accepted", None),
    ("6.png", "accepted", "customer-changed"),
    ("7.png", "accepted", None),
    ("8.png", "review", "customer-mismatch"),
    ("9.png", "accepted", "customer-changed"),
]


def loaded(connection, size):
    batch = uuid4()
    start_batch(connection, Batch(batch, "test", "test", "1"))
    items = list(arrivals(BATCH))
    for start in range(0, len(items), size):
        load(connection, batch, items[start : start + size])


def rows(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.mark.parametrize("size", [1, 2, 5, 25])
def test_findings_follow_the_batchs_order_and_not_the_size_of_commits(migrated, size):
    with migrated.connect("loader", "sample") as connection:
        loaded(connection, size)
        sql = """select name, status, code from parts join scans using (sha256)
                 left join findings using (sha256, part) order by name collate "C" """
        assert rows(connection, sql) == EXPECTED
        connection.rollback()


@pytest.mark.parametrize("size", [1, 25])
def test_prices_count_the_lines_in_the_books(migrated, size):
    counted = """select product_id, currency, unit_price, count(*)::integer
                 from invoice_lines join invoices using (invoice_id) group by 1, 2, 3 order by 1, 3"""
    with migrated.connect("loader", "sample") as connection:
        loaded(connection, size)
        kept = rows(connection, "select product_id, currency, unit_price, sales from prices order by 1, 3")
        assert kept == rows(connection, counted)
        assert sorted(sales for *_, sales in kept) == [2, 2, 4]
        connection.rollback()


def test_what_is_known_in_the_books_is_what_was_said(migrated):
    with migrated.connect("loader", "sample") as connection, connection.cursor() as cursor:
        loaded(connection, 25)
        known = fetch_known(cursor, [invoice(9, product="Paper."), invoice(10, ANN)])
        names = {customer.customer.name for customer in known.customers.values()}
        assert names == {"Zoé", "Bob"}, "the latest invoice of Ann's e-mail and birth date says Bob"
        (zoe,) = (item for item in known.customers.values() if item.customer.number)
        assert zoe.customer.address == ("2 Road", "Town")
        assert zoe.described_by == "fac-2019:I0006"
        assert list(known.prices.values()) == [{Decimal("3.10"): 4, Decimal("31.00"): 2}]
        connection.rollback()


def test_nothing_is_fetched_that_no_invoice_names(migrated):
    with migrated.connect("loader", "sample") as connection, connection.cursor() as cursor:
        loaded(connection, 25)
        known = fetch_known(cursor, [invoice(1, Customer(name="New", number="9"), product="New.")])
        assert (known.customers, known.prices) == ({}, {})
        connection.rollback()
