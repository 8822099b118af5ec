"""A cache that follows the books step by step is, table by table, the one that is written in full."""

import random
import shutil
from collections import Counter
from uuid import uuid4

import pytest
from books import Books
from pages import NEW, OLD, changed, page_of

from invoice_lab.errors import UsageError
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.judge import Judgement
from invoice_lab.warehouse import refresh as refreshing
from invoice_lab.warehouse.arrival import Arrival, Batch
from invoice_lab.warehouse.cache import TABLES, open_cache
from invoice_lab.warehouse.cache_sums import SUM_TABLES
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.load import load, start_batch
from invoice_lab.warehouse.migrate import migrate
from invoice_lab.warehouse.refresh import refresh

STEPS = 14


def cents(amount):
    return f"{amount // 100}.{amount % 100:02d}"


def drawn(rng, number):
    """A record of one of few customers and products, on one of few days, so that all kinds of sums are shared."""
    who, old = rng.randrange(5), rng.random() < 0.3
    base = OLD if old else NEW
    products = rng.choices(range(6), k=rng.randint(1, 4))
    lines = [{"product": f"Product {p}.", "quantity": rng.randint(1, 4), "unit_price": f"{3 + p}.50"} for p in products]
    total = cents(sum(line["quantity"] * (350 + 100 * p) for p, line in zip(products, lines, strict=True)))
    day = f"2019-0{rng.randint(1, 4)}-{rng.randint(10, 20)} 12:00:00"
    printed = f"FAC/2018/{number:04d}" if old else f"FAC_2019_{number:04d}"
    if old:
        customer = {**base["customer"], "email": f"c{who}@example.com", "name": f"Anna {'ABCDE'[who]}stone"}
        qr = f"INVOICE:{printed}\nDATE:{day}\nCUST:M, birth 1989-04-24\n"
    else:
        category = rng.choice("AAAAB")
        customer = {**base["customer"], "number": f"{who:05d}", "category": category}
        qr = f"INVOICE:{printed}\nDATE:{day}\nCUST:{who:05d}\nCAT:{category}"
    return changed(base, invoice_id=printed, issued_at=day, customer=customer, lines=lines, total=total, qr=qr)


class Life:
    """Books in which anything may happen, one commit a step."""

    def __init__(self, connection, seed):
        self.rng = random.Random(seed)
        self.books = Books(connection)
        self.connection = connection
        self.records, self.keys, self.number = [], [], 0
        self.done = Counter()

    def arrive(self):
        for _ in range(self.rng.randint(1, 3)):
            self.number += 1
            record = drawn(self.rng, self.number)
            self.records.append(record)
            self.keys += self.books.arrive(record)

    def arrive_wrong(self):
        self.number += 1
        self.keys += self.books.arrive(changed(drawn(self.rng, self.number), total="1.23"))

    def arrive_again(self):
        """The same invoice in other bytes, or another one under its id."""
        record = self.rng.choice(self.records)
        other = drawn(self.rng, self.number)
        same_id = changed(other, invoice_id=record["invoice_id"], qr=record["qr"], layout=record["layout"])
        self.keys += self.books.arrive(self.rng.choice([record, same_id]))

    def decide(self):
        kind = self.rng.choice(["accept", "correct", "reject"])
        despite = ["total-mismatch"] if kind == "accept" else []
        values = {"values": {"name": f"Zoé {self.rng.choice(['Roy', 'Lee'])}"}} if kind == "correct" else {}
        self.books.decide(self.rng.choice(self.keys), kind, revise=True, despite=despite, **values)

    def fail_then_read(self):
        """A part that failed by our fault, perhaps read at the second time."""
        self.number += 1
        record = drawn(self.rng, self.number)
        scan = Scan.of("failed.png", repr(record).encode())
        page = page_of(record, scan.sha256)
        self.books.count += 1
        failed = Arrival(self.books.count, "failed.png", scan.sha256, 10, (Judgement(page, "failed", (), None),), 0.5)
        load(self.connection, self.books.batch, [failed])
        if self.rng.random() < 0.5:
            self.books.arrive_page("failed.png", page)

    def begin_batch(self):
        """Another batch, in which none or some of the files can't be opened."""
        self.books.batch = uuid4()
        start_batch(self.connection, Batch(self.books.batch, "test", "test", "1"))
        for no in range(self.rng.randrange(3)):
            arrival = Arrival(1000 + no, f"gone-{self.rng.randrange(3)}-{no}.png", None, problem="No such file.")
            load(self.connection, self.books.batch, [arrival])

    def step(self):
        again = [self.arrive_again] * 2 + [self.decide] * 5 if self.records else []
        step = self.rng.choice([self.arrive] * 3 + [self.arrive_wrong, self.fail_then_read, self.begin_batch, *again])
        try:
            step()
            self.done[step.__name__] += 1
        except UsageError:
            self.connection.rollback()
        self.connection.commit()


def content(workspace, settings):
    """All rows of all tables as sets, and what the cache says of itself, apart from how it came about."""
    with open_cache(workspace, settings) as cache:
        rows = {
            table: sorted(map(repr, cache.connection.execute(f"from {table}").fetchall()))
            for table in (*TABLES, *SUM_TABLES, "unopened")
        }
        return rows, cache.meta.fingerprint, cache.meta.digest, cache.meta.as_of, cache.meta.counts


def written_in_full(workspace, settings):
    folder = settings.cache_dir(workspace)
    shutil.move(folder, folder.with_name("kept"))
    assert refresh(workspace, settings).increments == 0
    full = content(workspace, settings)
    shutil.rmtree(folder)
    shutil.move(folder.with_name("kept"), folder)
    return full


@pytest.mark.parametrize("seed", range(4))
def test_increments_give_what_a_full_refresh_gives(module_settings, monkeypatch, seed):
    monkeypatch.setattr(refreshing, "MOST_CHANGED", float("inf"))
    workspace = f"life_{seed}"
    with database(module_settings) as db:
        migrate(db, workspace)
        refresh(workspace, module_settings)
        with db.connect("loader", workspace) as connection:
            life = Life(connection, seed)
            for number in range(STEPS):
                life.step()
                meta = refresh(workspace, module_settings)
                if number % 3 == 2 or number == STEPS - 1:
                    assert content(workspace, module_settings) == written_in_full(workspace, module_settings)
            assert meta.increments > STEPS / 2 and life.done["decide"] and life.done["arrive"], life.done


def test_many_changes_are_written_in_full(module_settings):
    with database(module_settings) as db:
        migrate(db, "many")
        refresh("many", module_settings)
        with db.connect("loader", "many") as connection:
            life = Life(connection, 0)
            life.arrive()
        assert refresh("many", module_settings).increments == 0
        with db.connect("loader", "many") as connection:
            for _ in range(20):
                life.books.connection = life.connection = connection
                life.arrive()
            connection.commit()
            refresh("many", module_settings)
            life.books.arrive(drawn(life.rng, 900))
        assert refresh("many", module_settings).increments == 1


def test_nothing_new_leaves_the_cache_as_it_is(module_settings):
    with database(module_settings) as db:
        migrate(db, "still")
        with db.connect("loader", "still") as connection:
            Life(connection, 1).arrive()
    before = refresh("still", module_settings)
    with open_cache("still", module_settings) as cache:
        path = cache.path
    assert refresh("still", module_settings) == before
    with open_cache("still", module_settings) as cache:
        assert cache.path == path
