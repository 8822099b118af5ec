"""Helpers of the dashboard tests: asking without a browser, processes, tiny notebooks."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import nbformat

from invoice_lab.dashboards.pages import pages

SECRET = "hunter2-is-no-password"


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    text: str
    headers: dict[str, str]


def ask(url: str, method: str = "GET", headers: dict[str, str] | None = None, body: bytes | None = None) -> Answer:
    """Ask without a browser; the path is sent as it stands, dots and all."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with opener.open(request, timeout=60) as response:
            return Answer(response.status, response.read().decode(), dict(response.headers))
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode(), dict(error.headers))


def write_notebook(path: Path, *cells: tuple[str, str]) -> None:
    """Write a notebook of code cells, each (tag, source); an empty tag is none."""
    notebook = nbformat.v4.new_notebook()
    for tag, source in cells:
        notebook.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": [tag]} if tag else {}))
    nbformat.write(notebook, path)


PARAMETERS = ("parameters", 'workspace: str = "none"')
COUNT = (
    "",
    "from IPython.display import HTML\n"
    "from invoice_lab.warehouse.cache import open_cache\n"
    'HTML(f\'<p class="il-count">{open_cache(workspace).meta.counts["invoices"]} invoices</p>\')',
)
ENVIRONMENT = ("", "import os\nHTML(f'<p class=\"il-env\">{sorted(os.environ.items())}</p>')")
STATIC = ("static", "HTML('<p class=\"il-static\">only in reports</p>')")
FAILS = (
    ("", "HTML('<p class=\"il-before\">before</p>')"),
    ("", "1 / 0  # the_source_of_the_failure"),
    ("", "HTML('after')"),
)


def write_empty_notebooks(folder: Path) -> Path:
    """Write notebooks that only take their parameters: their kernels start fast."""
    folder.mkdir()
    for page in pages():
        write_notebook(folder / page.notebook, PARAMETERS)
    return folder


def write_tiny_notebooks(folder: Path) -> Path:
    """Write notebooks as small as can be: `recommendations` fails, `sales` shows its environment."""
    folder.mkdir()
    for page in pages():
        more = {"recommendations": FAILS, "sales": (ENVIRONMENT, STATIC)}.get(page.name, ())
        write_notebook(folder / page.notebook, PARAMETERS, COUNT, *more)
    write_notebook(folder / "extract.ipynb", PARAMETERS, COUNT)
    return folder
