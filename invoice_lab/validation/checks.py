"""The checks: each a small pure function from a draft to findings, with a code, a severity and a sentence for a person.

What they don't see: names, addresses and product texts are only checked for being there and for characters that can't
be; no arithmetic confirms them.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from datetime import date

from invoice_lab.errors import UsageError
from invoice_lab.ocr.layouts import Layout, load_layouts
from invoice_lab.ocr.page import shortened
from invoice_lab.validation.amounts import line_amounts, net_is_sum, tax_follows_rates, total_is_sum
from invoice_lab.validation.characters import impossible_characters
from invoice_lab.validation.confirmed import confirmed
from invoice_lab.validation.draft import Draft
from invoice_lab.validation.fields import every_field
from invoice_lab.validation.finding import Finding
from invoice_lab.validation.thresholds import thresholds

EARLIEST = date(2000, 1, 1)
"""No invoice of these layouts is older."""
OLDEST_CUSTOMER_YEARS = 120
YOUNGEST_CUSTOMER_YEARS = 14

Check = Callable[[Draft, date], Iterator[Finding]]
"""A check gets the draft and today's date."""


def layout_known(draft: Draft, today: date) -> Iterator[Finding]:
    """The page has a layout that is described."""
    if draft.layout is None:
        yield Finding("layout-unknown", "error", None, "The page has no known layout; it was read by its labels alone.")


def qr_readable(draft: Draft, today: date) -> Iterator[Finding]:
    """The QR code was read and says what the layout's codes say."""
    if draft.layout is None or draft.layout.qr is None:
        return
    if draft.page.qr is None:
        yield Finding(
            "qr-unreadable", "error", "qr", "The QR code is missing or can't be read, so nothing confirms the header."
        )
    elif draft.layout.payload_fields(draft.page.qr) is None:
        yield Finding(
            "qr-unexpected",
            "error",
            "qr",
            f"The QR code says {shortened(draft.page.qr)!r}, which is not what a {draft.layout.name} code holds.",
        )


def fields_present(draft: Draft, today: date) -> Iterator[Finding]:
    """Every field that the layout requires was read in its form."""
    for name in draft.layout.required if draft.layout else ():
        field = draft.page.fields.get(name)
        if field is None and not (draft.page.qr is None and name in _in_code(draft.layout)):
            yield Finding("field-missing", "error", name, f"The field {name} was not found on the page.")
        elif field is not None and field.value is None:
            yield Finding(
                "field-unreadable",
                "error",
                name,
                f"The field {name} was read as {shortened(field.raw)!r}, which has not its form.",
            )


def _in_code(layout: Layout | None) -> frozenset[str]:
    """Return the fields that stand in the QR code alone: a code that can't be read is one finding, not five."""
    return layout.qr.fields - set(layout.header) if layout and layout.qr else frozenset()


def fields_once(draft: Draft, today: date) -> Iterator[Finding]:
    """No field stands on the page twice with different values."""
    for name in draft.page.doubled:
        yield Finding("field-doubled", "error", name, f"The field {name} stands on the page twice, not the same.")


def fields_sure(draft: Draft, today: date) -> Iterator[Finding]:
    """Every field of a known layout was read as surely as its kind asks for, or is confirmed otherwise."""
    settled = confirmed(draft)
    for name, field in every_field(draft.page).items():
        if draft.layout is None or field.value is None or name in settled:
            continue
        least, read = thresholds().least(name, field.how), f"The field {name} was read as {shortened(field.value)!r}"
        if least is None:
            yield Finding("field-unsure", "error", name, f"{read} by {field.how} alone, which nothing confirms.")
        elif field.confidence < least:
            message = f"{read}, {field.confidence:.1%} sure; {least:.1%} is asked for."
            yield Finding("field-unsure", "error", name, message)


def fields_uncovered(draft: Draft, today: date) -> Iterator[Finding]:
    """Nothing is drawn over a field of a page that is sure otherwise, even where something confirms its value."""
    printed = {name: field for name, field in every_field(draft.page).items() if field.how != "qr"}
    sure = sum(field.confidence > thresholds().covered for field in printed.values())
    settled = confirmed(draft) if 2 * sure > len(printed) else frozenset()
    for name in sorted(settled):
        field = printed[name]
        if field.how == "fit" and field.confidence <= thresholds().covered:
            said = f"{shortened(field.value or '')!r}, though that is confirmed"
            yield Finding(
                "field-covered",
                "error",
                name,
                f"Something covers the field {name}, or it is cut off; it was read as {said}.",
            )


