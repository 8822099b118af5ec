"""Watch a folder: what comes new is ingested as soon as it is whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from invoice_lab.errors import NothingFoundError
from invoice_lab.ingest.batch import ingest
from invoice_lab.ingest.stop import StopRequest
from invoice_lab.ingest.summary import IngestSummary
from invoice_lab.ocr.decode import SUFFIXES, Limits
from invoice_lab.settings import Settings
from invoice_lab.sources.folder import FolderSource, Listing, list_scans
from invoice_lab.sources.names import text_name
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.refresh import refresh
from invoice_lab.workers import Workforce

PAUSE_SECONDS = 2.0
"""From one look at the folder to the next. A file that did not change from one to the next is taken to be whole."""
TICK_SECONDS = 0.1

State = tuple[int, int]
"""A file's size and the time of its last change, in nanoseconds."""


def watch(
    folder: Path,
    *,
    workspace: str,
    engine: str = "auto",
    workforce: Workforce | None = None,
    settings: Settings | None = None,
    say: Callable[[IngestSummary], None] = lambda summary: None,
    pause: float = PAUSE_SECONDS,
) -> None:
    """Ingest what comes new into a folder, until Ctrl-C or SIGTERM; the cache is refreshed after each batch.

    What lies there already and is not in the books comes first. Files are looked at by size and time, and read once
    they don't change any more.

    Parameters
    ----------
    folder : Path
        Searched recursively.
    workspace, engine : str
        As for `ingest`.
    workforce : Workforce, optional
    settings : Settings, optional
    say : callable
        Gets the summary of each batch.
    pause : float
        Seconds from one look to the next.

    Raises
    ------
    NothingFoundError
        There is no such folder.
    """
    if not folder.is_dir():
        raise NothingFoundError(f"There is no folder {folder}.", "Name a folder to watch.")
    settings = settings or Settings.from_environment()
    seen, ready = dict[Path, State](), Ready(folder)
    with StopRequest() as stop, database(settings):  # held, so that an embedded server is not started for each batch
        while stop.wanted():
            listing = ready.look(seen)
            if listing:
                source = FolderSource(text_name(str(folder)), listing, Limits().bytes)
                summary = ingest(
                    source, workspace=workspace, engine=engine, workers=workforce or Workforce(), progress=False,
                    settings=settings,
                )  # fmt: skip
                seen |= {path: ready.states[path] for _, path in listing.files}
                refresh(workspace, settings)
                say(summary)
            _wait(pause, stop)


class Ready:
    """Tells which files of a folder are new and whole.

    Parameters
    ----------
    folder : Path

    Attributes
    ----------
    states : dict of Path to State
        The new files as they were at the last look.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.states: dict[Path, State] = {}

    def look(self, seen: dict[Path, State]) -> Listing | None:
        """Return the files that are not among those `seen`, and as they were at the last look; None without any."""
        try:
            listing = list_scans([self._folder], SUFFIXES)
        except NothingFoundError:
            return None
        states = {path: state for _, path in listing.files if (state := _state(path)) and seen.get(path) != state}
        whole = {path for path, state in states.items() if self.states.get(path) == state}
        self.states = states
        files = tuple((name, path) for name, path in listing.files if path in whole)
        return Listing(files, listing.passed_over) if files else None


def _state(path: Path) -> State | None:
    try:
        about = path.stat()
    except OSError:  # it is gone again
        return None
    return about.st_size, about.st_mtime_ns


def _wait(seconds: float, stop: StopRequest) -> None:
    until = time.monotonic() + seconds
    while stop.wanted() and time.monotonic() < until:
        time.sleep(TICK_SECONDS)
