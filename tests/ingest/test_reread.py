"""Scans of the books read again after an engine or layout changed: what it affects, and nothing is lost meanwhile."""

import contextlib
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from books import BOOKS
from pages import NEW, OLD, changed, png

from invoice_lab.errors import InterruptedRunError, UsageError
from invoice_lab.ingest import ingest, reread, rereading, run
from invoice_lab.ocr.layouts import layout_digest
from invoice_lab.samples import draw_page
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.judge import judge
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.parts import find_part
from invoice_lab.warehouse.reread import load_rereads
from invoice_lab.warehouse.review import Decision, decide
from invoice_lab.warehouse.scan_store import ScanStore
from invoice_lab.workers import Workforce, pool, task

SCANS = {"new.png": NEW, "old.png": OLD, "other.png": changed(OLD, invoice_id="FAC/2018/0008")}
SCANS["other.png"]["qr"] = OLD["qr"].replace("0007", "0008")
STATE = BOOKS | {"parts": "sha256, part, status, invoice_id, engine, layout_digest"}


@pytest.fixture
def books(tmp_path, settings):
    """A workspace with three scans that were read by drawing, and a copy of one of them in other bytes."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for name, record in SCANS.items():
        (folder / name).write_bytes(png(draw_page(record)))
    (folder / "zz-copy.png").write_bytes(png(draw_page(NEW).convert("RGB")))
    summary = ingest(folder, workspace="again", workers=1, progress=False, settings=settings)
    assert dict(summary.outcomes) == {"new": 3, "duplicate": 1}
    shutil.rmtree(folder)  # what is read again comes from the store
    with database(settings):
        yield settings


def again(settings, engine="auto", **options):
    return reread(workspace="again", engine=engine, workers=1, progress=False, settings=settings, **options)


@contextlib.contextmanager
def cursor_of(settings, role):
    with database(settings) as server, server.connect(role, "again") as connection, connection.cursor() as cursor:
        yield cursor


def state(settings):
    found = {}
    with cursor_of(settings, "reader") as cursor:
        for table, columns in STATE.items():
            cursor.execute(f"select {columns} from {table} order by 1, 2")
            found[table] = cursor.fetchall()
    return found


def engines(settings):
    return [row[4] for row in state(settings)["parts"]]


def test_where_nothing_changed_nothing_is_read(books):
    before = state(books)
    summary = again(books)
    assert (summary.scans, dict(summary.outcomes)) == (0, {})
    assert state(books) == before


def test_all_can_be_read_again_and_nothing_changes(books):
    before = state(books)
    summary = again(books, every=True)
    assert dict(summary.outcomes) == {"reread": 4}
    assert state(books) == before


def test_another_engine_reads_what_the_first_has_read_and_back(books):
    before = state(books)
    summary = again(books, "tesserocr")
    assert dict(summary.outcomes) == {"reread": 4}
    assert engines(books) == ["tesserocr"] * 4
    assert again(books, "tesserocr").scans == 0
    again(books)
    assert state(books) == before


def test_a_changed_layout_affects_its_own_scans_alone(books, monkeypatch):
    monkeypatch.setattr(
        rereading, "layout_digest", lambda name: layout_digest(name) + ("!" if name == "fac-2018" else "")
    )
    assert again(books).scans == 2


def stale(settings, content):
    """Let a scan's reading in the books differ from what is read of it now: its date is another."""
    record = SCANS[content]
    sha256 = Scan.of(content, png(draw_page(record))).sha256
    with cursor_of(settings, "loader") as cursor:
        cursor.execute("update parts set engine_version = 'older' where sha256 = %s", (sha256,))
        cursor.execute("update invoices set digest = 'older', total = 1.00 where sha256 = %s", (sha256,))
    return sha256


def test_another_content_takes_the_place_of_the_earlier_one_with_all_that_hangs_on_it(books):
    before = state(books)
    stale(books, "old.png")
    assert state(books) != before
    assert again(books).scans == 1
    assert state(books) == before


def test_a_copy_of_an_invoice_that_changed_is_decided_on_again(books):
    before = state(books)
    stale(books, "new.png")
    assert again(books).scans == 1
    after = state(books)
    assert [row for row in after["invoices"] if row[0].endswith("0042")] == [
        row for row in before["invoices"] if row[0].endswith("0042")
    ]
    assert [row[2:4] for row in after["parts"]] == [row[2:4] for row in before["parts"]]