def lines_present(draft: Draft, today: date) -> Iterator[Finding]:
    """There are product lines, each with product, quantity and unit price."""
    if not draft.lines:
        yield Finding("lines-missing", "error", "lines", "No product line was found on the page.")
    for number, (line, reading) in enumerate(zip(draft.lines, draft.page.lines, strict=True), start=1):
        if not line.complete:
            raw = f"{reading.product.raw} {reading.quantity.raw}".strip()
            yield Finding(
                "line-unreadable",
                "error",
                f"lines.{number}",
                f"Line {number} was read as {shortened(raw)!r}, which is no product line.",
            )
        elif line.quantity == 0:
            yield Finding("quantity-zero", "error", f"lines.{number}.quantity", f"Line {number} has the quantity 0.")


def id_confirmed(draft: Draft, today: date) -> Iterator[Finding]:
    """The printed invoice id is the QR code's."""
    printed, coded = draft.page.value("invoice_id"), draft.page.value("qr_invoice_id")
    if printed and coded and printed != coded:
        yield Finding(
            "id-mismatch", "error", "invoice_id", f"The header says {printed}, the QR code says {shortened(coded)}."
        )


def date_confirmed(draft: Draft, today: date) -> Iterator[Finding]:
    """The printed date (and time, where printed) is the QR code's."""
    coded = draft.page.fields.get("qr_issued_at")
    if coded is None or draft.printed_date is None:
        return
    printed = draft.page.value("issued_at")
    if draft.qr_issued_at is None or not str(draft.qr_issued_at).startswith(str(printed)):
        yield Finding(
            "date-mismatch",
            "error",
            "issued_at",
            f"The header says {printed}, the QR code says {shortened(coded.raw)}.",
        )


def date_plausible(draft: Draft, today: date) -> Iterator[Finding]:
    """The date exists, and lies between the first possible one and today."""
    printed = draft.page.value("issued_at")
    if printed and draft.printed_date is None:
        yield Finding("date-impossible", "error", "issued_at", f"The date {printed} does not exist.")
    elif draft.printed_date and not EARLIEST <= draft.printed_date <= today:
        yield Finding(
            "date-implausible",
            "error",
            "issued_at",
            f"The date {draft.printed_date} is before {EARLIEST} or in the future.",
        )


def birth_date_plausible(draft: Draft, today: date) -> Iterator[Finding]:
    """The birth date exists and gives an age that a customer can have on the day of issue."""
    field = draft.page.fields.get("birth_date")
    if field is None:
        return
    born, issued = draft.birth_date, draft.printed_date or today
    years = issued.year - born.year - ((issued.month, issued.day) < (born.month, born.day)) if born else None
    if years is None or not 0 <= years <= OLDEST_CUSTOMER_YEARS:
        yield Finding(
            "birth-date-impossible",
            "error",
            "birth_date",
            f"The QR code says born {shortened(field.raw)!r}, which can't be on {issued}.",
        )
    elif years < YOUNGEST_CUSTOMER_YEARS:
        yield Finding("age-unusual", "warning", "birth_date", f"The customer was {years} years old on {issued}.")


CHECKS: Mapping[str, Check] = {
    "layout": layout_known,
    "qr": qr_readable,
    "fields": fields_present,
    "once": fields_once,
    "sure": fields_sure,
    "covered": fields_uncovered,
    "characters": impossible_characters,
    "lines": lines_present,
    "line-amounts": line_amounts,
    "net": net_is_sum,
    "tax": tax_follows_rates,
    "total": total_is_sum,
    "id": id_confirmed,
    "date-confirmed": date_confirmed,
    "date": date_plausible,
    "birth-date": birth_date_plausible,
}
"""All checks, in the order in which their findings are listed, by the names that a layout's `checks` can list."""


def checks_of(layout: Layout | None) -> tuple[Check, ...]:
    """Return the checks that apply to a layout's pages: those it lists, else all.

    Raises
    ------
    UsageError
        Where it lists a check that there is not; the message names the nearest.
    """
    if layout is None or layout.checks is None:
        return tuple(CHECKS.values())
    for name in layout.checks:
        if name not in CHECKS:
            close = difflib.get_close_matches(name, CHECKS, n=1)
            remedy = f"Did you mean {close[0]!r}?" if close else f"Known are {', '.join(CHECKS)}."
            raise UsageError(f"The layout {layout.name} lists the check {name!r}, which there is not.", remedy)
    return tuple(check for name, check in CHECKS.items() if name in layout.checks)


def check_layouts() -> None:
    """Look at every layout, before any scan is read.

    Raises
    ------
    UsageError
        A layout file can't be understood, or lists a check that there is not.
    """
    for layout in load_layouts().values():
        checks_of(layout)
