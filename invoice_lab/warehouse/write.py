"""The rows that loaded arrivals become, table by table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg2.extensions import cursor as Cursor

from invoice_lab.ocr.layouts import layout_digest
from invoice_lab.ocr.page import Page
from invoice_lab.sources.names import storable
from invoice_lab.validation import ids
from invoice_lab.validation.invoice import Invoice
from invoice_lab.validation.record import mean_confidence
from invoice_lab.warehouse.arrival import Arrival, Loaded, LoadedPart
from invoice_lab.warehouse.parts import page_adapter
from invoice_lab.warehouse.upsert import Row, insert_rows

CUSTOMER_COLUMNS = (
    "customer_id", "number", "name", "email", "birth_date", "gender", "category", "address",
    "described_at", "described_by",
)  # fmt: skip
INVOICE_COLUMNS = (
    "invoice_id", "layout", "printed_id", "customer_id", "issued_at", "net", "tax", "total", "currency",
    "sha256", "part", "text", "digest",
)  # fmt: skip
PRICE_COLUMNS = ("product_id", "currency", "unit_price", "sales")
LINE_COLUMNS = ("invoice_id", "line_no", "product_id", "quantity", "unit_price", "amount")
ARRIVAL_COLUMNS = ("batch", "no", "name", "sha256", "outcome", "problem", "place")
PART_COLUMNS = (
    "sha256", "part", "status", "layout", "printed_id", "invoice_id", "engine", "engine_version", "confidence",
    "page", "layout_digest", "seconds", "asked",
)  # fmt: skip

_UPDATE_CUSTOMER = """
    on conflict (customer_id) do update
    set (name, email, birth_date, gender, category, address, described_at, described_by)
      = (excluded.name, excluded.email, excluded.birth_date, excluded.gender, excluded.category, excluded.address,
         excluded.described_at, excluded.described_by)
    where (excluded.described_at, excluded.described_by collate "C")
        > (customers.described_at, customers.described_by collate "C")
"""
_REPLACE_CUSTOMER = _UPDATE_CUSTOMER.partition("where")[0]
_UPDATE_PRODUCT = """
    on conflict (product_id) do update set name = excluded.name
    where excluded.name collate "C" < products.name collate "C"
"""
UPDATE_PRICE = """
    on conflict (product_id, currency, unit_price) do update set sales = prices.sales + excluded.sales
"""
_UPDATE_PART = """
    on conflict (sha256, part) do update
    set (status, layout, printed_id, invoice_id, confidence, page)
      = (excluded.status, excluded.layout, excluded.printed_id, excluded.invoice_id, excluded.confidence, excluded.page)
"""


class How(NamedTuple):
    """How a part was read: the seconds it took, and the engine that was asked for."""

    seconds: float
    engine: str


def lock_books(cursor: Cursor) -> None:
    """Let one transaction of a workspace decide at a time: each sees what the others have decided."""
    cursor.execute("select pg_advisory_xact_lock(hashtext(current_schema() || ' load'))")


def write(cursor: Cursor, batch: UUID, loaded: Sequence[Loaded]) -> None:
    """Write what was decided, within the cursor's transaction."""
    fresh = [item for item in loaded if item.outcome != "known" and item.arrival.sha256]
    parts = [(item, part) for item in fresh for part in item.parts]
    scans = [(item.arrival.sha256, item.arrival.name, item.arrival.size) for item in fresh]
    insert_rows(cursor, "scans", ("sha256", "name", "bytes"), scans, "on conflict do nothing")
    cursor.execute("delete from parts where status = 'failed' and sha256 = any(%s)", ([scan[0] for scan in scans],))
    write_invoices(cursor, [part for _, part in parts])
    write_parts(cursor, [(how_read(item.arrival), part) for item, part in parts])
    write_arrivals(cursor, batch, loaded)


def write_arrivals(cursor: Cursor, batch: UUID, loaded: Sequence[Loaded]) -> None:
    """Write what arrived in a batch, and what became of it."""
    insert_rows(cursor, "batch_scans", ARRIVAL_COLUMNS, [_arrival(batch, item) for item in loaded])
    cursor.execute("update batches set committed_at = clock_timestamp() where batch = %s", (str(batch),))


def write_invoices(cursor: Cursor, parts: Iterable[LoadedPart]) -> None:
    """Write the invoices of parts that were accepted and are no duplicates, with their customers and products."""
    invoices = [
        (part.judgement.invoice, part.judgement.page)
        for part in parts
        if part.invoice_id and not part.duplicate and part.judgement.invoice
    ]
    insert_rows(cursor, "customers", CUSTOMER_COLUMNS, _customers(invoices), _UPDATE_CUSTOMER)
    insert_rows(cursor, "products", ("product_id", "code", "name"), _products(invoices), _UPDATE_PRODUCT)
    insert_rows(cursor, "invoices", INVOICE_COLUMNS, [_invoice(*pair) for pair in invoices])
    insert_rows(cursor, "invoice_lines", LINE_COLUMNS, [row for invoice, _ in invoices for row in _lines(invoice)])
    insert_rows(cursor, "prices", PRICE_COLUMNS, _prices(invoices), UPDATE_PRICE)


