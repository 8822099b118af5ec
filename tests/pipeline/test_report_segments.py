"""The report command puts what the segments report says into PostgreSQL: once, day by day, and nothing else."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from books import Books, numbered
from pages import NEW

from invoice_lab import pipeline
from invoice_lab.errors import DatabaseError, NotebookError
from invoice_lab.pipeline import report
from invoice_lab.reporting.pages.segment_exports import COLUMNS
from invoice_lab.settings import Settings
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.embedded import remove_embedded
from invoice_lab.warehouse.migrate import migrate

CUSTOMERS = 24
FORMULA = "=cmd()"
LEAVES = "n-00001"
"""A customer with one invoice, which is withdrawn."""
FIRST, LATER = date(2019, 12, 31), date(2020, 1, 31)
COLUMNS_SQL = ", ".join(COLUMNS)


def _records():
    number = 0
    for customer in range(1, CUSTOMERS + 1):
        who = {**NEW["customer"], "number": f"{customer:05d}", "name": FORMULA if customer == 2 else f"Zoé {customer}"}
        for again in range(1 if customer == 1 else 1 + customer % 5):
            number += 1
            day = f"2019-{1 + (customer + 2 * again) % 12:02d}-{1 + customer:02d} 10:00:00"
            line = {"product": "Paper clip large.", "quantity": customer, "unit_price": "12.35"}
            total = f"{customer * Decimal('12.35'):.2f}"
            qr = f"INVOICE:FAC_2019_{number:04d}\nDATE:{day}\nCUST:{customer:05d}\nCAT:B"
            yield numbered(NEW, number, customer=who, issued_at=day, lines=[line], total=total, qr=qr)


def _rows(settings, sql, role="reader"):
    with database(settings) as db, db.connect(role, "shop") as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def _segments(settings, as_of):
    return _rows(settings, f"select {COLUMNS_SQL} from customer_segments where as_of = '{as_of}' order by customer_id")


def _file(settings):
    return settings.reports_dir / "shop" / "segments.parquet"


def _state(settings):
    """Where each row and each file is, and as of when."""
    folders = (settings.workspace_reports_dir("shop"), settings.cache_dir("shop"))
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    places = _rows(settings, "select as_of, customer_id, xmin::text, ctid::text from customer_segments order by 1, 2")
    changes = _rows(settings, "select max(change), max(total) from changes")
    return places, changes, {path: path.stat().st_mtime_ns for path in files}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Books of accepted invoices whose reports were made once; the scan of the customer who will leave."""
    folder = tmp_path_factory.mktemp("shop")
    settings, said = Settings(folder / "data", folder / "reports"), []
    with database(settings) as db:
        migrate(db, "shop")
        with db.connect("loader", "shop") as connection:
            books, records = Books(connection), list(_records())
            scans = books.arrive(*records)
            for scan, record in zip(scans, records, strict=True):
                if record["customer"]["name"] == FORMULA:  # no check lets it pass: a person did
                    books.decide(scan, "accept", despite=("characters-impossible",))
        report(settings, workspace="shop", as_of=FIRST, say=said.append)
        yield settings, scans[0], said
    remove_embedded(settings)


def test_the_rows_are_those_of_the_file_to_the_cent(shop):
    settings, _, said = shop
    table = pq.read_table(_file(settings))
    rows = _segments(settings, FIRST)
    assert [dict(zip(COLUMNS, row, strict=True)) for row in rows] == table.to_pylist()
    assert len(rows) == CUSTOMERS
    expected = sum(Decimal(record["total"]) for record in _records())
    assert _rows(settings, "select sum(monetary), min(currency) from customer_segments") == [(expected, "EUR")]
    assert (FORMULA,) in _rows(settings, "select name from customer_segments")
    fingerprint = table.schema.metadata[b"fingerprint"].decode()
    assert _rows(settings, "select distinct fingerprint from customer_segments") == [(fingerprint,)]
    assert f"The table customer_segments has {CUSTOMERS} rows of this report." in said


def test_recommendations_are_those_of_their_file(shop):
    settings, _, said = shop
    table = pq.read_table(_file(settings).with_name("recommendations.parquet"))
    found = _rows(
        settings, f"select {', '.join(table.column_names)} from recommendations order by customer_id, kind, rank"
    )
    assert [dict(zip(table.column_names, row, strict=True)) for row in found] == table.to_pylist()
    assert len({row["customer_id"] for row in table.to_pylist()}) == CUSTOMERS
    assert _rows(settings, "select as_of, recommendations from recommendation_reports") == [(FIRST, len(found))]
    assert said[-1] == f"The table recommendations has {len(found)} rows of this report."


def test_a_second_run_writes_nothing(shop):
    settings, *_ = shop
    before, said = _state(settings), []
    report(settings, workspace="shop", as_of=FIRST, say=said.append)
    assert _state(settings) == before
    assert said[-1] == "5 of 5 stay as they are: nothing that they are made from has changed."


def test_what_can_not_be_written_is_told_and_the_reports_stay(shop):
    settings, *_ = shop
    _rows(settings, "delete from segment_reports", "loader")
    _rows(settings, "revoke insert on customer_segments from invoice_lab_loader", "owner")
    with pytest.raises(DatabaseError, match="as of 2019-12-31 are not in the table customer_segments"):
        report(settings, workspace="shop", as_of=FIRST)
    assert pq.read_table(_file(settings)).num_rows == CUSTOMERS
    assert _rows(settings, "select count(*) from segment_reports") == [(0,)]
    _rows(settings, "grant insert on customer_segments to invoice_lab_loader", "owner")
    report(settings, workspace="shop", as_of=FIRST)
    assert len(_segments(settings, FIRST)) == CUSTOMERS


def test_a_notebook_without_its_files_is_told(shop, tmp_path):
    settings, *_ = shop
    with pytest.raises(NotebookError, match=r"'segments' made no segments\.parquet"):
        pipeline._store("shop", settings, lambda line: None, tmp_path)


def test_another_day_adds_rows_and_a_withdrawn_customers_stay(shop):
    settings, scan, _ = shop
    before = _segments(settings, FIRST)
    earlier = _file(settings).read_bytes()
    with database(settings) as db, db.connect("loader", "shop") as connection:
        Books(connection).decide(scan, "reject")
    assert _rows(settings, f"select count(*) from customers where customer_id = '{LEAVES}'") == [(0,)]
    report(settings, workspace="shop", as_of=LATER)
    assert _segments(settings, FIRST) == before
    assert LEAVES in {row[3] for row in before}
    later = _segments(settings, LATER)
    assert {row[3] for row in later} == {row[3] for row in before} - {LEAVES}
    assert [dict(zip(COLUMNS, row, strict=True)) for row in later] == pq.read_table(_file(settings)).to_pylist()
    [archived] = (settings.reports_dir / "archive" / "shop").iterdir()
    assert (archived / "segments.parquet").read_bytes() == earlier
    assert pq.read_table(io.BytesIO(earlier)).num_rows == len(later) + 1
