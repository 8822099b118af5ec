"""The table of segments: a report's rows replace those of its day, whole or not at all, and nothing else changes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg2
import pytest

from invoice_lab.errors import DatabaseError
from invoice_lab.reporting.pages.segment_exports import COLUMNS
from invoice_lab.reporting.typed_files import parquet_bytes
from invoice_lab.settings import Settings
from invoice_lab.warehouse.changes import newest_position
from invoice_lab.warehouse.connection import Database, database
from invoice_lab.warehouse.migrate import migrate
from invoice_lab.warehouse.report_tables import SEGMENTS, store_report
from invoice_lab.warehouse.roles import Role

ANN = {
    "as_of": pd.Timestamp("2020-03-31"),
    "scheme": "default",
    "bins": 5,
    "customer_id": "n-1",
    "number": "00001",
    "name": 'Zoé "=cmd()" Hébert,\nsecond line',
    "recency": 12,
    "frequency": 3,
    "monetary": Decimal("1234567.89"),
    "currency": "EUR",
    "recency_score": 5,
    "frequency_score": 4,
    "monetary_score": 1,
    "segment": "Loyal",
    "segment_confidence": 0.87,
    "segment_with_order": "Champions",
    "days_until_change": 7,
    "segment_without_order": "At risk",
    "cluster": "B",
    "cluster_stable": False,
    "cluster_confidence": 0.66,
    "top_spender": True,
    "age": 41,
    "expected_sales": Decimal("120.50"),
}
BOB = {
    **ANN,
    "customer_id": "n-2",
    "number": None,
    "name": "",
    "monetary": Decimal("-0.10"),
    "days_until_change": None,
    "segment_without_order": None,
    "cluster": None,
    "cluster_stable": None,
    "cluster_confidence": None,
    "age": None,
    "expected_sales": None,
}
FINGERPRINT = "0123456789abcdef"
ROOT = Path(__file__).resolve().parents[2]
NUMBERS = itertools.count()
store_segments = partial(store_report, table=SEGMENTS)
Rows = Callable[[str], list[tuple[Any, ...]]]


def file_of(*records: dict[str, Any], as_of: str = "2020-03-31", fingerprint: str = FINGERPRINT) -> bytes:
    """The Parquet file of a report on these customers."""
    frame = pd.DataFrame([{**record, "as_of": pd.Timestamp(as_of)} for record in records], columns=list(COLUMNS))
    return parquet_bytes(frame, COLUMNS, {"as_of": as_of, "fingerprint": fingerprint})


@pytest.fixture(scope="module")
def db(module_settings: Settings) -> Iterator[Database]:
    """A running server; each test has a workspace of its own."""
    with database(module_settings) as db:
        yield db


@pytest.fixture
def workspace(db: Database) -> str:
    """An empty workspace of the test's own."""
    name = f"shop_{next(NUMBERS)}"
    migrate(db, name)
    return name


@pytest.fixture
def rows(db: Database, workspace: str) -> Rows:
    """Returns what a query of the reader gives."""

    def read(sql: str) -> list[tuple[Any, ...]]:
        with db.connect("reader", workspace) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    return read


def test_rows_are_those_of_the_file(module_settings: Settings, workspace: str, rows: Rows) -> None:
    assert store_segments(workspace, module_settings, file_of(ANN, BOB)) == 2
    ann, bob = ((date(2020, 3, 31), *list(record.values())[1:], FINGERPRINT) for record in (ANN, BOB))
    assert rows(f"select {', '.join(COLUMNS)}, fingerprint from customer_segments order by customer_id") == [ann, bob]
    assert rows("select as_of::text, fingerprint, length(digest), customers from segment_reports") == [
        ("2020-03-31", FINGERPRINT, 64, 2)
    ]


def test_the_same_file_is_not_written_again(module_settings: Settings, workspace: str, rows: Rows) -> None:
    mark = "select xmin::text, ctid::text from customer_segments union all select xmin::text, '' from segment_reports"
    store_segments(workspace, module_settings, file_of(ANN, BOB))
    before = rows(mark)
    assert store_segments(workspace, module_settings, file_of(ANN, BOB)) is None
    assert rows(mark) == before


