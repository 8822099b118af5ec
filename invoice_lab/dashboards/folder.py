"""The served folder: all that the dashboard server and its kernels are given, made anew at each start.

Below ``<data_dir>/dashboards/<workspace>-<port>/``:

- ``pages/``: the allow-listed notebooks, without ``static`` cells, the workspace injected
- ``data/``: one link, to the workspace's cache; kernels know no other part of the data folder
- ``jupyter/``: the kernel specification and the Voila template; ``config/`` and ``runtime/``: Jupyter's own
- ``voila.json``: the server's configuration

``<data_dir>/dashboards/home`` is the kernels' HOME; it stays, since building matplotlib's font list takes seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from invoice_lab.dashboards.pages import Page, pages
from invoice_lab.errors import NotebookError
from invoice_lab.reporting.assets import PAGE_VARIABLE
from invoice_lab.settings import Settings

TEMPLATE = "invoice_lab"
CULL_IDLE_SECONDS = 600
CULL_INTERVAL_SECONDS = 60
KEEP_ALIVE_SECONDS = 10
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
"""The only variables of our own environment that the server and its kernels get."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        # JupyterLab's front end and chart libraries compile code; none may come from elsewhere
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Served:
    """A served folder, ready to start a server on.

    Attributes
    ----------
    root : Path
    environment : dict of str to str
        The whole environment of the server and its kernels.
    """

    root: Path
    environment: dict[str, str]

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.root / "server.log"


def prepare(settings: Settings, workspace: str, host: str, port: int, *, notebooks: Path, pool_size: int) -> Served:
    """Make the served folder anew.

    Raises
    ------
    NotebookError
        Where an allow-listed notebook is missing.
    """
    root = settings.data_dir / "dashboards" / f"{workspace}-{port}"
    home = settings.data_dir / "dashboards" / "home"
    shutil.rmtree(root, ignore_errors=True)
    for folder in (home, root / "pages", root / "config", root / "runtime", root / "reports", root / "tmp"):
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    for page in pages():
        _write_page(page, notebooks, root / "pages", workspace)
    _link_cache(settings, workspace, root / "data")
    _write_kernel(root / "jupyter" / "kernels" / "python3")
    _write_template(root / "jupyter" / "voila" / "templates" / TEMPLATE)
    configuration = _configuration(root, workspace, host, port, pool_size)
    (root / "voila.json").write_text(json.dumps(configuration, indent=2))
    return Served(root, _environment(root, home, workspace, os.environ))


def _write_page(page: Page, notebooks: Path, target: Path, workspace: str) -> None:
    import nbformat
    from papermill.parameterize import parameterize_notebook

    source = notebooks / page.notebook
    if not source.is_file():
        raise NotebookError(f"The notebook of the page {page.name!r} is missing: {source}.", "Restore it from git.")
    notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])  # papermill expects them
    notebook.cells = [cell for cell in notebook.cells if "static" not in cell.metadata["tags"]]
    notebook.metadata["papermill"] = {}
    notebook = parameterize_notebook(notebook, {"workspace": workspace}, kernel_name="python3", language="python")
    notebook.metadata["title"] = f"{page.title} · invoice_lab"
    notebook.metadata["page"] = page.name
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, target / page.notebook)


def _link_cache(settings: Settings, workspace: str, data: Path) -> None:
    link = Settings(data, data).cache_dir(workspace)
    link.parent.mkdir(parents=True)
    link.symlink_to(settings.cache_dir(workspace).resolve(), target_is_directory=True)


def _write_kernel(folder: Path) -> None:
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.enabled=False"]
    spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))


def _write_template(folder: Path) -> None:
    from invoice_lab.reporting import assets, theme

    shutil.copytree(Path(__file__).with_name("template") / TEMPLATE, folder)
    (folder / "static" / "theme.css").write_text(theme.css(), encoding="utf-8")
    # what makes tables sortable; raw: it is no template
    (folder / "page_assets.html").write_text(f"{{% raw %}}{assets.tables_assets()}{{% endraw %}}", encoding="utf-8")


def _configuration(root: Path, workspace: str, host: str, port: int, pool_size: int) -> dict[str, Any]:
    """Return the traits of the server; see ``voila --help-all`` for each."""
    return {
        "Voila": {
            "ip": host,
            "port": port,
            "port_retries": 0,
            "root_dir": str(root / "pages"),
            "connection_dir_root": str(root / "runtime"),
            "open_browser": False,
            "token": "",
            # Voila allows any Host header; refusing foreign ones keeps other sites' pages out (DNS rebinding)
            "tornado_settings": {"headers": HEADERS, "allow_remote_access": False},
        },
        "VoilaConfiguration": {
            "template": TEMPLATE,
            "allow_template_override": "NO",
            "allow_theme_override": "NO",
            "theme": "light",
            "strip_sources": True,
            "show_tracebacks": False,
            "preheat_kernel": pool_size > 0,
            "default_pool_size": pool_size,
            "http_keep_alive_timeout": KEEP_ALIVE_SECONDS,
            "file_allowlist": [],
            "extension_denylist": ["@voila-dashboards/jupyterlab-preview"],
            "resources": {"pages": [asdict(page) for page in pages()], "workspace": workspace},
        },
        "VoilaExporter": {"filters": {"failed_run": "invoice_lab.dashboards.failures.failed_run"}},
        "AsyncMappingKernelManager": {
            "cull_idle_timeout": CULL_IDLE_SECONDS,
            "cull_interval": CULL_INTERVAL_SECONDS,
            "cull_connected": False,
        },
        "KernelSpecManager": {"allowed_kernelspecs": ["python3"]},
    }


def _environment(root: Path, home: Path, workspace: str, ours: Mapping[str, str]) -> dict[str, str]:
    kept = {name: ours[name] for name in PASSED_ON if name in ours}
    return kept | {
        "HOME": str(home),
        "JUPYTER_PATH": str(root / "jupyter"),
        "JUPYTER_NO_CONFIG": "1",
        "TMPDIR": str(root / "tmp"),  # jupyter_core leaves an empty folder there for each process without config
        "JUPYTER_CONFIG_DIR": str(root / "config"),
        "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
        "INVOICE_LAB_DATA": str(root / "data"),
        "INVOICE_LAB_REPORTS": str(root / "reports"),
        "INVOICE_LAB_DASHBOARD": workspace,
        PAGE_VARIABLE: "dashboard",
        "MPLBACKEND": "agg",
    }
