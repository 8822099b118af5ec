"""A page's values with their types: what the checks look at. Nothing is confirmed yet, anything may be missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from invoice_lab.ocr.layouts import Layout, load_layouts
from invoice_lab.ocr.page import Field, LineReading, Page

CENT = Decimal("0.01")


@dataclass(frozen=True)
class DraftLine:
    """One product line; None for what was not read, or is not printed."""

    product: str | None
    quantity: int | None
    unit_price: Decimal | None
    printed_amount: Decimal | None = None
    tax_rate: Decimal | None = None

    @classmethod
    def of(cls, line: LineReading) -> DraftLine:
        """Type a line's values."""
        return cls(
            line.product.value,
            _integer(line.quantity.value),
            money(line.unit_price.value),
            _money_of(line.amount),
            _money_of(line.tax_rate),
        )

    @property
    def complete(self) -> bool:
        """Whether product, quantity and unit price were read."""
        return None not in (self.product, self.quantity, self.unit_price)

    @property
    def amount(self) -> Decimal | None:
        """Quantity times unit price in cents."""
        if self.quantity is None or self.unit_price is None:
            return None
        return (self.quantity * self.unit_price).quantize(CENT)


@dataclass(frozen=True)
class Draft:
    """What a page says, typed.

    Attributes
    ----------
    page : Page
    layout : Layout or None
    issued_at : datetime or None
        As the layout names its sources: date and time printed, or the printed date with the QR code's time of day, or
        the printed date alone, at midnight, where no time is to be had.
    qr_issued_at : datetime or None
        As the QR code says.
    printed_date : date or None
    birth_date : date or None
    lines : tuple of DraftLine
    net, tax, total : Decimal or None
    tax_rate : Decimal or None
        Percent, where the page prints it as a value of its own.
    """

    page: Page
    layout: Layout | None
    issued_at: datetime | None
    qr_issued_at: datetime | None
    printed_date: date | None
    birth_date: date | None
    lines: tuple[DraftLine, ...]
    net: Decimal | None
    tax: Decimal | None
    total: Decimal | None
    tax_rate: Decimal | None

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
            lines=tuple(map(DraftLine.of, page.lines)),
            net=money(page.value("net")),
            tax=money(page.value("tax")),
            total=money(page.value("total")),
            tax_rate=money(page.value("tax_rate")),
        )

    @property
    def lines_sum(self) -> Decimal | None:
        """The sum of quantity times unit price; None where there are no lines, or one is not known."""
        amounts = [line.amount for line in self.lines if line.amount is not None]
        return sum(amounts, Decimal(0)) if amounts and len(amounts) == len(self.lines) else None


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


def _money_of(field: Field | None) -> Decimal | None:
    return money(field.value) if field else None


def _integer(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _issued_at(
    printed: datetime | None, with_time: bool, from_qr: datetime | None, layout: Layout | None
) -> datetime | None:
    """Compose the moment of issue; a printed date without time is completed by the QR code's time, never replaced.

    Where the layout prints only the date, a person may still have given the time in a review.
    """
    if printed is None or with_time or layout is None or layout.issued_at.with_time:
        return printed
    if layout.qr is None or "issued_at" not in layout.qr.fields:
        return printed
    return datetime.combine(printed.date(), from_qr.time()) if from_qr else None
