"""The command line's contracts: what other programs build on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from pages import NEW, OLD, changed, png

from invoice_lab.cli import main
from invoice_lab.errors import InvoiceLabError
from invoice_lab.samples import draw_page


@pytest.fixture
def run(settings, monkeypatch):
    """Run `invoice-lab` with settings of the test's own."""
    monkeypatch.setenv("INVOICE_LAB_DATA", str(settings.data_dir))
    monkeypatch.setenv("INVOICE_LAB_REPORTS", str(settings.reports_dir))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    (folder / "deep").mkdir()
    (folder / "b.png").write_bytes(png(draw_page(NEW)))
    (folder / "a.PNG").write_bytes(b"no picture")
    (folder / "deep" / "c.png").write_bytes(png(draw_page(OLD)))
    (folder / "d.jpg").write_bytes(png(draw_page(changed(NEW, total="64.45"))))
    (folder / "read.me").write_text("not a scan")
    truth = [{**OLD, "file": "deep/c.png"}, {**NEW, "file": "elsewhere/b.png"}]
    (folder / "truth.jsonl").write_text("".join(json.dumps(record) + "\n" for record in truth))
    return folder


def records(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_read_gives_one_record_an_invoice_in_order(run, scans, tmp_path):
    output = tmp_path / "readings.jsonl"
    result = run("read", scans / "deep" / "c.png", scans, "--output", output, "--no-progress")
    assert result.exit_code == 0, result.output
    found = records(output)
    assert [(record["file"], record["status"]) for record in found] == [
        ("c.png", "accepted"),
        ("a.PNG", "rejected"),
        ("b.png", "accepted"),
        ("d.jpg", "review"),
        ("deep/c.png", "accepted"),
    ]
    assert "2 files of other kinds passed over" in result.output
    old, _, new, wrong, _ = found
    truth_keys = set(NEW) | {"file"}
    assert all(truth_keys <= set(record) for record in found)
    assert {name: old[name] for name in OLD if name != "customer"} == {n: v for n, v in OLD.items() if n != "customer"}
    assert old["customer"] == {**OLD["customer"], "number": None, "category": None}
    assert new["customer"] == {**NEW["customer"], "gender": None, "birth_date": None}
    assert new["lines"] == NEW["lines"]
    assert (new["currency"], new["tax"], new["part"], new["pages"]) == ("EUR", None, 0, 1)
    assert wrong["total"] == "64.45"
    assert [finding["code"] for finding in wrong["findings"]] == ["total-mismatch"]
    assert 0 <= new["confidence"]["overall"] <= 1
    assert new["confidence"]["total"] > 0
    assert new["seconds"] > 0


def test_read_without_a_scan_is_told_with_exit_code_2(run, tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        result = run("read", path, "--output", tmp_path / "out.jsonl")
        assert result.exit_code == 2
        assert str(path) in result.output
    assert not (tmp_path / "out.jsonl").exists()


def test_read_with_a_file_that_cannot_be_opened_ends_with_1(run, scans, tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "gone")
    (tmp_path / "b.png").write_bytes((scans / "b.png").read_bytes())
    result = run("read", tmp_path, "--output", tmp_path / "out.jsonl", "--no-progress")
    assert result.exit_code == 1
    assert [record["status"] for record in records(tmp_path / "out.jsonl")] == ["failed", "accepted"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("read",),
        ("read", ".", "--output"),
        ("ingest", ".", "--workspace", "No Such"),
        ("ingest", ".", "--engine", "tesseract"),
        ("nonsense",),
    ],
)
def test_wrong_usage_ends_with_2(run, arguments, tmp_path, monkeypatch, scans):
    monkeypatch.chdir(scans)
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_read_writes_to_a_pipe_or_device_as_it_is(run, scans, tmp_path):
    result = run("read", scans / "b.png", "--output", "/dev/null", "--no-progress")
    assert result.exit_code == 0
    assert not Path("/dev/null").is_file()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "target.jsonl")
    assert run("read", scans / "b.png", "--output", tmp_path / "link.jsonl", "--no-progress").exit_code == 0
    assert (tmp_path / "link.jsonl").is_symlink()
    assert len(records(tmp_path / "target.jsonl")) == 1


