"""Readings in the place of earlier ones of the same scans."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from invoice_lab.validation import ids
from invoice_lab.validation.finding import Finding
from invoice_lab.validation.judge import Judgement, judge
from invoice_lab.validation.known import SEVERITY
from invoice_lab.warehouse.arrival import Arrival, Batch, Loaded, LoadedPart
from invoice_lab.warehouse.decide import Decider, invoice_key
from invoice_lab.warehouse.parts import IMPORTED, page_adapter
from invoice_lab.warehouse.withdraw import COPY_REVIEWED, take_out
from invoice_lab.warehouse.write import How, how_read, lock_books, write_arrivals, write_invoices, write_parts

_AFFECTED = """
    select scans.sha256, scans.name
    from scans join lateral (
        select started_at, no from batch_scans join batches using (batch)
        where batch_scans.sha256 = scans.sha256 order by started_at, no limit 1
    ) as first on true
    where not exists (select from reviews where reviews.sha256 = scans.sha256)
      and not exists (select from findings where findings.sha256 = scans.sha256 and code = %(looked_at)s)
      and not exists (select from parts where parts.sha256 = scans.sha256 and engine = %(imported)s)
      and (%(every)s or exists (
          select from parts
          where parts.sha256 = scans.sha256
            and (status = 'failed' or asked <> %(asked)s
                 or engine_version is distinct from (%(versions)s::jsonb ->> engine)
                 or layout_digest <> coalesce(%(layouts)s::jsonb ->> layout, %(unknown)s))))
    order by started_at, no, scans.sha256
"""

_COPIES = """
    select page, seconds, asked from parts
    where sha256 <> %(sha256)s and (invoice_id = %(invoice_id)s or status = 'review' and exists (
        select from invoices join findings on (findings.sha256, findings.part) = (parts.sha256, parts.part)
        where invoices.invoice_id = %(invoice_id)s and code = 'id-conflict'
          and (invoices.layout, invoices.printed_id) = (parts.layout, parts.printed_id)))
      and not exists (select from reviews where (reviews.sha256, reviews.part) = (parts.sha256, parts.part))
    order by sha256, part
