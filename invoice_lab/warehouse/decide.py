"""What becomes of an invoice that comes to the books: new, a duplicate, or doubtful after all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from psycopg2.extensions import cursor as Cursor

from invoice_lab.validation import ids
from invoice_lab.validation.finding import Finding
from invoice_lab.validation.invoice import Invoice
from invoice_lab.validation.judge import Judgement
from invoice_lab.validation.known import check_known
from invoice_lab.validation.settle import settled
from invoice_lab.warehouse.arrival import LoadedPart
from invoice_lab.warehouse.known import fetch_known


class Decider:
    """Decides on invoices one after the other, by what the books hold and by those it accepted before.

    Parameters
    ----------
    cursor : psycopg2 cursor
        In the transaction that will write what is decided.
    invoices : sequence of Invoice
        All that will be decided on: what the books know of them is fetched at once.
    """

    def __init__(self, cursor: Cursor, invoices: Sequence[Invoice]) -> None:
        wanted = [invoice_key(invoice) for invoice in invoices]
        cursor.execute("select invoice_id, digest from invoices where invoice_id = any(%s)", (wanted,))
        self._digests: dict[str, str] = dict(cursor.fetchall())
        self._known = fetch_known(cursor, invoices)

    def __call__(self, judgement: Judgement, overruled: Collection[str] = ()) -> LoadedPart:
        """Decide on one part.

        Parameters
        ----------
        judgement : Judgement
        overruled : collection of str
            Codes of findings that a person has decided on: they don't hold the invoice back.

        Returns
        -------
        LoadedPart
            With the id in the books where the invoice is accepted. An invoice whose id is in the books already is a
            duplicate where the content is the same, else it goes to review with ``id-conflict``.
        """
        invoice = judgement.invoice
        if judgement.status != "accepted" or invoice is None:
            return LoadedPart(judgement, None)
        key, digest = invoice_key(invoice), ids.content_digest(invoice)
        held = self._digests.get(key, digest)
        if held != digest:
            return LoadedPart(_in_conflict(judgement, invoice), None)
        if key in self._digests:
            return LoadedPart(judgement, key, duplicate=True)
        judgement = settled(_with(judgement, check_known(invoice, self._known)), overruled)
        if judgement.status != "accepted":
            return LoadedPart(judgement, None)
        self._digests[key] = digest
        self._known = self._known.after(invoice)
        return LoadedPart(judgement, key)


def invoice_key(invoice: Invoice) -> str:
    """Return the id of an invoice in the books."""
    return ids.invoice_id(invoice.layout, invoice.invoice_id)


def _with(judgement: Judgement, findings: Sequence[Finding]) -> Judgement:
    return replace(judgement, findings=(*judgement.findings, *findings))


def _in_conflict(judgement: Judgement, invoice: Invoice) -> Judgement:
    message = f"Another invoice with the id {invoice.invoice_id} is in the books, with other content."
    return replace(_with(judgement, [Finding("id-conflict", "error", "invoice_id", message)]), status="review")
