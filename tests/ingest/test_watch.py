"""A watched folder: what comes new is ingested once it is whole, until the watcher is told to stop."""

import os
import signal
import subprocess
import sys
import time

import pytest
from pages import NEW, OLD, png

from invoice_lab.errors import NothingFoundError
from invoice_lab.ingest import watch
from invoice_lab.ingest.stop import StopRequest
from invoice_lab.ingest.watching import Ready
from invoice_lab.samples import draw_page
from invoice_lab.warehouse.cache import open_cache

MAIN = "from invoice_lab.cli import main; main()"
FIRST, SECOND = png(draw_page(NEW)), png(draw_page(OLD))


def names(listing):
    return [name for name, _ in listing.files] if listing else []


def test_a_file_is_ready_once_it_does_not_change_any_more(tmp_path):
    ready, seen = Ready(tmp_path), {}
    assert ready.look(seen) is None
    (tmp_path / "a.png").write_bytes(FIRST[:1000])
    (tmp_path / "notes.txt").write_text("no scan")
    assert names(ready.look(seen)) == []
    (tmp_path / "a.png").write_bytes(FIRST)
    assert names(ready.look(seen)) == []
    assert names(ready.look(seen)) == ["a.png"]
    seen |= ready.states
    assert names(ready.look(seen)) == []
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.png").write_bytes(SECOND)
    assert names(ready.look(seen)) == []
    assert names(ready.look(seen)) == ["deep/b.png"]
    (tmp_path / "a.png").write_bytes(SECOND)
    assert names(ready.look(seen)) == ["deep/b.png"]
    assert names(ready.look(seen)) == ["a.png", "deep/b.png"]


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(NothingFoundError, match="no folder"):
        watch(tmp_path / "gone", workspace="watched")


def invoices(settings):
    try:
        with open_cache("watched", settings) as cache:
            return cache.meta.counts["invoices"]
    except Exception:
        return 0


def eventually(condition, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


def test_scans_that_come_are_in_the_cache_until_it_is_stopped(tmp_path, settings):
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "before.png").write_bytes(FIRST)
    environment = os.environ | {
        "INVOICE_LAB_DATA": str(settings.data_dir),
        "INVOICE_LAB_LOG": str(tmp_path / "log.jsonl"),
    }
    command = [sys.executable, "-c", MAIN, "watch", str(folder), "--workspace", "watched", "--workers", "1"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert eventually(lambda: invoices(settings) == 1)
            (folder / "late.png").write_bytes(SECOND)
            assert eventually(lambda: invoices(settings) == 2)
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=60)[0]
        finally:
            process.kill()
    assert process.returncode == 0
    assert said.count("1 accepted / 0 review") == 2
    assert (tmp_path / "log.jsonl").read_text().count('"committed"') == 2


def test_a_request_to_stop_ends_the_batch_and_the_watch():
    with StopRequest() as outer:
        with StopRequest() as inner:
            signal.raise_signal(signal.SIGTERM)
            assert not inner.wanted()
        assert not outer.wanted()
