"""An invoice leaves the books, or comes back otherwise: what hung on it follows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from psycopg2.extensions import cursor as Cursor

from invoice_lab.validation import ids
from invoice_lab.validation.finding import Finding
from invoice_lab.validation.invoice import Invoice
from invoice_lab.validation.judge import judge
from invoice_lab.warehouse.parts import Part, page_adapter
from invoice_lab.warehouse.write import describe_customers

COPY_REVIEWED = "copy-reviewed"

_RECOUNT = """
    insert into prices (product_id, currency, unit_price, sales)
    select product_id, currency, unit_price, count(*) from invoice_lines join invoices using (invoice_id)
    where product_id = any(%s) group by 1, 2, 3
"""
_RESPELL = """
    update products set name = spelled.name
    from (select product_id,
                 min(btrim(page #>> array['lines', (line_no - 1)::text, 'product', 'value']) collate "C") as name
          from invoice_lines join invoices using (invoice_id) join parts using (sha256, part)
          where product_id = any(%s) group by product_id) as spelled
    where products.product_id = spelled.product_id and products.name <> spelled.name
"""
_LATEST = """
    select customer_id, (
        select page from invoices join parts using (sha256, part) where invoices.customer_id = customers.customer_id
        order by issued_at desc, invoices.invoice_id collate "C" desc limit 1)
    from customers where described_by = %s
"""


@dataclass(frozen=True)
class Withdrawn:
    """What was taken out of the books.

    Attributes
    ----------
    invoice_id : str or None
        None where the part was no invoice's source.
    spellings : dict of str to set of str
        The names that the invoice gave its products, by product id.
    copies : tuple of str
        Keys of other parts that held the same invoice: they are under review now.
    """

    invoice_id: str | None = None
    spellings: dict[str, set[str]] = field(default_factory=dict)
    copies: tuple[str, ...] = ()


def withdraw(cursor: Cursor, part: Part) -> Withdrawn:
    """Take a part's invoice out of the books; `follow` must be called once its place is filled or stays empty.

    Other parts that hold the same invoice go to review: what a person says of one reading holds for an equal one.
    A part that is only a copy of an invoice takes nothing with it.
    """
    cursor.execute(
        "select invoice_id from invoices where (sha256, part) = (%s, %s) for update", (part.sha256, part.part)
    )
    row = cursor.fetchone()
    if row is None:
        return Withdrawn()
    cursor.execute("select product_id, line_no from invoice_lines where invoice_id = %s", row)
    spellings: dict[str, set[str]] = defaultdict(set)
    for product, number in cursor.fetchall():
        spellings[product].add(part.page.lines[number - 1].product.value or "")
    copies = _send_copies_to_review(cursor, part, row[0])
    cursor.execute("update parts set invoice_id = null where invoice_id = %s", row)
    cursor.execute("delete from invoices where invoice_id = %s", row)
    return Withdrawn(row[0], dict(spellings), copies)


def follow(cursor: Cursor, withdrawn: Withdrawn, placed: Invoice | None) -> None:
    """Bring customers, products and prices in line with the invoices and lines that are in the books now.

    Parameters
    ----------
    cursor : psycopg2 cursor
        In the transaction in which the invoice was withdrawn, and its part written anew.
    withdrawn : Withdrawn
    placed : Invoice or None
        What took its place.
    """
    if withdrawn.invoice_id is None:
        return
    products = sorted(withdrawn.spellings)
    cursor.execute("delete from prices where product_id = any(%s)", (products,))
    cursor.execute(_RECOUNT, (products,))
    cursor.execute(
        "delete from products where product_id = any(%s)"
        " and not exists (select from invoice_lines where invoice_lines.product_id = products.product_id)",
        (products,),
    )
    cursor.execute(_RESPELL, (_lost(withdrawn.spellings, placed),))
    _follow_customers(cursor, withdrawn.invoice_id)


def _lost(before: dict[str, set[str]], placed: Invoice | None) -> list[str]:
    """Return the products of which a spelling is gone: the names of the others can't have changed."""
    after = {(ids.product_id(line), line.product) for line in (placed.lines if placed else ())}
    return sorted(product for product, names in before.items() if not {(product, name) for name in names} <= after)


def _follow_customers(cursor: Cursor, invoice_id: str) -> None:
    """Describe whom the withdrawn invoice described by their latest one; forget who has none."""
    cursor.execute(
        "delete from customers where described_by = %s"
        " and not exists (select from invoices where invoices.customer_id = customers.customer_id)",
        (invoice_id,),
    )
    cursor.execute(_LATEST, (invoice_id,))
    pages = [page_adapter().validate_python(page) for _, page in cursor.fetchall()]
    latest = [(invoice, page) for page in pages if (invoice := judge(page).invoice)]
    describe_customers(cursor, latest)


def _send_copies_to_review(cursor: Cursor, part: Part, invoice_id: str) -> tuple[str, ...]:
    message = f"A person decided on the same invoice in another scan, {part.name}; look here too."
    said = Finding(COPY_REVIEWED, "error", None, message)
    cursor.execute(
        """with copies as (
               update parts set status = 'review' where invoice_id = %s and (sha256, part) <> (%s, %s)
               returning sha256, part)
           insert into findings (sha256, part, no, code, severity, field, message)
           select sha256, part, 1 + coalesce(max(no), 0), %s, %s, %s, %s
           from copies left join findings using (sha256, part) group by sha256, part returning sha256, part""",
        (invoice_id, part.sha256, part.part, said.code, said.severity, said.field, said.message),
    )
    return tuple(sorted(f"{sha256}:{number}" for sha256, number in cursor.fetchall()))
