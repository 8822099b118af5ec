"""The batch run: scans from a source through reading and validation into the books."""

from invoice_lab.ingest.batch import ingest, open_scans
from invoice_lab.ingest.rereading import reread
from invoice_lab.ingest.summary import IngestSummary
from invoice_lab.ingest.watching import watch

__all__ = ["IngestSummary", "ingest", "open_scans", "reread", "watch"]
