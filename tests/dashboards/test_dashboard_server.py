"""The running server without a browser: what it refuses, how it fails, how it follows the cache, how it ends."""

from __future__ import annotations

import http.client
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from cache_data import cache_from_truth, small_truth
from dashboard_server import SECRET, ask, write_empty_notebooks

from invoice_lab.dashboards.server import Dashboards
from invoice_lab.settings import Settings

PATIENCE_SECONDS = 60
RUN = re.compile(r"run id <code>([0-9a-f]{8})</code>")


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS} s until {what}"
        time.sleep(0.05)


REFUSED = (
    "/extract", "/voila/render/extract.ipynb", "/voila/render/pages/sales.ipynb", "/voila/render/sales.py",
    "/sales.ipynb", "/pages/sales.ipynb", "/voila/files/sales.ipynb", "/voila/files/x.py",
    "/voila/files/server.log", "/files/sales.ipynb", "/notebooks/sales.ipynb", "/edit/sales.ipynb", "/tree",
    "/voila/tree", "/lab", "/terminals", "/terminals/1", "/api/contents", "/api/contents/sales.ipynb",
    "/voila/api/contents", "/api/kernels", "/api/sessions", "/api/kernelspecs", "/api/terminals",
    "/api/config/x", "/api/nbconvert", "/nbconvert/html/sales.ipynb", "/voila.json",
    "/voila/render/../../voila.json", "/voila/render/..%2f..%2fvoila.json", "/voila/render/%2e%2e/voila.json",
    "/voila/render//etc/passwd", "/voila/static/../../../voila.json", "/voila/static/..%2f..%2f..%2fetc/passwd",
    "/voila/templates/invoice_lab/static/../index.html.j2",
    "/voila/templates/invoice_lab/static/..%2fconf.json",
    "/voila/templates/invoice_lab/static/..%2f..%2f..%2f..%2f..%2fvoila.json",
    "/voila/labextensions/..%2f..%2fvoila.json", "/voila/api/themes/..%2f..%2f..%2fvoila.json", "/.env",
    "/data/workspaces/sample/cache/current",
)  # fmt: skip


def raw(running: Dashboards, path: str) -> tuple[int, str]:
    """Ask for a path that no client has tidied up."""
    connection = http.client.HTTPConnection("127.0.0.1", int(running.url.split(":")[2].strip("/")), timeout=60)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    finally:
        connection.close()


@pytest.mark.parametrize("path", REFUSED)
def test_files_and_jupyter_are_refused(tiny: Dashboards, path: str) -> None:
    status, text = raw(tiny, path)
    assert status in (403, 404)
    assert "root:" not in text
    assert "VoilaConfiguration" not in text


@pytest.mark.parametrize("path", ["", "sales", "api/kernels", "api/contents/x.ipynb", "api/sessions"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(tiny: Dashboards, path: str, method: str) -> None:
    assert ask(tiny.url + path, method, body=b"{}").status in (403, 404, 405)


@pytest.mark.parametrize("path", ["", "sales", "no_such_page"])
def test_foreign_host_names_are_refused(tiny: Dashboards, path: str) -> None:
    assert ask(tiny.url + path, headers={"Host": "evil.example"}).status == 403


@pytest.mark.parametrize("path", ["", "sales", "no_such_page"])
def test_headers_keep_others_out(tiny: Dashboards, path: str) -> None:
    headers = ask(tiny.url + path).headers
    policy = headers["Content-Security-Policy"]
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_a_kernel_gets_the_workspace_and_no_secret(tiny: Dashboards) -> None:
    text = ask(tiny.url + "sales").text
    assert "60 invoices" in text
    assert "INVOICE_LAB_DATA" in text
    assert SECRET not in text
    assert "DATABASE_URL" not in text
    assert "only in reports" not in text
    assert "import os" not in text


def test_a_failure_is_told_by_its_run_id(tiny: Dashboards) -> None:
    text = ask(tiny.url + "recommendations").text
    run = RUN.search(text)
    assert run, text[-2000:]
    assert "before" in text
    assert not re.search(r"Traceback|ZeroDivision|the_source_of_the_failure|show_tracebacks|>after<", text)
    log = tiny.log.read_text()
    assert "ZeroDivisionError" in log[: log.index(f"run {run[1]}: the page 'recommendations' failed")]


def test_a_missing_page_is_told_by_its_run_id(tiny: Dashboards) -> None:
    run = RUN.search(ask(tiny.url + "no_such_page").text)
    assert run
    assert f"run {run[1]}: GET /no_such_page answered 404" in tiny.log.read_text()


def test_preheated_pages_follow_the_cache(tiny: Dashboards, tiny_settings: Settings) -> None:
    assert "60 invoices" in ask(tiny.url + "segments").text
    cache_from_truth(small_truth(invoices=37), tiny_settings)
    try:
        assert "37 invoices" in ask(tiny.url + "segments").text
        assert "37 invoices" in ask(tiny.url + "ocr_quality").text
    finally:
        cache_from_truth(small_truth(), tiny_settings)
    assert "60 invoices" in ask(tiny.url + "segments").text


SERVE = """
import sys
from pathlib import Path
from invoice_lab.dashboards import server
from invoice_lab.settings import Settings
server.notebooks_dir = lambda: Path(sys.argv[3])
settings = Settings(Path(sys.argv[1]), Path(sys.argv[2]))
server.serve(settings, "sample", port=0, announce=lambda url: print(url, flush=True))
print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_a_signal_ends_server_and_kernels(settings: Settings, tmp_path: Path, number: signal.Signals) -> None:
    cache_from_truth(small_truth(), settings)
    notebooks = write_empty_notebooks(tmp_path / "notebooks")
    command = [sys.executable, "-c", SERVE, str(settings.data_dir), str(settings.reports_dir), str(notebooks)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert ask(url).status == 200
        processes = psutil.Process(parent.pid).children(recursive=True)
        parent.send_signal(number)
        rest = parent.stdout.read()
    if number == signal.SIGKILL:
        assert parent.returncode == -signal.SIGKILL
    else:
        assert (parent.returncode, rest) == (0, "ended\n")
    assert processes
    wait_until(lambda: not any(process.is_running() for process in processes), "server and kernels are gone")
