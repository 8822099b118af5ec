"""JupyterLab as analysts get it: in a real browser, with the database up, and gone afterwards."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from browser import WAIT_MS, chrome
from cache_data import cache_from_truth, small_truth
from jupyter_client.manager import start_new_kernel
from playwright.sync_api import Page, expect

from invoice_lab.errors import UsageError
from invoice_lab.lab import Lab, lab, run_lab
from invoice_lab.settings import Settings, notebooks_dir
from invoice_lab.warehouse.embedded import remove_embedded

PARAMETERS = 'workspace: str = "sample"\nas_of: str = ""\nk: int = {k}\ndays: int = 90\nshown: int = 1000'
# JupyterLab draws only the cells in sight; the test wants all of them
ALL_CELLS = {"@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"}}
ALL_RUN = """([least]) => {
  const prompts = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputPrompt')].map((p) => p.textContent);
  const counts = prompts.map((prompt) => Number((prompt.match(/\\d+/) || [0])[0]));
  return counts.length > 5 && Math.min(...counts) > least && document.querySelector('[data-status="idle"]') !== null;
}"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Lab on a copy of the notebooks, with a home folder of its own."""
    folder = tmp_path_factory.mktemp("lab")
    settings = Settings(folder / "data", folder / "reports")
    cache_from_truth(small_truth(200, customers=47), settings, "sample")
    root = Path(shutil.copytree(notebooks_dir(), folder / "notebooks"))
    for name, values in ALL_CELLS.items():
        path = folder / "home" / ".jupyter" / "lab" / "user-settings" / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOME", str(folder / "home"))
        with lab(settings, 0, root=root) as started:
            yield started
        processes = psutil.Process().children(recursive=True)
    assert [process for process in processes if "ipykernel" in " ".join(process.cmdline())] == []
    remove_embedded(settings)


@pytest.mark.browser
def test_run_all_and_again_with_another_parameter(running: Lab) -> None:
    address = running.url.replace("/lab?", "/lab/tree/segments.ipynb?")
    with chrome() as browser, browser.open(address, width=1500, wait_for=".jp-Notebook .jp-CodeCell") as watched:
        page = watched.page
        # Run before the kernel is there asks which kernel to take
        expect(page.get_by_text("Python 3 (invoice_lab) | Idle")).to_be_visible(timeout=WAIT_MS)
        run_all(page, after=0)
        first, chosen = cluster_figure(page), clusters(page)
        change_parameters(page, PARAMETERS.format(k=chosen + 1))
        run_all(page, after=last_count(page))
        assert clusters(page) == chosen + 1
        assert cluster_figure(page) != first
        expect(page.locator(".jp-Notebook [data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
        assert watched.outside == []
        assert watched.console_errors == []


def run_all(page: Page, after: int) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_function(ALL_RUN, arg=[after], timeout=2 * WAIT_MS)


def last_count(page: Page) -> int:
    prompts = page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").all_text_contents()
    return max(int(re.sub(r"\D", "", prompt) or 0) for prompt in prompts)


def cluster_figure(page: Page) -> str:
    """Return what the cell after the heading Clusters drew."""
    cell = page.locator(".jp-CodeCell", has_text="page.cluster_profiles()")
    expect(cell.locator("svg").first).to_be_visible()
    return cell.locator(".jp-OutputArea").inner_html()


def clusters(page: Page) -> int:
    """Return how many clusters the table of clusters has."""
    return page.locator(".jp-CodeCell", has_text="page.cluster_table()").locator("tbody tr").count()


def change_parameters(page: Page, source: str) -> None:
    editor = page.locator(".jp-Notebook .jp-CodeCell .cm-content").first
    editor.fill(source)
    expect(editor).to_contain_text("shown: int = 1000")


@pytest.mark.parametrize("path", ["api/contents", "api/kernels", "api/contents/segments.ipynb"])
def test_nothing_without_the_token(running: Lab, path: str) -> None:
    assert status(running, path) == 403


@pytest.mark.parametrize("path", ["voila/render/segments.ipynb", "voila/tree", "voila/static/voila.js"])
def test_voila_is_not_part_of_lab(running: Lab, path: str) -> None:
    token = running.url.split("token=")[1]
    assert status(running, f"{path}?token={token}") == 404


def status(running: Lab, path: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(running.url.split("/lab?")[0] + "/" + path, timeout=60) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_token_is_in_a_file_of_the_users_own(running: Lab) -> None:
    token = running.url.split("token=")[1]
    file = running.log.with_name("token")
    assert file.read_text() == token
    assert file.stat().st_mode & 0o077 == 0
    assert token not in running.log.read_text()
    assert token not in " ".join(psutil.Process(running.process.pid).cmdline())


def test_the_kernel_reloads_edited_modules(running: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(running.log.parent / "jupyter"))
    module = tmp_path / "edited.py"
    module.write_text("def answer():\n    return 'before'\n")
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    try:
        assert (
            execute(client, "import sys; sys.path.insert(0, '.'); import edited; print(edited.answer())") == "before\n"
        )
        module.write_text("def answer():\n    return 'after the edit'\n")
        later = time.time() + 5
        os.utime(module, (later, later))
        assert execute(client, "print(edited.answer())") == "after the edit\n"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def execute(client: object, code: str) -> str:
    printed: list[str] = []

    def keep(message: dict[str, dict[str, str]]) -> None:
        if message["header"]["msg_type"] == "stream":
            printed.append(message["content"]["text"])

    reply = client.execute_interactive(code, output_hook=keep, timeout=60)  # type: ignore[attr-defined]
    assert reply["content"]["status"] == "ok"
    return "".join(printed)


def test_a_taken_port_is_named(running: Lab, settings: Settings) -> None:
    port = int(running.url.split(":")[2].split("/")[0])
    with pytest.raises(UsageError, match=f"Port {port} "):
        run_lab(settings, port, open_browser=False)
