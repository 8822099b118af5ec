"""The tables of reports: a report's rows replace those of its day, whole or not at all, and nothing else changes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg2
import pytest

from invoice_lab.errors import DatabaseError
from invoice_lab.reporting.pages.recommendation_exports import COLUMNS as RECOMMENDATION_COLUMNS
from invoice_lab.reporting.pages.segment_exports import COLUMNS as SEGMENT_COLUMNS
from invoice_lab.reporting.typed_files import Kind, parquet_bytes
from invoice_lab.settings import Settings
from invoice_lab.warehouse.changes import newest_position
from invoice_lab.warehouse.connection import Database, database
from invoice_lab.warehouse.migrate import migrate
from invoice_lab.warehouse.report_tables import RECOMMENDATIONS, SEGMENTS, ReportTable, store_report
from invoice_lab.warehouse.roles import Role

HOSTILE = 'Zoé "=cmd()" Hébert,\n\\.\nthird line\\N\ttab'
"""Of what COPY and spreadsheets take for more than text."""
ANN = {
    "as_of": pd.Timestamp("2020-03-31"),
    "scheme": "default",
    "bins": 5,
    "customer_id": "n-1",
    "number": "00001",
    "name": HOSTILE,
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
OFFER = {
    "as_of": pd.Timestamp("2020-03-31"),
    "customer_id": "n-1",
    "number": "00001",
    "name": HOSTILE,
    "segment": "Loyal",
    "kind": "again",
    "rank": 1,
    "product_id": "p-1",
    "product": f"=1+1 {HOSTILE}",
    "score": 0.1 + 0.2,
    "reason": f"bought with {HOSTILE}",
    "method": "own purchases",
    "chance": 1 / 3,
    "price": Decimal("12345678901234.5678"),
    "expected_value": Decimal("0.0001"),
    "currency": "EUR",
}
BARE_OFFER = {
    **OFFER,
    "customer_id": "n-2",
    "number": None,
    "name": "",
    "segment": None,
    "kind": "new",
    "rank": 2,
    "product": "",
    "score": -1e-300,
    "chance": None,
    "price": None,
    "expected_value": None,
}
FINGERPRINT = "0123456789abcdef"
ROOT = Path(__file__).resolve().parents[2]
NUMBERS = itertools.count()
Record = Mapping[str, Any]
Rows = Callable[[str], list[tuple[Any, ...]]]
Store = Callable[[bytes], int | None]


@dataclass(frozen=True)
class Case:
    """A table, and two rows for it: of customers n-1 and n-2, the second with all missing that may be missing.

    Attributes
    ----------
    table : ReportTable
    columns : mapping of str to Kind
    full, bare : mapping of str to value
    change : mapping of str to value
        Makes another row of `full`.
    refused : mapping of str to value
        Makes a row of `full` that the table does not take.
    """

    table: ReportTable
    columns: Mapping[str, Kind]
    full: Record
    bare: Record
    change: Record
    refused: Record

    def file(self, *records: Record, as_of: str = "2020-03-31", fingerprint: str = FINGERPRINT) -> bytes:
        """Return the Parquet file of a report with these rows."""
        rows = [{**record, "as_of": pd.Timestamp(as_of)} for record in records]
        frame = pd.DataFrame(rows, columns=list(self.columns))
        return parquet_bytes(frame, self.columns, {"as_of": as_of, "fingerprint": fingerprint})

    @property
    def both(self) -> bytes:
        """The file with both rows."""
        return self.file(self.full, self.bare)


SEGMENT_CASE = Case(SEGMENTS, SEGMENT_COLUMNS, ANN, BOB, {"age": 42}, {"segment_confidence": 1.5})
CASES = [
    SEGMENT_CASE,
    Case(RECOMMENDATIONS, RECOMMENDATION_COLUMNS, OFFER, BARE_OFFER, {"reason": "a best seller"}, {"kind": "other"}),
]


@pytest.fixture(params=CASES, ids=lambda case: case.table.name)
def case(request: pytest.FixtureRequest) -> Case:
    """Each of the tables."""
    return request.param


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


@pytest.fixture
def store(module_settings: Settings, workspace: str, case: Case) -> Store:
    """Stores a file in the table."""
    return partial(store_report, workspace, module_settings, table=case.table)


def test_rows_are_those_of_the_file(case: Case, store: Store, rows: Rows) -> None:
    assert store(case.both) == 2
    expected = [(date(2020, 3, 31), *list(row.values())[1:], FINGERPRINT) for row in (case.full, case.bare)]
    table = case.table
    assert rows(f"select {', '.join(case.columns)}, fingerprint from {table.name} order by customer_id") == expected
    assert rows(f"select as_of::text, fingerprint, length(digest), {table.counted} from {table.reports}") == [
        ("2020-03-31", FINGERPRINT, 64, 2)
    ]


def test_the_same_file_is_not_written_again(case: Case, store: Store, rows: Rows) -> None:
    mark = (
        f"select xmin::text, ctid::text from {case.table.name}"
        f" union all select xmin::text, '' from {case.table.reports}"
    )
    store(case.both)
    before = rows(mark)
    assert len(before) == 3
    assert store(case.both) is None
    assert rows(mark) == before


@pytest.mark.parametrize(
    "other",
    [
        lambda case: case.file(case.full),
        lambda case: case.file({**case.full, **case.change}, case.bare),
        lambda case: case.file(case.full, case.bare, fingerprint="f"),
    ],
    ids=["fewer rows", "other values", "other data"],
)
def test_another_file_of_the_day_takes_the_place(
    case: Case, store: Store, rows: Rows, other: Callable[[Case], bytes]
) -> None:
    store(case.both)
    written = store(other(case))
    name, reports = case.table.name, case.table.reports
    assert rows(f"select count(*) from {name}") == [(written,)]
    assert rows(f"select distinct fingerprint from {name}") == rows(f"select fingerprint from {reports}")
    assert store(other(case)) is None


def test_a_changed_value_is_that_of_the_newer_file(case: Case, store: Store, rows: Rows) -> None:
    store(case.both)
    store(case.file({**case.full, **case.change}, case.bare))
    [(column, value)] = case.change.items()
    assert rows(f"select customer_id, {column} from {case.table.name} order by 1") == [
        ("n-1", value),
        ("n-2", case.bare[column]),
    ]


def test_rows_that_somebody_took_away_come_back(
    case: Case, store: Store, rows: Rows, db: Database, workspace: str
) -> None:
    store(case.both)
    with db.connect("loader", workspace) as connection, connection.cursor() as cursor:
        cursor.execute(f"delete from {case.table.name} where customer_id = 'n-2'")
    assert store(case.both) == 2
    assert rows(f"select customer_id from {case.table.name} order by 1") == [("n-1",), ("n-2",)]


def test_another_day_is_added(case: Case, store: Store, rows: Rows) -> None:
    store(case.both)
    store(case.file(case.full, as_of="2020-04-30"))
    assert rows(f"select as_of::text, customer_id from {case.table.name} order by 1, 2") == [
        ("2020-03-31", "n-1"),
        ("2020-03-31", "n-2"),
        ("2020-04-30", "n-1"),
    ]


def test_a_report_without_customers(case: Case, store: Store, rows: Rows) -> None:
    assert store(case.file(as_of="")) is None
    assert rows(f"select * from {case.table.reports}") == []
    store(case.file(case.full))
    assert store(case.file()) == 0
    assert rows(f"select count(*) from {case.table.name}") == [(0,)]


def test_it_is_no_change_of_the_books(case: Case, store: Store, db: Database, workspace: str) -> None:
    with db.connect("reader", workspace) as connection, connection.cursor() as cursor:
        before = newest_position(cursor)
        connection.commit()
        store(case.both)
        assert newest_position(cursor) == before


def test_a_table_does_not_touch_the_others(module_settings: Settings, workspace: str, rows: Rows) -> None:
    for case in CASES:
        store_report(workspace, module_settings, case.both, case.table)
    for case in CASES:
        assert store_report(workspace, module_settings, case.both, case.table) is None
        store_report(workspace, module_settings, case.file(), case.table)
    assert [rows(f"select count(*) from {case.table.name}") for case in CASES] == [[(0,)]] * len(CASES)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (lambda case: case.file(case.bare, case.bare), "duplicate key"),
        (lambda case: case.file({**case.full, **case.refused}), "violates check constraint"),
    ],
    ids=["twice the same", "a value that can't be"],
)
def test_a_file_that_can_not_be_written_leaves_what_was_there(
    case: Case, store: Store, rows: Rows, other: Callable[[Case], bytes], reason: str
) -> None:
    store(case.both)
    told = rf"The {case.table.what} as of 2020-03-31 are not in the table {case.table.name} .*{reason}"
    with pytest.raises(DatabaseError, match=told) as caught:
        store(other(case))
    assert "The reports are written." in str(caught.value)
    assert rows(f"select customer_id from {case.table.name} order by 1") == [("n-1",), ("n-2",)]
    assert store(case.both) is None


def test_a_server_that_is_not_there_is_told(case: Case) -> None:
    nowhere = Settings(Path("unused"), Path("unused"), "postgresql://owner@127.0.0.1:1/x")
    told = rf"{case.table.name} of the workspace 'shop': .*can't be reached"
    with pytest.raises(DatabaseError, match=told) as caught:
        store_report("shop", nowhere, case.file(case.full), case.table)
    assert "The reports are written." in str(caught.value)


@pytest.mark.parametrize(("role", "may_do"), [("loader", (1, 1)), ("reader", (1, 0)), ("web", (0, 0))])
def test_what_the_roles_may(case: Case, db: Database, workspace: str, role: Role, may_do: tuple[int, int]) -> None:
    reads, writes = may_do
    statements = ((f"select * from {case.table.name}", reads), (f"delete from {case.table.reports}", writes))
    for statement, allowed in statements:
        with db.connect(role, workspace) as connection, connection.cursor() as cursor:
            try:
                cursor.execute(statement)
                may = True
            except (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.UndefinedTable):
                may = False
            connection.rollback()
        assert may == bool(allowed), (role, statement)


def test_the_query_in_the_documentation_runs(module_settings: Settings, workspace: str, rows: Rows) -> None:
    for day, segment in (("2020-02-29", "Lost"), ("2020-03-31", "Loyal"), ("2020-04-30", "At risk")):
        file = SEGMENT_CASE.file({**ANN, "segment": segment}, BOB, as_of=day)
        store_report(workspace, module_settings, file, SEGMENTS)
    [example] = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "data-model.md").read_text(), re.DOTALL)
    assert "ws_default" in example
    found = rows(example.replace("ws_default", f"ws_{workspace}"))
    assert found == [("n-1", ANN["name"], "Loyal", "At risk", Decimal("1234567.89"), "EUR")]
