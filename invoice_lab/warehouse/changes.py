"""What changed in the books since a cache was made: the log that the migration ``0003_changes.sql`` keeps."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor


@dataclass(frozen=True)
class Position:
    """A place in the log of changes.

    Attributes
    ----------
    change : int
        The last change that was seen; all before it were, too.
    total : int
        How many keys were noted up to it.
    mark : str
        Tells this change from one of the same number in other books, or in a copy that was restored.
    """

    change: int
    total: int
    mark: str

    def __str__(self) -> str:
        return f"{self.change} {self.total} {self.mark}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """Read what `str` gave."""
        change, total, mark = text.split()
        return cls(int(change), int(total), mark)


def newest_position(cursor: Cursor) -> Position:
    """Return where the log ends, as the cursor's transaction sees it."""
    cursor.execute("select change, total, mark::text from changes order by change desc limit 1")
    (row,) = cursor.fetchall()
    return Position(*row)


def is_known(cursor: Cursor, seen: Position) -> bool:
    """Tell whether all that came after a position is still in the log, key by key."""
    cursor.execute(
        "select exists (select from changes where (change, mark::text) = (%s, %s))"
        " and not exists (select from changes where change > %s and keys is null)",
        (seen.change, seen.mark, seen.change),
    )
    return cursor.fetchall() == [(True,)]


def changed_keys(cursor: Cursor, seen: Position) -> dict[str, list[str]]:
    """Return the keys that changed since a position, in order, by kind.

    Kinds are ``customers``, ``products``, ``invoices`` (with lines) and ``scans`` (with parts and findings).
    """
    cursor.execute(
        'select kind, array_agg(distinct key collate "C") from changes, unnest(keys) as key'
        " where change > %s group by kind",
        (seen.change,),
    )
    return dict(cursor.fetchall())
