"""Files of the latest batch that could not be opened: they have no scan, and are shown as failed parts all the same.

Which batch is the latest may change without any of its files: these rows are taken out and put in anew as a whole.
"""

from __future__ import annotations

import duckdb

from invoice_lab.warehouse.cache_write import digest_of

_ROWS = {
    "parts": """
        select sha256, 0 as part, name, 'failed' as status, null::varchar as layout, null::varchar as printed_id,
               null::varchar as invoice_id, 'none' as engine, '' as engine_version, null::double as confidence
        from unopened
    """,
    "findings": """
        select sha256, 0 as part, 1 as no, 'not-readable' as code, 'error' as severity, null::varchar as field,
               problem as message
        from unopened
    """,
}
_OWN = {"parts": "engine = 'none'", "findings": "code = 'not-readable'"}


def put_in(cache: duckdb.DuckDBPyConnection) -> int:
    """Insert what the table ``unopened`` lists into parts and findings; return these rows' digest."""
    for table, rows in _ROWS.items():
        cache.execute(f"insert into {table} {rows}")
    return _digest(cache)


def take_out(cache: duckdb.DuckDBPyConnection) -> int:
    """Delete what `put_in` inserted, and empty the table ``unopened``; return these rows' digest."""
    digest = _digest(cache)
    for table, condition in _OWN.items():
        cache.execute(f"delete from {table} where {condition} and sha256 in (select sha256 from unopened)")
    cache.execute("delete from unopened")
    return digest


def _digest(cache: duckdb.DuckDBPyConnection) -> int:
    digest = 0
    for table, rows in _ROWS.items():
        digest ^= digest_of(cache, f"({rows})", table)
    return digest
