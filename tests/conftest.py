"""Fixtures of all tests: settings in a folder of their own, the shared real data where it is present."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from invoice_lab.logs import VARIABLE as LOG_VARIABLE
from invoice_lab.settings import Settings
from invoice_lab.warehouse.embedded import remove_embedded

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True)
def logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave our logger and its variable as they were: what a command does would stay for the tests after it."""
    monkeypatch.setenv(LOG_VARIABLE, "")  # whatever is set later is taken back only where something was set here
    monkeypatch.delenv(LOG_VARIABLE)
    ours = logging.getLogger("invoice_lab")
    level, handlers = ours.level, [*ours.handlers]
    yield
    ours.setLevel(level)
    for handler in set(ours.handlers) - set(handlers):
        ours.removeHandler(handler)
        handler.close()


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings with data and reports below the test's own folder, and the embedded server, deleted afterwards."""
    own = Settings(data_dir=tmp_path / "data", reports_dir=tmp_path / "reports")
    yield own
    remove_embedded(own)


@pytest.fixture(scope="module")
def module_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings for all tests of a module."""
    folder = tmp_path_factory.mktemp("module")
    own = Settings(data_dir=folder / "data", reports_dir=folder / "reports")
    yield own
    remove_embedded(own)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real invoices and transactions beside the checkout; the test is skipped where it is absent."""
    if not (SHARED / "README.md").is_file():
        pytest.skip(f"needs the real data in {SHARED}, which is not there")
    return SHARED
