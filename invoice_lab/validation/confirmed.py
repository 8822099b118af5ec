"""Fields that something else on the page confirms, so that it doesn't matter how sure their reading was by itself."""

from __future__ import annotations

from invoice_lab.validation.draft import Draft


def confirmed(draft: Draft) -> frozenset[str]:
    """Return the names of the fields that the QR code or arithmetic confirms.

    Id and date: by the code. Quantities, unit prices and the total: by their sum, where no line lacks anything.
    """
    names = set()
    if draft.page.value("invoice_id") == draft.page.value("qr_invoice_id") is not None:
        names.add("invoice_id")
    printed = draft.page.value("issued_at")
    if printed and draft.qr_issued_at and str(draft.qr_issued_at).startswith(printed):
        names.add("issued_at")
    if draft.total is not None and draft.lines_sum == draft.total:
        names.add("total")
        for number in range(1, len(draft.lines) + 1):
            names |= {f"lines.{number}.quantity", f"lines.{number}.unit_price"}
    return frozenset(names)
