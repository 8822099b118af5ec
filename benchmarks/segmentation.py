"""Segments of a large shop: seconds and peak memory of each step, a fresh process each, on a drawn DuckDB file.

The file has the tables of a cache. What is in it is drawn by DuckDB from hashes of row numbers, so that two runs
measure the same shop: each customer has one invoice at least, the other invoices go to few of them.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.figures import Figure
from benchmarks.processes import Done, in_a_process, measured
from invoice_lab.segmentation.clusters import CustomerClusters
from invoice_lab.segmentation.movement import migration
from invoice_lab.segmentation.neighbours import neighbours
from invoice_lab.segmentation.rfm import RFM, rfm_summary, segment_table
from invoice_lab.warehouse.cache_write import create_tables
from invoice_lab.warehouse.queries import query

AS_OF = "2023-12-31"
BEFORE = "2023-09-30"
ORDERS = "orders.parquet"
SECONDS, MEMORY = "< 15 s", "< 1000 MB"

_DRAWN = """
create macro draw(n, seed) as hash(n, seed) / 18446744073709551616.0;
insert into products select 'p-' || n, null, 'Product ' || n from range({products}) as drawn (n);
insert into customers
select 'n-' || n, n::varchar, 'Customer ' || n, null, null, null, null, n || ' Long Street'
from range({customers}) as drawn (n);
create table sizes as select n, 1 + floor(draw(n, 1) * {spread})::integer as size from range({invoices}) as drawn (n);
insert into invoice_lines
select 'i-' || n, line_no, 'p-' || product, quantity, unit_price, quantity * unit_price
from (
    select n, unnest(range(1, size + 1))::integer as line_no,
           floor({products} * pow(draw(16 * n + line_no, 2), 2))::bigint as product,
           1 + floor(6 * pow(draw(16 * n + line_no, 3), 3))::integer as quantity,
           (1 + 60 * pow(draw(product, 4), 2))::decimal(9, 2) as unit_price
    from sizes
);
insert into invoices
select 'i-' || n, 'fac-2019', 'i-' || n,
       'n-' || case when n < {customers} then n else floor({customers} * pow(draw(n, 5), 2))::bigint end,
       timestamp '2020-01-01' + interval 1 second * floor(126144000 * sqrt(draw(n, 6)))::bigint,
       null, null, total, 'EUR', md5('i-' || n), 0
from (select invoice_id, sum(amount) as total from invoice_lines group by invoice_id) as sums
join sizes on invoice_id = 'i-' || n;
drop table sizes;
checkpoint;
copy (select customer_id, issued_at::date as order_date, total::double as amount from invoices)
to '{orders}' (format parquet);
"""


@dataclass(frozen=True)
class Shop:
    """How large a shop is measured; five lines an invoice on average."""

    customers: int = 1_000_000
    invoices: int = 4_000_000
    products: int = 5000


SMALL_SHOP = Shop(customers=500, invoices=2000, products=20)


def segmenting(shop: Shop) -> Iterator[Figure]:
    """Draw a shop and measure each step on it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        file = Path(place) / "shop.duckdb"
        start = time.perf_counter()
        lines = draw(file, shop)
        yield Figure("draw the shop, per line", time.perf_counter() - start, "s", lines)
        for what, step, seconds, memory in (
            ("RFM by the query, per line", _by_query, SECONDS, MEMORY),
            ("RFM of the orders in pandas, per order", _by_pandas, SECONDS, ""),
            ("clusters", _clusters, SECONDS, ""),
            ("predict", _predict, "", ""),
            ("neighbours", _neighbours, "", ""),
            ("segment table and movement", _moved, "", ""),
        ):
            done = in_a_process(step, file)
            n = {_by_query: lines, _by_pandas: shop.invoices}.get(step, shop.customers)
            yield Figure(what, done.seconds, "s", n, goal=seconds)
            yield Figure(f"memory: {what}", done.memory, "MB", n, goal=memory)
            if done.own:
                yield Figure(f"frame: {what}", done.own, "MB", n)


def draw(file: Path, shop: Shop) -> int:
    """Draw a shop into a new DuckDB file; return how many lines it has."""
    with duckdb.connect(str(file), config={"preserve_insertion_order": False}) as connection:
        create_tables(connection)
        orders = file.with_name(ORDERS)
        connection.execute(_DRAWN.format(**asdict(shop), spread=9, orders=orders))
        found = connection.execute("select count(*) from invoice_lines").fetchone()
    assert found is not None
    return int(found[0])


def _by_query(file: Path) -> Done:
    with _opened(file) as connection:
        return measured(lambda: RFM().fit_transform(query(connection, "rfm_summary", as_of=AS_OF)))


def _by_pandas(file: Path) -> Done:
    orders = pd.read_parquet(file.with_name(ORDERS))
    return measured(lambda: RFM().fit_transform(rfm_summary(orders, AS_OF)), orders)


def _clusters(file: Path) -> Done:
    summary = _summary(file)
    return measured(lambda: CustomerClusters().fit(summary), summary)


def _predict(file: Path) -> Done:
    summary = _summary(file)
    model = CustomerClusters(k=5).fit(summary.head(10_000))
    return measured(lambda: model.predict(summary), summary)


def _neighbours(file: Path) -> Done:
    model = RFM()
    scored = model.fit_transform(_summary(file))
    return measured(lambda: neighbours(scored, model), scored)


def _moved(file: Path) -> Done:
    before, after = (RFM().fit_transform(_summary(file, day)) for day in (BEFORE, AS_OF))
    return measured(lambda: (segment_table(after), migration(before["segment"], after["segment"])), after)


def _summary(file: Path, as_of: str = AS_OF) -> pd.DataFrame:
    with _opened(file) as connection:
        return query(connection, "rfm_summary", as_of=as_of).set_index("customer_id")


def _opened(file: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(file), read_only=True)
    connection.execute("set enable_progress_bar = false")
    return connection
