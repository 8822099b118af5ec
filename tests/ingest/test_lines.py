"""No line is read twice: ingest hands the line cache to the readers, the loader writes it; the books don't show it."""

import contextlib
import sqlite3

import pytest
from books import BOOKS
from pages import NEW, OLD, changed, png

from invoice_lab.ingest import ingest, reread
from invoice_lab.ocr.engines import load_engine
from invoice_lab.samples import draw_page
from invoice_lab.warehouse import line_store
from invoice_lab.warehouse.connection import database
from invoice_lab.workers import Workforce

SCANS = {"a.png": NEW, "b.png": OLD, "c.png": changed(NEW, invoice_id="FAC_2019_0043")}
SCANS["c.png"]["qr"] = NEW["qr"].replace("0042", "0043")
STATE = BOOKS | {"parts": "sha256, part, status, invoice_id, engine"}


@pytest.fixture
def scans(tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    for name, record in SCANS.items():
        (folder / name).write_bytes(png(draw_page(record)))
    return folder


@pytest.fixture
def lines_read(monkeypatch):
    """Count the lines that the default engine reads."""
    engine, count = load_engine("tesserocr"), []
    words = engine.words

    def counted(picture, hint):
        count.append(hint.shape)
        return words(picture, hint)

    monkeypatch.setattr(engine, "words", counted)
    return count


def read(scans, settings, workspace="lines"):
    """Ingest in this process, where calls can be counted; as a new process does, knowing nothing."""
    line_store._known.cache_clear()
    options = {"workers": Workforce(1, "thread"), "progress": False, "settings": settings, "engine": "tesserocr"}
    if scans is None:
        return reread(every=True, workspace=workspace, **options)
    return ingest(scans, workspace=workspace, **options)


def state(settings, workspace="lines"):
    found = {}
    with database(settings) as server, server.connect("reader", workspace) as connection, connection.cursor() as cursor:
        for table, columns in STATE.items():
            cursor.execute(f"select {columns} from {table} order by 1, 2")
            found[table] = cursor.fetchall()
    return found


def kept(settings, workspace):
    with contextlib.closing(sqlite3.connect(settings.line_cache_file(workspace))) as connection:
        return connection.execute("select count(*) from lines_1").fetchone()[0]


def test_lines_that_were_read_before_are_not_read_again(scans, settings, lines_read):
    assert read(scans, settings).statuses["accepted"] == 3
    assert kept(settings, "lines") == len(lines_read)
    before = state(settings)
    lines_read.clear()
    assert dict(read(None, settings).outcomes) == {"reread": 3}
    assert lines_read == []
    assert state(settings) == before


def test_lines_of_one_page_are_known_on_the_next(scans, settings, lines_read):
    (scans / "c.png").rename(scans.parent / "c.png")
    read(scans, settings)
    lines_read.clear()
    (scans.parent / "c.png").rename(scans / "c.png")
    read(scans, settings)
    assert len(lines_read) == 1  # its invoice id; all else stands on a.png, too


@pytest.mark.parametrize("wrong", ["damaged", "not writable"])
def test_a_line_cache_that_can_not_be_used_changes_nothing(scans, settings, wrong, caplog):
    read(scans, settings, "whole")
    settings.make_workspace_dir("lines")
    if wrong == "damaged":
        settings.line_cache_file("lines").write_bytes(b"no database" * 1000)
    else:
        settings.line_cache_file("lines").mkdir()
    assert read(scans, settings).statuses["accepted"] == 3
    assert "line cache" in caplog.text
    assert state(settings) == state(settings, "whole")


def test_processes_send_what_they_read_to_the_loader(scans, settings):
    options = {"workers": 2, "progress": False, "settings": settings, "engine": "tesserocr"}
    ingest(scans, workspace="lines", **options)
    read(scans, settings, "other")
    assert kept(settings, "lines") == kept(settings, "other")
