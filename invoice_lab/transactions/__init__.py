"""Line data that somebody has already: rows of CSV or Parquet into the books of a workspace of their own."""

from __future__ import annotations

from invoice_lab.transactions.columns import ROLES, parse_columns
from invoice_lab.transactions.importing import import_transactions
from invoice_lab.transactions.read import Form
from invoice_lab.transactions.summary import ImportSummary

__all__ = ["ROLES", "Form", "ImportSummary", "import_transactions", "parse_columns"]
