"""Made-up products: groups, popularity, prices that change now and then."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from invoice_lab.samples.truth import Layout

PREMIUM = "premium"
"""The group that is dearer than 99.99 and sold on fac-2018 invoices only, as on the real pages."""
CENT = Decimal("0.01")
HIGHEST_UNIT_PRICE = Decimal("999.99")


@dataclass(frozen=True)
class Product:
    """One product; from day `changes_on` (counted from the start) it costs `later_price`."""

    name: str
    group: str
    weight: float
    price: Decimal
    later_price: Decimal
    changes_on: int

    def price_on(self, day: int) -> Decimal:
        """Return the unit price on a day counted from the start, in EUR."""
        return self.later_price if day >= self.changes_on else self.price


def make_products(business: dict[str, Any], rows: list[str], rng: Random) -> list[Product]:
    """Choose the products from the rows of ``data/products.txt``, the most popular first.

    Parameters
    ----------
    business : dict
        The contents of ``data/business.yaml``.
    rows : list of str
        Rows of group, lowest price, highest price and name, parted by semicolons.
    rng : Random
        The source of chance.
    """
    chosen = rng.sample(rows, business["products"])
    days = business["months"] * 30
    changing = set(rng.sample(range(len(chosen)), round(len(chosen) * business["price_changes"])))
    products = []
    for rank, row in enumerate(chosen):
        group, low, high, name = (part.strip() for part in row.split(";"))
        price = _cents(rng.uniform(float(low), float(high)))
        later = _cents(float(price) * rng.choice(business["price_factors"])) if rank in changing else price
        weight = (rank + 1 + business["popularity"]["offset"]) ** -float(business["popularity"]["exponent"])
        products.append(Product(name, group, weight, price, later, rng.randrange(days // 4, days * 3 // 4)))
    return products


def sold_on(products: list[Product], layout: Layout) -> list[Product]:
    """Return the products that stand on invoices of the layout."""
    return [product for product in products if layout == "fac-2018" or product.group != PREMIUM]


def _cents(amount: float) -> Decimal:
    ceiling = HIGHEST_UNIT_PRICE if amount > 100 else Decimal("99.99")
    return min(max(Decimal(str(amount)).quantize(CENT), CENT), ceiling)