def how_read(arrival: Arrival) -> How:
    """Tell how an arrival was read."""
    return How(arrival.seconds, arrival.engine)


def write_parts(cursor: Cursor, parts: Sequence[tuple[How, LoadedPart]]) -> None:
    """Write parts, each with how it was read, and their findings; what was there of them is replaced.

    How long the first reading took, by which engine and when, stays as it was.
    """
    insert_rows(cursor, "parts", PART_COLUMNS, [_part(*item) for item in parts], _UPDATE_PART)
    keys = [(part.judgement.page.sha256, part.judgement.page.part) for _, part in parts]
    cursor.execute(
        "delete from findings using unnest(%s::text[], %s::integer[]) as part (sha256, part)"
        " where findings.sha256 = part.sha256 and findings.part = part.part",
        ([sha256 for sha256, _ in keys], [number for _, number in keys]),
    )
    columns = ("sha256", "part", "no", "code", "severity", "field", "message")
    insert_rows(cursor, "findings", columns, [row for _, part in parts for row in _findings(part)])


def describe_customers(cursor: Cursor, invoices: Iterable[tuple[Invoice, Page]]) -> None:
    """Describe customers anew by these invoices, whichever described them before."""
    insert_rows(cursor, "customers", CUSTOMER_COLUMNS, _customers(invoices), _REPLACE_CUSTOMER)


def _customers(invoices: Iterable[tuple[Invoice, Page]]) -> list[Row]:
    """Return one row a customer: as the latest of these invoices describes them."""
    latest: dict[str, tuple[Any, ...]] = {}
    for invoice, _ in invoices:
        who, key = invoice.customer, ids.customer_id(invoice.customer)
        described = (invoice.issued_at, ids.invoice_id(invoice.layout, invoice.invoice_id))
        row = (key, who.number, who.name, who.email, who.birth_date, who.gender, who.category, "\n".join(who.address))
        if key not in latest or described > latest[key][-2:]:
            latest[key] = (*row, *described)
    return list(latest.values())


def _products(invoices: Iterable[tuple[Invoice, Page]]) -> list[Row]:
    first: dict[str, Row] = {}
    for line in (line for invoice, _ in invoices for line in invoice.lines):
        row = (ids.product_id(line), line.code, line.product)
        first[row[0]] = min(first.get(row[0], row), row, key=lambda row: str(row[2]))
    return list(first.values())


def _prices(invoices: Iterable[tuple[Invoice, Page]]) -> list[Row]:
    sales = Counter(
        (ids.product_id(line), invoice.currency, line.unit_price) for invoice, _ in invoices for line in invoice.lines
    )
    return [(*price, number) for price, number in sales.items()]


def _invoice(invoice: Invoice, page: Page) -> Row:
    key = ids.invoice_id(invoice.layout, invoice.invoice_id)
    return (
        key, invoice.layout, invoice.invoice_id, ids.customer_id(invoice.customer), invoice.issued_at, invoice.net,
        invoice.tax, invoice.total, invoice.currency, page.sha256, page.part, page.text, ids.content_digest(invoice),
    )  # fmt: skip


def _lines(invoice: Invoice) -> list[Row]:
    key = ids.invoice_id(invoice.layout, invoice.invoice_id)
    return [
        (key, number, ids.product_id(line), line.quantity, line.unit_price, line.amount)
        for number, line in enumerate(invoice.lines, start=1)
    ]


def _arrival(batch: UUID, loaded: Loaded) -> Row:
    arrival = loaded.arrival
    place = arrival.place if arrival.problem and storable(arrival.place) else None
    return str(batch), arrival.no, arrival.name, arrival.sha256, loaded.outcome, arrival.problem, place


def _part(how: How, part: LoadedPart) -> Row:
    page, status = part.judgement.page, part.judgement.status
    content = page_adapter().dump_json(page).decode()
    return (
        page.sha256, page.part, status, page.layout, page.value("invoice_id"), part.invoice_id, page.engine,
        page.engine_version, mean_confidence(page), content, layout_digest(page.layout), *how,
    )  # fmt: skip


def _findings(part: LoadedPart) -> list[Row]:
    page = part.judgement.page
    return [
        (page.sha256, page.part, number, finding.code, finding.severity, finding.field, finding.message)
        for number, finding in enumerate(part.judgement.findings, start=1)
    ]
