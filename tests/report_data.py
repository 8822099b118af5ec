"""A cache with everything a report must cope with: hostile texts, doubtful scans, a second currency's absence."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import nbformat
from cache_data import _frames, insert, small_truth

from invoice_lab.reporting.markup import Html
from invoice_lab.reporting.render import render_html
from invoice_lab.settings import Settings, notebooks_dir
from invoice_lab.warehouse.cache import publish

HOSTILE_NAME = '<script>alert("x")</script><img src=x onerror=alert(1)>'
HOSTILE_PRODUCT = "=1+1</td><script src='https://evil.example/x.js'></script>$\\frac{a}{b}$"
HOSTILE_MESSAGE = "Read <iframe src='http://evil.example'>\x00\u202e, expected 12.00."


def hostile_truth() -> list[dict[str, Any]]:
    """Truth records whose best customer and best product bear hostile names."""
    records = small_truth(invoices=90, customers=30)
    for number, record in enumerate(records):
        record["customer"] = {**record["customer"], "name": f"{HOSTILE_NAME} {record['customer']['name']}"}
        if number % 3 == 0:
            record["lines"][0]["product"] = HOSTILE_PRODUCT
    return records


def doubtful_cache(settings: Settings, workspace: str = "sample") -> Path:
    """Publish the hostile records, with parts under review, rejected and failed beside them."""
    frames = _frames(hostile_truth())
    extra = [("review", "total-mismatch", "total"), ("review", "qr-unreadable", None), ("rejected", "no-invoice", None),
             ("failed", "crash", None)]  # fmt: skip

    def fill(connection: duckdb.DuckDBPyConnection) -> None:
        insert(connection, frames)
        for number, (status, code, field) in enumerate(extra):
            sha = hashlib.sha256(f"extra {number}".encode()).hexdigest()
            connection.execute(
                "insert into parts values (?, 0, ?, ?, 'fac-2019', ?, null, 'truth', '1', 0.4)",
                [sha, f"doubt/{HOSTILE_NAME}-{number}.png", status, f"FAC_{number}"],
            )
            connection.execute(
                "insert into findings values (?, 0, 0, ?, 'error', ?, ?)", [sha, code, field, HOSTILE_MESSAGE]
            )
        for status, number in Counter(status for status, _, _ in extra).items():
            connection.execute(
                "insert into field_counts values (?, 'customer.name', 'truth', 0.35, ?)", [status, number]
            )

    return publish(settings.cache_dir(workspace), workspace, fill, sample=True)


def empty_cache(settings: Settings, workspace: str = "sample") -> Path:
    """Publish a cache without a row."""
    return publish(settings.cache_dir(workspace), workspace, lambda connection: None)


@contextlib.contextmanager
def environment(settings: Settings) -> Iterator[None]:
    """Let notebooks' code find the test's folders."""
    values = {"INVOICE_LAB_DATA": str(settings.data_dir), "INVOICE_LAB_REPORTS": str(settings.reports_dir)}
    with mock.patch.dict(os.environ, values | {"INVOICE_LAB_PAGE": "report"}):
        yield


def page_of(name: str, settings: Settings, **parameters: object) -> tuple[str, Mapping[str, Any]]:
    """Run a notebook's cells in this process; return the markup of its outputs and what it recorded."""
    cells = nbformat.read(notebooks_dir() / f"{name}.ipynb", as_version=4).cells
    scope: dict[str, Any] = {"__name__": "notebook"}
    shown, values = io.StringIO(), {}
    with environment(settings):
        for cell in cells:
            tags = cell.metadata.get("tags", ())
            if cell.cell_type != "code" or "interactive" in tags:
                continue
            if cell.source.startswith("record("):
                values = scope["page"].values()
            elif cell.source.startswith("page."):
                output = eval(cell.source, scope)  # our own notebook
                assert isinstance(output, Html)
                shown.write(output)
            else:
                exec(cell.source, scope)
            if "parameters" in tags:
                scope.update(parameters)
    scope["page"].cache.close()
    return shown.getvalue(), values


def rendered(html: Path, title: str, *parts: str) -> Path:
    """Write pieces of markup as a page, as reports are written, without running a notebook; return its path."""
    cell = nbformat.v4.new_code_cell("page")
    cell.outputs = [
        nbformat.v4.new_output("execute_result", data={"text/html": str.__str__(part)}, execution_count=1)
        for part in parts
    ]
    notebook = html.with_suffix(".ipynb")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), notebook)
    return render_html(notebook, html, title)
