"""Layouts: descriptions of the invoices that can be read, as YAML data beside this module."""

from invoice_lab.ocr.layouts.layout import Layout
from invoice_lab.ocr.layouts.load import layout_digest, layout_of_payload, layout_of_text, load_layouts

__all__ = ["Layout", "layout_digest", "layout_of_payload", "layout_of_text", "load_layouts"]
