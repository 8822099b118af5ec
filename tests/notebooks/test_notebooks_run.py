"""The notebooks as reports: run by papermill in worker processes, equal bytes, nothing hostile, nothing fetched."""

from __future__ import annotations

import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from cache_data import cache_from_truth, small_truth
from report_data import HOSTILE_NAME, doubtful_cache

from invoice_lab.errors import UsageError
from invoice_lab.reporting import reports, unchanged
from invoice_lab.reporting.archive import read_edition
from invoice_lab.reporting.exports import write_exports
from invoice_lab.reporting.record import recorded
from invoice_lab.reporting.reports import REPORTS, write_reports
from invoice_lab.settings import Settings

SEGMENT_FILES = ("segments.csv", "segments.parquet")
RECOMMENDATION_FILES = ("recommendations.csv", "recommendations.parquet")
FETCHING = {"src", "href", "xlink:href", "action", "poster", "data", "srcset"}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Settings:
    folder = tmp_path_factory.mktemp("made")
    settings = Settings(folder / "data", folder / "reports", "postgresql://secret:pass@nowhere.invalid/x")
    doubtful_cache(settings)
    write_reports("sample", settings)
    return settings


def _pages(settings: Settings) -> dict[str, str]:
    return {name: (settings.reports_dir / "sample" / f"{name}.html").read_text() for name in REPORTS}


def _values(settings: Settings, name: str) -> dict:
    return recorded(settings.workspace_dir("sample") / "reports" / f"{name}.ipynb")


def test_recorded_values(made):
    sales, segments = _values(made, "sales"), _values(made, "segments")
    assert sales["invoices"] == 90
    assert sales["as_of"] == segments["as_of"] == "2020-09-19"
    assert sales["sales"] == segments["sales"]
    assert sum(segments["segments"].values()) == segments["customers"] == sales["customers"]
    assert sum(segments["cluster_sizes"]) == segments["customers"]
    quality = _values(made, "ocr_quality")
    assert quality["statuses"] == {"accepted": 90, "review": 2, "rejected": 1, "failed": 1}
    assert quality["findings"] == 4
    offers = _values(made, "recommendations")
    assert 10 * offers["customers"] < offers["lists"] <= 20 * offers["customers"]


def test_equal_bytes_from_another_run_with_one_worker(made, tmp_path):
    again = Settings(tmp_path / "d", tmp_path / "r")
    doubtful_cache(again)
    write_reports("sample", again, at_a_time=1)
    files = sorted(path.relative_to(made.reports_dir) for path in made.reports_dir.rglob("[!.]*") if path.is_file())
    assert len(files) == 1 + len(REPORTS) + 6 + 5 + 1
    for file in files:
        assert (made.reports_dir / file).read_bytes() == (again.reports_dir / file).read_bytes(), file


def test_no_credentials_and_no_paths_in_what_is_written(made):
    for path in [*made.reports_dir.rglob("*.html"), *made.workspace_dir("sample").rglob("*.ipynb")]:
        text = path.read_text()
        assert "secret:pass" not in text
        if path.suffix == ".html":
            assert str(made.data_dir) not in text
            assert "/site-packages/" not in text


