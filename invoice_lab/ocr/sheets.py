"""The sheets of a file, each read by itself, put together to invoices: several in one file, or one over several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from invoice_lab.ocr.page import Field, Page, Problem

OWN_HEADER = frozenset({"invoice_id", "issued_at", "name"})
"""Fields that tell a sheet with a header of its own from one that continues an invoice."""
FOOT = ("net", "tax", "tax_rate", "total")
"""Fields below the lines: those of an invoice stand on its last sheet."""

_Sheet = tuple[int, Page]
"""A sheet's number in the file, from 1, and what was read of it."""


def join_sheets(sheets: Sequence[Page]) -> tuple[Page, ...]:
    """Put the readings of a file's sheets together.

    A sheet continues an invoice where its QR code says the same, or else its printed id is the same; a sheet without a
    header of its own continues the invoice before it. All other sheets are parts of their own. Arithmetic then tells
    whether that was right; where it can't, the part has a doubt.

    Parameters
    ----------
    sheets : sequence of Page
        One page a sheet, in the order of the file.

    Returns
    -------
    tuple of Page
        One an invoice, in the order of their first sheets, numbered as parts. Blank sheets are left out, unless all
        are blank.
    """
    if all(map(_is_blank, sheets)):
        return (replace(sheets[0], pages=len(sheets)),)
    groups: list[list[_Sheet]] = []
    for number, page in enumerate(sheets, 1):
        if _is_blank(page):
            continue
        group = _group_of(page, groups)
        if group is None:
            groups.append([(number, page)])
        else:
            group.append((number, page))
    return tuple(replace(_joined(group), part=part) for part, group in enumerate(groups))


def is_headless(page: Page) -> bool:
    """Tell whether a page has neither a QR code nor a header of its own."""
    return page.qr is None and not OWN_HEADER & page.fields.keys()


def _is_blank(page: Page) -> bool:
    return page.problem is not None and page.problem.code == "blank-page"


def _group_of(page: Page, groups: list[list[_Sheet]]) -> list[_Sheet] | None:
    """Return the invoice that a sheet continues, None where it continues none."""
    invoices = [group for group in groups if group[0][1].problem is None]
    if page.problem or not invoices:
        return None
    if is_headless(page):
        return invoices[-1]
    same = (group for group in invoices if any(_same_invoice(page, other) for _, other in group))
    found = next(same, None)
    return None if found is None or any(_is_copy(page, other) for _, other in found) else found


def _same_invoice(page: Page, other: Page) -> bool:
    if page.qr and other.qr:
        return page.qr == other.qr
    printed = page.value("invoice_id")
    return printed is not None and (page.layout, printed) == (other.layout, other.value("invoice_id"))


def _is_copy(page: Page, other: Page) -> bool:
    """Tell whether two sheets show the same invoice, whole: a copy is a part of its own, and told at commit."""
    return page.value("total") is not None and _content(page) == _content(other)


def _content(page: Page) -> tuple[object, ...]:
    lines = [(line.product.value, line.quantity.value, line.unit_price.value) for line in page.lines]
    return lines, page.value("total")


def _joined(group: Sequence[_Sheet]) -> Page:
    """Put sheets together: the header of the first, all lines in order, what stands below them of the last."""
    pages = [page for _, page in group]
    first = pages[0]
    header: dict[str, Field] = {}
    foot: dict[str, Field] = {}
    for page in pages:
        header |= {name: field for name, field in page.fields.items() if name not in {*FOOT, *header}}
        foot |= {name: page.fields[name] for name in FOOT if name in page.fields}
    return replace(
        first,
        pages=len(pages),
        fields=header | foot,
        lines=tuple(line for page in pages for line in page.lines),
        doubled=tuple(dict.fromkeys([*(name for page in pages for name in page.doubled), *_told_apart(pages, header)])),
        doubts=(*(doubt for page in pages for doubt in page.doubts), *_doubts(group)),
        turns={number: turns for page in pages for number, turns in page.turns.items()},
        qr=next((page.qr for page in pages if page.qr), None),
        text="\n".join(page.text for page in pages),
    )


def _told_apart(pages: Sequence[Page], header: dict[str, Field]) -> list[str]:
    """Return the header's fields that are not the same on all sheets."""
    return [name for name in header if len({page.value(name) for page in pages} - {None}) > 1]


def _doubts(group: Sequence[_Sheet]) -> list[Problem]:
    """Say which sheets can't be told for certain to continue the invoice."""
    first, doubts = group[0][1], []
    closed = first.value("total")
    for number, page in group[1:]:
        if is_headless(page) and closed is not None:
            why = f"has no header of its own and comes after the total {closed}"
            doubts.append(Problem("sheet-unclear", f"Sheet {number} {why}; it may not belong to this invoice."))
        elif page.layout != first.layout:
            why = (
                f"was read as {page.layout or 'a page of unknown layout'}, the first as {first.layout or 'such a one'}"
            )
            doubts.append(Problem("sheet-unclear", f"Sheet {number} {why}; it may not belong to this invoice."))
        closed = page.value("total") or closed
    return doubts
