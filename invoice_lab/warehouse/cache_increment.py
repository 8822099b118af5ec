"""A copy of the cache brought up to date: the rows of the keys that changed leave it and come anew from the books."""

from __future__ import annotations

from functools import reduce
from operator import xor
from pathlib import Path

import duckdb

from invoice_lab.warehouse.cache_export import Snapshot, export_sql, read_csv
from invoice_lab.warehouse.cache_sums import put_on, take_off
from invoice_lab.warehouse.cache_unopened import put_in, take_out
from invoice_lab.warehouse.cache_write import digest_of, row_digest
from invoice_lab.warehouse.changes import Position

_FOLLOWERS = {
    "customers": (("customers", "customer_id"),),
    "products": (("products", "product_id"),),
    "invoices": (("invoices", "invoice_id"), ("invoice_lines", "invoice_id")),
    "scans": (("parts", "sha256"), ("findings", "sha256")),
}
"""The tables that follow a kind of change, and the column of its key."""
# whose sums change: who has bought, then or now, what changed, and who was described anew; scans of either kind
_TOUCHED = """
    create temp table touched_customers as
        select key as customer_id from changed where kind = 'customers'
        union
        select customer_id from invoices where invoice_id in (select key from changed where kind = 'invoices')
        union
        select customer_id from new_invoices;
    create temp table touched_scans as
        select key as sha256 from changed where kind = 'scans'
        union
        select sha256 from unopened
        union
        select sha256 from new_unopened
"""


class Increment:
    """Brings the tables of a copy up to date, and the digest of their rows with them.

    Parameters
    ----------
    cache : duckdb.DuckDBPyConnection
        Of the copy, to be written.
    books : Snapshot
    work : Path
        A folder for files in between.
    digest : int
        Of all rows of the copy.
    """

    def __init__(self, cache: duckdb.DuckDBPyConnection, books: Snapshot, work: Path, digest: int) -> None:
        self._cache = cache
        self._books = books
        self._work = work
        self.digest = digest

    def follow(self, seen: Position, keys: dict[str, list[str]]) -> None:
        """Take over what changed since a position, all of it or nothing; `keys` by kind."""
        self._cache.execute("begin")
        self._fetch(seen, keys)
        self._cache.execute(_TOUCHED)
        take_off(self._cache)
        for kind, followers in _FOLLOWERS.items():
            for table, column in followers:
                self._replace(table, f"{column} in (select key from changed where kind = '{kind}')")
        self._replace_counts()
        self._replace_unopened()
        put_on(self._cache)
        self._cache.execute("commit")

    def _fetch(self, seen: Position, keys: dict[str, list[str]]) -> None:
        """Fetch the keys, and the rows that they have in the books now, into temporary tables."""
        self._cache.execute("create temp table changed (kind varchar, key varchar)")
        for kind, followers in _FOLLOWERS.items():
            changed = keys.get(kind, [])
            self._cache.execute("insert into changed select $kind, unnest($keys)", {"kind": kind, "keys": changed})
            for table, column in followers:
                self._stage(table, f"select * from ({export_sql(table)}) as exported where {column} = any(%s)", changed)
        self._stage("field_counts", f"{export_sql('field_counts')} where change > %s", seen.change)
        self._cache.execute("create temp table new_unopened as from unopened limit 0")
        path = self._books.copy(export_sql("unopened"), self._work / "unopened.csv")
        read_csv(self._cache, "new_unopened", path)

    def _stage(self, table: str, query: str, value: object) -> None:
        self._cache.execute(f"create temp table new_{table} as from {table} limit 0")
        read_csv(self._cache, f"new_{table}", self._books.copy(query, self._work / f"{table}.csv", value))

    def _replace_counts(self) -> None:
        """Replace how many fields were read in a way; where there are none left, the row leaves."""
        key = "status, field, how, confidence"
        self._cache.execute(f"create temp table changed_counts as select {key} from new_field_counts")
        self._cache.execute("delete from new_field_counts where number = 0")
        self._replace("field_counts", f"({key}) in (select ({key}) from changed_counts)")

    def _replace_unopened(self) -> None:
        self.digest ^= take_out(self._cache)
        self._cache.execute("insert into unopened from new_unopened")
        self.digest ^= put_in(self._cache)

    def _replace(self, table: str, condition: str) -> None:
        """Let the rows that were fetched take the place of those that meet a condition."""
        sql = f"delete from {table} where {condition} returning {row_digest(self._cache, table)}"
        self.digest ^= reduce(xor, (int(digest) for (digest,) in self._cache.execute(sql).fetchall()), 0)
        self.digest ^= digest_of(self._cache, f"new_{table}", table)
        self._cache.execute(f"insert into {table} from new_{table}")
