"""Parts as the books hold them: the page that was read, its findings, and what was decided on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from pydantic import TypeAdapter

from invoice_lab.errors import UsageError
from invoice_lab.ocr.page import Page
from invoice_lab.validation.finding import Finding

IMPORTED = "import"
"""The engine of parts and batches that nothing was read for: transactions that were imported."""
AUDIT_SEED = "invoice_lab audit"
"""What the audit sample is drawn from, together with each scan's sha256: the same scans are chosen every time."""
_MOST_CANDIDATES = 10


@dataclass(frozen=True)
class Review:
    """One decision of a person on a part."""

    decision: str
    reviewer: str
    reason: str
    decided_at: datetime


@dataclass(frozen=True)
class Part:
    """A part as the books hold it.

    Attributes
    ----------
    sha256, part
        Which scan, which invoice in it.
    name : str
        The scan's first name.
    status : str
    invoice_id : str or None
        The invoice in the books that it belongs to.
    page : Page
        What was read, with the corrections of later reviews.
    findings : tuple of Finding
    reviews : tuple of Review
        In the order in which they were decided.
    seconds : float
        What the reading took.
    """

    sha256: str
    part: int
    name: str
    status: str
    invoice_id: str | None
    page: Page
    findings: tuple[Finding, ...]
    reviews: tuple[Review, ...]
    seconds: float

    @property
    def key(self) -> str:
        """Its name in messages and the audit log: the scan's sha256 and the part's number."""
        return f"{self.sha256}:{self.part}"


@dataclass(frozen=True)
class Decided:
    """How the decisions on one part came out.

    Attributes
    ----------
    last : str
        The latest decision.
    corrected : bool
        Whether one of them was a correction.
    audited : bool
        Whether it belongs to the audit sample, and nobody had doubted it before.
    """

    last: str
    corrected: bool
    audited: bool


_PARTS = sql.SQL(
    """
    select sha256, part, scans.name, status, invoice_id, page,
           coalesce((select json_agg(json_build_array(code, severity, field, message) order by no)
                     from findings where (findings.sha256, findings.part) = (parts.sha256, parts.part)), '[]'),
           coalesce((select json_agg(json_build_array(decision, reviewer, reason, decided_at) order by review)
                     from reviews where (reviews.sha256, reviews.part) = (parts.sha256, parts.part)), '[]'),
           seconds
    from parts join scans using (sha256)
    where {}
    order by scans.name collate "C", sha256, part
    """
)
_WAITING = sql.SQL("status = 'review'")
# Exactly the parts whose invoices stand in the books: a copy of one is looked at with it.
_IN_AUDIT_SAMPLE = sql.SQL(
    """('x' || left(encode(sha256(convert_to(%(seed)s || ':' || parts.sha256 || ':' || parts.part, 'UTF8')), 'hex'), 8)
       )::bit(32)::bigint < %(share)s * 4294967296"""
)
_AUDIT = sql.SQL(
    f"""status = 'accepted' and engine <> '{IMPORTED}'
       and exists (select from invoices where (invoices.sha256, invoices.part) = (parts.sha256, parts.part))
       and not exists (select from reviews where (reviews.sha256, reviews.part) = (parts.sha256, parts.part)) and """
)
_DECIDED = sql.SQL("exists (select from reviews where (reviews.sha256, reviews.part) = (parts.sha256, parts.part))")
_KEY = sql.SQL("sha256 = %(sha256)s and part = %(part)s")
_OUTCOMES = sql.SQL(
    """select (array_agg(decision order by review desc))[1], bool_or(decision = 'correct'),
              (array_agg(status_before order by review))[1] = 'accepted' and {}
       from reviews join parts using (sha256, part) group by parts.sha256, parts.part"""
)
_NAMED = sql.SQL(
    """(sha256, part) in (
           select sha256, part from parts
           where printed_id = %(name)s or invoice_id = %(name)s or starts_with(sha256, %(prefix)s)
           union select sha256, part from parts join scans using (sha256)
           where scans.name = %(name)s or right(scans.name, length(%(name)s) + 1) = '/' || %(name)s
           union select sha256, part from parts join batch_scans using (sha256) where batch_scans.name = %(name)s)
       and part = coalesce(%(part)s, part)"""
)


def waiting_parts(cursor: Cursor) -> list[Part]:
    """Return the parts under review, by name."""
    return _select(cursor, _WAITING, {})


