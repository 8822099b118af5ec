"""The cache's tables of sums: over all rows, or brought up to date by the customers and scans that changed.

Each is a sum over customers, or over scans. So what changed is taken off as it was and put on as it is, and the result
is the one that all rows would give.
"""

from __future__ import annotations

import duckdb

# Customers are counted on their first day, ever and in each month: so their number up to any day is a sum.
_SALES_DAYS = """
    with by_day as (
        select currency, customer_id, issued_at::date as day, sum(total) as sales, count(*) as invoices
        from {invoices} group by all
    ),
    by_month as (
        select currency, customer_id, min(day) as day from by_day
        group by currency, customer_id, date_trunc('month', day)
    ),
    ever as (
        select currency, customer_id, min(day) as day from by_month group by currency, customer_id
    )
    select currency, category, day, sum(sales), sum(invoices), sum(first_ever), sum(first_of_month)
    from (
        select *, 0 as first_ever, 0 as first_of_month from by_day
        union all
        select *, 0, 0, 0, 1 from by_month
        union all
        select *, 0, 0, 1, 0 from ever
    )
    left join customers using (customer_id)
    group by currency, category, day
"""
_CUSTOMER_TOTALS = """
    select currency, customer_id, sum(total), count(*), min(issued_at)::date, max(issued_at)::date
    from {invoices} group by currency, customer_id
"""
# Numbers of rows stand for ids until the end: grouping five million lines by texts takes three times as long.
_PRODUCT_TOTALS = """
    with sold as (
        select {invoices}.rowid as invoice, currency, {customers}.rowid as customer, products.rowid as product,
               amount, quantity
        from {invoice_lines} as lines
        join {invoices} using (invoice_id)
        join {customers} using (customer_id)
        join products using (product_id)
    ),
    by_invoice as (
        select invoice, product, any_value(currency) as currency, any_value(customer) as customer,
               sum(amount) as sales, sum(quantity) as quantity
        from sold group by invoice, product
    ),
    by_customer as (
        select currency, product, customer, sum(sales) as sales, sum(quantity) as quantity, count(*) as invoices
        from by_invoice group by currency, product, customer
    )
    select currency, product_id, sum(sales), sum(quantity), sum(invoices), count(*)
    from by_customer join products on products.rowid = product
    group by currency, product_id
"""
_FINDING_COUNTS = """
    select code, severity, status, sum(number), count(*)
    from (select sha256, part, code, severity, count(*) as number from {findings} group by all)
    join {parts} using (sha256, part)
    group by code, severity, status
"""
_SUMS = {
    "sales_days": _SALES_DAYS,
    "customer_totals": _CUSTOMER_TOTALS,
    "product_totals": _PRODUCT_TOTALS,
    "finding_counts": _FINDING_COUNTS,
}
_KEY_TYPES = {"VARCHAR", "DATE"}
_ALL = {name: name for name in ("customers", "invoices", "invoice_lines", "parts", "findings")}
_TOUCHED = {name: f"touched_{name}" for name in _ALL}
_TOUCH = """
    create temp table touched_invoices as
        from invoices where customer_id in (select customer_id from touched_customers);
    create temp table touched_invoice_lines as
        from invoice_lines where invoice_id in (select invoice_id from touched_invoices)
"""
# Customers who are touched have, beside their invoices of before, none but those that came anew.
_TOUCH_ANEW = """
    delete from touched_invoices where invoice_id in (select key from changed where kind = 'invoices');
    delete from touched_invoice_lines where invoice_id in (select key from changed where kind = 'invoices');
    insert into touched_invoices from new_invoices;
    insert into touched_invoice_lines from new_invoice_lines
"""
_TOUCH_SCANS = """
    create or replace temp table touched_parts as
        from parts where sha256 in (select sha256 from touched_scans);
    create or replace temp table touched_findings as
        from findings where sha256 in (select sha256 from touched_scans)
"""
_MERGED = ("sales_days", "product_totals", "finding_counts")
SUM_TABLES = tuple(_SUMS)


def write_sums(cache: duckdb.DuckDBPyConnection) -> None:
    """Fill the tables of sums from all rows."""
    for table, sql in _SUMS.items():
        cache.execute(f"delete from {table}")
        cache.execute(f"insert into {table} {sql.format(**_ALL)}")


def take_off(cache: duckdb.DuckDBPyConnection) -> None:
    """Take off what ``touched_customers`` and ``touched_scans`` list, while its rows are still as they were."""
    cache.execute(_TOUCH)
    cache.execute(_TOUCH_SCANS)
    for table in _MERGED:
        keys, sums = _columns(cache, table)
        negative = ", ".join(f"-{name} as {name}" for name in sums)
        cache.execute(f"create or replace temp table as_were as from {table} limit 0")
        cache.execute(f"insert into as_were {_SUMS[table].format(**_TOUCHED)}")
        cache.execute(f"create temp table delta_{table} as select {keys}, {negative} from as_were")


def put_on(cache: duckdb.DuckDBPyConnection) -> None:
    """Put on what ``touched_customers`` and ``touched_scans`` list, once its rows are as they are; after `take_off`."""
    cache.execute(_TOUCH_ANEW)
    cache.execute(_TOUCH_SCANS)
    for table in _MERGED:
        keys, sums = _columns(cache, table)
        summed = ", ".join(f"sum({name}) as {name}" for name in sums)
        left = " or ".join(f"sum({name}) <> 0" for name in sums)
        cache.execute(f"create or replace temp table as_are as from {table}")
        cache.execute(f"insert into as_are {_SUMS[table].format(**_TOUCHED)}")
        cache.execute(f"insert into as_are by name from delta_{table}")
        cache.execute(f"delete from {table}")
        cache.execute(f"insert into {table} by name select {keys}, {summed} from as_are group by {keys} having {left}")
    cache.execute("delete from customer_totals where customer_id in (select customer_id from touched_customers)")
    cache.execute(f"insert into customer_totals {_CUSTOMER_TOTALS.format(**_TOUCHED)}")


def _columns(cache: duckdb.DuckDBPyConnection, table: str) -> tuple[str, list[str]]:
    """Return the columns of a table of sums: its keys, texts and days, and its sums."""
    described = cache.execute(f"describe {table}").fetchall()
    keys = ", ".join(name for name, kind, *_ in described if kind in _KEY_TYPES)
    return keys, [name for name, kind, *_ in described if kind not in _KEY_TYPES]
