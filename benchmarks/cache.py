"""The cache at size, on made-up books.

The invoices are drawn by PostgreSQL from hashes of their numbers, so that two runs measure the same books. They go
through the schema as it is, constraints and triggers on. CPU is that of this process and of the server.
"""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from pathlib import Path
from uuid import UUID

from psycopg2.extensions import connection as Connection

from benchmarks.figures import Figure
from invoice_lab.settings import Settings
from invoice_lab.warehouse.arrival import Batch
from invoice_lab.warehouse.cache import open_cache
from invoice_lab.warehouse.cache_meta import CacheMeta
from invoice_lab.warehouse.connection import Database, database
from invoice_lab.warehouse.embedded import embedded_status, remove_embedded
from invoice_lab.warehouse.load import start_batch
from invoice_lab.warehouse.migrate import migrate
from invoice_lab.warehouse.queries import describe, query
from invoice_lab.warehouse.refresh import refresh

WORKSPACE = "sample"
PAGES = (
    "currencies", "key_figures", "sales_by_month", "sales_by_weekday", "sales_by_category", "top_customers",
    "top_products", "parts_by_status", "status_by_layout", "findings_by_code", "confidence_by_field", "fields_by_way",
    "doubtful_parts",
)  # fmt: skip
"""Queries whose rows stand on a page."""
INPUTS = ("customers", "orders", "rfm_summary", "monthly_totals")
"""Queries that give a row a customer or an invoice, to be reckoned with, or that are for files: they have no goal."""
FULL, INCREMENT, QUERY = "< 25 s", "< 2 s", "< 0.1 s"
SHOWN = 500
"""Doubtful parts that a page lists."""
PROCESSES, THREADS = 4, 5

