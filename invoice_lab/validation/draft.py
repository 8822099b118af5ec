"""A page's values with their types: what the checks look at. Nothing is confirmed yet, anything may be missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from invoice_lab.ocr.layouts import Layout, load_layouts
from invoice_lab.ocr.page import Page


@dataclass(frozen=True)
class DraftLine:
    """One product line; None for what was not read."""

    product: str | None
    quantity: int | None
    unit_price: Decimal | None

    @property
    def complete(self) -> bool:
        """Whether all three were read."""
        return None not in (self.product, self.quantity, self.unit_price)

    @property
    def amount(self) -> Decimal | None:
        """Quantity times unit price in cents."""
        if self.quantity is None or self.unit_price is None:
            return None
        return (self.quantity * self.unit_price).quantize(Decimal("0.01"))


@dataclass(frozen=True)
class Draft:
    """What a page says, typed.

    Attributes
    ----------
    page : Page
    layout : Layout or None
    issued_at : datetime or None
        As the layout names its sources: date and time printed, or the printed date with the QR code's time of day.
    qr_issued_at : datetime or None
        As the QR code says.
    printed_date : date or None
    birth_date : date or None
    lines : tuple of DraftLine
    total : Decimal or None
    """

    page: Page
    layout: Layout | None
    issued_at: datetime | None
    qr_issued_at: datetime | None
    printed_date: date | None
    birth_date: date | None
    lines: tuple[DraftLine, ...]
    total: Decimal | None

    @classmethod
    def of(cls, page: Page) -> Draft:
        """Type a page's values."""
        layout = load_layouts().get(page.layout or "")
        printed_text = page.value("issued_at") or ""
        printed = moment(printed_text)
        from_qr = moment(page.value("qr_issued_at"))
        birth = moment(page.value("birth_date"))
        return cls(
            page=page,
            layout=layout,
            issued_at=_issued_at(printed, " " in printed_text, from_qr, layout),
            qr_issued_at=from_qr,
            printed_date=printed.date() if printed else None,
            birth_date=birth.date() if birth else None,
            lines=tuple(
                DraftLine(line.product.value, _integer(line.quantity.value), money(line.unit_price.value))
                for line in page.lines
            ),
            total=money(page.value("total")),
        )


def moment(text: str | None) -> datetime | None:
    """Parse "YYYY-MM-DD" or "YYYY-MM-DD HH:MM:SS"; None for anything that is no such moment."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def money(text: str | None) -> Decimal | None:
    """Parse a decimal number such as "12.50"; None for anything else."""
    try:
        number = Decimal(text) if text else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def _integer(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _issued_at(
    printed: datetime | None, with_time: bool, from_qr: datetime | None, layout: Layout | None
) -> datetime | None:
    """Compose the moment of issue; a printed date without time is completed by the QR code's time, never replaced.

    Where the layout prints only the date, a person may still have given the time in a review.
    """
    if printed is None or layout is None:
        return None
    if layout.issued_at.with_time or with_time:
        return printed
    return datetime.combine(printed.date(), from_qr.time()) if from_qr else None
