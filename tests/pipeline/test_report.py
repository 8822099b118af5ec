"""The main job end to end: scans, PostgreSQL, cache, papermill, HTML; twice, and looked at in a real browser."""

import hashlib
import re

import pytest
from browser import chrome

from invoice_lab import pipeline, samples
from invoice_lab.errors import NothingFoundError
from invoice_lab.ingest import ingest
from invoice_lab.pipeline import report
from invoice_lab.reporting.record import recorded
from invoice_lab.samples import draw_samples
from invoice_lab.settings import Settings
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.embedded import embedded_server, remove_embedded

SCANS = 60
REPORTS = ("ocr_quality", "recommendations", "sales", "segments")


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    draw_samples(folder, count=SCANS)
    return folder


@pytest.fixture(scope="module")
def runs(scans, tmp_path_factory):
    """Two runs with databases of their own, one with one worker, one with two."""
    done = []
    for workers in (1, 2):
        folder = tmp_path_factory.mktemp("run")
        settings = Settings(folder / "data", folder / "reports")
        said = []
        done.append((settings, report(settings, scans=scans, workspace="shop", workers=workers, say=said.append), said))
    yield done
    for settings, _, _ in done:
        remove_embedded(settings)


def checksums(settings):
    files = (path for path in settings.reports_dir.rglob("*") if path.is_file())
    return {
        str(path.relative_to(settings.reports_dir)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def test_all_scans_have_a_status_and_all_reports_are_there(runs):
    _, result, said = runs[0]
    assert result.workspace == "shop"
    assert result.summary.scans == SCANS
    assert sum(result.summary.statuses.values()) == SCANS
    assert result.summary.statuses["failed"] == 0
    assert result.summary.statuses["accepted"] > SCANS * 0.8
    assert {path.name for path in result.reports} >= {"index.html", *(f"{name}.html" for name in REPORTS)}
    assert all(path.is_file() for path in result.reports)
    assert any("Reading" in line for line in said)


def test_two_runs_on_fresh_databases_give_equal_bytes(runs):
    (first, *_), (second, *_) = runs
    assert checksums(first) == checksums(second)
    assert len(checksums(first)) > len(REPORTS)


def test_the_extract_notebook_is_kept_with_what_it_recorded(runs):
    settings, *_ = runs[0]
    values = recorded(settings.workspace_dir("shop") / "extract.ipynb")
    assert values["summary"]["scans"] == SCANS
    assert values["counts"]["parts"] == SCANS


def test_no_report_tells_a_clock_a_host_or_a_secret(runs):
    settings, *_ = runs[0]
    secrets = (settings.data_dir / "credentials.json").read_text()
    words = set(re.findall(r'"([A-Za-z0-9_-]{20,})"', secrets))
    assert words
    for path in settings.reports_dir.rglob("*.html"):
        text = path.read_text()
        assert str(settings.data_dir) not in text
        assert not words & set(re.findall(r"[A-Za-z0-9_-]{20,}", text))


def test_a_browser_shows_each_report_without_errors_or_requests(runs):
    settings, *_ = runs[0]
    pages = [settings.reports_dir / "index.html", *(settings.reports_dir / "shop" / f"{name}.html" for name in REPORTS)]
    with chrome() as browser:
        for path in pages:
            with browser.open(path.as_uri()) as watched:
                watched.assert_clean()
                assert watched.page.title()
                if path.name != "index.html":
                    # too few customers come back in so small a batch: that page compares no methods, and says so
                    figures = watched.page.locator("svg, figure img").count()
                    assert figures >= 1 or "three" in watched.page.inner_text("main"), path.name
                    assert watched.page.locator("table tbody tr").count() >= 1, path.name


def test_with_a_database_of_ones_own_nothing_is_ingested_without_scans(runs, tmp_path):
    settings, *_ = runs[0]
    with embedded_server(settings) as endpoint:
        password = endpoint.credentials.passwords["owner"]
        url = f"postgresql://invoice_lab_owner:{password}@127.0.0.1:{endpoint.port}/invoice_lab"
        own = Settings(tmp_path / "data", tmp_path / "reports", database_url=url)
        result = report(own, workspace="shop")
        assert result.summary is None
        assert checksums(own)["shop/sales.html"] == checksums(settings)["shop/sales.html"]
        empty = report(own)
        assert (empty.workspace, empty.summary) == ("default", None)
        assert (own.reports_dir / "default" / "sales.html").is_file()
        with database(own) as books, books.connect("reader", "shop") as connection, connection.cursor() as cursor:
            cursor.execute("select count(*) from batches")
            assert cursor.fetchone() == (1,)
            cursor.execute("select digest from segment_reports")
            digests = {path: digest for path, digest in checksums(own).items() if path == "shop/segments.parquet"}
            assert cursor.fetchall() == [(digests["shop/segments.parquet"],)]


def test_only_the_owner_looks_into_workspaces(runs):
    settings, *_ = runs[0]
    assert (settings.data_dir / "workspaces").stat().st_mode & 0o077 == 0


def test_another_sample_batch_begins_the_sample_workspace_anew(settings, monkeypatch):
    def again(seed):
        monkeypatch.setattr(samples, "draw_samples", lambda folder: draw_samples(folder, count=3, seed=seed))
        settings.make_workspace_dir("sample")
        folder = pipeline._draw(settings, lambda line: None)
        return ingest(folder, workspace="sample", workers=1, progress=False, settings=settings).outcomes["new"]

    assert [again(1), again(1), again(2)] == [3, 0, 3]
    with database(settings) as books, books.connect("reader", "sample") as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from scans")
        assert cursor.fetchone() == (3,)


def test_a_missing_folder_is_told_before_anything_starts(settings, tmp_path):
    with pytest.raises(NothingFoundError, match="nowhere"):
        report(settings, scans=tmp_path / "nowhere")
