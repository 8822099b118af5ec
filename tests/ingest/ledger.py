"""The books as they stand, row by row, and whether each scan is in them as a whole or not at all."""

import contextlib

from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.scan_store import ScanStore

CLOCKS = {"arrived_at", "read_at", "seconds", "updated_at"}
TABLES = (
    "scans", "parts", "findings", "customers", "products", "prices", "invoices", "invoice_lines", "watermarks",
    "versions",
)  # fmt: skip
HALVES = {
    "a scan without a part": "select sha256 from scans"
    " where not exists (select from parts where sha256 = scans.sha256)",
    "a part that is accepted without an invoice": "select sha256 from parts"
    " where status = 'accepted' and invoice_id is null",
    "an invoice without its part": "select invoice_id from invoices where not exists"
    " (select from parts where (parts.sha256, parts.part) = (invoices.sha256, invoices.part))",
    "an invoice that lacks lines": "select invoices.invoice_id from invoices join parts using (sha256, part)"
    " where jsonb_array_length(page -> 'lines') <> (select count(*) from invoice_lines"
    " where invoice_lines.invoice_id = invoices.invoice_id)",
    "a price that nobody paid, or another number of times": "select product_id from prices where sales <>"
    " (select count(*) from invoice_lines where invoice_lines.product_id = prices.product_id"
    " and invoice_lines.unit_price = prices.unit_price)",
    "an arrival that is not in the books": "select name from batch_scans where sha256 is null and problem is null",
}


@contextlib.contextmanager
def reader(settings, workspace):
    with database(settings) as books, books.connect("reader", workspace) as connection, connection.cursor() as cursor:
        yield cursor


def state(settings, workspace):
    """Return all rows of the books but for clocks and the batch log."""
    found = {}
    with reader(settings, workspace) as cursor:
        for table in TABLES:
            cursor.execute(
                "select column_name from information_schema.columns"
                " where table_schema = current_schema() and table_name = %s order by 1",
                (table,),
            )
            columns = ", ".join(f"{name}::text" for (name,) in cursor.fetchall() if name not in CLOCKS)
            cursor.execute(f"select {columns} from {table} order by {columns}")
            found[table] = cursor.fetchall()
    return found


def halves(settings, workspace):
    """Return what is in the books, or the scan store, by half."""
    found = []
    with reader(settings, workspace) as cursor:
        for what, sql in HALVES.items():
            cursor.execute(sql)
            found += [(what, *row) for row in cursor.fetchall()]
        cursor.execute("select sha256 from scans")
        store = ScanStore(settings.scan_store_dir(workspace))
        found += [("a scan that is not in the store", sha256) for (sha256,) in cursor if sha256 not in store]
    return found
