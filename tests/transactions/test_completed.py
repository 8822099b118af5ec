"""Baskets that lacked rows are completed by a file that holds all of them, and by no other."""

from decimal import Decimal

import pytest
from desk import HEADER, PLAIN, Desk

from invoice_lab.transactions import importing
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.refresh import refresh

DETAILS = f"{HEADER},customer_name,email"
WHOLE = [
    "7,B1,2024-01-02 10:00:00,P1,2,1.25,Cup,Ann,ann@example.com",
    "7,B1,2024-01-02 10:05:00,P2,1,3.10,Plate,Ann,ann@example.com",
    "7,B1,2024-01-02 09:00:00,P1,2,1.25,Cup,Anna,anna@example.com",
    "7,B1,2024-01-02 10:05:00,P3,5,2,Spoon,Ann,ann@example.com",
    "8,B2,2024-01-03,P1,3,1.25,Cup,Bob,",
]
BROKEN = [*WHOLE[:2], *(row.replace(",P", ",P\x01") for row in WHOLE[2:4]), WHOLE[4]]
TABLES = ("customers", "products", "invoices", "invoice_lines", "prices", "parts")
CACHED = ("invoices", "invoice_lines", "customers", "products", "parts", "sales_days", "customer_totals",
          "product_totals")  # fmt: skip


def cached(desk):
    return {table: desk.cache(f"select * from {table} order by all") for table in CACHED}


def test_a_corrected_file_completes_the_basket(desk):
    broken = desk.rows(BROKEN, header=DETAILS)
    assert (broken.baskets, broken.lines, broken.incomplete_baskets) == (2, 3, 1)
    new = "9,B3,2024-01-04,P1,1,1.25,Cup,,"
    mended = desk.rows([*reversed(WHOLE), new], "mended.csv", DETAILS)
    assert (mended.baskets, mended.completed_baskets, mended.known_baskets, mended.rejected) == (1, 1, 1, {})
    assert (mended.lines, mended.incomplete_baskets) == (5, 0)
    assert "1 new / 1 known / 1 completed" in str(mended)
    assert "0 of the new and completed baskets" in str(mended)
    assert desk.books("select issued_at::text, total, part from invoices where printed_id = 'B1'") == [
        ("2024-01-02 09:00:00", Decimal("18.10"), 0)
    ]
    assert desk.books("select product_id, unit_price, sales from prices order by 1") == [
        ("c-P1", Decimal("1.2500"), 4), ("c-P2", Decimal("3.1000"), 1), ("c-P3", Decimal("2.0000"), 1),
    ]  # fmt: skip
    again = desk.rows([*WHOLE, new], "again.csv", DETAILS)
    assert (again.baskets, again.completed_baskets, again.known_baskets, again.lines) == (0, 0, 3, 0)


def test_books_and_cache_are_those_of_the_corrected_file_alone(desk):
    many = [f"{n % 50 + 100},M{n},2024-01-01,Q{n % 9},{n % 5 + 1},1.10,Cup" for n in range(400)]
    alone = Desk(desk.settings, desk.folder, f"{desk.workspace}_alone")
    for one in (desk, alone):
        one.rows(many, "many.csv")
    desk.rows(BROKEN[:4], "broken.csv", DETAILS)
    path = desk.file(WHOLE, "mended.csv", DETAILS)
    desk.take(path)
    alone.take(path)
    mended, fresh = desk.state(), alone.state()
    assert {table: mended[table] for table in TABLES} == {table: fresh[table] for table in TABLES}
    assert desk.cache("select value from meta where key = 'increments'") == [("2",)]
    followed = cached(desk)
    assert followed == cached(alone)
    for file in desk.settings.cache_dir(desk.workspace).iterdir():
        file.unlink()
    with database(desk.settings):
        refresh(desk.workspace, desk.settings)
    assert cached(desk) == followed


B1 = PLAIN[:2]
MORE = "7,B1,2024-01-02 10:05:00,P3,5,2,Spoon"


@pytest.mark.parametrize(
    "rows",
    [
        [MORE],  # the corrected row alone
        [B1[0], MORE, MORE],  # lacks a known line
        [B1[0].replace(",2,", ",3,"), B1[1], MORE],  # another quantity
        [B1[0].replace("1.25", "1.26"), B1[1], MORE],  # another price
        [B1[0].replace("P1", "P9"), B1[1], MORE],  # another product
        [row.replace("7,B1", "8,B1") for row in (*B1, MORE)],  # another customer
        [row.replace("01-02", "01-03") for row in (*B1, MORE)],  # another day
        [row.replace("10:0", "11:0") for row in B1],  # nothing more, another time
    ],
)
def test_a_basket_that_lacks_or_contradicts_known_lines_is_in_conflict(desk, rows):
    desk.rows(B1)
    before = desk.state()
    summary = desk.rows([*rows, PLAIN[2]], "second.csv")
    assert (summary.baskets, summary.completed_baskets) == (1, 0)
    assert summary.rejected == {"basket-in-conflict": len(rows)}
    after = desk.state()
    assert [row for row in after["invoices"] if row[0] == "transactions:B1"] == before["invoices"]
    assert [row for row in after["invoice_lines"] if row[0] == "transactions:B1"] == before["invoice_lines"]


def test_a_line_that_is_there_twice_has_to_come_twice(desk):
    desk.rows([B1[0], B1[0]])
    once = desk.rows([B1[0], B1[1], MORE, PLAIN[2]], "once.csv")
    assert (once.completed_baskets, once.rejected) == (0, {"basket-in-conflict": 3})
    twice = desk.rows([B1[0], B1[1], B1[0]], "twice.csv")
    assert (twice.completed_baskets, twice.baskets, twice.rejected) == (1, 0, {})
    assert desk.books("select total from invoices where printed_id = 'B1'") == [(Decimal("8.10"),)]


def test_another_currency_contradicts(desk):
    header = "customer,basket,date,product,quantity,unit_price,currency"
    desk.rows(["7,B1,2024-01-02,P1,2,1.25,EUR"], header=header)
    rows = [f"7,B1,2024-01-02,P{number},2,1.25,USD" for number in (1, 2)]
    summary = desk.rows([*rows, "8,B2,2024-01-02,P1,2,1.25,USD"], "second.csv", header)
    assert summary.rejected == {"basket-in-conflict": 2}


def test_what_fails_in_between_completes_nothing(desk, monkeypatch):
    def fail(*_):
        raise RuntimeError("killed")

    desk.rows(BROKEN, header=DETAILS)
    before = desk.state()
    monkeypatch.setattr("invoice_lab.transactions.importing.finish_batch", fail)
    with pytest.raises(RuntimeError):
        desk.rows(WHOLE, "mended.csv", DETAILS)
    assert desk.state() == before


def test_counting_asks_each_question_once(desk, monkeypatch):
    class Asked:
        def __init__(self, rows):
            self.rows, self.queries = rows, []

        def execute(self, query, *values):
            self.queries.append(query)
            return self.rows.execute(query, *values)

    asked = []
    count = importing._counts

    def counted(rows):
        asked.append(Asked(rows))
        return count(asked[-1])

    monkeypatch.setattr(importing, "_counts", counted)
    assert desk.rows(PLAIN).baskets == 3
    (only,) = asked
    assert only.queries.count(importing._COUNTS) == 1
    assert len(only.queries) == len(set(only.queries))
