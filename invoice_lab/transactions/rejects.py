"""Rows that can't come into the books: counted by reason, and written into a file with what they say."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from invoice_lab.errors import UsageError
from invoice_lab.reporting.files import unfinished, usable
from invoice_lab.reporting.typed_files import harmless
from invoice_lab.transactions.read import LONGEST_TEXT

REASONS = {
    "row-malformed": "The row has not as many columns as the first one, or its quotes don't end.",
    "customer-missing": "There is no customer.",
    "basket-missing": "There is no basket.",
    "product-missing": "There is no product.",
    "text-too-long": f"A text has more than {LONGEST_TEXT} characters.",
    "text-impossible": "A text holds control characters.",
    "currency-impossible": "The currency is no code of three letters.",
    "date-missing": "There is no date.",
    "date-unreadable": "The date is none; --date-format says how dates are written.",
    "date-implausible": "The date is before 1900.",
    "date-in-future": "The date is in the future.",
    "quantity-missing": "There is no quantity.",
    "quantity-not-whole": "The quantity is no whole number.",
    "quantity-zero": "The quantity is 0.",
    "quantity-too-large": "The quantity is larger than the books can hold.",
    "price-missing": "There is no unit price.",
    "price-negative": "The unit price is negative; what came back has a negative quantity.",
    "price-unreadable": "The unit price is no number; --decimal says what its decimal mark is.",
    "price-too-large": "The unit price is larger than the books can hold.",
    "amount-unreadable": "The amount is no number.",
    "amount-against-quantity": "The amount has another sign than the quantity.",
    "amount-differs": "The amount is more than a cent away from quantity times unit price.",
    "amount-too-large": "The amount is larger than the books can hold.",
    "basket-of-two-customers": "Rows of the basket name different customers.",
    "basket-of-two-currencies": "Rows of the basket are in different currencies.",
    "basket-of-several-days": "Rows of the basket are of different days: is its id used again?",
    "total-too-large": "The basket's total is larger than the books can hold.",
    "basket-in-conflict": "A basket with this id is in the books, with lines that differ or are not in the file.",
}
"""What each reason says."""

_ROWS = """
    with shifts as (  -- how many malformed rows stand before a row: they have no number in `raw`
        select line - row_number() over (order by line) - 1 as since, row_number() over (order by line) as shift
        from malformed
    ),
    at_once as (select since, max(shift) as shift from shifts group by since)
    select row + {first} + coalesce(shift, 0) as line, reason, {columns}
    from rejected asof left join at_once on rejected.row >= at_once.since join raw on raw.rowid = rejected.row
    union all
    select line, 'row-malformed', content {missing} from malformed
    order by line
"""
_REMEDY = "Make it writable, or name another file with --rejects."
_PLAIN_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_BLOCK = 10_000


def count_rejects(connection: duckdb.DuckDBPyConnection) -> Counter[str]:
    """Count the rows that are rejected, by reason, in the order of `REASONS`."""
    found = dict(
        connection.execute(
            "select reason, count(*) from rejected group by reason"
            " union all select 'row-malformed', count(*) from malformed having count(*) > 0"
        ).fetchall()
    )
    return Counter({reason: found[reason] for reason in REASONS if reason in found})


def check_rejects(path: Path, file: Path) -> None:
    """Raise `UsageError` where the rejected rows would overwrite the file that they are of, by whatever path."""
    with usable(path.parent, _REMEDY):
        if path.exists() and path.samefile(file):
            raise UsageError(f"The rejected rows would overwrite {file}.", "Name another file with --rejects.")


def write_rejects(connection: duckdb.DuckDBPyConnection, header: Sequence[str], first: int, path: Path) -> None:
    """Write the rejected rows as CSV, texts made harmless for spreadsheets.

    Parameters
    ----------
    connection : duckdb connection
        With the tables ``raw``, ``rejected`` and ``malformed``.
    header : sequence of str
        The names of the file's columns, which stand behind line, reason and what that means.
    first : int
        The number of the file's first row.
    path : Path
        The file; its folder is made.

    Raises
    ------
    UsageError
        It can't be written.
    """
    with usable(path.parent, _REMEDY):
        path.parent.mkdir(parents=True, exist_ok=True)
        new = unfinished(path)
        try:
            with new.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["line", "reason", "meaning", *map(harmless, header)])
                for line, reason, *values in _rejected(connection, len(header), first):
                    writer.writerow([line, reason, REASONS[reason], *map(_cell, values)])
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)


def _rejected(connection: duckdb.DuckDBPyConnection, columns: int, first: int) -> Iterator[Sequence[Any]]:
    texts = ", ".join(f"raw.c{number}::varchar" for number in range(columns))
    cursor = connection.execute(_ROWS.format(first=first, columns=texts, missing=", null" * (columns - 1)))
    while block := cursor.fetchmany(_BLOCK):
        yield from block


def _cell(text: str | None) -> str:
    if text is None:
        return ""
    return text if _PLAIN_NUMBER.fullmatch(text) else harmless(text)
