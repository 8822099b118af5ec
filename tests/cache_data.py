"""Caches made straight from truth records, for tests of what comes after the books."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from invoice_lab.settings import Settings
from invoice_lab.warehouse.cache import TABLES, publish


def read_truth(path: Path) -> list[dict[str, Any]]:
    """Read a truth.jsonl."""
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def small_truth(invoices: int = 60, customers: int = 25) -> list[dict[str, Any]]:
    """Make plain truth records by arithmetic, without drawing anything; every third customer is of fac-2018."""
    return [_record(n, n * n % customers) for n in range(invoices)]


def cache_from_truth(
    records: Iterable[dict[str, Any]], settings: Settings, workspace: str = "sample", sample: bool = True
) -> Path:
    """Publish a cache that holds the records as accepted invoices."""
    frames = _frames(list(records))

    return publish(settings.cache_dir(workspace), workspace, partial(insert, frames=frames), sample=sample)


def insert(connection: duckdb.DuckDBPyConnection, frames: Mapping[str, pd.DataFrame]) -> None:
    """Fill the tables of a cache with frames."""
    for table in TABLES:
        if len(frames[table]):
            connection.register("frame", frames[table])
            connection.execute(f"insert into {table} select * from frame")
            connection.unregister("frame")


def _id(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _record(n: int, customer: int) -> dict[str, Any]:
    old = customer % 3 == 0
    who = {"name": f"Customer {customer} <b>", "address": [f"{customer} Long Street", "12345 Town"]}
    who |= (
        {"email": f"c{customer}@example.com", "gender": "FM"[customer % 2], "birth_date": f"19{50 + customer}-03-04"}
        if old
        else {"email": None, "number": f"{customer:05d}", "category": "ABC"[customer % 3]}
    )
    lines = [
        {
            "product": f"Product {(n * (i + 1) + customer) % 17}.",
            "quantity": 1 + (n + i) % 9,
            "unit_price": f"{3 + (n * (i + 1) + customer) % 17}.50",
        }
        for i in range(1 + n % 4)
    ]
    total = sum(line["quantity"] * float(line["unit_price"]) for line in lines)
    return {
        "file": f"{n}.png",
        "layout": "fac-2018" if old else "fac-2019",
        "invoice_id": f"FAC_{n:04d}",
        "issued_at": str(pd.Timestamp("2019-01-03 10:00") + pd.Timedelta(days=7 * n + customer)),
        "customer": who,
        "lines": lines,
        "total": f"{total:.2f}",
        "qr": "",
    }


def _frames(records: list[dict[str, Any]]) -> dict[str, pd.DataFrame]:
    customers: dict[str, list[Any]] = {}
    products: dict[str, list[Any]] = {}
    invoices, lines, parts = [], [], []
    for record in records:
        who, sha = record["customer"], hashlib.sha256(record["file"].encode()).hexdigest()
        customer = _id(who.get("number") or f"{who['email']} {who['birth_date']}")
        invoice = _id(record["layout"], record["invoice_id"])
        customers[customer] = [customer, who.get("number"), who["name"], who.get("email"), who.get("birth_date"),
                               who.get("gender"), who.get("category"), "\n".join(who["address"])]  # fmt: skip
        invoices.append([invoice, record["layout"], record["invoice_id"], customer, pd.Timestamp(record["issued_at"]),
                         None, None, record["total"], "EUR", sha, 0])  # fmt: skip
        parts.append(
            [sha, 0, record["file"], "accepted", record["layout"], record["invoice_id"], invoice, "truth", "1", 0.9]
        )
        for no, line in enumerate(record["lines"], start=1):
            product = _id(line["product"].casefold())
            products[product] = [product, None, line["product"]]
            amount = f"{line['quantity'] * float(line['unit_price']):.2f}"
            lines.append([invoice, no, product, line["quantity"], line["unit_price"], amount])
    rows = {"customers": list(customers.values()), "products": list(products.values()), "invoices": invoices,
            "invoice_lines": lines, "parts": parts, "findings": [],
            "field_counts": [["accepted", "total", "truth", 0.9, len(parts)]] if parts else []}  # fmt: skip
    return {table: pd.DataFrame(rows[table]) for table in TABLES}
