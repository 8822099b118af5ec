"""Fixtures of the tests of reading."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from invoice_lab.ocr.layouts import load_layouts
from invoice_lab.ocr.layouts.load import FOLDER_VARIABLE


@pytest.fixture(scope="session", autouse=True)
def one_core() -> Iterator[None]:
    """Keep linear algebra to one core, as the workers do: on a busy machine its threads wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty folder in which layouts are looked for."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    load_layouts.cache_clear()
    yield tmp_path
    load_layouts.cache_clear()
