"""What has the version in which it arrived, by its source's own account, is not fetched again; all else is."""

import os
import shutil

import pytest
from books import numbered
from pages import NEW, png
from servers import FtpServer

from invoice_lab.ingest import ingest
from invoice_lab.samples import draw_page
from invoice_lab.warehouse.connection import database
from invoice_lab.workers import Workforce, task


def page(number):
    return png(draw_page(numbered(NEW, number)))


@pytest.fixture
def server():
    files = {f"/in/{number}.png": page(number) for number in (1, 2, 3)}
    with FtpServer(files) as server:
        server.times = {"/in/1.png": "20260101120000", "/in/2.png": "20260101120000"}
        yield server


def arrived(server, settings):
    """Ingest; return what was fetched, and the outcomes."""
    server.sent.clear()
    url = f"ftp://me@127.0.0.1:{server.port}/in"
    summary = ingest(url, workspace="far", workers=Workforce(1, "thread"), progress=False, settings=settings)
    return sorted(server.sent), dict(summary.outcomes)


def test_only_what_has_another_version_is_fetched(server, settings):
    assert arrived(server, settings) == (["/in/1.png", "/in/2.png", "/in/3.png"], {"new": 3})
    assert arrived(server, settings) == (["/in/3.png"], {"known": 3})  # of which no time is told
    server.times["/in/2.png"] = "20260102120000"
    assert arrived(server, settings) == (["/in/2.png", "/in/3.png"], {"known": 3})
    assert arrived(server, settings) == (["/in/3.png"], {"known": 3})
    server.files["/in/1.png"], server.times["/in/1.png"] = page(4), "20260103120000"
    assert arrived(server, settings) == (["/in/1.png", "/in/3.png"], {"new": 1, "known": 2})
    server.files["/in/0.png"], server.times["/in/0.png"] = page(5), "19990101120000"  # copied in with its old time
    assert arrived(server, settings) == (["/in/0.png", "/in/3.png"], {"new": 1, "known": 3})


def test_a_scan_that_failed_is_read_again_without_being_fetched(server, settings, monkeypatch):
    original = task.judge

    def broken(page):
        if page.problem is None:
            raise RuntimeError("a bug")
        return original(page)

    with monkeypatch.context() as patched:
        patched.setattr(task, "judge", broken)
        assert arrived(server, settings)[1] == {"new": 3}
    del server.files["/in/3.png"]
    assert arrived(server, settings) == ([], {"new": 2})
    with database(settings) as books, books.connect("reader", "far") as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from parts where status = 'accepted'")
        assert cursor.fetchone() == (2,)


def test_what_the_scan_store_has_lost_is_fetched_again(server, settings):
    arrived(server, settings)
    shutil.rmtree(settings.scan_store_dir("far"))
    assert arrived(server, settings) == (["/in/1.png", "/in/2.png", "/in/3.png"], {"known": 3})
    assert arrived(server, settings) == (["/in/3.png"], {"known": 3})


def test_a_file_whose_name_is_no_text_is_fetched_each_time(tmp_path, settings):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(page(1))
    options = {"workers": Workforce(1, "thread"), "progress": False, "settings": settings}
    for outcomes in ({"new": 1}, {"known": 1}):
        assert dict(ingest(f"file://{folder}", workspace="far", **options).outcomes) == outcomes


def test_what_was_not_committed_is_fetched_again(server, settings, monkeypatch):
    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr("invoice_lab.ingest.batch.set_versions", lambda *_: (_ for _ in ()).throw(RuntimeError("ends")))
        arrived(server, settings)
    assert arrived(server, settings) == (["/in/1.png", "/in/2.png", "/in/3.png"], {"new": 3})
