"""Serve a workspace's dashboards on loopback."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from invoice_lab.dashboards.folder import prepare
from invoice_lab.dashboards.process import free_port, server_process, stop_signals, wait_for_end
from invoice_lab.errors import UsageError
from invoice_lab.settings import Settings, notebooks_dir, workspace_name

logger = logging.getLogger(__name__)

DEFAULT_PORT = 8866


@dataclass(frozen=True)
class Dashboards:
    """A running dashboard server.

    Attributes
    ----------
    url : str
        The landing page's address.
    process : subprocess.Popen
        The server; its kernels are its children.
    log : Path
        Where it writes its log; a run id on an error page is found there.
    """

    url: str
    process: Popen[bytes]
    log: Path


@contextlib.contextmanager
def dashboards(
    settings: Settings,
    workspace: str = "sample",
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    *,
    notebooks: Path | None = None,
    pool_size: int = 1,
) -> Iterator[Dashboards]:
    """Run the dashboard server for the block.

    Parameters
    ----------
    settings : Settings
    workspace : str
        The workspace whose cache the pages read.
    host : str
        A loopback address.
    port : int
        0 means any free one.
    notebooks : Path, optional
        The folder of the notebooks; the project's own by default.
    pool_size : int
        Pre-heated kernels a page; 0 starts each kernel when the page is asked for.

    Raises
    ------
    UsageError
        Where the host isn't loopback, or the port is taken.
    CacheError
        Where the workspace has no cache.
    NotebookError
        Where a page's notebook is missing.
    """
    refuse_other_than_loopback(host)
    _check_cache(settings, workspace_name(workspace))
    port = free_port(host, port)
    folder = prepare(settings, workspace, host, port, notebooks=notebooks or notebooks_dir(), pool_size=pool_size)
    url = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
    with server_process(
        [sys.executable, "-m", "invoice_lab.dashboards.application"],
        cwd=folder.root,
        environment=folder.environment,
        log=folder.log,
        health_url=f"{url}healthz",
    ) as process:
        yield Dashboards(url, process, folder.log)


def serve(
    settings: Settings,
    workspace: str = "sample",
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    *,
    announce: Callable[[str], object] | None = None,
) -> None:
    """Serve the dashboards until Ctrl-C or SIGTERM.

    Parameters
    ----------
    settings, workspace, host, port
        As for `dashboards`.
    announce : callable, optional
        Is called with the address as soon as it answers; the address is also logged.

    Raises
    ------
    UsageError, CacheError, NotebookError
        As `dashboards` does.
    InvoiceLabError
        Where the server ends by itself.
    """
    with stop_signals() as stopped, dashboards(settings, workspace, host, port) as running:
        logger.info("the dashboards of the workspace %r answer at %s", workspace, running.url)
        if announce is not None:
            announce(running.url)
        wait_for_end(running.process, stopped, running.log)


def refuse_other_than_loopback(host: str) -> None:
    """Raise `UsageError` unless `host` is an address of this machine that only this machine can reach."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise UsageError(
            f"The dashboards can't be served on {host!r}: they have no login yet, so only this machine may reach them.",
            "Use 127.0.0.1 (other addresses come with the login of a later version), or tunnel: ssh -L.",
        )


def _check_cache(settings: Settings, workspace: str) -> None:
    from invoice_lab.warehouse.cache import open_cache

    open_cache(workspace, settings).close()