_FUNCTIONS = """
create or replace function pg_temp.draw(n bigint, seed bigint) returns double precision language sql immutable as
$$ select (hashint8extended(n, seed) & 9007199254740991) / 9007199254740992.0 $$;
create or replace function pg_temp.field(value text, how text, confidence double precision) returns text
language sql immutable as
$$ select '{"raw": "' || value || '", "value": "' || value || '", "confidence": ' || confidence || ', "how": "' || how
       || '", "box": {"x": 124, "y": 23, "width": 176, "height": 20, "sheet": 0}}' $$;
"""
_DRAWN_LINES = """
create temporary table drawn_lines on commit drop as
select n, line_no, product, quantity, unit_price, (quantity * unit_price)::numeric(14, 2) as amount
from generate_series(%(first)s::bigint, %(last)s) as n,
     generate_series(1, 1 + floor(9 * pg_temp.draw(n, 1))::integer) as line_no,
     lateral (select floor(%(products)s * pg_temp.draw(16 * n + line_no, 2) ^ 2)::bigint as product,
                     1 + floor(6 * pg_temp.draw(16 * n + line_no, 3) ^ 3)::integer as quantity) as bought,
     lateral (select round((1 + 60 * pg_temp.draw(product, 4) ^ 2)::numeric, 2) as unit_price) as sold
"""
# one invoice in seven was read by an engine, whose confidences are all different; the others exactly
_DRAWN = """
create temporary table drawn on commit drop as
select n, 'fac-2019:FAC_' || lpad(n::text, 9, '0') as invoice_id, 'FAC_' || lpad(n::text, 9, '0') as printed_id,
       encode(sha256(n::text::bytea), 'hex') as sha256,
       floor(%(customers)s * pg_temp.draw(n, 5) ^ 2)::bigint as customer,
       date_trunc('second', timestamp '2018-01-01 08:00' + interval '5 years' * (n / %(span)s::double precision)
           + interval '10 days' * pg_temp.draw(n, 6)) as issued_at,
       case when pg_temp.draw(n, 7) < 0.9 then 'EUR' else 'USD' end as currency,
       case when pg_temp.draw(n, 8) < 0.86 then 'exact' else 'tesserocr' end as how,
       total
from (select n, sum(amount) as total from drawn_lines group by n) as sums;
analyze drawn_lines, drawn
"""
_SURE = "case how when 'exact' then 0.9999 else (90 + 7 * pg_temp.draw({}, 9))::real::double precision / 100 end"
_DRAWN_PAGES = f"""
create temporary table drawn_pages on commit drop as
select n, ('{{"layout": "fac-2019", "pages": 1, "width": 850, "height": 1100, "currency": "EUR", "text": "'
       || repeat('Read. ', 40) || '", "fields": {{"invoice_id": ' || pg_temp.field(printed_id, how, 0.9999)
       || ', "issued_at": ' || pg_temp.field(issued_at::text, how, 0.9999)
       || ', "name": ' || pg_temp.field('Customer ' || customer, how, 0.9999)
       || ', "address_1": ' || pg_temp.field(customer || ' Long Street', how, 0.9999)
       || ', "address_2": ' || pg_temp.field('12345 Town', how, 0.9999)
       || ', "qr_invoice_id": ' || pg_temp.field(printed_id, 'qr', 1)
       || ', "qr_issued_at": ' || pg_temp.field(issued_at::text, 'qr', 1)
       || ', "number": ' || pg_temp.field(customer::text, 'qr', 1)
       || ', "category": ' || pg_temp.field(substr('ABC', 1 + (customer %% 3)::integer, 1), 'qr', 1)
       || ', "total": ' || pg_temp.field(total::text, how, {_SURE.format("n")})
       || '}}, "lines": [' || lines || ']}}')::jsonb as page
from drawn
join (select n, string_agg('{{"product": ' || pg_temp.field('Product ' || product || ', with a name.', how, 0.9999)
                        || ', "quantity": ' || pg_temp.field(quantity::text, how, sure)
                        || ', "unit_price": ' || pg_temp.field(unit_price::text, how, sure)
                        || ', "amount": null, "tax_rate": null}}', ', ' order by line_no) as lines
      from (select *, {_SURE.format("16 * n + line_no")} as sure
            from drawn_lines join (select n, how from drawn) as read using (n)) as line
      group by n) as lines using (n);
analyze drawn_pages
"""
_BOOKS = """
insert into customers
select 'n-' || customer, customer::text, 'Customer ' || customer, null, null, null,
       substr('ABC', 1 + (customer %% 3)::integer, 1), customer || ' Long Street' || chr(10) || '12345 Town',
       max(issued_at), max(invoice_id)
from drawn group by customer on conflict do nothing;
insert into products
select distinct 'p-' || md5(product::text), null, 'Product ' || product || ', with a name.' from drawn_lines
on conflict do nothing;
insert into scans (sha256, name, bytes)
select sha256, 'march/' || printed_id || '.png', 40000 from drawn
union all
select encode(sha256(('doubt' || n)::bytea), 'hex'), 'march/doubt-' || n || '.png', 40000 from drawn where n %% 25 = 0;
insert into invoices
select invoice_id, 'fac-2019', printed_id, 'n-' || customer, issued_at, null, null, total, currency, sha256, 0, '',
       md5(n::text)
from drawn;
insert into invoice_lines
select invoice_id, line_no, 'p-' || md5(product::text), quantity, unit_price, amount
from drawn_lines join drawn using (n);
insert into prices
select 'p-' || md5(product::text), currency, unit_price, count(*) from drawn_lines join drawn using (n) group by 1, 2, 3
on conflict (product_id, currency, unit_price) do update set sales = prices.sales + excluded.sales;
insert into parts
    (sha256, part, status, layout, printed_id, invoice_id, engine, engine_version, confidence, page, seconds)
select sha256, 0, 'accepted', 'fac-2019', printed_id, invoice_id, 'tesserocr', '5.5.4', 0.9999, page, 0.03
from drawn join drawn_pages using (n)
union all
select encode(sha256(('doubt' || n)::bytea), 'hex'), 0,
       (array['review', 'review', 'review', 'rejected'])[1 + (n / 25) %% 4], 'fac-2019', printed_id, null, 'tesserocr',
       '5.5.4', 0.91, page, 0.1
from drawn join drawn_pages using (n) where n %% 25 = 0;
insert into findings
select encode(sha256(('doubt' || n)::bytea), 'hex'), 0, no, code, 'error', field, message
from drawn,
     (values (1, 'field-unsure', 'total', 'The total was read with a confidence of 0.91, less than 0.95.'),
             (2, 'qr-unreadable', null, 'The QR code can''t be read, also after restoration.'))
     as said (no, code, field, message)
where n %% 25 = 0
union all
select sha256, 0, 1, 'price-unusual', 'warning', 'lines.1.unit_price', 'It was sold at other prices before.'
from drawn where n %% 20 = 7;
"""
_CHUNK = 100_000


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    invoices: int = 1_000_000
    new: int = 1000
    full: int = 3
    increments: int = 5
    queries: int = 7


SMALL = Sizes(invoices=2000, new=50, full=1, increments=2, queries=2)