"""
"""Parts that hold an invoice as well, and those that wait because it has their id."""
Held = dict[int, tuple[str, str]]
"""Part of a scan to the id and the digest of the invoice that was read from it."""


@dataclass(frozen=True)
class Readers:
    """What reads now.

    Attributes
    ----------
    asked : str
        The engine that is asked for.
    versions : mapping of str to str
        The engines that this means, and the version of each.
    layouts : mapping of str to str
        Layout to the digest of its description.
    unknown : str
        The digest that stands for pages of no known layout.
    """

    asked: str
    versions: Mapping[str, str]
    layouts: Mapping[str, str]
    unknown: str


def affected_scans(connection: Connection, readers: Readers | None) -> list[tuple[str, str]]:
    """Return sha256 and name of the scans that something else has read, in the order of their arrival; all without any.

    Those on which a person decided, copies that wait for a person because of that, and imported transactions are left
    out.
    """
    known = readers or Readers("", {}, {}, "")
    values = {
        "looked_at": COPY_REVIEWED,
        "imported": IMPORTED,
        "every": readers is None,
        "asked": known.asked,
        "versions": json.dumps(dict(known.versions)),
        "layouts": json.dumps(dict(known.layouts)),
        "unknown": known.unknown,
    }
    with connection.cursor() as cursor:
        cursor.execute(_AFFECTED, values)
        return cursor.fetchall()


def load_rereads(connection: Connection, batch: Batch, arrivals: Sequence[Arrival]) -> list[Loaded]:
    """Put readings in the place of earlier ones, within the connection's transaction.

    An invoice that is read as before stays as it is. Any other leaves the books with what hung on it, and the new one
    is decided on as one that arrives; copies of it in other scans are decided on again, too. Where the new reading
    failed by our fault, or a person decided meanwhile, the earlier one stays.

    Returns
    -------
    list of Loaded
        In the order of `arrivals`.
    """
    with connection.cursor() as cursor:
        lock_books(cursor)
        loaded = [_replace(cursor, arrival) for arrival in arrivals]
        write_arrivals(cursor, batch.batch, loaded)
    return loaded


def _replace(cursor: Cursor, arrival: Arrival) -> Loaded:
    failures = tuple(LoadedPart(one, None) for one in arrival.judgements if one.status == "failed")
    held = _held(cursor, arrival)
    if failures or _is_decided(cursor, arrival, held):
        return Loaded(arrival, "reread", failures)
    kept = {one.page.part: _as_before(cursor, one) for one in arrival.judgements if _is_same(one, held)}
    gone = [invoice_id for part, (invoice_id, _) in held.items() if part not in kept]
    copies = [copy for invoice_id in gone for copy in _copies(cursor, arrival, invoice_id)]
    for invoice_id in gone:
        take_out(cursor, invoice_id)
    cursor.execute("delete from parts where sha256 = %s", (arrival.sha256,))
    parts = tuple(kept.get(one.page.part) or _decided(cursor, one) for one in arrival.judgements)
    write_parts(cursor, [(how_read(arrival), part) for part in parts])
    for part in kept.values():
        text = (part.judgement.page.text, part.invoice_id)
        cursor.execute("update invoices set text = %s where invoice_id = %s", text)
    for page, how in copies:
        write_parts(cursor, [(how, _decided(cursor, judge(page_adapter().validate_python(page))))])
    return Loaded(arrival, "reread", parts)


def _held(cursor: Cursor, arrival: Arrival) -> Held:
    cursor.execute("select part, invoice_id, digest from invoices where sha256 = %s", (arrival.sha256,))
    return {part: (invoice_id, digest) for part, invoice_id, digest in cursor.fetchall()}


def _is_decided(cursor: Cursor, arrival: Arrival, held: Held) -> bool:
    """Tell whether a person decided on the scan, or on a copy of an invoice that it holds or held."""
    cursor.execute(
        "select from reviews join parts using (sha256, part) where sha256 = %(sha256)s or invoice_id = any(%(held)s)"
        " union all select from findings where sha256 = %(sha256)s and code = %(looked_at)s limit 1",
        {
            "sha256": arrival.sha256,
            "held": [invoice_id for invoice_id, _ in held.values()],
            "looked_at": COPY_REVIEWED,
        },
    )
    return bool(cursor.rowcount)


def _is_same(judgement: Judgement, held: Held) -> bool:
    invoice = judgement.invoice
    if judgement.status != "accepted" or invoice is None:
        return False
    return held.get(judgement.page.part) == (invoice_key(invoice), ids.content_digest(invoice))


def _as_before(cursor: Cursor, judgement: Judgement) -> LoadedPart:
    """Keep what was found when the invoice was compared with those that were known then."""
    assert judgement.invoice is not None
    page = judgement.page
    cursor.execute(
        "select code, severity, field, message from findings where sha256 = %s and part = %s and code = any(%s)"
        " order by no",
        (page.sha256, page.part, sorted(SEVERITY)),
    )
    findings = (*judgement.findings, *(Finding(*row) for row in cursor.fetchall()))
    return LoadedPart(replace(judgement, findings=findings), invoice_key(judgement.invoice), duplicate=True)


def _copies(cursor: Cursor, arrival: Arrival, invoice_id: str) -> list[tuple[Any, How]]:
    cursor.execute(_COPIES, {"invoice_id": invoice_id, "sha256": arrival.sha256})
    return [(page, How(*how)) for page, *how in cursor.fetchall()]


def _decided(cursor: Cursor, judgement: Judgement) -> LoadedPart:
    part = Decider(cursor, [judgement.invoice] if judgement.invoice else [])(judgement)
    write_invoices(cursor, [part])
    return part