def test_what_a_person_decided_is_left_alone(books):
    sha256 = stale(books, "old.png")
    with cursor_of(books, "loader") as cursor:
        decide(cursor.connection, find_part(cursor, sha256), Decision("reject", "ann", "no invoice of ours"))
    before = state(books)
    assert again(books).scans == 0
    assert again(books, every=True).scans == 3
    assert [row for row in state(books)["parts"] if row[0] == sha256] == [
        row for row in before["parts"] if row[0] == sha256
    ]


def test_a_reading_that_breaks_leaves_the_earlier_one(books):
    before = state(books)
    sha256 = Scan.of("new.png", png(draw_page(NEW))).sha256
    store = ScanStore(books.scan_store_dir("again"))
    (Path(books.scan_store_dir("again")) / sha256[:2] / sha256).unlink()
    assert sha256 not in store
    summary = again(books, every=True)
    assert dict(summary.statuses) == {"accepted": 3, "failed": 1}
    assert "new.png" in summary.failures[0]
    assert state(books) == before


def test_a_copy_of_what_a_person_rejected_is_left_to_them(books):
    with cursor_of(books, "loader") as cursor:
        part = find_part(cursor, Scan.of("new.png", png(draw_page(NEW))).sha256)
        decide(cursor.connection, part, Decision("reject", "ann", "no invoice of ours"))
    before = state(books)
    assert again(books, every=True).scans == 2
    assert state(books) == before


def test_a_workspace_that_is_not_there_is_not_made(settings):
    with pytest.raises(UsageError, match="typo"):
        reread(workspace="typo", settings=settings, progress=False)
    with database(settings), pytest.raises(UsageError, match="typo"):
        reread(workspace="typo", settings=settings, progress=False)


def test_what_waited_for_a_misread_id_is_decided_on_again(tmp_path, settings, monkeypatch):
    """`old.png` is misread under the id of `other.png`, which waits therefore; then it is read right."""
    for name in ("old.png", "other.png"):
        (tmp_path / name).write_bytes(png(draw_page(SCANS[name])))

    def misread(page):
        judgement = judge(page)
        if page.value("invoice_id") != OLD["invoice_id"]:
            return judgement
        wrong = judgement.invoice.model_copy(
            update={"invoice_id": SCANS["other.png"]["invoice_id"], "issued_at": datetime(2018, 1, 1)}
        )
        return replace(judgement, invoice=wrong)

    with database(settings):
        with monkeypatch.context() as patch:
            patch.setattr(task, "judge", misread)
            ingest(tmp_path, workspace="again", workers=Workforce(1, "thread"), progress=False, settings=settings)
        assert [row[2] for row in state(settings)["parts"]].count("review") == 1
        with cursor_of(settings, "loader") as cursor:
            old = Scan.of("old.png", (tmp_path / "old.png").read_bytes()).sha256
            cursor.execute("update parts set engine_version = 'older' where sha256 = %s", (old,))
        assert again(settings).scans == 1
        assert [row[2] for row in state(settings)["parts"]] == ["accepted"] * 2
        assert [row[0] for row in state(settings)["invoices"]] == ["fac-2018:FAC/2018/0007", "fac-2018:FAC/2018/0008"]
        with cursor_of(settings, "reader") as cursor:
            cursor.execute("select count(*) from findings where code = 'id-conflict'")
            assert cursor.fetchone() == (0,)


def test_a_rereading_that_is_stopped_goes_on_with_the_rest(books, monkeypatch):
    reference = state(books)
    read = []

    def counted(connection, batch, arrivals):
        read.append(len(arrivals))
        return load_rereads(connection, batch, arrivals)

    with monkeypatch.context() as patch, pytest.raises(InterruptedRunError, match="of 4 scans"):
        patch.setattr(rereading, "load_rereads", counted)
        patch.setattr(run, "SCANS_A_COMMIT", 1)
        patch.setattr(rereading.StopRequest, "wanted", lambda self: not read)
        patch.setattr(pool, "IN_FLIGHT", 1)
        again(books, "tesserocr")
    done = engines(books).count("tesserocr")
    assert 0 < done < 4
    assert dict(again(books, "tesserocr").outcomes) == {"reread": 4 - done}
    assert engines(books) == ["tesserocr"] * 4
    assert {row[:3] for row in state(books)["invoices"]} == {row[:3] for row in reference["invoices"]}