def add_invoices(connection: Connection, first: int, last: int, span: int) -> None:
    """Draw invoices `first` to `last` of `span` straight into the books, five lines each on average; commits."""
    with connection.cursor() as cursor:
        cursor.execute("set work_mem = '256MB'")
        cursor.execute(_FUNCTIONS)
        for start in range(first, last + 1, _CHUNK):
            wanted = {"first": start, "last": min(start + _CHUNK - 1, last), "span": span,
                      "customers": max(10, span // 8), "products": max(10, min(5000, span // 20))}  # fmt: skip
            for statement in (_DRAWN_LINES, _DRAWN, _DRAWN_PAGES, _BOOKS):
                cursor.execute(statement, wanted)
            connection.commit()


def caching(sizes: Sizes) -> Iterator[Figure]:
    """Draw books into an embedded server and measure their cache."""
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        settings = Settings(Path(place) / "data", Path(place) / "reports")
        try:
            yield from _caching(sizes, settings)
        finally:
            remove_embedded(settings)


def _caching(sizes: Sizes, settings: Settings) -> Iterator[Figure]:
    with database(settings) as books:
        migrate(books, WORKSPACE)
        bench = _Bench(sizes, settings, books)
        yield Figure("draw the books", bench.draw(sizes.invoices), "s", sizes.invoices)
        yield from bench.full()
        yield from bench.increments()
        yield from bench.queries()
        yield from bench.readers()


class _Bench:
    """Books that grow, and the clocks."""

    def __init__(self, sizes: Sizes, settings: Settings, books: Database) -> None:
        self._sizes = sizes
        self._settings = settings
        self._books = books
        self._drawn = 0
        with books.connect("loader", WORKSPACE) as connection:
            start_batch(connection, Batch(UUID(int=1), "benchmark", "drawn", "1", made_up=True))

    def draw(self, number: int) -> float:
        start = time.perf_counter()
        with self._books.connect("loader", WORKSPACE) as connection:
            add_invoices(connection, self._drawn + 1, self._drawn + number, self._sizes.invoices)
        self._drawn += number
        return time.perf_counter() - start

    def full(self) -> Iterator[Figure]:
        runs = [self._refreshed(in_full=True) for _ in range(self._sizes.full)]
        yield Figure.of("refresh of the cache in full", [seconds for seconds, _ in runs], "s", FULL)
        yield Figure.of("the same, CPU", [cpu for _, cpu in runs], "s")
        with open_cache(WORKSPACE, self._settings) as cache:
            yield Figure("size of the cache", cache.path.stat().st_size / 1e6, "MB", self._drawn)

    def increments(self) -> Iterator[Figure]:
        runs = []
        for _ in range(self._sizes.increments):
            self.draw(self._sizes.new)
            runs.append(self._refreshed(in_full=False))
        name = f"refresh by {self._sizes.new:,} new invoices"
        yield Figure.of(name, [seconds for seconds, _ in runs], "s", INCREMENT)
        yield Figure.of("the same, CPU", [cpu for _, cpu in runs], "s")

    def _refreshed(self, *, in_full: bool) -> tuple[float, float]:
        if in_full:
            shutil.rmtree(self._settings.cache_dir(WORKSPACE), ignore_errors=True)
        cpu, start = self._cpu(), time.perf_counter()
        meta = refresh(WORKSPACE, self._settings)
        seconds = time.perf_counter() - start
        self._check(meta, in_full)
        return seconds, self._cpu() - cpu

    def _check(self, meta: CacheMeta, in_full: bool) -> None:
        if (meta.increments == 0) is not in_full or meta.counts["invoices"] != self._drawn:
            raise AssertionError(f"Not what was to be measured: {meta}")

    def _cpu(self) -> float:
        """Seconds of this process, and of the server with the backends that have ended."""
        pid = embedded_status(self._settings).pid
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
        return time.process_time() + sum(map(int, ticks)) / 100

    def queries(self) -> Iterator[Figure]:
        with open_cache(WORKSPACE, self._settings) as cache:
            for name in (*PAGES, *INPUTS):
                given = {"as_of": cache.meta.as_of, "most": SHOWN}
                params = {key: given[key] for key in given.keys() & set(_parameters(name))}
                run = partial(query, cache.connection, name, **params)
                runs = [_timed(run) for _ in range(self._sizes.queries + 1)]
                yield Figure.of(f"query {name}", runs[1:], "s", QUERY if name in PAGES else "")

    def readers(self) -> Iterator[Figure]:
        """Let twenty readers open and read the cache while it is refreshed."""
        spawn = multiprocessing.get_context("spawn")
        stop, told = spawn.Event(), spawn.SimpleQueue()
        arguments = (self._settings, stop, told)
        processes = [spawn.Process(target=_read_until, args=arguments) for _ in range(PROCESSES)]
        for process in processes:
            process.start()
        runs = []
        for _ in range(self._sizes.increments):
            self.draw(self._sizes.new)
            runs.append(self._refreshed(in_full=False)[0])
        stop.set()
        reads = [told.get() for _ in processes]
        for process in processes:
            process.join()
        yield Figure.of(f"the same under {PROCESSES * THREADS} readers", runs, "s")
        right, wrong = map(sum, zip(*reads, strict=True))
        yield Figure("errors and mixes that readers saw", wrong, "", right + wrong, (), None, "< 1")


def _parameters(name: str) -> tuple[str, ...]:
    named = describe(name)
    return (*named.required, *named.optional)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


_MIXED = """
    select (select sum(amount) from invoice_lines) <> (select sum(total) from invoices)
        or (select sum(total) from invoices) <> (select sum(sales) from sales_days)
        or (select count(*)::varchar from invoices) <> (select value from meta where key = 'rows.invoices')
"""


def _read_until(settings: Settings, stop: Event, told: SimpleQueue[tuple[int, int]]) -> None:
    """Read the cache by some threads until it is time to stop; tell how many reads were right and how many wrong."""
    outcomes: list[bool] = []

    def read() -> None:
        while not stop.is_set():
            try:
                with open_cache(WORKSPACE, settings) as cache:
                    outcomes.append(cache.connection.execute(_MIXED).fetchall() == [(False,)])
            except Exception:
                outcomes.append(False)

    threads = [threading.Thread(target=read) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.put((outcomes.count(True), outcomes.count(False)))
