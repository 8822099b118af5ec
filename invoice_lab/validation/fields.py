"""All fields of a page under one roof."""

from invoice_lab.ocr.page import every_field

__all__ = ["every_field"]
