"""Arbitration: what engines read is held against the pixels, and look-alikes that the pixels support take its place."""

from invoice_lab.ocr.arbitration.fields import arbitrate

__all__ = ["arbitrate"]
