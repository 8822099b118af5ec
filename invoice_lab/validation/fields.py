"""All fields of a page under one roof."""

from __future__ import annotations

from invoice_lab.ocr.page import Field, Page


def every_field(page: Page) -> dict[str, Field]:
    """Return all fields of a page by name, those of line 2 as ``lines.2.product`` and so on."""
    lines = {
        f"lines.{number}.{name}": value
        for number, line in enumerate(page.lines, start=1)
        for name, value in vars(line).items()
        if value is not None
    }
    return {**page.fields, **lines}
