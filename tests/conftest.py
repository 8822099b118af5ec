"""Fixtures of all tests: settings in a folder of their own, the shared real data where it is present."""

from __future__ import annotations

from pathlib import Path

import pytest

from invoice_lab.settings import Settings

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with data and reports below the test's own folder, and the embedded server."""
    return Settings(data_dir=tmp_path / "data", reports_dir=tmp_path / "reports")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real invoices and transactions beside the checkout; the test is skipped where it is absent."""
    if not (SHARED / "README.md").is_file():
        pytest.skip(f"needs the real data in {SHARED}, which is not there")
    return SHARED
