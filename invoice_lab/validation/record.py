"""A reading as a plain record: the form of ``readings.jsonl`` and, with known answers, of ``truth.jsonl``."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from statistics import fmean
from typing import Any

from invoice_lab.ocr.page import Page
from invoice_lab.validation.draft import Draft, DraftLine
from invoice_lab.validation.fields import every_field
from invoice_lab.validation.judge import Judgement

CUSTOMER_FIELDS = ("name", "email", "number", "category", "gender", "birth_date")


def to_record(judgement: Judgement, file: str, seconds: float) -> dict[str, Any]:
    """Return a judgement as JSON-ready values.

    All keys are always there, null when not read; money as strings "0.00", quantity as int, `issued_at` with a space.
    A line has ``amount`` and ``tax_rate`` where they are printed.
    """
    page = judgement.page
    draft = Draft.of(page)
    return {
        "file": file,
        "part": page.part,
        "pages": page.pages,
        "layout": page.layout,
        "invoice_id": page.value("invoice_id"),
        "issued_at": str(draft.issued_at) if draft.issued_at else None,
        "customer": _customer(page),
        "lines": [_line(line) for line in draft.lines],
        "net": _money(draft.net),
        "tax": _money(draft.tax),
        "total": _money(draft.total),
        "currency": page.currency,
        "qr": page.qr,
        "status": judgement.status,
        "findings": [asdict(finding) for finding in judgement.findings],
        "confidence": confidences(page),
        "engine": page.engine,
        "seconds": round(seconds, 4),
    }


def confidences(page: Page) -> dict[str, float]:
    """Return the confidence of each field, and ``overall``: the least sure of the printed fields, 0 where none is."""
    every = every_field(page)
    printed = [field.confidence for field in every.values() if field.how != "qr"]
    values = {name: round(field.confidence, 4) for name, field in every.items()}
    return {**values, "overall": round(min(printed), 4) if printed else 0.0}


def mean_confidence(page: Page) -> float | None:
    """Return the mean confidence of the printed fields, None where there is none."""
    printed = [field.confidence for field in every_field(page).values() if field.how != "qr"]
    return round(fmean(printed), 6) if printed else None


def _customer(page: Page) -> dict[str, Any]:
    address = [line for name in ("address_1", "address_2") if (line := page.value(name))]
    return {**{name: page.value(name) for name in CUSTOMER_FIELDS}, "address": address or None}


def _line(line: DraftLine) -> dict[str, Any]:
    printed = {"amount": _money(line.printed_amount), "tax_rate": str(line.tax_rate) if line.tax_rate else None}
    return {
        "product": line.product,
        "quantity": line.quantity,
        "unit_price": _money(line.unit_price),
        **{name: value for name, value in printed.items() if value is not None},
    }


def _money(amount: Decimal | None) -> str | None:
    return f"{amount:.2f}" if amount is not None else None
