"""Batches end to end: real engine, real PostgreSQL, good and bad scans together."""

import io
import json
import os
import subprocess
import sys

import pytest
from pages import NEW, OLD, changed, on_paper, png
from PIL import Image

from invoice_lab.errors import InterruptedRunError, NothingFoundError, UsageError
from invoice_lab.ingest import IngestSummary, ingest
from invoice_lab.samples import draw_page, draw_samples
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.refresh import refresh
from invoice_lab.warehouse.scan_store import ScanStore


def jpeg(image):
    file = io.BytesIO()
    on_paper(image).save(file, "JPEG", quality=95)
    return file.getvalue()


BATCH = {
    "good-2018.png": png(draw_page(OLD)),
    "good-2019.png": png(draw_page(NEW)),
    "sub/again.png": png(draw_page(NEW)),
    "sub/wrong-total.png": png(
        draw_page(changed(NEW, invoice_id="FAC_2019_0043", total="99.99", qr=NEW["qr"].replace("0042\n", "0043\n", 1)))
    ),
    "other-bytes.jpg": jpeg(draw_page(OLD)),
    "blank.png": png(Image.new("RGB", (850, 1100), "white")),
    "cut.png": png(draw_page(NEW))[:4000],
    "one-byte.png": b"\x89",
    "text.png": b"this is no picture",
    "notes.txt": b"passed over",
}


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    folder = tmp_path_factory.mktemp("batch")
    for name, data in BATCH.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def ingested(batch, module_settings):
    summary = ingest(batch, workspace="mixed", workers=2, progress=False, settings=module_settings)
    return summary, module_settings


def rows(settings, workspace, sql):
    with database(settings) as books, books.connect("reader", workspace) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_every_scan_has_its_status_and_the_batch_goes_on(ingested):
    summary, settings = ingested
    assert dict(summary.statuses) == {"accepted": 3, "review": 1, "rejected": 4}
    assert dict(summary.outcomes) == {"new": 7, "known": 1, "duplicate": 1}
    assert (summary.scans, summary.passed_over, summary.failures) == (9, 1, [])
    found = rows(
        settings,
        "mixed",
        "select name, status, code from parts join scans using (sha256)"
        " left join findings using (sha256, part) order by 1",
    )
    assert found == [
        ("blank.png", "rejected", "blank-page"),
        ("cut.png", "rejected", "damaged-file"),
        ("good-2018.png", "accepted", None),
        ("good-2019.png", "accepted", None),
        ("one-byte.png", "rejected", "not-an-image"),
        ("other-bytes.jpg", "accepted", None),
        ("sub/wrong-total.png", "review", "total-mismatch"),
        ("text.png", "rejected", "not-an-image"),
    ]


def test_what_was_read_is_in_the_books(ingested):
    _, settings = ingested
    assert rows(
        settings, "mixed", "select printed_id, total::text, customer_id like 'e-%' from invoices order by 1"
    ) == [
        ("FAC/2018/0007", "517.70", True),
        ("FAC_2019_0042", "63.45", False),
    ]
    ((page,),) = rows(settings, "mixed", "select page from parts where printed_id = 'FAC_2019_0042'")
    assert page["fields"]["total"]["value"] == "63.45"
    assert page["fields"]["total"]["box"]["x"] > 400
    assert page["lines"][0]["quantity"]["raw"]


def test_every_scan_is_in_the_store_unchanged(ingested):
    _, settings = ingested
    store = ScanStore(settings.scan_store_dir("mixed"))
    kept = {store.get(sha256).data for (sha256,) in rows(settings, "mixed", "select sha256 from scans")}
    assert (settings.data_dir / "workspaces").stat().st_mode & 0o077 == 0, "scans hold personal data"
    assert kept == {data for name, data in BATCH.items() if name != "notes.txt"}


def test_the_same_batch_again_changes_nothing(ingested, batch):
    _, settings = ingested
    before = refresh("mixed", settings)
    again = ingest(batch, workspace="mixed", workers=1, progress=False, settings=settings)
    assert dict(again.outcomes) == {"known": 9}
    assert refresh("mixed", settings).fingerprint == before.fingerprint


