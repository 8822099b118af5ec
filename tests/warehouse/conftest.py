"""The `settings` of this room's tests: afterwards nothing may run on their server, and its folder is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from books import Books
from server_tools import eventually, processes

from invoice_lab.settings import Settings
from invoice_lab.warehouse.connection import Database, database
from invoice_lab.warehouse.embedded import remove_embedded
from invoice_lab.warehouse.migrate import migrate


def _clean(settings: Settings) -> None:
    still_there = not eventually(lambda: not processes(settings))
    left = processes(settings)
    remove_embedded(settings)
    assert not still_there, left


@pytest.fixture
def settings(settings: Settings) -> Iterator[Settings]:
    """Settings with an embedded server of the test's own."""
    yield settings
    _clean(settings)


@pytest.fixture(scope="module")
def module_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings with an embedded server for all tests of a module that leave it as it was."""
    folder: Path = tmp_path_factory.mktemp("server")
    settings = Settings(folder / "data", folder / "reports")
    yield settings
    _clean(settings)


@pytest.fixture
def warm_settings(module_settings: Settings) -> Iterator[Settings]:
    """Settings whose server may have been made by an earlier test of the module; nothing may run on it afterwards."""
    yield module_settings
    assert eventually(lambda: not processes(module_settings)), processes(module_settings)


@pytest.fixture(scope="module")
def migrated(module_settings: Settings) -> Iterator[Database]:
    """A running server with the workspaces `sample` and `other`, for all tests of a module."""
    with database(module_settings) as db:
        migrate(db, "sample")
        migrate(db, "other")
        yield db


@pytest.fixture
def books(migrated: Database) -> Iterator[Books]:
    """An empty workspace; whatever a test writes is rolled back."""
    with migrated.connect("loader", "sample") as connection:
        yield Books(connection)
        connection.rollback()
