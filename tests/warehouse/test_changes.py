"""The log of changes: what the triggers note, in which order, and how much of it is kept."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from uuid import uuid4

import pytest
from books import WRONG_TOTAL, Books
from pages import NEW, page_of
from test_load import arrival

from invoice_lab.warehouse.arrival import Batch
from invoice_lab.warehouse.changes import Position, changed_keys, is_known, newest_position
from invoice_lab.warehouse.load import load, start_batch
from invoice_lab.warehouse.migrate import MIGRATIONS, migrate

PRODUCTS = "insert into products select '{1}' || n, null, 'x' from generate_series(1, {0}) as n"


@pytest.fixture
def cursor(migrated):
    """In an empty workspace; whatever a test writes is rolled back."""
    with migrated.connect("loader", "sample") as connection, connection.cursor() as cursor:
        yield cursor
        connection.rollback()


def noted(cursor, seen):
    return {kind: set(keys) for kind, keys in changed_keys(cursor, seen).items()}


def counts(cursor):
    cursor.execute("select status, field, how, confidence, number from field_counts where number > 0 order by 1,2,3,4")
    return cursor.fetchall()


def counted_anew(cursor):
    cursor.execute(
        "select status, read.field, read.how, read.confidence, count(*) from parts, fields_of(page) as read"
        " group by 1, 2, 3, 4 order by 1, 2, 3, 4"
    )
    return cursor.fetchall()


def test_a_load_notes_whatever_it_writes(books):
    with books.connection.cursor() as cursor:
        start = newest_position(cursor)
        books.arrive(NEW)
        kept = {kind: keys for kind, keys in noted(cursor, start).items() if kind != "fields"}
        assert kept.keys() == {"customers", "products", "invoices", "scans"}
        assert kept["customers"] == {"n-00042"} and kept["invoices"] == {"fac-2019:FAC_2019_0042"}
        assert len(kept["products"]) == 2
        between = newest_position(cursor)
        assert is_known(cursor, start) and is_known(cursor, between)
        (sha256,) = books.arrive(WRONG_TOTAL)
        assert noted(cursor, between) == {"scans": {sha256}}


def test_a_withdrawn_invoice_is_noted_with_what_hung_on_it(books):
    with books.connection.cursor() as cursor:
        (sha256,) = books.arrive(NEW)
        before = newest_position(cursor)
        books.decide(sha256, "reject")
        assert {"customers", "products", "invoices", "scans"} <= noted(cursor, before).keys()
        assert counts(cursor) == counted_anew(cursor)
        assert {status for status, *_ in counts(cursor)} == {"rejected"}


def test_both_keys_are_noted_where_one_changes(cursor):
    cursor.execute("insert into products values ('old', null, 'x')")
    before = newest_position(cursor)
    cursor.execute("update products set product_id = 'new' where product_id = 'old'")
    assert noted(cursor, before) == {"products": {"old", "new"}}


def test_a_statement_that_does_nothing_is_not_noted(cursor):
    before = newest_position(cursor)
    cursor.execute("update products set name = 'x'; delete from parts; insert into customers select * from customers")
    assert newest_position(cursor) == before


def test_too_many_keys_are_not_named_and_the_log_says_so(cursor):
    before = newest_position(cursor)
    cursor.execute(PRODUCTS.format(20_001, "a"))
    assert newest_position(cursor).total == before.total + 20_001
    assert not is_known(cursor, before) and is_known(cursor, newest_position(cursor))


def test_the_log_does_not_grow_without_bound(cursor):
    before = newest_position(cursor)
    for prefix in range(60):
        cursor.execute(PRODUCTS.format(20_000, f"{prefix}-"))
    cursor.execute("select count(*), sum(cardinality(keys)) from changes")
    rows, keys = cursor.fetchone()
    assert rows <= 52 and keys <= 1_020_000
    assert not is_known(cursor, before) and is_known(cursor, newest_position(cursor))


def test_an_emptied_table_is_noted(migrated):
    with migrated.connect("owner", "sample") as connection, connection.cursor() as cursor:
        Books(connection).arrive(NEW)
        before = newest_position(cursor)
        assert counts(cursor)
        cursor.execute("truncate findings, reviews, parts")
        assert not is_known(cursor, before) and counts(cursor) == []
        connection.rollback()


def test_books_that_began_anew_or_were_restored_are_other_books(cursor):
    now = newest_position(cursor)
    assert Position.parse(str(now)) == now
    assert not is_known(cursor, Position(now.change, now.total, str(uuid4())))
    assert not is_known(cursor, Position(now.change + 1, now.total, now.mark))


def test_changes_are_numbered_as_they_are_committed_whoever_writes(module_settings, migrated):
    """Also by a writer that doesn't lock the books: no change appears before one that was seen."""
    migrate(migrated, "order")

    def write(name):
        for number in range(15):
            with migrated.connect("loader", "order") as connection, connection.cursor() as cursor:
                cursor.execute("insert into products values (%s, null, 'x')", (f"{name}-{number}",))
                cursor.execute("select pg_sleep(0.002)")

    seen, position = set(), None
    with ThreadPoolExecutor(4) as pool, migrated.connect("reader", "order") as connection:
        writers = [pool.submit(write, name) for name in range(4)]
        while True:
            finished = all(writer.done() for writer in writers)
            with connection.cursor() as cursor:
                now = newest_position(cursor)
                if position is not None:
                    seen |= noted(cursor, position).get("products", set())
                else:
                    seen |= noted(cursor, Position(0, 0, "")).get("products", set())
                position = now
            connection.rollback()
            if finished:
                break
    assert seen == {f"{name}-{number}" for name in range(4) for number in range(15)}


def test_fields_are_counted_as_parts_come_change_and_go(migrated, module_settings):
    with migrated.connect("loader", "sample") as connection, connection.cursor() as cursor:
        batch = uuid4()
        start_batch(connection, Batch(batch, "test", "test", "1"))
        load(connection, batch, [arrival("a.png"), arrival("b.png", None, "review", no=2)])
        books = Books(connection)
        books.arrive_page("c.png", page_of(NEW, "c" * 64))
        assert counts(cursor) == counted_anew(cursor) != []
        cursor.execute("update parts set status = 'review'")
        assert counts(cursor) == counted_anew(cursor)
        cursor.execute("delete from findings; delete from parts")
        assert counts(cursor) == []
        connection.rollback()


def test_fields_of_parts_that_were_there_before_are_counted(migrated, tmp_path):
    folder = shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    for path in (folder / "workspace").iterdir():
        if int(path.name[:4]) > 2:
            path.unlink()
    migrate(migrated, "before", folder)
    page = json.dumps(asdict(page_of(NEW)))
    with migrated.connect("loader", "before") as connection, connection.cursor() as cursor:
        cursor.execute(
            """insert into scans values (repeat('0', 64), 'a.png', 1);
               insert into parts (sha256, part, status, engine, engine_version, page, seconds)
               values (repeat('0', 64), 0, 'review', 'x', '1', %s, 1)""",
            (page,),
        )
    assert "workspace/0003_changes" in migrate(migrated, "before")
    with migrated.connect("reader", "before") as connection, connection.cursor() as cursor:
        assert counts(cursor) == counted_anew(cursor) != []
