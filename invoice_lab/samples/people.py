"""Made-up customers with a rhythm, a basket and favourite products of their own."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Any

from invoice_lab.samples.truth import CustomerTruth, Layout

YOUNGEST, OLDEST = date(2000, 12, 31), date(1942, 1, 1)
TRIES = 50
"""How often another name is tried before the person becomes a namesake of somebody."""
MAILBOXES = ("example.com", "example.org", "example.net")
_SPELLED_OUT = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th"}
)


@dataclass(frozen=True)
class Customer:
    """One customer of the made-up business.

    Attributes
    ----------
    layout : {"fac-2018", "fac-2019"}
        The layout of all this customer's invoices.
    truth : CustomerTruth
        What the invoices say of the customer.
    habit : dict
        The kind of customer, an entry of ``customers`` in ``data/business.yaml``.
    """

    layout: Layout
    truth: CustomerTruth
    habit: dict[str, Any]


def make_customers(
    layout: Layout, count: int, business: dict[str, Any], people: dict[str, Any], rng: Random
) -> list[Customer]:
    """Make `count` customers of a layout, the kinds in their shares; the last one bears the name of the first.

    Parameters
    ----------
    layout : {"fac-2018", "fac-2019"}
        The layout of their invoices.
    count : int
        How many; from two on there is a pair of namesakes.
    business, people : dict
        The contents of ``data/business.yaml`` and ``data/people.yaml``.
    rng : Random
        The source of chance.
    """
    numbers = [0, *rng.sample(range(1, max(1000, 2 * count)), max(count - 1, 0))][:count]
    rng.shuffle(numbers)
    customers: list[Customer] = []
    for habit, number in zip(_kinds(business["customers"], count, rng), numbers, strict=True):
        namesake = customers[0] if len(customers) == count - 1 > 0 else None
        truth = _person(layout, people, customers, namesake, rng)
        if layout == "fac-2019":
            truth |= {"number": f"{number:05d}", "category": rng.choice(habit["categories"])}
        customers.append(Customer(layout, truth, habit))
    return customers


def _kinds(kinds: dict[str, dict[str, Any]], count: int, rng: Random) -> list[dict[str, Any]]:
    """Deal out the kinds by their shares (systematic sampling: each share is met to within one customer)."""
    bounds = list(accumulate(kind["share"] for kind in kinds.values()))
    marks = ((n + 0.5) * bounds[-1] / count for n in range(count))
    dealt = [next(kind for kind, bound in zip(kinds.values(), bounds, strict=True) if mark < bound) for mark in marks]
    rng.shuffle(dealt)
    return dealt


def _person(
    layout: Layout, people: dict[str, Any], known: list[Customer], namesake: Customer | None, rng: Random
) -> CustomerTruth:
    country = people[rng.choices(list(people), [country["share"] for country in people.values()])[0]]
    gender, name = _name(country, {who.truth["name"] for who in known}, rng)
    if namesake is not None:
        gender, name = namesake.truth.get("gender") or gender, namesake.truth["name"] or name
    truth = CustomerTruth(name=name, email=None, address=_address(country, rng))
    if layout == "fac-2018":
        truth["email"] = _email(name, rng, {who.truth["email"] for who in known})
        born = OLDEST + timedelta(days=rng.randrange((YOUNGEST - OLDEST).days))
        truth |= {"gender": gender, "birth_date": born.isoformat()}
    return truth


def _name(country: dict[str, Any], taken: set[str | None], rng: Random) -> tuple[str, str]:
    """Draw gender and name, again while the name is taken (in a large batch it may remain so)."""
    for _ in range(TRIES):
        gender = rng.choice("FM")
        name = f"{rng.choice(country['women' if gender == 'F' else 'men'])} {rng.choice(country['surnames'])}"
        if name not in taken:
            break
    return gender, name


def _address(country: dict[str, Any], rng: Random) -> list[str]:
    parts = {
        "n": rng.choice((rng.randint(1, 99), rng.randint(100, 999))),
        "flat": rng.randint(1, 120),
        "floor": rng.randint(1, 6),
        "post": f"{rng.randint(1000, 98999):05d}",
        "street": rng.choice(country["streets"]),
        "city": rng.choice(country["cities"]),
    }
    return [str(rng.choice(country[line])).format_map(parts) for line in ("line1", "line2")]


def _email(name: str, rng: Random, taken: set[str | None]) -> str:
    first, last = map(_ascii, name.split(" ", maxsplit=1))
    stem = rng.choice((f"{first}.{last}", f"{first[0]}{last}", f"{last}.{first}", f"{first}{rng.randint(10, 99)}"))
    email = f"{stem}@{rng.choice(MAILBOXES)}"
    return email if email not in taken else f"{first}.{last}{len(taken)}@{MAILBOXES[0]}"


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.translate(_SPELLED_OUT)).lower()
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())
