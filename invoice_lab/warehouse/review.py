"""A person's decision on a part: recorded, and followed by the books, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from invoice_lab.errors import UsageError
from invoice_lab.validation.correction import Correction, values_of
from invoice_lab.validation.finding import Finding
from invoice_lab.validation.judge import Judgement, judge
from invoice_lab.validation.settle import BEYOND_DECISION, SETTLED_BY_LOOKING, errors, settled
from invoice_lab.warehouse.arrival import LoadedPart
from invoice_lab.warehouse.decide import Decider
from invoice_lab.warehouse.parts import Part, page_adapter, read_part
from invoice_lab.warehouse.withdraw import withdraw
from invoice_lab.warehouse.write import How, lock_books, write_invoices, write_parts

Kind = Literal["accept", "correct", "reject"]
KINDS: tuple[Kind, ...] = get_args(Kind)
REJECTED = "review-rejected"
_LONGEST = 2000


@dataclass(frozen=True)
class Decision:
    """What a person decides on a part.

    Attributes
    ----------
    kind : {"accept", "correct", "reject"}
    reviewer, reason : str
        Who, and why; neither may be empty.
    despite : tuple of str
        Codes of findings that are overruled.
    correction : Correction or None
        Of ``correct`` alone.
    """

    kind: Kind
    reviewer: str
    reason: str
    despite: tuple[str, ...] = ()
    correction: Correction | None = None

    def __post_init__(self) -> None:
        for what, text in (("reviewer", self.reviewer), ("reason", self.reason)):
            if not text.strip() or len(text) > _LONGEST or not _is_text(text):
                message = f"A review needs a {what}, of at most {_LONGEST:,} characters."
                raise UsageError(message, f"Give one with --{what}.")


def decide(connection: Connection, seen: Part, decision: Decision, *, revise: bool = False) -> LoadedPart:
    """Record a decision and let the books follow, within the connection's transaction.

    What is accepted or corrected is judged as any reading is, compared with what is known, and enters the books as if
    it had just arrived; what was in the books before leaves them. A part that is accepted already is only confirmed
    by ``accept``.

    Parameters
    ----------
    connection : psycopg2 connection
        Of the loader.
    seen : Part
        The part as the person saw it.
    decision : Decision
    revise : bool
        Whether an earlier decision is to be revised.

    Returns
    -------
    LoadedPart
        The part as it is now.

    Raises
    ------
    UsageError
        The part was changed since it was seen, or decided on before; or it can't be accepted: the message names the
        findings that stand against it.
    """
    with connection.cursor() as cursor:
        lock_books(cursor)
        _check_seen(cursor, seen, revise)
        confirmed = decision.kind == "accept" and seen.status == "accepted"
        placed, copies = _confirmed(seen, decision) if confirmed else _place(cursor, seen, decision)
        _record(cursor, seen, decision, placed, copies)
    return placed


def _is_text(text: str) -> bool:
    """Tell whether PostgreSQL can keep a text: the shell can hand over bytes that are none."""
    return "\x00" not in text and text.encode("utf-8", "replace").decode() == text


def _check_seen(cursor: Cursor, seen: Part, revise: bool) -> None:
    cursor.execute("select from parts where (sha256, part) = (%s, %s) for update", (seen.sha256, seen.part))
    now = read_part(cursor, seen.sha256, seen.part)
    if now is None or (now.status, now.reviews, now.page) != (seen.status, seen.reviews, seen.page):
        last = f"{now.reviews[-1].reviewer} decided on it" if now and now.reviews != seen.reviews else "it was changed"
        raise UsageError(f"The part {seen.name} is not as you saw it: {last} meanwhile.", "Show it again.")
    if now.status == "failed":
        raise UsageError(f"Reading {seen.name} failed by our fault; there is nothing to decide.", "Ingest it again.")
    if now.reviews and not revise:
        last_review = now.reviews[-1]
        said = f"{last_review.reviewer} decided ({last_review.decision}) on {last_review.decided_at:%Y-%m-%d %H:%M}"
        raise UsageError(f"{said}: {last_review.reason}", "Give --revise to decide otherwise.")


def _confirmed(seen: Part, decision: Decision) -> tuple[LoadedPart, tuple[str, ...]]:
    _check_despite(decision, ())
    return LoadedPart(Judgement(seen.page, "accepted", seen.findings, None), seen.invoice_id), ()


def _place(cursor: Cursor, seen: Part, decision: Decision) -> tuple[LoadedPart, tuple[str, ...]]:
    judgement = _judged(seen, decision)
    copies = withdraw(cursor, seen)
    if decision.kind == "reject":
        placed = LoadedPart(judgement, None)
    else:
        overruled = {*SETTLED_BY_LOOKING, *decision.despite}
        decider = Decider(cursor, [judgement.invoice] if judgement.invoice else [])
        placed = decider(settled(judgement, overruled), overruled)
        _check_accepted(placed, seen)
        _check_despite(decision, placed.judgement.findings)
    write_invoices(cursor, [placed])
    write_parts(cursor, [(How(seen.seconds, ""), placed)])  # the part is there: how it was read stays
    return placed, copies


def _judged(seen: Part, decision: Decision) -> Judgement:
    """Return what validation makes of the part as it was decided; a rejected one keeps its findings."""
    if decision.kind == "reject":
        said = Finding(REJECTED, "error", None, f"A person rejected it: {decision.reason}")
        before = tuple(finding for finding in seen.findings if finding.code != REJECTED)
        return Judgement(seen.page, "rejected", (*before, said), None)
    return judge(decision.correction.apply(seen.page) if decision.correction else seen.page)


def _check_accepted(placed: LoadedPart, seen: Part) -> None:
    if placed.judgement.status == "accepted":
        return
    standing = errors(placed.judgement.findings)
    said = " ".join(f"{finding.code}: {finding.message}" for finding in standing) or "No invoice can be made of it."
    codes = dict.fromkeys(finding.code for finding in standing)
    if placed.judgement.invoice is None or BEYOND_DECISION & codes.keys():
        remedy = "Correct it, or reject it; as it is, it can't stand in the books."
    else:
        remedy = f"Correct it, or give {' '.join(f'--despite {code}' for code in codes)} with the reason."
    raise UsageError(f"{seen.name} can't be accepted. {said}", remedy)


def _check_despite(decision: Decision, findings: Iterable[Finding]) -> None:
    known = {finding.code for finding in findings}
    unknown = [code for code in decision.despite if code not in known]
    if unknown:
        there = f"There are: {', '.join(sorted(known))}." if known else "There is none."
        raise UsageError(f"There is no finding {unknown[0]!r} to overrule.", there)


def _record(cursor: Cursor, seen: Part, decision: Decision, placed: LoadedPart, copies: tuple[str, ...]) -> None:
    correction = decision.correction.to_record() if decision.correction else None
    cursor.execute(
        "insert into reviews (sha256, part, decision, corrected, reason, reviewer, despite, status_before, page_before)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(seen.sha256, seen.part, decision.kind, json.dumps(correction) if correction else None, decision.reason),
            *(decision.reviewer, list(decision.despite), seen.status, page_adapter().dump_json(seen.page).decode()),
        ),
    )
    detail = {
        "reason": decision.reason,
        "despite": decision.despite,
        "correction": correction,
        "before": _state(seen.status, Judgement(seen.page, "review", seen.findings, None), seen.invoice_id),
        "after": _state(placed.judgement.status, placed.judgement, placed.invoice_id),
        "copies_to_review": copies,
    }
    cursor.execute(
        "insert into audit_log (actor, action, workspace, subject, detail)"
        " values (%s, %s, substr(current_schema(), 4), %s, %s)",
        (decision.reviewer, f"review.{decision.kind}", seen.key, json.dumps(detail, ensure_ascii=False)),
    )


def _state(status: str, judgement: Judgement, invoice_id: str | None) -> dict[str, Any]:
    codes = [finding.code for finding in judgement.findings]
    return {"status": status, "invoice_id": invoice_id, "values": values_of(judgement.page), "findings": codes}