def test_what_cannot_be_written_is_told_before_anything_is_read(run, scans, tmp_path):
    out = tmp_path / "missing" / "out.json"
    result = run("evaluate", scans, "--truth", scans / "truth.jsonl", "--json", out)
    assert result.exit_code == 2
    result = run("read", scans / "b.png", "--output", tmp_path / "missing" / "x.jsonl", "--no-progress")
    assert result.exit_code == 2
    assert "can't be written" in result.output


def test_a_data_folder_that_cannot_be_used_is_told(run, scans, monkeypatch):
    monkeypatch.setenv("INVOICE_LAB_DATA", "/dev/null/data")
    result = run("ingest", scans, "--workspace", "shop")
    assert result.exit_code in {2, 74}
    assert "/dev/null/data" in result.output
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("name", ["template", "archive", "A", "1a", "a-b", "a" * 41])
def test_names_that_cannot_be_workspaces_are_refused(run, name):
    assert run("refresh", "--workspace", name).exit_code == 2


def test_ctrl_c_ends_with_130(run, scans, tmp_path, monkeypatch):
    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("invoice_lab.reading.read_listing", interrupted)
    assert run("read", scans, "--output", tmp_path / "x.jsonl").exit_code == 130


def test_evaluate_matches_by_path_and_else_by_unique_name(run, scans, tmp_path):
    output = tmp_path / "out.json"
    result = run("evaluate", scans, "--truth", scans / "truth.jsonl", "--json", output, "--no-progress")
    assert result.exit_code == 0, result.output
    counts = json.loads(output.read_text())
    assert counts == {
        "n": 2, "full": 2, "full_accepted": 2, "accepted": 2, "accepted_wrong": 0, "core": 2, "lines": 5,
        "lines_right": 5, "wrong": {},
    }  # fmt: skip
    assert "2 scans have no truth" in result.output


def test_sample_draws_a_batch_with_truth(run, tmp_path):
    result = run("sample", tmp_path / "drawn", "--count", 20)
    assert result.exit_code == 0, result.output
    assert len(records(tmp_path / "drawn" / "truth.jsonl")) == 20


def test_ingest_refresh_export_and_doctor(run, scans, settings):
    result = run("ingest", scans, "--workspace", "shop", "--no-progress")
    assert result.exit_code == 0, result.output
    assert "2 accepted / 1 review / 1 rejected / 0 failed" in result.output
    result = run("refresh", "--workspace", "shop")
    assert result.exit_code == 0
    assert "2 invoices as of 2019-03-15" in result.output
    result = run("export", "--workspace", "shop")
    assert result.exit_code == 0, result.output
    assert any(settings.reports_dir.rglob("*.csv"))
    result = run("doctor")
    assert result.exit_code == 0, result.output
    assert "cache shop" in result.output
    assert "2 invoices as of 2019-03-15" in result.output


def test_a_workspace_without_cache_is_told(run):
    result = run("export", "--workspace", "nothing_here")
    assert result.exit_code == 76
    assert "invoice-lab refresh" in result.output


def test_dashboards_refuse_other_addresses(run):
    result = run("dashboards", "--host", "0.0.0.0")
    assert result.exit_code == 2
    assert "127.0.0.1" in result.output


def test_a_database_that_is_not_there_is_told_without_its_password(run, scans, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:s3cret@127.0.0.1:9/books")
    result = run("ingest", scans, "--workspace", "shop")
    assert result.exit_code == 74
    assert "s3cret" not in result.output
    result = run("doctor")
    assert result.exit_code == 1
    assert "s3cret" not in result.output


def test_help_is_there_for_every_command_and_heavy_imports_are_not():
    for name, command in main.commands.items():
        assert command.help, name
        assert CliRunner().invoke(main, [name, "-h"]).exit_code == 0
    heavy = "('pandas', 'cv2', 'duckdb', 'sklearn', 'psycopg2')"
    code = f"import sys, invoice_lab.cli; print([name for name in {heavy} if name in sys.modules])"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert output.stdout.strip() == "[]"


def test_every_error_has_an_exit_code_and_a_remedy():
    kinds = InvoiceLabError.__subclasses__()
    assert 0 < len(kinds) < 15
    for kind in kinds:
        assert kind.exit_code not in (0, None)
        assert kind.remedy
        assert kind.__doc__