def audit_parts(cursor: Cursor, share: float, seed: str = AUDIT_SEED) -> list[Part]:
    """Return the accepted parts of the audit sample that nobody has looked at, by name.

    Parameters
    ----------
    cursor : psycopg2 cursor
    share : float
        0 to 1: how many of all accepted invoices the sample holds, on average.
    seed : str
        Another seed draws another sample; a larger share of one seed holds the smaller one.
    """
    return _select(cursor, _AUDIT + _IN_AUDIT_SAMPLE, {"seed": seed, "share": share})


def decided_parts(cursor: Cursor) -> list[Part]:
    """Return the parts that a person has decided on, by name."""
    return _select(cursor, _DECIDED, {})


def count_decisions(cursor: Cursor, share: float, seed: str = AUDIT_SEED) -> tuple[int, int, list[Decided]]:
    """Count what waits, and tell for each part with decisions how they came out.

    Returns
    -------
    int
        Parts under review.
    int
        Invoices of the audit sample that nobody has looked at.
    list of Decided
    """
    values = {"seed": seed, "share": share}
    cursor.execute("select count(*) from parts where status = 'review'")
    (waiting,) = cursor.fetchone() or (0,)
    cursor.execute(sql.SQL("select count(*) from parts where {}").format(_AUDIT + _IN_AUDIT_SAMPLE), values)
    (unaudited,) = cursor.fetchone() or (0,)
    cursor.execute(_OUTCOMES.format(_IN_AUDIT_SAMPLE), values)
    return waiting, unaudited, [Decided(*row) for row in cursor.fetchall()]


def find_part(cursor: Cursor, reference: str) -> Part:
    """Return the one part that a reference names.

    Parameters
    ----------
    cursor : psycopg2 cursor
    reference : str
        The beginning of the scan's sha256 (four characters or more), one of its names, or the printed id; followed by
        ``:1`` for the second part of a scan.

    Raises
    ------
    UsageError
        None is named so, or several are: these are listed.
    """
    found = _select(cursor, _NAMED, _reference(reference, None))
    name, colon, number = reference.rpartition(":")
    if not found and colon and number.isdecimal() and number.isascii():
        found = _select(cursor, _NAMED, _reference(name, int(number)))
    if not found:
        raise UsageError(f"There is no part {reference!r}.", "`invoice-lab review list` names those under review.")
    if found[0].page.engine == IMPORTED:
        raise UsageError(
            f"{reference!r} was imported with other transactions: no scan shows it, so there is no review.", ""
        )
    if len(found) > 1:
        raise UsageError(f"{reference!r} names {len(found)} parts.", "Name one of " + _candidates(found))
    return found[0]


def read_part(cursor: Cursor, sha256: str, part: int) -> Part | None:
    """Return a part, None where it is not there."""
    return next(iter(_select(cursor, _KEY, {"sha256": sha256, "part": part})), None)


def _reference(name: str, part: int | None) -> dict[str, Any]:
    # the shell can hand over bytes that are no text
    name = name.replace("\x00", "").encode("utf-8", "replace").decode()
    prefix = name.lower() if re.fullmatch(r"[0-9a-fA-F]{4,64}", name) else None
    return {"name": name, "prefix": prefix, "part": part}


def _candidates(found: Sequence[Part]) -> str:
    shown = [
        f"{part.sha256[:12]}:{part.part} ({part.name}, {part.page.value('invoice_id') or 'no id'}, {part.status})"
        for part in found[:_MOST_CANDIDATES]
    ]
    return ", ".join(shown) + (", and others." if len(found) > _MOST_CANDIDATES else ".")


def _select(cursor: Cursor, condition: sql.Composable, values: dict[str, Any]) -> list[Part]:
    cursor.execute(_PARTS.format(condition), values)
    return [_part(*row) for row in cursor.fetchall()]


def _part(*row: Any) -> Part:  # noqa: ANN401 - the columns of _PARTS
    sha256, part, name, status, invoice_id, page, findings, reviews, seconds = row
    said = tuple(Finding(*finding) for finding in findings)
    decided = tuple(Review(kind, who, why, datetime.fromisoformat(at)) for kind, who, why, at in reviews)
    return Part(sha256, part, name, status, invoice_id, page_adapter().validate_python(page), said, decided, seconds)


@cache
def page_adapter() -> TypeAdapter[Page]:
    """Return what makes a page of the JSON that `parts.page` keeps; keys it doesn't know are passed over."""
    return TypeAdapter(Page)
