"""The line cache of a workspace: what was read of each line of text, in a file that workers read and the loader writes.

Without it everything is read as well, only slower: so whatever is wrong with the file, no scan fails for it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import astuple
from functools import cache
from pathlib import Path

from invoice_lab.ocr.engines import Line, Word
from invoice_lab.ocr.page import Box

MOST = 2_000_000
"""Lines that a file keeps, about 500 MB; of more the oldest are forgotten."""
IN_MEMORY = 20_000
"""Lines that each worker keeps beside the file, about 10 MB: those that it read, and those that it looked up."""
WAIT_SECONDS = 2.0

_log = logging.getLogger(__name__)


class LineStore:
    """The file; a value that can be pickled.

    Parameters
    ----------
    file : Path
        Made by the first line that is kept.
    read : bool
        Whether sessions read the file; else they know what their own process has read, and no more.
    """

    def __init__(self, file: Path, read: bool = True) -> None:
        self.file, self._read = file, read

    def elsewhere(self) -> LineStore:
        """Return the line cache for workers on other machines, which can't share the file: SQLite would not be safe."""
        return LineStore(self.file, read=False)

    def session(self) -> LineSession:
        """Return the line cache for one scan; for workers."""
        return LineSession(_known(self.file, self._read))

    def keep(self, lines: Iterable[Line]) -> None:
        """Write lines down, and forget the oldest where there are too many; for the loader.

        What stands in the way is logged, and the lines are read again another time.
        """
        lines = list(lines)
        if not lines:
            return
        try:
            self._write(lines)
        except sqlite3.OperationalError as error:  # locked, disk full, not writable: it may be well later
            _log.warning("The line cache %s can't be written: %s.", self.file, error)
        except sqlite3.DatabaseError as error:
            _log.warning("The line cache %s is damaged, and begun anew: %s.", self.file, error)
            with contextlib.suppress(OSError):
                for path in self.file.parent.glob(f"{self.file.name}*"):
                    path.unlink()

    def _write(self, lines: list[Line]) -> None:
        with contextlib.closing(sqlite3.connect(self.file, timeout=WAIT_SECONDS)) as connection, connection:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            connection.execute("create table if not exists lines_1 (number integer primary key, key unique, words)")
            connection.executemany("insert or ignore into lines_1 (key, words) values (?, ?)", lines)
            connection.execute("delete from lines_1 where number <= (select max(number) from lines_1) - ?", [MOST])


class LineSession:
    """A line cache (`invoice_lab.ocr.engines.LineCache`) for one scan.

    Attributes
    ----------
    new : list of (bytes, str)
        Lines that were read for it: keys of `invoice_lab.ocr.engines.line_cache.line_key`, and the words as JSON.
    """

    def __init__(self, known: _Known) -> None:
        self._known = known
        self.new: list[Line] = []

    def get(self, key: bytes) -> list[Word] | None:
        """Return what was read of a line; None where it is not known."""
        text = self._known.get(key)
        try:
            return None if text is None else [Word(said, Box(*box), sure) for said, box, sure in json.loads(text)]
        except (ValueError, TypeError) as error:  # somebody has changed it
            _log.warning("A line in the line cache can't be understood, and is read again: %s.", error)
            return None

    def put(self, key: bytes, words: list[Word]) -> None:
        """Remember what was read of a line."""
        text = json.dumps([(word.text, astuple(word.box), word.confidence) for word in words], ensure_ascii=False)
        self.new.append((key, text))
        self._known.put(key, text)


class _Known:
    """What one process knows: the lines in memory, and the file behind them."""

    def __init__(self, file: Path, read: bool = True) -> None:
        self._file, self._read, self._lock = file, read, threading.Lock()
        self._memory: OrderedDict[bytes, str] = OrderedDict()
        self._connection: sqlite3.Connection | None = None

    def get(self, key: bytes) -> str | None:
        with self._lock:
            text = self._memory.get(key) or self._from_file(key)
            if text is not None:
                self._remember(key, text)
            return text

    def put(self, key: bytes, text: str) -> None:
        with self._lock:
            self._remember(key, text)

    def _remember(self, key: bytes, text: str) -> None:
        self._memory[key] = text
        self._memory.move_to_end(key)
        if len(self._memory) > IN_MEMORY:
            self._memory.popitem(last=False)

    def _from_file(self, key: bytes) -> str | None:
        """Look a line up; a file that is not there yet, or damaged, or locked for long, knows nothing."""
        try:
            if self._connection is None:
                if not self._read or not self._file.is_file():
                    return None
                uri = f"{self._file.resolve().as_uri()}?mode=ro"
                self._connection = sqlite3.connect(uri, uri=True, timeout=WAIT_SECONDS, check_same_thread=False)
            row = self._connection.execute("select words from lines_1 where key = ?", [key]).fetchone()
        except sqlite3.Error as error:
            _log.info("The line cache %s can't be read: %s.", self._file, error)
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            return None
        return row[0] if row else None


@cache
def _known(file: Path, read: bool) -> _Known:
    return _Known(file, read)
