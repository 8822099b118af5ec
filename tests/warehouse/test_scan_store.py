"""The scan store keeps bytes once, unchanged, whole."""

import pytest

from invoice_lab.errors import UsageError
from invoice_lab.sources.scan import Scan
from invoice_lab.warehouse.scan_store import ScanStore

SCAN = Scan.of("a.png", b"some bytes")


def test_bytes_come_back_unchanged(tmp_path):
    store = ScanStore(tmp_path)
    assert SCAN.sha256 not in store
    store.put(SCAN)
    store.put(SCAN)
    assert SCAN.sha256 in store
    assert store.get(SCAN.sha256, "a.png") == SCAN
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    import os

    def broken(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    store = ScanStore(tmp_path)
    with pytest.raises(UsageError, match="No space"):
        store.put(SCAN)
    assert SCAN.sha256 not in store
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_unknown_scan_is_told(tmp_path):
    with pytest.raises(UsageError, match="no scan"):
        ScanStore(tmp_path).get("0" * 64)


def test_any_fsspec_url_serves():
    store = ScanStore("memory://invoice-lab-test/scans")
    store.put(SCAN)
    assert store.get(SCAN.sha256).data == SCAN.data
