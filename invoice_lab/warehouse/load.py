"""Readings into the books: all of a scan or none of it, several whole scans a commit, in the batch's order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from invoice_lab.errors import UsageError
from invoice_lab.validation.finding import Finding
from invoice_lab.validation.invoice import Invoice
from invoice_lab.validation.judge import Judgement
from invoice_lab.warehouse import ids
from invoice_lab.warehouse.arrival import Arrival, Batch, Loaded, LoadedPart, Outcome
from invoice_lab.warehouse.write import write


def start_batch(connection: Connection, batch: Batch) -> None:
    """Record that a batch begins.

    Raises
    ------
    UsageError
        Where the workspace holds real scans and these are made up, or the other way round.
    """
    with connection.cursor() as cursor:
        # Of two first batches, one real and one made up, only one may begin.
        cursor.execute("select pg_advisory_xact_lock(hashtext(current_schema() || ' load'))")
        cursor.execute("select from batches where made_up <> %s limit 1", (batch.made_up,))
        if cursor.rowcount:
            kind, other = ("made-up", "real") if batch.made_up else ("real", "made-up")
            raise UsageError(
                f"This workspace holds {other} scans; {kind} ones can't come into it.", "Name another workspace."
            )
        cursor.execute(
            "insert into batches (batch, source, engine, version, made_up) values (%s, %s, %s, %s, %s)",
            (str(batch.batch), batch.source, batch.engine, batch.version, batch.made_up),
        )


def holds_made_up(connection: Connection) -> bool:
    """Tell whether the workspace holds made-up scans."""
    with connection.cursor() as cursor:
        cursor.execute("select from batches where made_up limit 1")
        return bool(cursor.rowcount)


def finish_batch(connection: Connection, batch: Batch) -> None:
    """Record that a batch went through."""
    with connection.cursor() as cursor:
        cursor.execute("update batches set finished_at = now() where batch = %s", (str(batch.batch),))


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


def load(connection: Connection, batch: UUID, arrivals: Sequence[Arrival]) -> list[Loaded]:
    """Write arrivals into the books, within the connection's transaction.

    An invoice whose id is in the books already is compared: the same content makes the arrival a ``duplicate``, other
    content goes to review with the finding ``id-conflict`` and both are kept.

    Returns
    -------
    list of Loaded
        In the order of `arrivals`.
    """
    with connection.cursor() as cursor:
        # One loader of a workspace commits at a time: each sees what the other has decided.
        cursor.execute("select pg_advisory_xact_lock(hashtext(current_schema() || ' load'))")
        decide = _Decider(cursor, arrivals)
        loaded = [decide(arrival) for arrival in arrivals]
        write(cursor, batch, loaded)
    return loaded


class _Decider:
    """Decides what becomes of arrivals, by what the books hold and by the arrivals before."""

    def __init__(self, cursor: Cursor, arrivals: Sequence[Arrival]) -> None:
        shas = [arrival.sha256 for arrival in arrivals if arrival.sha256]
        wanted = [invoice_key(invoice) for arrival in arrivals for invoice in _accepted(arrival)]
        self._scans = _known(cursor, shas)
        cursor.execute("select invoice_id, digest from invoices where invoice_id = any(%s)", (wanted,))
        self._digests: dict[str, str] = dict(cursor.fetchall())
        self._taken = set(self._digests)

    def __call__(self, arrival: Arrival) -> Loaded:
        if arrival.sha256 in self._scans:
            return Loaded(arrival, "known", ())
        if arrival.sha256:
            self._scans.add(arrival.sha256)
        decisions = [self._decide(judgement) for judgement in arrival.judgements]
        outcome: Outcome = "duplicate" if any(part.duplicate for part in decisions) else "new"
        return Loaded(arrival, outcome, tuple(decisions))

    def _decide(self, judgement: Judgement) -> LoadedPart:
        invoice = judgement.invoice
        if judgement.status != "accepted" or invoice is None:
            return LoadedPart(judgement, None)
        key, digest = invoice_key(invoice), ids.content_digest(invoice)
        held = self._digests.setdefault(key, digest)
        if held != digest:
            return LoadedPart(_in_conflict(judgement), None)
        duplicate = key in self._taken
        self._taken.add(key)
        return LoadedPart(judgement, key, duplicate)


def _accepted(arrival: Arrival) -> list[Invoice]:
    return [part.invoice for part in arrival.judgements if part.invoice and part.status == "accepted"]


def invoice_key(invoice: Invoice) -> str:
    """Return the id of an invoice in the books."""
    return ids.invoice_id(invoice.layout, invoice.invoice_id)


def _in_conflict(judgement: Judgement) -> Judgement:
    message = f"Another invoice with the id {judgement.page.value('invoice_id')} is in the books, with other content."
    finding = Finding("id-conflict", "error", "invoice_id", message)
    return replace(judgement, status="review", findings=(*judgement.findings, finding))
