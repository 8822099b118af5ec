"""The checks of what is printed in money: line by line, net, taxes, total, each held by arithmetic."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from invoice_lab.ocr.layouts import Layout
from invoice_lab.validation.draft import CENT, Draft
from invoice_lab.validation.finding import Finding

HALF_CENT = Decimal("0.005")
"""How far rounding, whichever way, can move an amount."""
_RATE = re.compile(r"([0-9]{1,2}(?:[.,][0-9]{1,3})?)\s*%")


def line_amounts(draft: Draft, today: date) -> Iterator[Finding]:
    """Each printed amount of a line is quantity times unit price."""
    for number, line in enumerate(draft.lines, start=1):
        if line.printed_amount is None or line.quantity is None or line.unit_price is None:
            continue
        expected = line.quantity * line.unit_price
        if abs(expected - line.printed_amount) > HALF_CENT:
            yield Finding(
                "line-amount-mismatch",
                "error",
                f"lines.{number}.amount",
                f"Line {number} says {line.printed_amount}, {line.quantity} times {line.unit_price} is {expected}.",
            )


def net_is_sum(draft: Draft, today: date) -> Iterator[Finding]:
    """The net amount is the sum of the lines, where the layout's lines are without tax."""
    expected = draft.lines_sum
    if draft.layout and draft.layout.lines_sum_to != "net":
        return
    if draft.net is not None and expected is not None and draft.net != expected:
        yield Finding("net-mismatch", "error", "net", f"The net amount says {draft.net}, the lines sum to {expected}.")


def tax_follows_rates(draft: Draft, today: date) -> Iterator[Finding]:
    """The tax is the net amount times the rates, where all of these are printed; each tax may be rounded to cents."""
    rates, bases = tax_rates(draft), _bases(draft)
    if draft.tax is None or not rates or not bases or _tax_fits(draft):
        return
    shown = " and ".join(f"{rate} %" for rate in rates)
    expected = _expected_tax(bases[0], rates)
    yield Finding("tax-mismatch", "error", "tax", f"The tax says {draft.tax}, {shown} of {bases[0]} is {expected}.")


def total_is_sum(draft: Draft, today: date) -> Iterator[Finding]:
    """The total is the sum of the lines, or of net and tax, as the layout has it.

    A net amount or a tax that is wrong has a finding of its own; the total is held against the right one, too, so that
    one wrong amount does not show as several.
    """
    for what, allowed in _sums(draft):
        if draft.total is not None and draft.total not in allowed:
            message = f"The total says {draft.total}, {what} sum to {allowed[0]}."
            yield Finding("total-mismatch", "error", "total", message)
            return


def tax_rates(draft: Draft) -> tuple[Decimal, ...]:
    """Return the rates of tax in percent, of the labels below the lines or as read; empty where one is not told."""
    labels = _tax_labels(draft.layout) if draft.layout else []
    found = [_RATE.search(label) for label in labels]
    if found and all(found):
        return tuple(Decimal(rate[1].replace(",", ".")) for rate in found if rate)
    return (draft.tax_rate,) if draft.tax_rate is not None else ()


def _tax_labels(layout: Layout) -> list[str]:
    return [row.label for name, row in layout.foot_rows if name == "tax"]


def _bases(draft: Draft) -> list[Decimal]:
    """Return the amounts that taxes may be of: the printed net, and the lines where they are without tax."""
    without_tax = draft.layout is not None and draft.layout.lines_sum_to == "net"
    amounts = [draft.net, draft.lines_sum if without_tax else None]
    return list(dict.fromkeys(amount for amount in amounts if amount is not None))


def _tax_fits(draft: Draft) -> bool:
    """Tell whether nothing speaks against the tax."""
    rates = tax_rates(draft)
    share = sum(rates, Decimal(0)) / 100
    tax, bases = draft.tax, _bases(draft)
    return tax is None or not rates or any(abs(base * share - tax) <= HALF_CENT * len(rates) for base in bases)


def _expected_tax(base: Decimal, rates: tuple[Decimal, ...]) -> Decimal:
    return sum(((base * rate / 100).quantize(CENT, "ROUND_HALF_UP") for rate in rates), Decimal(0))


def _sums(draft: Draft) -> Iterator[tuple[str, list[Decimal]]]:
    """Give what the total may be, with the words for it; what it should be comes first."""
    with_tax = draft.layout.lines_sum_to == "total" if draft.layout else draft.net is draft.tax is None
    if draft.lines_sum is not None and (with_tax or draft.net is draft.tax is None):
        yield "the lines", [draft.lines_sum]
    bases, rates = _bases(draft), tax_rates(draft)
    if bases and draft.tax is not None:
        wrong = not _tax_fits(draft)
        allowed = [base + draft.tax for base in bases]
        yield "net amount and tax", allowed + [base + _expected_tax(base, rates) for base in bases if wrong]
