"""A dashboard server on the project's own notebooks, and one on tiny ones, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Chrome, chrome
from cache_data import cache_from_truth, small_truth
from dashboard_server import SECRET, write_tiny_notebooks

from invoice_lab.dashboards.server import Dashboards, dashboards
from invoice_lab.settings import Settings

INVOICES = 200
"""Of `real`: with 24 customers, enough for every figure of every page."""


@pytest.fixture
def tiny_notebooks(tmp_path: Path) -> Path:
    """A folder of notebooks as small as can be."""
    return write_tiny_notebooks(tmp_path / "notebooks")


@pytest.fixture(scope="module")
def tiny_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of `tiny`."""
    folder = tmp_path_factory.mktemp("tiny")
    return Settings(folder / "data", folder / "reports")


@pytest.fixture(scope="module")
def tiny(tiny_settings: Settings) -> Iterator[Dashboards]:
    """A server of the tiny notebooks, started by someone with secrets in the environment."""
    cache_from_truth(small_truth(), tiny_settings)
    notebooks = write_tiny_notebooks(tiny_settings.data_dir / "notebooks")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", f"postgresql://owner:{SECRET}@db.example/books")
        environment.setenv("PGPASSWORD", SECRET)
        environment.setenv("SOME_TOKEN", SECRET)
        with dashboards(tiny_settings, "sample", port=0, notebooks=notebooks) as running:
            yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    """A headless Chromium."""
    with chrome() as running:
        yield running


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboards]:
    """A server of the project's own notebooks on small data."""
    folder = tmp_path_factory.mktemp("real")
    settings = Settings(folder / "data", folder / "reports")
    cache_from_truth(small_truth(INVOICES, customers=47), settings)
    with dashboards(settings, "sample", port=0) as running:
        yield running
