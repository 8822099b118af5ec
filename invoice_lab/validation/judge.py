"""The decision on one page: its findings, its status, and the invoice where it is complete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pydantic import ValidationError

from invoice_lab.ocr.page import Page
from invoice_lab.validation.checks import checks_of
from invoice_lab.validation.draft import Draft
from invoice_lab.validation.finding import Finding, Status
from invoice_lab.validation.invoice import Customer, Invoice, Line

OUR_FAULTS = frozenset({"engine-failed", "worker-lost", "time-limit", "memory-limit", "not-readable", "internal-error"})
"""Problems that are ours, not the page's: status ``failed``."""


@dataclass(frozen=True)
class Judgement:
    """What validation made of a page.

    Attributes
    ----------
    page : Page
    status : {"accepted", "review", "rejected", "failed"}
    findings : tuple of Finding
    invoice : Invoice or None
        The validated invoice; None where something is missing, whatever the status.
    """

    page: Page
    status: Status
    findings: tuple[Finding, ...]
    invoice: Invoice | None


def judge(page: Page, today: date | None = None) -> Judgement:
    """Check a page and decide on it.

    Parameters
    ----------
    page : Page
    today : date, optional
        The last day an invoice can be of; the clock's by default.

    Returns
    -------
    Judgement
        ``rejected`` where there is no invoice or the scan is unusable, ``failed`` where we broke, ``review`` where a
        check found an error, else ``accepted``.
    """
    if page.problem:
        finding = Finding(page.problem.code, "error", None, page.problem.message)
        return Judgement(page, "failed" if finding.code in OUR_FAULTS else "rejected", (finding,), None)
    draft = Draft.of(page)
    findings = [Finding(doubt.code, "error", None, doubt.message) for doubt in page.doubts]
    findings += [finding for check in checks_of(draft.layout) for finding in check(draft, today or date.today())]
    invoice, errors = _invoice(draft)
    if not any(finding.severity == "error" for finding in findings):
        findings += errors
    sound = not any(finding.severity == "error" for finding in findings)
    return Judgement(page, "accepted" if sound else "review", tuple(findings), invoice)


def _invoice(draft: Draft) -> tuple[Invoice | None, list[Finding]]:
    page = draft.page
    try:
        customer = Customer(
            name=page.value("name"),  # type: ignore[arg-type]  # pydantic tells when it is missing
            address=tuple(line for name in ("address_1", "address_2") if (line := page.value(name))),
            birth_date=draft.birth_date,
            **{name: page.value(name) for name in ("email", "number", "category", "gender")},
        )
        invoice = Invoice(
            layout=page.layout,  # type: ignore[arg-type]
            invoice_id=page.value("invoice_id"),  # type: ignore[arg-type]
            issued_at=draft.issued_at,  # type: ignore[arg-type]
            customer=customer,
            lines=tuple(
                Line(product=line.product, quantity=line.quantity, unit_price=line.unit_price)  # type: ignore[arg-type]
                for line in draft.lines
            ),
            net=draft.net,
            tax=draft.tax,
            total=draft.total,  # type: ignore[arg-type]
            currency=page.currency,  # type: ignore[arg-type]
            qr=page.qr,
        )
    except ValidationError as error:
        return None, [_schema_finding(item["loc"], item["msg"]) for item in error.errors()]
    return invoice, []


def _schema_finding(location: tuple[int | str, ...], message: str) -> Finding:
    field = ".".join(map(str, location))
    return Finding("schema", "error", field, f"The field {field} does not fit the schema: {message}.")
