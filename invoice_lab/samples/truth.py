"""What is true of a drawn scan: the records of ``truth.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from importlib.resources import files
from random import Random
from typing import Any, Literal, NotRequired, TypedDict

import yaml

Layout = Literal["fac-2018", "fac-2019"]


class CustomerTruth(TypedDict):
    """Who is billed: number and category on fac-2019, e-mail, gender and birth date on fac-2018."""

    name: str | None
    email: str | None
    address: list[str]
    number: NotRequired[str | None]
    category: NotRequired[str | None]
    gender: NotRequired[str | None]
    birth_date: NotRequired[str | None]


class LineTruth(TypedDict):
    """One line as printed; the unit price is a text such as ``12.50``."""

    product: str
    quantity: int
    unit_price: str


class Expected(TypedDict):
    """What a reader should say of the scan: status and finding (None: not determined), and the name of the trouble."""

    status: str | None
    finding: str | None
    kind: str | None


class Record(TypedDict):
    """One scan: what is printed on it and, in ``qr``, the payload of its QR code; all None where it is no invoice."""

    file: str
    layout: Layout | None
    invoice_id: str | None
    issued_at: str | None
    customer: CustomerTruth | None
    lines: list[LineTruth] | None
    total: str | None
    qr: str | None
    expected: NotRequired[Expected]


def qr_payload(layout: Layout, invoice_id: str, issued_at: datetime, customer: CustomerTruth) -> str:
    """Write the text of the QR code of an invoice."""
    head = f"INVOICE:{invoice_id}\nDATE:{issued_at}\n"
    if layout == "fac-2019":
        return f"{head}CUST:{customer['number']}\nCAT:{customer['category']}"
    return f"{head}CUST:{customer['gender']}, birth {customer['birth_date']}\n"


def to_jsonl(records: Iterable[Record]) -> str:
    """Write the records as JSON, one a line."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def chance(*names: object) -> Random:
    """Make a source of chance that depends on the names alone, so that no drawing disturbs another."""
    return Random(" ".join(map(str, names)))  # noqa: S311 - pictures, not secrets


def read_yaml(name: str) -> dict[str, Any]:
    """Read a data file of this package that holds YAML."""
    values: dict[str, Any] = yaml.safe_load(_read(name))
    return values


def read_rows(name: str) -> list[str]:
    """Read the rows of a data file of this package, without comments."""
    return [row for row in _read(name).splitlines() if row and not row.startswith("#")]


def _read(name: str) -> str:
    return (files(__package__) / "data" / name).read_text(encoding="utf-8")
