"""What the books know of the customers and products that invoices name, fetched as a value for the checks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from psycopg2.extensions import cursor as Cursor

from invoice_lab.validation import ids
from invoice_lab.validation.invoice import Customer, Invoice
from invoice_lab.validation.known import Known, KnownCustomer

# One branch an index: an `or` of the three would read the whole table.
_CUSTOMERS = """
    with wanted as (
        select customer_id from customers where customer_id = any(%(ids)s)
        union
        select customer_id from customers where email = any(%(emails)s)
        union
        select customer_id
        from customers join unnest(%(names)s::text[], %(births)s::date[]) as person (name, birth_date)
            using (name, birth_date)
    )
    select customer_id, described_at, described_by, name, email, number, category, gender, birth_date, address
    from customers join wanted using (customer_id)
"""


def fetch_known(cursor: Cursor, invoices: Sequence[Invoice]) -> Known:
    """Fetch what is known of the customers and products of some invoices, and nothing else.

    Customers are looked up by their ids, and those without a number also by e-mail, and by name with birth date.
    """
    products = {ids.product_id(line) for invoice in invoices for line in invoice.lines}
    return Known(_customers(cursor, [invoice.customer for invoice in invoices]), _prices(cursor, products))


def _customers(cursor: Cursor, customers: Sequence[Customer]) -> dict[str, KnownCustomer]:
    identified = [customer for customer in customers if customer.identified]
    persons = [customer for customer in identified if not customer.number]
    wanted = {
        "ids": [ids.customer_id(customer) for customer in identified],
        "emails": [customer.email for customer in persons],
        "names": [customer.name for customer in persons],
        "births": [customer.birth_date for customer in persons],
    }
    cursor.execute(_CUSTOMERS, wanted)
    return {key: KnownCustomer(_customer(row), at, by) for key, at, by, *row in cursor.fetchall()}


def _customer(row: Sequence[str | None]) -> Customer:
    names = ("name", "email", "number", "category", "gender", "birth_date", "address")
    values = dict(zip(names, row, strict=True))
    address = tuple(filter(None, (values.pop("address") or "").split("\n")))
    return Customer.model_validate({**values, "address": address})


def _prices(cursor: Cursor, products: set[str]) -> dict[tuple[str, str], dict[Decimal, int]]:
    cursor.execute(
        "select product_id, currency, unit_price, sales from prices where product_id = any(%s)", (sorted(products),)
    )
    found: defaultdict[tuple[str, str], dict[Decimal, int]] = defaultdict(dict)
    for product, currency, unit_price, sales in cursor.fetchall():
        found[product, currency][unit_price] = sales
    return dict(found)
