"""How far a batch is: a bar in the terminal or notebook, or events in a file that another process follows.

A kernel that papermill runs has no terminal. It writes events to the file that ``INVOICE_LAB_PROGRESS`` names; the
runner follows the file and draws the bar.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

VARIABLE = "INVOICE_LAB_PROGRESS"
_POLL_SECONDS = 0.1


class Progress:
    """Counts scans by what became of them, and shows the counts.

    Parameters
    ----------
    show : bool
        Whether to draw a bar; events go to the file of ``INVOICE_LAB_PROGRESS`` in any case.
    total : int
        Scans to come, as far as they are known.
    """

    def __init__(self, show: bool = True, total: int = 0) -> None:
        path = os.environ.get(VARIABLE)
        self._events = Path(path).open("a", encoding="utf-8") if path else None  # noqa: SIM115 - closed by __exit__
        self._bar = None if self._events or not show else _bar(total)
        self._counts: Counter[str] = Counter()
        self._total = 0
        self.expect(total)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._events:
            self._events.close()
        if self._bar is not None:
            self._bar.close()

    def expect(self, total: int) -> None:
        """Learn how many scans there are, as far as they are listed."""
        if total == self._total:
            return
        self._total = total
        self._tell({"total": total})
        if self._bar is not None:
            _expect(self._bar, total)

    def update(self, what: str) -> None:
        """Count one scan."""
        self._counts[what] += 1
        self._tell({"done": what})
        if self._bar is not None:
            _advance(self._bar, self._counts)

    def _tell(self, event: dict[str, Any]) -> None:
        if self._events:
            self._events.write(json.dumps(event) + "\n")
            self._events.flush()


class _Bar(Protocol):
    """What is used of tqdm's bars, whose class depends on where they are shown."""

    total: float | None

    def refresh(self) -> object: ...

    def set_postfix(self, counts: Mapping[str, object], /, *, refresh: bool) -> object: ...

    def update(self, n: float) -> object: ...

    def close(self) -> object: ...


def _bar(total: int) -> _Bar:
    from tqdm.auto import tqdm

    return tqdm(total=total, unit=" scans", desc="Reading", dynamic_ncols=True)


def _expect(bar: _Bar, total: int) -> None:
    bar.total = total
    bar.refresh()


def _advance(bar: _Bar, counts: Counter[str]) -> None:
    bar.set_postfix(counts, refresh=False)
    bar.update(1)


class Follower:
    """Draws the bar of a batch that runs in another process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    @contextlib.contextmanager
    def running(self) -> Iterator[Follower]:
        """Follow for the length of the block, with the file's name in the environment of processes started there."""
        self._path.touch()
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = str(self._path)
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join()
            os.environ.pop(VARIABLE)
            if before is not None:
                os.environ[VARIABLE] = before

    def _follow(self) -> None:
        bar, counts, last = None, Counter[str](), False
        with self._path.open(encoding="utf-8") as events:
            while not last:
                last = self._stop.wait(_POLL_SECONDS)  # one more round after the end, for the last events
                for line in events:
                    event = json.loads(line)
                    if "total" in event:
                        bar = bar or _bar(0)
                        _expect(bar, event["total"])
                    elif bar is not None:
                        counts[event["done"]] += 1
                        _advance(bar, counts)
        if bar is not None:
            bar.close()
