"""Arbitration: what engines read is held against the pixels, and look-alikes that the pixels support take its place."""

from invoice_lab.ocr.arbitration.fields import arbitrate
from invoice_lab.ocr.arbitration.sheet import Sheet
from invoice_lab.ocr.arbitration.support import Support

__all__ = ["Sheet", "Support", "arbitrate"]
