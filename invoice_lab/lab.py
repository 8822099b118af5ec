"""JupyterLab for analysts: on loopback, with a token, the database up, and a kernel that reloads edited modules."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import runpy
import secrets
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from invoice_lab.dashboards.process import free_port, server_process, stop_signals, wait_for_end
from invoice_lab.settings import CHECKOUT, Settings, is_checkout, notebooks_dir

logger = logging.getLogger(__name__)

DEFAULT_PORT = 8888
HOST = "127.0.0.1"

SERVER_CONFIGURATION = {
    # Voila's server extension lets whoever sees a page run code: Lab doesn't load it
    "ServerApp": {"jpserver_extensions": {"voila.server_extension": False}},
    # nothing of Lab asks another machine for anything
    "LabApp": {
        "extension_manager": "readonly",
        "news_url": None,
        "check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
    },
}
PAGE_CONFIGURATION = {
    "disabledExtensions": {
        "@voila-dashboards/jupyterlab-preview": True,
        "@jupyterlab/apputils-extension:announcements": True,
    }
}


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab.

    Attributes
    ----------
    url : str
        With the token: whoever has it may run code.
    process : subprocess.Popen
    log : Path
    """

    url: str
    process: Popen[bytes]
    log: Path


@contextlib.contextmanager
def lab(settings: Settings, port: int = DEFAULT_PORT, *, root: Path | None = None) -> Iterator[Lab]:
    """Run JupyterLab and the database for the block.

    Parameters
    ----------
    settings : Settings
        Notebooks find the same data folder, reports folder and database.
    port : int
        0 means any free one.
    root : Path, optional
        The folder that Lab shows; the checkout by default, or the installed notebooks.

    Raises
    ------
    UsageError
        Where the port is taken.
    DatabaseError
        Where the database can't be started or reached.
    """
    from invoice_lab.warehouse.connection import database

    port = free_port(HOST, port)
    folder = settings.data_dir / "lab"
    token = _write_configuration(folder)
    log = folder / "lab.log"
    command = [sys.executable, "-m", "invoice_lab.lab", *_arguments(port, root or _default_root())]
    with (
        database(settings),
        server_process(
            command,
            cwd=folder,
            environment=_environment(settings, folder),
            log=log,
            health_url=f"http://{HOST}:{port}/api",
        ) as process,
    ):
        yield Lab(f"http://{HOST}:{port}/lab?token={token}", process, log)


def run_lab(
    settings: Settings,
    port: int = DEFAULT_PORT,
    *,
    open_browser: bool = True,
    announce: Callable[[str], object] | None = None,
) -> None:
    """Run JupyterLab and the database until Ctrl-C or SIGTERM.

    Parameters
    ----------
    settings, port
        As for `lab`.
    open_browser : bool
        Open Lab in the user's browser.
    announce : callable, optional
        Is called with the address, which holds the token, as soon as Lab answers.

    Raises
    ------
    UsageError, DatabaseError
        As `lab` does.
    InvoiceLabError
        Where Lab ends by itself.
    """
    with stop_signals() as stopped, lab(settings, port) as running:
        logger.info("JupyterLab answers on %s, port %s", HOST, running.url.split(":")[2].split("/")[0])
        if announce is not None:
            announce(running.url)
        if open_browser:
            webbrowser.open(running.url)
        wait_for_end(running.process, stopped, running.log)


def _default_root() -> Path:
    return CHECKOUT if is_checkout() else notebooks_dir()


def _write_configuration(folder: Path) -> str:
    """Write kernel, configuration and a fresh token below `folder`; return the token."""
    kernel = folder / "jupyter" / "kernels" / "python3"
    config = folder / "config"
    for made in (kernel, config / "labconfig"):
        made.mkdir(parents=True, mode=0o700, exist_ok=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    argv += ["--InteractiveShellApp.extensions=autoreload", "--InteractiveShellApp.exec_lines=%autoreload 2"]
    spec = {
        "argv": argv,
        "display_name": "Python 3 (invoice_lab)",
        "language": "python",
        "metadata": {"debugger": True},
    }
    (kernel / "kernel.json").write_text(json.dumps(spec))
    (config / "jupyter_server_config.json").write_text(json.dumps(SERVER_CONFIGURATION))
    (config / "labconfig" / "page_config.json").write_text(json.dumps(PAGE_CONFIGURATION))
    token = secrets.token_urlsafe(32)
    # a file, since command line and environment of a process can be seen by others or by its kernels
    with os.fdopen(os.open(folder / "token", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(token)
    return token


def _arguments(port: int, root: Path) -> list[str]:
    arguments = [
        "--no-browser",
        f"--ServerApp.ip={HOST}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={root}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")
    return arguments


def _environment(settings: Settings, folder: Path) -> dict[str, str]:
    """Return our own environment, with the folders, our kernel and our configuration in front of others."""
    environment = dict(os.environ)
    environment.pop("JUPYTER_TOKEN", None)
    environment |= {
        "INVOICE_LAB_DATA": str(settings.data_dir),
        "INVOICE_LAB_REPORTS": str(settings.reports_dir),
        "JUPYTER_TOKEN_FILE": str(folder / "token"),
        "JUPYTER_PATH": _in_front(folder / "jupyter", os.environ.get("JUPYTER_PATH")),
        "JUPYTER_CONFIG_PATH": _in_front(folder / "config", os.environ.get("JUPYTER_CONFIG_PATH")),
    }
    if settings.database_url is not None:
        environment["DATABASE_URL"] = settings.database_url
    return environment


def _in_front(folder: Path, others: str | None) -> str:
    return os.pathsep.join([str(folder), others] if others else [str(folder)])


def _stop_with_parent() -> None:
    """End this process when its standard input ends: then the process that started it is gone."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    _stop_with_parent()
    runpy.run_module("jupyterlab", run_name="__main__", alter_sys=True)