def test_another_database_and_worker_count_give_the_same_books(ingested, batch, settings):
    _, first = ingested
    ingest(batch, workspace="mixed", workers=1, progress=False, settings=settings)
    assert refresh("mixed", settings).fingerprint == refresh("mixed", first).fingerprint


def test_the_summary_is_said_and_survives_json(ingested):
    summary, _ = ingested
    assert "3 accepted / 1 review / 4 rejected / 0 failed" in str(summary)
    assert "1 known / 1 duplicate" in summary._repr_html_()
    assert IngestSummary.from_record(json.loads(json.dumps(summary.to_record()))) == summary


def test_a_file_that_cannot_be_opened_fails_alone(tmp_path, module_settings):
    (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "b.png").write_bytes(BATCH["good-2018.png"])
    summary = ingest(tmp_path, workspace="broken_link", workers=1, progress=False, settings=module_settings)
    assert dict(summary.statuses) == {"failed": 1, "accepted": 1}
    assert summary.failures == ["a.png: The file can't be opened: No such file or directory."]


def test_an_empty_folder_is_refused(tmp_path, settings):
    with pytest.raises(NothingFoundError):
        ingest(tmp_path, workspace="default", settings=settings)


def test_made_up_and_real_scans_are_kept_apart(batch, tmp_path, module_settings):
    with pytest.raises(UsageError, match="made-up"):
        ingest(batch, workspace="sample", settings=module_settings)
    draw_samples(tmp_path / "drawn", count=2)
    with pytest.raises(UsageError, match="real scans"):
        ingest(tmp_path / "drawn", workspace="mixed", progress=False, settings=module_settings)
    ingest(tmp_path / "drawn" / "2019", workspace="toys", progress=False, settings=module_settings)
    assert refresh("toys", module_settings).sample
    with pytest.raises(UsageError, match="made-up scans"):
        ingest(batch, workspace="toys", progress=False, settings=module_settings)


def test_a_name_that_is_no_utf8_does_not_stop_a_batch(tmp_path, module_settings):
    (tmp_path / os.fsdecode(b"bad\xff.png")).write_bytes(BATCH["good-2018.png"])
    (tmp_path / "new\nline <b>.png").write_bytes(BATCH["good-2019.png"])
    summary = ingest(tmp_path, workspace="odd_names", progress=False, settings=module_settings)
    assert dict(summary.statuses) == {"accepted": 2}


RUN = """
import os, signal, sys
from pathlib import Path
from invoice_lab.ingest import batch, ingest
from invoice_lab.progress import Progress
from invoice_lab.settings import Settings

class Impatient(Progress):
    asked = False

    def update(self, what):
        super().update(what)
        if not self.asked:
            self.asked = True
            os.kill(os.getpid(), getattr(signal, sys.argv[3]))

batch.Progress = Impatient
if __name__ == "__main__":
    data = Path(sys.argv[1])
    print(ingest(sys.argv[2], workspace="stopped", workers=1, progress=False, settings=Settings(data, data / "r")))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_run_that_is_stopped_keeps_what_was_read_and_the_next_goes_on(tmp_path, settings, name):
    """It is stopped with the first scan in the books, while others are in hand and most are not begun."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(100, 140):
        record = changed(NEW, invoice_id=f"FAC_2019_0{number}", qr=NEW["qr"].replace("0042\n", f"0{number}\n", 1))
        (folder / f"{number}.png").write_bytes(png(draw_page(record)))
    script = tmp_path / "run.py"
    script.write_text(RUN)
    command = [sys.executable, str(script), str(settings.data_dir), str(folder), name]
    process = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
    assert process.returncode != 0
    assert InterruptedRunError.__name__ in process.stderr
    assert "the same command again" in process.stderr.lower()
    ((kept,),) = rows(settings, "stopped", "select count(*) from invoices")
    assert 0 < kept < 40
    summary = ingest(folder, workspace="stopped", progress=False, settings=settings)
    assert (summary.outcomes["known"], summary.outcomes["new"]) == (kept, 40 - kept)
