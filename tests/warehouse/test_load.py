"""The load: all or nothing, twice is once, duplicates and conflicts, the latest description of a customer."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import psycopg2
import pytest

from invoice_lab.errors import UsageError
from invoice_lab.ocr.page import Page
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.finding import Finding
from invoice_lab.validation.invoice import Customer, Invoice, Line
from invoice_lab.validation.judge import Judgement
from invoice_lab.warehouse.arrival import Arrival, Batch
from invoice_lab.warehouse.load import holds_made_up, known_scans, load, start_batch

CUSTOMER = Customer(name="Zoé", number="00042", category="B", address=("1 Street", "Town"))
INVOICE = Invoice(
    layout="fac-2019",
    invoice_id="FAC_2019_0042",
    issued_at="2019-03-14 15:09:26",
    customer=CUSTOMER,
    lines=(
        Line(product="Paper.", quantity=2, unit_price=Decimal("3.10")),
        Line(product=" PAPER. ", quantity=1, unit_price=Decimal("3.1055")),
    ),
    total=Decimal("9.31"),
    currency="EUR",
)


def arrival(name, invoice=INVOICE, status="accepted", findings=(), no=1):
    scan = Scan.of(name, name.encode())
    page = Page(scan.sha256, layout="fac-2019", engine="test", engine_version="1", text="text of " + name)
    return Arrival(no, name, scan.sha256, 10, (Judgement(page, status, findings, invoice),), 0.5)


@pytest.fixture
def loader(migrated):
    """A connection to an empty workspace of the books; whatever a test writes is rolled back."""
    with migrated.connect("loader", "sample") as connection:
        batch = uuid4()
        start_batch(connection, Batch(batch, "test", "test", "1"))
        yield _Loader(connection, batch)
        connection.rollback()


class _Loader:
    def __init__(self, connection, batch):
        self.connection, self.batch = connection, batch

    def load(self, *arrivals):
        return load(self.connection, self.batch, arrivals)

    def rows(self, sql):
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()


def test_an_invoice_stands_in_the_books_to_the_cent(loader):
    (loaded,) = loader.load(arrival("a.png"))
    assert (loaded.outcome, loaded.parts[0].invoice_id) == ("new", "fac-2019:FAC_2019_0042")
    assert loader.rows("select customer_id, total, currency, issued_at::text from invoices") == [
        ("n-00042", Decimal("9.31"), "EUR", "2019-03-14 15:09:26")
    ]
    lines = loader.rows("select line_no, quantity, unit_price, amount from invoice_lines order by 1")
    assert lines == [(1, 2, Decimal("3.1000"), Decimal("6.20")), (2, 1, Decimal("3.1055"), Decimal("3.11"))]
    assert loader.rows("select count(*), min(name) from products") == [(1, "PAPER.")], "case and space make no product"
    assert loader.rows("select status, confidence, seconds, page ->> 'text' from parts") == [
        ("accepted", None, 0.5, "text of a.png")
    ]


def test_the_same_scan_again_changes_nothing(loader):
    loader.load(arrival("a.png"))
    (again,) = loader.load(arrival("a.png", no=2))
    assert (again.outcome, again.parts) == ("known", ())
    assert known_scans(loader.connection, [again.arrival.sha256, "0" * 64]) == {again.arrival.sha256}
    assert loader.rows("select (select count(*) from scans), (select count(*) from invoices)") == [(1, 1)]
    assert loader.rows("select no, outcome from batch_scans order by no") == [(1, "new"), (2, "known")]


@pytest.mark.parametrize("together", [True, False], ids=["one commit", "two commits"])
def test_the_same_invoice_in_other_bytes_is_a_duplicate(loader, together):
    first, second = arrival("a.png"), arrival("b.png", no=2)
    loaded = loader.load(first, second) if together else [*loader.load(first), *loader.load(second)]
    assert [item.outcome for item in loaded] == ["new", "duplicate"]
    assert loader.rows("select count(*) from invoices") == [(1,)]
    assert loader.rows("select distinct status, invoice_id from parts") == [("accepted", "fac-2019:FAC_2019_0042")]


def test_the_same_id_with_other_content_goes_to_review_and_both_are_kept(loader):
    other = INVOICE.model_copy(update={"total": Decimal("9.32")})
    _, second = loader.load(arrival("a.png"), arrival("b.png", other, no=2))
    assert second.parts[0].judgement.status == "review"
    assert loader.rows("select total from invoices") == [(Decimal("9.31"),)]
    assert loader.rows("select code, severity, field from findings") == [("id-conflict", "error", "invoice_id")]
    assert loader.rows("select count(*) from parts") == [(2,)]


def test_what_is_not_accepted_stays_out_of_the_books(loader):
    finding = Finding("total-mismatch", "error", "total", "The total says 1, the lines sum to 2; 'quoted', \"too\"\n.")
    loader.load(arrival("a.png", status="review", findings=(finding,)))
    assert loader.rows("select count(*) from invoices") == [(0,)]
    assert loader.rows("select count(*) from customers") == [(0,)]
    assert loader.rows("select status, invoice_id from parts") == [("review", None)]
    assert loader.rows("select message from findings") == [(finding.message,)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["older first", "newer first"])
def test_a_customer_is_described_by_the_latest_invoice(loader, order):
    moved = CUSTOMER.model_copy(update={"name": "Zoé B.", "category": "A"})
    later = INVOICE.model_copy(
        update={"invoice_id": "FAC_2019_0050", "customer": moved, "issued_at": INVOICE.issued_at.replace(month=6)}
    )
    both = [arrival("a.png"), arrival("b.png", later, no=2)]
    for index in order:
        loader.load(both[index])
    assert loader.rows("select name, category, described_by from customers") == [
        ("Zoé B.", "A", "fac-2019:FAC_2019_0050")
    ]


def test_namesakes_are_two_customers(loader):
    other = CUSTOMER.model_copy(update={"number": "00043"})
    loader.load(
        arrival("a.png"),
        arrival("b.png", INVOICE.model_copy(update={"invoice_id": "FAC_2019_0043", "customer": other}), no=2),
    )
    assert loader.rows("select customer_id from customers order by 1") == [("n-00042",), ("n-00043",)]


def test_customers_of_2018_are_known_by_email_and_birth_date(loader):
    people = [
        Customer(name="Ann", email="a@example.com", birth_date="1980-01-01"),
        Customer(name="Ann M.", email="A@example.com", birth_date="1980-01-01"),
        Customer(name="Ann", email="a@example.com", birth_date="1981-01-01"),
    ]
    invoices = [
        INVOICE.model_copy(update={"invoice_id": f"FAC/2018/{n:04d}", "layout": "fac-2018", "customer": who})
        for n, who in enumerate(people)
    ]
    loader.load(*(arrival(f"{n}.png", invoice, no=n) for n, invoice in enumerate(invoices)))
    assert loader.rows("select count(*) from customers") == [(2,)]


def test_a_failed_scan_is_tried_again(loader):
    failure = Finding("internal-error", "error", None, "Reading broke.")
    loader.load(arrival("a.png", None, "failed", (failure,)))
    assert known_scans(loader.connection, [Scan.of("a.png", b"a.png").sha256]) == set()
    (again,) = loader.load(arrival("a.png", no=2))
    assert again.outcome == "new"
    assert loader.rows("select status from parts") == [("accepted",)]
    assert loader.rows("select count(*) from findings") == [(0,)]


def test_a_file_that_could_not_be_opened_is_recorded(loader):
    loader.load(Arrival(1, "secret.png", None, problem="Permission denied."))
    assert loader.rows("select name, sha256, problem from batch_scans") == [("secret.png", None, "Permission denied.")]


def test_hostile_text_is_text(loader):
    nasty = '\'; drop table invoices; -- \\N \\. "" <script>'
    customer = CUSTOMER.model_copy(update={"name": nasty})
    loader.load(arrival("a.png", INVOICE.model_copy(update={"customer": customer})))
    assert loader.rows("select name from customers") == [(nasty,)]


def test_a_commit_that_breaks_leaves_none_of_its_scans(migrated):
    broken = replace(arrival("broken.png", no=2), size=None)  # violates a constraint of `scans`
    with pytest.raises(psycopg2.errors.NotNullViolation), migrated.connect("loader", "other") as connection:
        batch = uuid4()
        start_batch(connection, Batch(batch, "test", "test", "1"))
        load(connection, batch, [arrival("good.png"), broken])
    with migrated.connect("reader", "other") as connection, connection.cursor() as cursor:
        cursor.execute(
            "select (select count(*) from scans), (select count(*) from parts), (select count(*) from batches)"
        )
        assert cursor.fetchone() == (0, 0, 0)


def test_made_up_scans_never_come_to_real_ones(loader):
    with pytest.raises(UsageError, match="holds real scans"):
        start_batch(loader.connection, Batch(uuid4(), "test", "test", "1", made_up=True))
    start_batch(loader.connection, Batch(uuid4(), "test", "test", "1"))
    assert not holds_made_up(loader.connection)
