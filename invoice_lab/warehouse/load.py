"""Readings into the books: all of a scan or none of it, several whole scans a commit, in the batch's order."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from invoice_lab.errors import UsageError
from invoice_lab.sources.names import storable
from invoice_lab.sources.source import Item
from invoice_lab.validation.invoice import Invoice
from invoice_lab.warehouse.arrival import Arrival, Batch, Loaded, Outcome
from invoice_lab.warehouse.decide import Decider
from invoice_lab.warehouse.parts import IMPORTED
from invoice_lab.warehouse.upsert import insert_rows
from invoice_lab.warehouse.write import lock_books, write

_OUTSTANDING = """
    select distinct on (name collate "C") name, place
    from batch_scans as missed join batches using (batch)
    where source = %(source)s and place is not null and not exists (
        select from batch_scans as had join batches as its using (batch)
        where had.name = missed.name and had.sha256 is not null and its.source = %(source)s
          and (its.started_at, had.no) > (batches.started_at, missed.no))
    order by name collate "C", started_at desc, no desc
"""
_MISSED = """
    select name from batch_scans join batches using (batch)
    where source = %(source)s and place is not null group by name having count(*) >= %(tries)s
"""
_UPDATE_VERSION = """
    on conflict (source, place) do update set version = excluded.version, sha256 = excluded.sha256
    where (versions.version, versions.sha256) <> (excluded.version, excluded.sha256)
"""
GIVEN_UP = 30
"""Runs in which a scan could not be had, from which on it is not asked for any more."""


def start_batch(connection: Connection, batch: Batch) -> None:
    """Record that a batch begins.

    Raises
    ------
    UsageError
        Where the workspace holds real scans and these are made up, or transactions and these are scans, or the other
        way round.
    """
    with connection.cursor() as cursor:
        lock_books(cursor)  # of two first batches, one real and one made up, only one may begin
        cursor.execute("select from batches where made_up <> %s limit 1", (batch.made_up,))
        if cursor.rowcount:
            kind, other = ("made-up", "real") if batch.made_up else ("real", "made-up")
            raise UsageError(
                f"This workspace holds {other} scans; {kind} ones can't come into it.", "Name another workspace."
            )
        _refuse_mixing(cursor, batch)
        cursor.execute(
            "insert into batches (batch, source, engine, version, made_up) values (%s, %s, %s, %s, %s)",
            (str(batch.batch), batch.source, batch.engine, batch.version, batch.made_up),
        )


def _refuse_mixing(cursor: Cursor, batch: Batch) -> None:
    cursor.execute("select from batches where (engine = %s) <> %s limit 1", (IMPORTED, batch.engine == IMPORTED))
    if cursor.rowcount:
        kinds = ("scans", "imported transactions")
        held, coming = kinds if batch.engine == IMPORTED else kinds[::-1]
        raise UsageError(f"This workspace holds {held}; {coming} can't come into it.", "Name another workspace.")


def holds_made_up(connection: Connection) -> bool:
    """Tell whether the workspace holds made-up scans."""
    with connection.cursor() as cursor:
        cursor.execute("select from batches where made_up limit 1")
        return bool(cursor.rowcount)


def finish_batch(connection: Connection, batch: Batch) -> None:
    """Record that a batch went through."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update batches set finished_at = clock_timestamp(), committed_at = clock_timestamp() where batch = %s",
            (str(batch.batch),),
        )


def known_scans(connection: Connection, sha256s: Sequence[str]) -> set[str]:
    """Return those of the scans that are in the books already; one that failed, by our fault, is not known."""
    with connection.cursor() as cursor:
        return _known(cursor, sha256s)


def _known(cursor: Cursor, sha256s: Sequence[str]) -> set[str]:
    cursor.execute(
        """select sha256 from scans where sha256 = any(%s)
           and not exists (select from parts where parts.sha256 = scans.sha256 and status = 'failed')""",
        (list(sha256s),),
    )
    return {row[0] for row in cursor.fetchall()}


def watermark(connection: Connection, source: str) -> str:
    """Return where a source's listing goes on, empty where it begins."""
    with connection.cursor() as cursor:
        cursor.execute("select mark from watermarks where source = %s", (source,))
        row = cursor.fetchone()
        return row[0] if row else ""


