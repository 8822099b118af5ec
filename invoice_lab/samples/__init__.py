"""Draws look-alike invoices with known truth, from a seed. Shares no code with what reads."""

from invoice_lab.samples.batch import draw_samples
from invoice_lab.samples.page import draw_page

__all__ = ["draw_page", "draw_samples"]
