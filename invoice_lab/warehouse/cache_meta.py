"""What a cache file says about itself: the rows of its table ``meta``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from invoice_lab.errors import CacheError
from invoice_lab.warehouse.changes import Position

CACHE_FORMAT = "2"
TABLES = ("customers", "products", "invoices", "invoice_lines", "parts", "field_counts", "findings")
"""The tables whose rows are counted and digested; all others follow from them."""


@dataclass(frozen=True)
class CacheMeta:
    """What a cache file says it holds.

    Attributes
    ----------
    workspace : str
    as_of : date or None
        The day after the last invoice; None where there is none.
    digest : int
        128 bits of every row: equal data, equal digest, whatever the rows' order.
    counts : dict of str to int
        Rows by table.
    sample : bool
        Whether the data is made up by `invoice_lab.samples`.
    position : Position or None
        Up to where the cache has seen the changes of its books; None where it was not made from books.
    increments, changed : int
        How often the cache was brought up to date since it was written in full, and by how many changed keys.
    """

    workspace: str
    as_of: date | None
    digest: int
    counts: dict[str, int]
    sample: bool
    position: Position | None = None
    increments: int = 0
    changed: int = 0

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits of the digest: equal data, equal fingerprint."""
        return f"{self.digest:032x}"[:16]


def write_meta(connection: duckdb.DuckDBPyConnection, meta: CacheMeta) -> None:
    """Write the table ``meta``, whatever it held before."""
    rows = {
        "format": CACHE_FORMAT,
        "workspace": meta.workspace,
        "as_of": meta.as_of.isoformat() if meta.as_of else "",
        "digest": f"{meta.digest:032x}",
        "fingerprint": meta.fingerprint,
        "sample": "yes" if meta.sample else "no",
        "position": str(meta.position) if meta.position else "",
        "increments": str(meta.increments),
        "changed": str(meta.changed),
        **{f"rows.{table}": str(count) for table, count in meta.counts.items()},
    }
    connection.execute("delete from meta")
    connection.executemany("insert into meta values (?, ?)", [list(item) for item in rows.items()])


def read_meta(connection: duckdb.DuckDBPyConnection) -> CacheMeta:
    """Read the table ``meta``.

    Raises
    ------
    CacheError
        It is missing, damaged or that of another format.
    """
    try:
        rows = dict(connection.execute("select key, value from meta").fetchall())
    except duckdb.Error as error:
        raise CacheError(f"The cache can't be read: {error}.") from error
    if rows.get("format") != CACHE_FORMAT:
        raise CacheError(f"The cache has format {rows.get('format')!r}, this version reads {CACHE_FORMAT!r}.")
    try:
        return _parsed(rows)
    except (KeyError, ValueError) as error:
        raise CacheError(f"The cache doesn't say what it holds: {error}.") from error


def _parsed(rows: dict[str, str]) -> CacheMeta:
    return CacheMeta(
        workspace=rows["workspace"],
        as_of=date.fromisoformat(rows["as_of"]) if rows["as_of"] else None,
        digest=int(rows["digest"], 16),
        counts={table: int(rows[f"rows.{table}"]) for table in TABLES},
        sample=rows["sample"] == "yes",
        position=Position.parse(rows["position"]) if rows["position"] else None,
        increments=int(rows["increments"]),
        changed=int(rows["changed"]),
    )
