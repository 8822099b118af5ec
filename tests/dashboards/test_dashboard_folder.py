"""What the dashboard server is given, and what it refuses before it starts."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import nbformat
import pytest
from cache_data import cache_from_truth, small_truth

from invoice_lab.dashboards import pages as pages_module
from invoice_lab.dashboards.folder import Served, prepare
from invoice_lab.dashboards.pages import find_page, pages
from invoice_lab.dashboards.process import free_port
from invoice_lab.dashboards.server import dashboards, serve
from invoice_lab.errors import CacheError, NotebookError, UsageError
from invoice_lab.reporting.files import PAGE_FILES_VARIABLE
from invoice_lab.settings import Settings, notebooks_dir


@pytest.fixture
def served(settings: Settings, tiny_notebooks: Path, monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setenv(PAGE_FILES_VARIABLE, "secret")
    for name in ("DATABASE_URL", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "INVOICE_LAB_API_TOKEN", "PYTHONPATH"):
        monkeypatch.setenv(name, "secret")
    cache_from_truth(small_truth(), settings)
    return prepare(settings, "sample", "127.0.0.1", 8866, notebooks=tiny_notebooks, pool_size=1)


def test_the_pages_are_the_four_reports_in_order() -> None:
    assert [page.name for page in pages()] == ["sales", "segments", "recommendations", "ocr_quality"]
    assert all((notebooks_dir() / page.notebook).is_file() for page in pages())


@pytest.mark.parametrize("path", ["extract", "extract.ipynb", "", "sales.py", "../sales", "pages/sales.ipynb", "SALES"])
def test_nothing_else_is_a_page(path: str) -> None:
    assert find_page(path) is None


def test_extract_is_refused_even_if_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = "[{name: extract, notebook: extract.ipynb, title: Extract, description: Reads scans.}]"
    (tmp_path / "pages.yaml").write_text(listed)
    monkeypatch.setattr(pages_module, "__file__", str(tmp_path / "pages.py"))
    with pytest.raises(ValueError, match="extract"):
        pages.__wrapped__()


def test_only_the_allow_listed_notebooks_are_served(served: Served) -> None:
    assert {path.name for path in (served.root / "pages").iterdir()} == {page.notebook for page in pages()}


def test_static_cells_go_and_the_workspace_is_set(served: Served) -> None:
    notebook = nbformat.read(served.root / "pages" / "sales.ipynb", as_version=4)
    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    assert tags == ["parameters", "injected-parameters"]
    assert 'workspace = "sample"' in notebook.cells[1].source


def test_kernels_know_the_cache_and_nothing_secret(served: Served, settings: Settings) -> None:
    assert "secret" not in served.environment.values()
    assert not {name for name in served.environment if name.startswith("PG")}
    assert served.environment["HOME"] != os.environ.get("HOME")
    assert str(settings.data_dir) != served.environment["INVOICE_LAB_DATA"]
    known = [path for path in Path(served.environment["INVOICE_LAB_DATA"]).rglob("*") if not path.is_dir()]
    assert known == [Path(served.environment["INVOICE_LAB_DATA"]) / "workspaces" / "sample" / "cache"] or all(
        "cache" in path.parts for path in known
    )
    assert Settings.from_environment(served.environment).cache_dir("sample").resolve() == settings.cache_dir("sample")


def test_dashboards_write_no_files_of_a_page(served: Served, settings: Settings) -> None:
    assert PAGE_FILES_VARIABLE not in served.environment
    own = prepare(settings, "sample", "127.0.0.1", 8867, notebooks=notebooks_dir(), pool_size=1)
    assert "page.exports()" in (notebooks_dir() / "segments.ipynb").read_text()
    assert "page.exports()" not in (own.root / "pages" / "segments.ipynb").read_text()


def test_the_folder_is_made_anew(served: Served, settings: Settings, tiny_notebooks: Path) -> None:
    (served.root / "pages" / "left_over.ipynb").write_text("{}")
    again = prepare(settings, "sample", "127.0.0.1", 8866, notebooks=tiny_notebooks, pool_size=1)
    assert again.root == served.root
    assert not (again.root / "pages" / "left_over.ipynb").exists()


def test_sources_tracebacks_and_overrides_are_off(served: Served) -> None:
    traits = json.loads((served.root / "voila.json").read_text())
    configuration = traits["VoilaConfiguration"]
    assert configuration["strip_sources"] is True
    assert configuration["show_tracebacks"] is False
    assert configuration["allow_template_override"] == configuration["allow_theme_override"] == "NO"
    assert configuration["preheat_kernel"] is True
    assert traits["AsyncMappingKernelManager"]["cull_idle_timeout"] > 0
    assert traits["Voila"]["port_retries"] == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])
def test_only_loopback_is_served(settings: Settings, host: str) -> None:
    with pytest.raises(UsageError, match="no login yet"):
        serve(settings, "sample", host)


def test_a_taken_port_is_named(settings: Settings) -> None:
    cache_from_truth(small_truth(), settings)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} "):
            serve(settings, "sample", port=port)


def test_a_port_out_of_range_is_refused() -> None:
    with pytest.raises(UsageError, match="70000"):
        free_port("127.0.0.1", 70000)


def test_without_a_cache_nothing_starts(settings: Settings) -> None:
    with pytest.raises(CacheError, match="no cache yet"):
        serve(settings, "sample", port=0)
    assert not (settings.data_dir / "dashboards").exists()


def test_a_missing_notebook_is_named(settings: Settings, tmp_path: Path) -> None:
    cache_from_truth(small_truth(), settings)
    with (
        pytest.raises(NotebookError, match=r"sales\.ipynb"),
        dashboards(settings, "sample", port=0, notebooks=tmp_path),
    ):
        pass
