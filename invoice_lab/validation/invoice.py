"""The invoice as a validated value: money as Decimal, dates as dates, ids as text."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Money = Annotated[Decimal, Field(max_digits=14, decimal_places=2)]
UnitPrice = Annotated[Decimal, Field(max_digits=14, decimal_places=4, ge=0)]


class Customer(BaseModel):
    """Who is billed: known by the number, else by e-mail and birth date; never by the name alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text
    address: tuple[Text, ...] = ()
    email: Text | None = None
    number: Text | None = None
    category: Text | None = None
    gender: Text | None = None
    birth_date: date | None = None

    @property
    def identified(self) -> bool:
        """Whether it can be told which customer this is."""
        return bool(self.number or (self.email and self.birth_date))


MOST = 2_147_483_647
"""The largest quantity that the books can hold (PostgreSQL's integer)."""


class Line(BaseModel):
    """One product on an invoice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product: Text
    quantity: Annotated[int, Field(gt=0, le=MOST)]
    unit_price: UnitPrice
    code: Text | None = None

    @property
    def amount(self) -> Decimal:
        """Quantity times unit price, rounded to cents."""
        return (self.quantity * self.unit_price).quantize(Decimal("0.01"))


class Invoice(BaseModel):
    """One invoice, complete."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: Text
    invoice_id: Text
    issued_at: datetime
    customer: Customer
    lines: Annotated[tuple[Line, ...], Field(min_length=1)]
    total: Money
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    net: Money | None = None
    tax: Money | None = None
    qr: str | None = None