def set_watermark(connection: Connection, source: str, mark: str) -> None:
    """Note how far a source's scans are in the books, within the connection's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into watermarks (source, mark) values (%s, %s)"
            " on conflict (source) do update set mark = excluded.mark, updated_at = now()",
            (source, mark),
        )


def unchanged(connection: Connection, source: str, items: Sequence[Item]) -> dict[str, str]:
    """Return by place the sha256 of those scans of a source whose version is that in which they arrived."""
    versions = {item.place: item.version for item in items if item.version and storable(item.place)}
    if not versions:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select place, version, sha256 from versions where source = %s and place = any(%s)",
            (source, list(versions)),
        )
        return {place: sha256 for place, version, sha256 in cursor.fetchall() if version == versions[place]}


def set_versions(connection: Connection, source: str, arrivals: Sequence[Arrival]) -> None:
    """Note in which versions a source's scans arrived, within the connection's transaction."""
    told = [one for one in arrivals if one.version and one.sha256 and storable(one.place)]
    rows = {one.place: (source, one.place, one.version, one.sha256) for one in told}
    with connection.cursor() as cursor:
        insert_rows(cursor, "versions", ("source", "place", "version", "sha256"), list(rows.values()), _UPDATE_VERSION)


def outstanding(connection: Connection, source: str) -> list[Item]:
    """Return the scans of a source that could not be had when they were listed last, nor since, nor too often."""
    with connection.cursor() as cursor:
        cursor.execute(_MISSED, {"source": source, "tries": GIVEN_UP})
        given_up = {name for (name,) in cursor.fetchall()}
        cursor.execute(_OUTSTANDING, {"source": source})
        return [Item(name, place) for name, place in cursor.fetchall() if name not in given_up]


def failed_scans(connection: Connection, source: str) -> list[tuple[str, str]]:
    """Return sha256 and name of a source's scans that we failed to read, in the order of their arrival."""
    with connection.cursor() as cursor:
        cursor.execute(
            """select sha256, min(name) from batch_scans join batches using (batch)
               where source = %s and sha256 in (select sha256 from parts where status = 'failed')
               group by sha256 order by min(started_at), min(no), sha256""",
            (source,),
        )
        return cursor.fetchall()


def load(connection: Connection, batch: UUID, arrivals: Sequence[Arrival]) -> list[Loaded]:
    """Write arrivals into the books, within the connection's transaction.

    An invoice whose id is in the books already is compared: the same content makes the arrival a ``duplicate``, other
    content goes to review with the finding ``id-conflict`` and both are kept. Every other is compared with the
    customers and prices of those accepted before it; how many scans a commit carries changes nothing.

    Returns
    -------
    list of Loaded
        In the order of `arrivals`.
    """
    with connection.cursor() as cursor:
        lock_books(cursor)
        decide = _Decisions(cursor, arrivals)
        loaded = [decide(arrival) for arrival in arrivals]
        write(cursor, batch, loaded)
    return loaded


class _Decisions:
    """Decides what becomes of arrivals, by what the books hold and by the arrivals before."""

    def __init__(self, cursor: Cursor, arrivals: Sequence[Arrival]) -> None:
        self._scans = _known(cursor, [arrival.sha256 for arrival in arrivals if arrival.sha256])
        self._decide = Decider(cursor, [invoice for arrival in arrivals for invoice in _accepted(arrival)])

    def __call__(self, arrival: Arrival) -> Loaded:
        if arrival.sha256 in self._scans or (
            arrival.sha256 and not arrival.judgements
        ):  # it came twice, and is read once
            return Loaded(arrival, "known", ())
        if arrival.sha256:
            self._scans.add(arrival.sha256)
        parts = tuple(self._decide(judgement) for judgement in arrival.judgements)
        outcome: Outcome = "duplicate" if any(part.duplicate for part in parts) else "new"
        return Loaded(arrival, outcome, parts)


def _accepted(arrival: Arrival) -> list[Invoice]:
    return [part.invoice for part in arrival.judgements if part.invoice and part.status == "accepted"]