@pytest.mark.parametrize(
    "other",
    [file_of(ANN), file_of({**ANN, "age": 42}, BOB), file_of(ANN, BOB, fingerprint="f")],
    ids=["fewer rows", "other values", "other data"],
)
def test_another_file_of_the_day_takes_the_place(
    module_settings: Settings, workspace: str, rows: Rows, other: bytes
) -> None:
    store_segments(workspace, module_settings, file_of(ANN, BOB))
    written = store_segments(workspace, module_settings, other)
    assert rows("select count(*) from customer_segments") == [(written,)]
    assert rows("select distinct fingerprint from customer_segments") == rows("select fingerprint from segment_reports")
    assert store_segments(workspace, module_settings, other) is None


def test_rows_that_somebody_took_away_come_back(
    module_settings: Settings, db: Database, workspace: str, rows: Rows
) -> None:
    store_segments(workspace, module_settings, file_of(ANN, BOB))
    with db.connect("loader", workspace) as connection, connection.cursor() as cursor:
        cursor.execute("delete from customer_segments where customer_id = 'n-2'")
    assert store_segments(workspace, module_settings, file_of(ANN, BOB)) == 2
    assert rows("select customer_id from customer_segments order by 1") == [("n-1",), ("n-2",)]


def test_another_day_is_added(module_settings: Settings, workspace: str, rows: Rows) -> None:
    store_segments(workspace, module_settings, file_of(ANN, BOB))
    store_segments(workspace, module_settings, file_of(ANN, as_of="2020-04-30"))
    assert rows("select as_of::text, customer_id from customer_segments order by 1, 2") == [
        ("2020-03-31", "n-1"),
        ("2020-03-31", "n-2"),
        ("2020-04-30", "n-1"),
    ]


def test_a_report_without_customers(module_settings: Settings, workspace: str, rows: Rows) -> None:
    assert store_segments(workspace, module_settings, file_of(as_of="")) is None
    assert rows("select * from segment_reports") == []
    store_segments(workspace, module_settings, file_of(ANN))
    assert store_segments(workspace, module_settings, file_of()) == 0
    assert rows("select count(*) from customer_segments") == [(0,)]


def test_it_is_no_change_of_the_books(module_settings: Settings, db: Database, workspace: str) -> None:
    with db.connect("reader", workspace) as connection, connection.cursor() as cursor:
        before = newest_position(cursor)
        connection.commit()
        store_segments(workspace, module_settings, file_of(ANN, BOB))
        assert newest_position(cursor) == before


def test_a_file_that_can_not_be_written_leaves_what_was_there(
    module_settings: Settings, workspace: str, rows: Rows
) -> None:
    store_segments(workspace, module_settings, file_of(ANN, BOB))
    with pytest.raises(DatabaseError, match=r"as of 2020-03-31 are not in the table.*duplicate key") as caught:
        store_segments(workspace, module_settings, file_of(BOB, BOB))
    assert "The reports are written." in str(caught.value)
    assert rows("select customer_id from customer_segments order by 1") == [("n-1",), ("n-2",)]


def test_a_server_that_is_not_there_is_told() -> None:
    nowhere = Settings(Path("unused"), Path("unused"), "postgresql://owner@127.0.0.1:1/x")
    with pytest.raises(DatabaseError, match=r"customer_segments of the workspace 'shop': .*can't be reached") as caught:
        store_segments("shop", nowhere, file_of(ANN))
    assert "The reports are written." in str(caught.value)


@pytest.mark.parametrize(("role", "reads", "writes"), [("loader", 1, 1), ("reader", 1, 0), ("web", 0, 0)])
def test_what_the_roles_may(db: Database, workspace: str, role: Role, reads: int, writes: int) -> None:
    for statement, allowed in (("select * from customer_segments", reads), ("delete from segment_reports", writes)):
        with db.connect(role, workspace) as connection, connection.cursor() as cursor:
            try:
                cursor.execute(statement)
                may = True
            except (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.UndefinedTable):
                may = False
            connection.rollback()
        assert may == bool(allowed), (role, statement)


def test_the_query_in_the_documentation_runs(module_settings: Settings, workspace: str, rows: Rows) -> None:
    store_segments(workspace, module_settings, file_of({**ANN, "segment": "Lost"}, BOB, as_of="2020-02-29"))
    store_segments(workspace, module_settings, file_of(ANN, BOB, as_of="2020-03-31"))
    store_segments(workspace, module_settings, file_of({**ANN, "segment": "At risk"}, BOB, as_of="2020-04-30"))
    [example] = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "data-model.md").read_text(), re.DOTALL)
    assert "ws_default" in example
    found = rows(example.replace("ws_default", f"ws_{workspace}"))
    assert found == [("n-1", ANN["name"], "Loyal", "At risk", Decimal("1234567.89"), "EUR")]
