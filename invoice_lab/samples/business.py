"""The made-up business: which customer bought what, when and at which price."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

from invoice_lab.samples.assortment import Product, make_products, sold_on
from invoice_lab.samples.people import Customer, make_customers
from invoice_lab.samples.rhythm import Rhythm, Seasons, exactly
from invoice_lab.samples.truth import Layout, LineTruth, Record, chance, qr_payload, read_rows, read_yaml

SHARE_OF_2018 = 1 / 3
MOST_LINES, MOST_PIECES = 9, 9


@dataclass(frozen=True)
class Shopper:
    """A customer in front of the shelves: the products to be had, those loved best first in `favourites`."""

    customer: Customer
    products: list[Product]
    favourites: list[Product]
    repeated: float

    def basket(self, day: int, rng: Random) -> list[LineTruth]:
        """Choose products and quantities at the prices of a day; rarely a product stands on two lines."""
        habit, chosen = self.customer.habit, list[Product]()
        size = _between(habit["lines"], MOST_LINES, rng)
        while len(chosen) < size:
            product = self._choose(rng)
            if product not in chosen or rng.random() < self.repeated:
                chosen.append(product)
        return [
            LineTruth(
                product=product.name,
                quantity=_between(habit["quantity"], MOST_PIECES, rng),
                unit_price=str(product.price_on(day)),
            )
            for product in chosen
        ]

    def _choose(self, rng: Random) -> Product:
        if rng.random() < self.customer.habit["loyalty"]:
            return rng.choices(self.favourites, [1 / (rank + 1.5) for rank in range(len(self.favourites))])[0]
        return rng.choices(self.products, [product.weight for product in self.products])[0]


def make_invoices(count: int, seed: int) -> list[Record]:
    """Make the records of `count` invoices, ordered by layout, then by date; ``file`` is still empty.

    Parameters
    ----------
    count : int
        How many; a third of them are of layout fac-2018.
    seed : int
        The seed of all chance.
    """
    business, people, rng = read_yaml("business.yaml"), read_yaml("people.yaml"), chance("business", seed)
    products = make_products(business, read_rows("products.txt"), rng)
    old = round(count * SHARE_OF_2018)
    shares: tuple[tuple[Layout, int], ...] = (("fac-2018", old), ("fac-2019", count - old))
    records = []
    for layout, share in shares:
        customers = make_customers(
            layout, round(share / business["invoices_a_customer"]) or min(share, 1), business, people, rng
        )
        shoppers = [_shopper(customer, sold_on(products, layout), business, rng) for customer in customers]
        records += _sell(share, shoppers, business, rng)
    return records


def total_of(lines: list[LineTruth]) -> str:
    """Sum up the lines, in EUR as ``0.00``."""
    return str(sum((line["quantity"] * Decimal(line["unit_price"]) for line in lines), Decimal("0.00")))


def _sell(count: int, shoppers: list[Shopper], business: dict[str, Any], rng: Random) -> list[Record]:
    """Let the shoppers buy `count` times and number their invoices by date, from 1 in each year."""
    seasons = Seasons(business)
    purchases = exactly(count, [Rhythm(shopper.customer.habit, seasons, rng) for shopper in shoppers])
    sold: list[tuple[datetime, Customer, list[LineTruth]]] = []
    for shopper, days in zip(shoppers, purchases, strict=True):
        for day in map(seasons.calendar_day, days):
            moment = seasons.moment(day, business["opening_hours"], rng)
            sold.append((moment, shopper.customer, shopper.basket(day, rng)))
    sold.sort(key=lambda sale: sale[0])
    numbers: dict[int, int] = {}
    records = []
    for moment, customer, basket in sold:
        numbers[moment.year] = number = numbers.get(moment.year, 0) + 1
        records.append(_record(number, moment, customer, basket))
    return records


def _record(number: int, moment: datetime, customer: Customer, lines: list[LineTruth]) -> Record:
    layout = customer.layout
    mark = "_" if layout == "fac-2019" else "/"
    invoice_id = f"FAC{mark}{moment.year}{mark}{number:04d}"
    return Record(
        file="",
        layout=layout,
        invoice_id=invoice_id,
        issued_at=str(moment),
        customer=customer.truth,
        lines=lines,
        total=total_of(lines),
        qr=qr_payload(layout, invoice_id, moment, customer.truth),
    )


def _shopper(customer: Customer, products: list[Product], business: dict[str, Any], rng: Random) -> Shopper:
    """Choose the customer's favourites, mostly from two groups of products."""
    liked = set(rng.sample(sorted({product.group for product in products}), 2))
    left, favourites = list(products), []
    for _ in range(customer.habit["favourites"]):
        weights = [product.weight * (business["taste"] if product.group in liked else 1) for product in left]
        favourites.append(left.pop(rng.choices(range(len(left)), weights)[0]))
    return Shopper(customer, products, favourites, business["repeated_product"])


def _between(bounds: list[int], most: int, rng: Random) -> int:
    """Draw a whole number, triangular around the usual value of (lowest, usual, highest)."""
    low, usual, high = bounds
    return min(max(round(rng.triangular(low - 0.49, high + 0.49, usual)), low), high, most)
