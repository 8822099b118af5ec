"""The boxes of a page, all moved alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from invoice_lab.ocr.page import Box, Field, LineReading, Page


def with_boxes(page: Page, change: Callable[[Box], Box]) -> Page:
    """Return a page with every box changed, such as from the upright page to the scan.

    Parameters
    ----------
    page : Page
    change : callable
        From a field's box to its new one.
    """

    def changed(field: Field) -> Field:
        return replace(field, box=change(field.box)) if field.box else field

    def changed_line(line: LineReading) -> LineReading:
        return replace(line, **{name: changed(field) for name, field in vars(line).items() if field is not None})

    fields = {name: changed(field) for name, field in page.fields.items()}
    return replace(page, fields=fields, lines=tuple(map(changed_line, page.lines)))
