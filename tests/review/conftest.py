"""A workspace with parts under review, accepted ones and a copy; each test gets one of its own on a shared server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from books import WRONG_TOTAL, Books, numbered
from click.testing import CliRunner, Result
from pages import NEW, page_of, png

from invoice_lab.cli import main
from invoice_lab.ocr.page import Box, Page
from invoice_lab.review import Reviews
from invoice_lab.samples import draw_page
from invoice_lab.settings import Settings
from invoice_lab.sources.scan import Scan
from invoice_lab.warehouse.connection import Database, database
from invoice_lab.warehouse.migrate import migrate
from invoice_lab.warehouse.scan_store import ScanStore

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>\x1b[31m\u202e'
_numbers = count()


@dataclass(frozen=True)
class Shop:
    """A workspace and what is in it."""

    workspace: str
    settings: Settings
    reviews: Reviews
    run: Callable[..., Result]
    database: Database

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.database.connect("owner", self.workspace) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()


@pytest.fixture(scope="module")
def server(module_settings: Settings) -> Iterator[Database]:
    """A running server for the tests of a module."""
    with database(module_settings) as books:
        yield books


@pytest.fixture
def shop(server: Database, module_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Two accepted invoices, one in review for its total, one in review for all that can be wrong."""
    name = f"shop{next(_numbers)}"
    monkeypatch.setenv("INVOICE_LAB_DATA", str(module_settings.data_dir))
    monkeypatch.setenv("INVOICE_LAB_REPORTS", str(module_settings.reports_dir))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    module_settings.make_workspace_dir(name)
    migrate(server, name)
    with server.connect("loader", name) as connection:
        books, store = Books(connection), ScanStore(module_settings.scan_store_dir(name))
        for file, record in (("a.png", NEW), ("b.png", numbered(NEW, 44)), ("sub/total.png", WRONG_TOTAL)):
            store.put(scan := Scan.of(file, png(draw_page(record))))
            books.arrive_page(file, _boxed(page_of(record, scan.sha256)))
        lost = page_of(numbered(NEW, 45), "f" * 64)
        fields = {**lost.fields, "name": _named(lost, HOSTILE)}
        books.arrive_page(f"{HOSTILE}.png", _boxed(replace(lost, fields=fields, qr=None)))

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(main, ["review", *map(str, arguments), "--workspace", name])

    return Shop(name, module_settings, Reviews(name, "ann", module_settings), run, server)


def _boxed(page: Page) -> Page:
    boxes = {"total": Box(495, 265, 120, 20), "name": Box(20, 80, 200, 25), "email": Box(900, 2000, 5, 5)}
    fields = {name: replace(field, box=boxes.get(name)) for name, field in page.fields.items()}
    return replace(page, fields={name: replace(field, confidence=0.99) for name, field in fields.items()})


def _named(page: Page, text: str) -> Any:
    return replace(page.fields["name"], raw=text, value=text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to write to."""
    return tmp_path / "out"