class _Fetches(HTMLParser):
    """Collects every address that a browser would load or follow, and every tag."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in FETCHING]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def test_pages_load_nothing_from_elsewhere_and_run_nothing_hostile(made):
    for name, page in {**_pages(made), "index": (made.reports_dir / "index.html").read_text()}.items():
        found = _Fetches()
        found.feed(page)
        outside = [
            address for address in found.addresses if re.match(r"\w+:|//", address) and not address.startswith("data:,")
        ]
        assert not outside, name
        assert not found.handlers
        assert not {"iframe", "img", "object", "embed", "base"} & set(found.tags)
        styles = "\n".join(re.findall(r"<style>(.*?)</style>", page, re.DOTALL))
        assert "@import" not in styles
        assert not re.search(r"url\(\s*['\"]?(https?:|//)", styles)


def test_hostile_names_are_shown_as_text(made):
    pages = _pages(made)
    for name in ("sales", "segments", "recommendations", "ocr_quality"):
        assert HOSTILE_NAME not in pages[name]
        assert "&lt;script&gt;alert(" in pages[name]
    assert "\u202e" not in pages["ocr_quality"]


def test_files_are_linked_from_their_page(made):
    folder = made.reports_dir / "sample"
    for name, files in (("segments", SEGMENT_FILES), ("recommendations", RECOMMENDATION_FILES)):
        assert {path.name for path in folder.glob(f"{name}.*")} == {f"{name}.html", *files}
        for file in files:
            assert f'<a download="{file}" href="{file}">{file}</a>' in (folder / f"{name}.html").read_text()


def test_pages_are_small(made):
    for name, page in _pages(made).items():
        assert len(page.encode()) < 1_500_000, name


@pytest.fixture
def ready(made, monkeypatch):
    """Return a function that puts what was made above into a work folder; reports use it in place of notebooks."""

    def fill(names, parameters, settings, work, *rest, **options):
        for name in names:
            shutil.copyfile(made.workspace_dir("sample") / "reports" / f"{name}.ipynb", work / f"{name}.ipynb")
            for file in (made.reports_dir / "sample").glob(f"{name}.*"):
                shutil.copyfile(file, work / "pages" / file.name)

    # what is in the reports is tested above; below, where they go
    monkeypatch.setattr(reports, "_run_all", fill)
    return fill


def test_earlier_reports_of_another_day_are_archived(ready, tmp_path):
    settings = Settings(tmp_path / "data", tmp_path / "reports")
    doubtful_cache(settings)
    write_reports("sample", settings)
    first = (settings.reports_dir / "sample" / "sales.html").read_bytes()
    written = write_reports("sample", settings, as_of=date(2020, 3, 31))
    assert all(path.is_file() for path in written)
    [archived] = (settings.reports_dir / "archive" / "sample").iterdir()
    assert re.fullmatch(r"2020-09-19-[0-9a-f]{16}", archived.name)
    kept = (archived / "sales.html").read_bytes()
    assert kept == first.replace(b"../index.html", b"../../../index.html")
    for file in SEGMENT_FILES:
        assert (archived / file).read_bytes() == (settings.reports_dir / "sample" / file).read_bytes()
    index = (settings.reports_dir / "index.html").read_text()
    assert "1 earlier edition" in index
    assert "2020-03-31" in index
    for link in re.findall(r'href="([^":,]+)"', index):
        assert (settings.reports_dir / Path(link)).is_file(), link
    write_reports("sample", settings, as_of=date(2020, 3, 31))
    assert [path.name for path in (settings.reports_dir / "archive" / "sample").iterdir()] == [archived.name]


@pytest.fixture
def notebooks_run(ready, monkeypatch):
    """Return the list of which notebooks each run has run."""
    runs = []

    def note(names, *rest, **options):
        runs.append(set(names))
        ready(names, *rest)

    monkeypatch.setattr(reports, "_run_all", note)
    return runs


def test_only_what_changed_is_made_again(notebooks_run, tmp_path, monkeypatch):
    settings = Settings(tmp_path / "data", tmp_path / "reports")
    doubtful_cache(settings)
    said, current = [], settings.reports_dir / "sample"
    first = write_reports("sample", settings, say=said.append)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in first[1:]}
    assert not said
    assert write_reports("sample", settings, say=said.append) == first
    assert notebooks_run == [set(REPORTS)]
    assert said == ["5 of 5 stay as they are: nothing that they are made from has changed."]
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in first[1:]} == before
    (current / "segments.html").write_text("changed by somebody")
    (current / "exports" / "reconciliation.csv").unlink()
    assert write_reports("sample", settings, say=said.append) == first
    assert notebooks_run[1:] == [{"segments"}]
    assert said[1:] == ["3 of 5 stay as they are: nothing that they are made from has changed."]
    assert {path: path.read_bytes() for path in first[1:]} == {path: data for path, (data, _) in before.items()}
    write_reports("sample", settings, anew=True)
    assert notebooks_run[2:] == [set(REPORTS)]
    write_reports("sample", settings, as_of=date(2020, 3, 31))
    assert notebooks_run[3:] == [set(REPORTS)]
    shutil.rmtree(settings.reports_dir)
    write_reports("sample", settings, as_of=date(2020, 3, 31))
    assert notebooks_run[4:] == [set(REPORTS)]


@pytest.mark.parametrize("text", ["", "[1]", '{"sales": 3}', '{"sales": {"files": 4}}', "no json"])
def test_what_is_noted_of_reports_may_be_damaged(notebooks_run, tmp_path, text):
    settings = Settings(tmp_path / "data", tmp_path / "reports")
    doubtful_cache(settings)
    write_reports("sample", settings)
    (settings.workspace_dir("sample") / "reports" / "made.json").write_text(text)
    write_reports("sample", settings)
    assert notebooks_run[1:] == [set(REPORTS)]


def test_reports_that_another_run_has_changed_meanwhile_are_put_in_place(notebooks_run, tmp_path, monkeypatch):
    settings = Settings(tmp_path / "data", tmp_path / "reports")
    doubtful_cache(settings)
    write_reports("sample", settings)
    page = settings.reports_dir / "sample" / "segments.html"
    before = page.read_bytes()

    def made(run, names, at_a_time):
        assert not names
        page.write_bytes(b"of another day")

    monkeypatch.setattr(reports._Run, "make", made)
    write_reports("sample", settings)
    assert page.read_bytes() == before


def test_a_cache_that_is_refreshed_meanwhile_leaves_nothing_remembered(ready, notebooks_run, tmp_path, monkeypatch):
    settings = Settings(tmp_path / "data", tmp_path / "reports")
    doubtful_cache(settings)
    run_all = reports._run_all

    def refreshed(*rest, **options):
        run_all(*rest, **options)
        cache_from_truth(small_truth(40), settings)

    with monkeypatch.context() as patched:
        patched.setattr(reports, "_run_all", refreshed)
        write_reports("sample", settings)
    doubtful_cache(settings)
    write_reports("sample", settings)
    assert notebooks_run == [set(REPORTS)] * 2


@pytest.mark.parametrize("file", SEGMENT_FILES)
@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"x")], ids=["missing", "changed"])
def test_files_of_the_segments_page_are_made_again_with_it(notebooks_run, tmp_path, file, spoil):
    settings = Settings(tmp_path / "data", tmp_path / "reports")
    doubtful_cache(settings)
    first = write_reports("sample", settings)
    place = settings.reports_dir / "sample" / file
    assert place in first
    before = place.read_bytes()
    spoil(place)
    pages = []
    write_reports("sample", settings, finished=lambda folder: pages.append((folder / file).read_bytes()))
    assert notebooks_run[1:] == [{"segments"}]
    assert pages == [place.read_bytes()] == [before]


def test_other_data_code_or_notebooks_are_a_change(notebooks_run, tmp_path, monkeypatch):
    settings = Settings(tmp_path / "data", tmp_path / "reports")
    doubtful_cache(settings)
    write_reports("sample", settings)
    own = shutil.copytree(unchanged.notebooks_dir(), tmp_path / "notebooks")
    with (own / "sales.ipynb").open("a") as notebook:
        notebook.write("\n")
    monkeypatch.setattr(unchanged, "notebooks_dir", lambda: own)
    write_reports("sample", settings)
    assert notebooks_run[1:] == [{"sales"}]
    monkeypatch.setattr(unchanged, "_code", lambda: "of another version")
    write_reports("sample", settings)
    assert notebooks_run[2:] == [set(REPORTS)]
    cache_from_truth(small_truth(40), settings)
    write_reports("sample", settings)
    assert notebooks_run[3:] == [set(REPORTS)]


def test_two_runs_at_once_end_well(ready, tmp_path, monkeypatch):
    settings = Settings(tmp_path / "data", tmp_path / "reports")
    doubtful_cache(settings)
    both, works = threading.Barrier(2, timeout=60), set()

    def at_once(names, parameters, settings, work, *rest, **options):
        works.add(work)
        ready(names, parameters, settings, work)
        both.wait()

    monkeypatch.setattr(reports, "_run_all", at_once)
    with ThreadPoolExecutor(2) as pool:
        days = (date(2020, 3, 31), date(2020, 4, 30))
        runs = [pool.submit(write_reports, "sample", settings, as_of=day) for day in days]
        assert all(path.is_file() for run in runs for path in run.result())
    assert len(works) == 2
    assert not any(work.exists() for work in works)
    current = read_edition(settings.reports_dir / "sample")
    [archived] = (settings.reports_dir / "archive" / "sample").iterdir()
    assert {current.as_of, read_edition(archived).as_of} == {"2020-03-31", "2020-04-30"}
    assert "1 earlier edition" in (settings.reports_dir / "index.html").read_text()


def test_reports_that_can_not_be_written_are_refused_before_a_notebook_runs(tmp_path, monkeypatch):
    settings = Settings(tmp_path / "data", tmp_path / "file" / "reports")
    (tmp_path / "file").touch()
    doubtful_cache(settings)
    monkeypatch.setattr(reports, "_run_all", lambda *args, **options: pytest.fail("a notebook was run"))
    for write in (write_reports, write_exports):
        with pytest.raises(UsageError, match=re.escape(str(settings.reports_dir))) as caught:
            write("sample", settings)
        assert "INVOICE_LAB_REPORTS" in str(caught.value)


def test_the_partial_notebook_of_a_failed_run_is_kept_and_named(tmp_path):
    settings = Settings(tmp_path / "data", tmp_path / "reports")
    doubtful_cache(settings)
    with pytest.raises(UsageError, match="no invoices up to 1999-01-01") as caught:
        write_reports("sample", settings, as_of=date(1999, 1, 1), at_a_time=1)
    [named] = re.findall(r"partial notebook is (\S+\.ipynb)", str(caught.value))
    assert Path(named).parent == settings.workspace_dir("sample") / "reports"
    assert "1999-01-01" in Path(named).read_text()
    assert not list((settings.workspace_dir("sample") / "runs").glob("run-*"))
    assert not (settings.reports_dir / "sample").exists()
