"""What ran is listed, with counts, seconds and throughput; what happens is logged with the ids of batch and scan."""

import json

import pytest
from click.testing import CliRunner
from pages import NEW, OLD, png

from invoice_lab.cli import main
from invoice_lab.samples import draw_page


@pytest.fixture
def run(settings, monkeypatch):
    monkeypatch.setenv("INVOICE_LAB_DATA", str(settings.data_dir))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def scans(tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "a.png").write_bytes(png(draw_page(NEW)))
    (folder / "b.png").write_bytes(png(draw_page(OLD)))
    (folder / "c.png").write_bytes(b"no picture")
    return folder


def test_batches_are_listed_the_last_one_first(run, scans, settings):
    options = ("--workspace", "default", "--workers", "1", "--executor", "thread", "--no-progress")
    assert run("ingest", scans, *options).exit_code == 0
    (scans / "gone.png").symlink_to(scans / "nothing.png")
    assert run("ingest", scans, *options).exit_code == 1
    assert run("ingest", "--reread=all", *options).exit_code == 0
    listed = run("batches", "--json")
    assert listed.exit_code == 0, listed.output
    found = [json.loads(line) for line in listed.output.splitlines()]
    assert [one["source"] for one in found] == ["scan store", str(scans), str(scans)]
    assert [one["outcomes"] for one in found] == [{"reread": 3}, {"known": 3, "new": 1}, {"new": 3}]
    assert [one["statuses"] for one in found] == [{"accepted": 2, "rejected": 1}, {}, {"accepted": 2, "rejected": 1}]
    assert [one["missed"] for one in found] == [0, 1, 0]
    assert all(one["finished"] and one["engine"] == "auto" and one["seconds"] > 0 for one in found)
    table = run("batches", "--last", "1").output.splitlines()
    assert len(table) == 2
    assert table[0].split()[:3] == ["started", "(UTC)", "scans"]
    assert table[1].split()[2] == "3"


def test_without_a_batch_it_is_told_how_to_begin(run, settings):
    assert "no workspace" in run("batches", "--workspace", "nowhere").output


@pytest.mark.parametrize("arguments", [(), ("somewhere", "--reread")])
def test_either_a_source_or_a_rereading(run, arguments):
    result = run("ingest", *arguments)
    assert result.exit_code == 2
    assert "Name a source, or say --reread" in result.output


def test_the_log_names_batch_and_scan(run, scans, tmp_path):
    log = tmp_path / "log.jsonl"
    options = ("--workspace", "default", "--workers", "1", "--executor", "thread", "--no-progress")
    assert run("--log", log, "ingest", scans, *options).exit_code == 0
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    ours = [entry for entry in entries if entry["logger"] == "invoice_lab.ingest.run"]
    assert [entry["message"] for entry in ours] == ["batch begins", *["committed"] * 3, "batch is through"]
    assert len({entry["batch"] for entry in ours}) == 1
    scanned = {entry["scan_name"]: entry for entry in ours[1:-1]}
    assert set(scanned) == {"a.png", "b.png", "c.png"}
    assert scanned["c.png"]["statuses"] == ["rejected"]
    assert len(scanned["a.png"]["scan"]) == 64
    assert scanned["a.png"]["at"][:2] == "20"


def test_a_log_that_cannot_be_written_is_told(run, tmp_path):
    result = run("--log", tmp_path / "no" / "log.jsonl", "batches")
    assert result.exit_code == 2
    assert "can't be written" in result.output
