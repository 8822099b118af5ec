"""Find a Chrome or Chromium and open pages in it, keeping what a page must not do: console errors, outside requests."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

NAMES = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)  # fmt: skip
WAIT_MS = 60_000
"""Generous: a slow machine with two busy cores must pass; a passing test never waits that long."""
_LOCAL = {"127.0.0.1", "localhost", "[::1]", "::1", ""}
_NETWORK_SCHEMES = {"http", "https", "ws", "wss", "ftp"}


def find_browser() -> str | None:
    """Return the path of a Chrome or Chromium: `INVOICE_LAB_BROWSER`, else the first usable one of `NAMES`."""
    if chosen := os.environ.get("INVOICE_LAB_BROWSER"):
        return shutil.which(chosen)
    found = (shutil.which(name) for name in NAMES)
    return next((path for path in found if path and not _is_snap_stub(path)), None)


def _is_snap_stub(path: str) -> bool:
    """Tell Ubuntu's chromium script, which only says that one should install the snap."""
    with Path(path).open("rb") as file:
        head = file.read(4096)
    return head.startswith(b"#!") and b"snap" in head and not Path("/snap/bin/chromium").exists()


@dataclass
class Watched:
    """A page and what it did that it should not have done.

    Attributes
    ----------
    page : playwright.sync_api.Page
    console_errors : list of str
        Errors on the console, and exceptions that nobody caught.
    outside : list of str
        Addresses asked for that are not on this machine.
    failed : list of str
        Requests to this machine that failed or were answered 400 and above.
    """

    page: Page
    console_errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.console_errors.append(str(error)))
        self.page.on("request", self._on_request)
        self.page.on("websocket", lambda socket: self._note_outside(socket.url))
        self.page.on("response", lambda r: self.failed.append(f"{r.status} {r.url}") if r.status >= 400 else None)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.console_errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _on_request(self, request: Request) -> None:
        self._note_outside(request.url)

    def _note_outside(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in _NETWORK_SCHEMES and parts.hostname not in _LOCAL:
            self.outside.append(url)

    def assert_clean(self) -> None:
        """Fail when the page wrote errors to the console or asked another machine for something."""
        assert self.outside == []
        assert self.console_errors == []
        assert self.failed == []


class Chrome:
    """A running headless browser.

    Attributes
    ----------
    browser : playwright.sync_api.Browser
    """

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    @contextlib.contextmanager
    def open(
        self, url: str, *, width: int = 1280, height: int = 900, dark: bool = False, wait_for: str | None = None
    ) -> Iterator[Watched]:
        """Open `url` in a fresh context (no cookies, no cache) and wait for the selector `wait_for` to be visible."""
        context: BrowserContext = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            service_workers="block",
        )
        context.set_default_timeout(WAIT_MS)
        try:
            watched = Watched(context.new_page())
            watched.page.goto(url, wait_until="load")
            if wait_for:
                watched.page.wait_for_selector(wait_for, state="visible")
            yield watched
        finally:
            context.close()


_running: list[Chrome] = []


@contextlib.contextmanager
def chrome() -> Iterator[Chrome]:
    """Start a headless browser for the block; a block inside another one shares its browser.

    Use it in fixtures of a module, not of the session: while it runs, playwright occupies the thread's event loop, and
    other tests could not run a notebook. The test is skipped where no browser is installed;
    `INVOICE_LAB_REQUIRE_BROWSER` (set by `make test`) turns the skip into a failure.
    """
    if _running:
        yield _running[0]
        return
    path = find_browser()
    if path is None:
        reason = "no Chrome or Chromium found; install one, or name it in INVOICE_LAB_BROWSER"
        if os.environ.get("INVOICE_LAB_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        # the sandbox needs user namespaces, which containers and root don't have; only our own pages are opened
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        _running.append(Chrome(browser))
        try:
            yield _running[0]
        finally:
            _running.clear()
            browser.close()


def browser_version(path: str) -> str:
    """Return what `path --version` says."""
    return subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout.strip()
