"""An invoice leaves the books, and what hung on it follows."""

from __future__ import annotations

from psycopg2.extensions import cursor as Cursor

from invoice_lab.validation.finding import Finding
from invoice_lab.validation.judge import judge
from invoice_lab.warehouse.parts import Part, page_adapter
from invoice_lab.warehouse.write import describe_customers

COPY_REVIEWED = "copy-reviewed"

_COPIES_TO_REVIEW = """
    with copies as (
        update parts set status = 'review' where invoice_id = %s and (sha256, part) <> (%s, %s) returning sha256, part)
    insert into findings (sha256, part, no, code, severity, field, message)
    select sha256, part, 1 + coalesce(max(no), 0), %s, %s, %s, %s
    from copies left join findings using (sha256, part) group by sha256, part
    returning sha256, part
"""
_FORGET_PRODUCTS = """
    delete from products where product_id = any(%s)
    and not exists (select from invoice_lines where invoice_lines.product_id = products.product_id)
"""
_RECOUNT_PRICES = """
    insert into prices (product_id, currency, unit_price, sales)
    select product_id, currency, unit_price, count(*) from invoice_lines join invoices using (invoice_id)
    where product_id = any(%s) group by 1, 2, 3
"""
_SPELLING = "btrim(page #>> array['lines', (line_no - 1)::text, 'product', 'value'])"
_LINES = """invoice_lines join invoices using (invoice_id) join parts using (sha256, part)
            where invoice_lines.product_id = products.product_id"""
# The name is the first in order of all spellings. As a rule a line that has it is found at once, and none changes.
_RESPELL_PRODUCTS = f"""
    update products set name = (select min({_SPELLING} collate "C") from {_LINES})
    where product_id = any(%s) and not exists (select from {_LINES} and {_SPELLING} = products.name)
"""
_FORGET_CUSTOMERS = """
    delete from customers where described_by = %s
    and not exists (select from invoices where invoices.customer_id = customers.customer_id)
"""
_LATEST_PAGES = """
    select (select page from invoices join parts using (sha256, part)
            where invoices.customer_id = customers.customer_id
            order by issued_at desc, invoices.invoice_id collate "C" desc limit 1)
    from customers where described_by = %s
"""


def withdraw(cursor: Cursor, part: Part) -> tuple[str, ...]:
    """Take a part's invoice out of the books, as if it had never been there.

    Products and customers that nothing else holds are forgotten; the others are called and described by what is left.
    Other parts that hold the same invoice go to review: what a person says of one reading holds for an equal one. A
    part that is only a copy of an invoice takes nothing with it.

    Returns
    -------
    tuple of str
        The keys of the parts that went to review.
    """
    cursor.execute("select invoice_id from invoices where (sha256, part) = (%s, %s)", (part.sha256, part.part))
    row = cursor.fetchone()
    if row is None:
        return ()
    message = f"A person decided on the same invoice in another scan, {part.name}; look here too."
    said = Finding(COPY_REVIEWED, "error", None, message)
    found = (row[0], part.sha256, part.part, said.code, said.severity, said.field, said.message)
    cursor.execute(_COPIES_TO_REVIEW, found)
    copies = tuple(sorted(f"{sha256}:{number}" for sha256, number in cursor.fetchall()))
    take_out(cursor, row[0])
    return copies


def take_out(cursor: Cursor, invoice_id: str) -> None:
    """Delete an invoice with what hung on it; parts that held it hold none."""
    cursor.execute("update parts set invoice_id = null where invoice_id = %s", (invoice_id,))
    cursor.execute("select distinct product_id from invoice_lines where invoice_id = %s", (invoice_id,))
    products = [product for (product,) in cursor.fetchall()]
    cursor.execute("delete from invoices where invoice_id = %s", (invoice_id,))
    _follow_products(cursor, products)
    _follow_customers(cursor, invoice_id)


def _follow_products(cursor: Cursor, products: list[str]) -> None:
    cursor.execute("delete from prices where product_id = any(%s)", (products,))
    cursor.execute(_FORGET_PRODUCTS, (products,))
    cursor.execute(_RECOUNT_PRICES, (products,))
    cursor.execute(_RESPELL_PRODUCTS, (products,))


def _follow_customers(cursor: Cursor, invoice_id: str) -> None:
    """Forget whom the invoice described, or describe them by the latest that is left."""
    cursor.execute(_FORGET_CUSTOMERS, (invoice_id,))
    cursor.execute(_LATEST_PAGES, (invoice_id,))
    pages = [page_adapter().validate_python(page) for (page,) in cursor.fetchall()]
    describe_customers(cursor, [(invoice, page) for page in pages if (invoice := judge(page).invoice)])
