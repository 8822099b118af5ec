"""Arbitration: what engines read is held against the pixels, and look-alikes that the pixels support take its place."""

from invoice_lab.ocr.arbitration.arbitrate import arbitrate

__all__ = ["arbitrate"]
