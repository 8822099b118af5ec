"""Books for tests of decisions: records arrive as if read, parts are decided on, all in one transaction."""

from dataclasses import replace
from uuid import uuid4

from pages import NEW, changed, page_of

from invoice_lab.sources.scan import Scan
from invoice_lab.validation.correction import Correction
from invoice_lab.validation.judge import judge
from invoice_lab.warehouse.arrival import Arrival, Batch
from invoice_lab.warehouse.load import load, start_batch
from invoice_lab.warehouse.parts import read_part
from invoice_lab.warehouse.review import Decision, decide

BOOKS = {
    "customers": "customer_id, name, email, birth_date::text, category, address, described_at::text, described_by",
    "products": "product_id, name",
    "prices": "product_id, currency, unit_price::text, sales",
    "invoices": "invoice_id, customer_id, issued_at::text, total::text, sha256, part, digest",
    "invoice_lines": "invoice_id, line_no, product_id, quantity, unit_price::text, amount::text",
    "parts": "sha256, part, status, invoice_id",
}


def numbered(record, number, **values):
    """A record with another id, printed and coded."""
    printed = record["invoice_id"][:-4] + f"{number:04d}"
    return changed(
        record, **{"invoice_id": printed, "qr": record["qr"].replace(record["invoice_id"], printed), **values}
    )


WRONG_TOTAL = numbered(NEW, 43, total="99.99")


class Books:
    """The books of a workspace within a transaction that is rolled back."""

    def __init__(self, connection):
        self.connection = connection
        self.batch = uuid4()
        start_batch(connection, Batch(self.batch, "test", "test", "1"))
        self.count = 0

    def arrive(self, *records, **page):
        """Let records arrive one after the other; return the sha256 of their scans."""
        keys = []
        for record in records:
            name = f"{self.count + 1}.png"
            scan = Scan.of(name, repr((record, name)).encode())
            self.arrive_page(name, page_of(record, scan.sha256, **page))
            keys.append(scan.sha256)
        return keys

    def arrive_page(self, name, page):
        self.count += 1
        load(self.connection, self.batch, [Arrival(self.count, name, page.sha256, 10, (judge(page),), 0.5)])

    def part(self, sha256):
        with self.connection.cursor() as cursor:
            return read_part(cursor, sha256, 0)

    def decide(self, sha256, kind, *, revise=False, despite=(), reviewer="ann", reason="looked at it", **correction):
        given = Correction(**correction) if correction else None
        return decide(
            self.connection, self.part(sha256), Decision(kind, reviewer, reason, despite, given), revise=revise
        )

    def rows(self, sql, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()

    def state(self):
        return {table: self.rows(f"select {columns} from {table} order by 1, 2") for table, columns in BOOKS.items()}

    def sources(self):
        """Return the parts that the invoices in the books were read from."""
        return [self.part(sha256) for (sha256,) in self.rows("select sha256 from invoices order by issued_at desc, 1")]


def fresh_state(connection, parts):
    """Load parts, as they stand, into empty books; return these books' state."""
    other = Books(connection)
    for number, part in enumerate(parts):
        judgement = replace(judge(part.page), status="accepted", findings=())
        load(connection, other.batch, [Arrival(number, part.name, part.sha256, 10, (judgement,), 0.5)])
    return other.state()
