"""Ctrl-C and SIGTERM as a request to end in good order."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class StopRequest:
    """Turns Ctrl-C (SIGINT) and SIGTERM into a request to finish the scans in hand; a second one ends at once."""

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():  # only there can handlers be set
            self._before = {kind: signal.signal(kind, self._request) for kind in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *exc: object) -> None:
        for kind, handler in self._before.items():
            signal.signal(kind, handler)

    def wanted(self) -> bool:
        """Tell whether to go on."""
        return not self.requested

    def _request(self, kind: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        outer = getattr(self._before.get(kind), "__self__", None)
        if isinstance(outer, StopRequest):  # a watch that goes on from batch to batch ends, too
            outer.requested = True
