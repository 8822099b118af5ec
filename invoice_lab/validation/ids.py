"""Ids derived from the data: two runs on two fresh databases give equal rows."""

from __future__ import annotations

import hashlib
import json
import unicodedata

from invoice_lab.errors import UsageError
from invoice_lab.validation.invoice import Customer, Invoice, Line


def invoice_id(layout: str, printed_id: str) -> str:
    """Return an invoice's id: printed ids are unique within their layout."""
    return f"{layout}:{printed_id}"


def customer_id(customer: Customer) -> str:
    """Return a customer's id: from the number where there is one, else from e-mail and birth date.

    Raises
    ------
    UsageError
        Where neither is known; the name alone is no key, since two customers can share it.
    """
    if customer.number:
        return f"n-{customer.number}"
    if not customer.email or not customer.birth_date:
        raise UsageError(f"The customer {customer.name!r} has neither a number nor e-mail and birth date.")
    return f"e-{_digest(customer.email.casefold(), customer.birth_date.isoformat())}"


def product_id(line: Line) -> str:
    """Return a product's id: from the code where there is one, else from the full normalised name."""
    return f"c-{line.code}" if line.code else f"p-{_digest(normalised(line.product))}"


def normalised(name: str) -> str:
    """Return a name with compatible characters (NFKC), case and white space folded."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def content_digest(invoice: Invoice) -> str:
    """Digest what an invoice says; equal for the same invoice in other bytes."""
    content = invoice.model_dump(mode="json")
    return _digest(json.dumps(content, sort_keys=True, ensure_ascii=False))


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
