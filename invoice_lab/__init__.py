"""invoice_lab: invoice scans in, customer and product insight out, traceable to the pixels."""

__version__ = "0.1.0"
