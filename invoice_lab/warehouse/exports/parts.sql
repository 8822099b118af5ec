select sha256, part, scans.name, status, layout, printed_id, invoice_id, engine, engine_version, confidence
from parts join scans using (sha256)
