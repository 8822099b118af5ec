"""What is already known when an invoice comes to the books, and the checks of the invoice against it.

What is known comes in as a value, so that the checks stay pure functions and know no database. They run at commit, in
the batch's order: each invoice is compared with all that were accepted before it, and with none that came after.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from invoice_lab.validation import ids
from invoice_lab.validation.finding import Finding, Severity
from invoice_lab.validation.invoice import Customer, Invoice

ALIKE = 0.85
"""How alike (difflib's ratio, 0 to 1) two texts are at least that differ by a few letters only."""
STABLE_SALES = 3
"""So many sales at one price make it that product's price; fewer tell nothing."""
_PRICES_SHOWN = 3

SEVERITY: Mapping[str, Severity] = {
    # nothing tells whose invoice it is: no row can be made of it
    "customer-unidentified": "error",
    # birth dates don't change, and an e-mail that differs under one customer number may be another person's
    "customer-mismatch": "error",
    # a letter or two apart: not another name or place, but a misreading, here or there
    "customer-misread": "error",
    # people marry, move and climb to other categories: worth a look, no reason to hold the invoice back
    "customer-changed": "warning",
    # shops change their prices, and the price was confirmed by the invoice's own total
    "price-unusual": "warning",
}
"""How severe each finding against what is known is: an error sends the invoice to review."""

_FIELD_CODES = {
    "name": "customer-changed",
    "address": "customer-changed",
    "category": "customer-changed",
    "gender": "customer-changed",
    "email": "customer-mismatch",
    "birth_date": "customer-mismatch",
}
_TEXTS = frozenset({"name", "address", "email"})
"""Fields that are long enough for a misreading to leave them alike."""
_SHOWN_AS = {"address": "address_1"}
"""The field of the page that a finding is about, where it has another name."""


@dataclass(frozen=True)
class KnownCustomer:
    """A customer as the latest accepted invoice describes them: which invoice, and of when."""

    customer: Customer
    described_at: datetime
    described_by: str


@dataclass(frozen=True)
class Known:
    """What is known of customers and prices.

    Attributes
    ----------
    customers : mapping of str to KnownCustomer
        By `ids.customer_id`.
    prices : mapping of (str, str) to mapping of Decimal to int
        By `ids.product_id` and currency: how many lines sold the product at which unit price.
    """

    customers: Mapping[str, KnownCustomer] = field(default_factory=dict)
    prices: Mapping[tuple[str, str], Mapping[Decimal, int]] = field(default_factory=dict)

    def after(self, invoice: Invoice) -> Known:
        """Return what is known once an invoice, whose customer is identified, was accepted."""
        key = ids.customer_id(invoice.customer)
        new = KnownCustomer(invoice.customer, invoice.issued_at, ids.invoice_id(invoice.layout, invoice.invoice_id))
        old = self.customers.get(key)
        later = old is None or (new.described_at, new.described_by) > (old.described_at, old.described_by)
        prices = dict(self.prices)
        for line in invoice.lines:
            product = (ids.product_id(line), invoice.currency)
            sold = prices.get(product, {})
            prices[product] = {**sold, line.unit_price: sold.get(line.unit_price, 0) + 1}
        return replace(self, customers={**self.customers, key: new} if later else self.customers, prices=prices)


KnownCheck = Callable[[Invoice, Known], Iterator[Finding]]
"""A check gets a complete invoice and what is known."""


def customer_identified(invoice: Invoice, known: Known) -> Iterator[Finding]:
    """The invoice tells which customer it is for; the name alone doesn't."""
    if not invoice.customer.identified:
        yield _finding(
            "customer-unidentified",
            "number",
            f"Nothing tells which {invoice.customer.name} this is: no customer number, no e-mail with birth date.",
        )


def customer_as_known(invoice: Invoice, known: Known) -> Iterator[Finding]:
    """What is said of a known customer is what the latest invoice said."""
    found = known.customers.get(ids.customer_id(invoice.customer)) if invoice.customer.identified else None
    if found is None:
        return
    for name, code in _FIELD_CODES.items():
        said, before = _text(getattr(invoice.customer, name)), _text(getattr(found.customer, name))
        if said and before and ids.normalised(said) != ids.normalised(before):
            message = f"This customer's {_word(name)} is {said!r}; the invoice {_id(found)} says {before!r}."
            yield _finding(_misread_or(code, name, said, before), _SHOWN_AS.get(name, name), message)


def person_as_known(invoice: Invoice, known: Known) -> Iterator[Finding]:
    """Nobody of the same name has the same e-mail and another birth date, or the same birth date and another e-mail.

    Where there is no customer number, a misread e-mail or a changed birth date makes a customer of its own: only
    this comparison shows it.
    """
    customer = invoice.customer
    if customer.number or not customer.identified:
        return
    namesakes = [
        other
        for _, other in sorted(known.customers.items())
        if other.customer.name == customer.name and not other.customer.number
    ]
    for other in namesakes:
        same = other.customer.email == customer.email, other.customer.birth_date == customer.birth_date
        if same == (True, False):
            born = other.customer.birth_date
            message = f"{customer.name} was born on {customer.birth_date}; the invoice {_id(other)} says {born}."
            yield _finding("customer-mismatch", "birth_date", message)
        elif same == (False, True):
            email = other.customer.email
            message = f"{customer.name} has the e-mail {customer.email!r}; the invoice {_id(other)} says {email!r}."
            code = _misread_or("customer-changed", "email", customer.email or "", email or "")
            yield _finding(code, "email", message)


def prices_as_known(invoice: Invoice, known: Known) -> Iterator[Finding]:
    """Each unit price was seen before, for products that have a price."""
    for number, line in enumerate(invoice.lines, start=1):
        sold = known.prices.get((ids.product_id(line), invoice.currency), {})
        if line.unit_price not in sold and max(sold.values(), default=0) >= STABLE_SALES:
            usual = sorted(sold.items(), key=lambda price: (-price[1], price[0]))[:_PRICES_SHOWN]
            before = ", ".join(f"{price:.2f} ({times} times)" for price, times in usual)
            message = f"Line {number} sells {line.product!r} at {line.unit_price:.2f}; it was sold at {before}."
            yield _finding("price-unusual", f"lines.{number}.unit_price", message)


KNOWN_CHECKS: tuple[KnownCheck, ...] = (customer_identified, customer_as_known, person_as_known, prices_as_known)
"""All checks against what is known, in the order in which their findings are listed."""


def check_known(invoice: Invoice, known: Known) -> Sequence[Finding]:
    """Compare an invoice with what is known.

    Returns
    -------
    sequence of Finding
        Their severities are those of `SEVERITY`.
    """
    return [finding for check in KNOWN_CHECKS for finding in check(invoice, known)]


def _finding(code: str, name: str, message: str) -> Finding:
    return Finding(code, SEVERITY[code], name, message)


def _misread_or(code: str, name: str, said: str, before: str) -> str:
    """Return the code for a text that differs from what is known: a misreading where the two are alike."""
    likeness = difflib.SequenceMatcher(None, ids.normalised(said), ids.normalised(before), autojunk=False).ratio()
    return "customer-misread" if name in _TEXTS and likeness >= ALIKE else code


def _text(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value or "")


def _word(name: str) -> str:
    return {"email": "e-mail", "birth_date": "birth date"}.get(name, name)


def _id(known: KnownCustomer) -> str:
    return known.described_by.partition(":")[2]
