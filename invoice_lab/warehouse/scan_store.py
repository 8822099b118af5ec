"""The scan store: the bytes of every scan that arrived, kept once, unchanged, under their sha256."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import fsspec

from invoice_lab.errors import UsageError
from invoice_lab.sources.scan import Scan

INCOMING = ".incoming"
"""Folder of a store in which files are written before they get their name."""
LEFT_SECONDS = 3600


class ScanStore:
    """Scans by their sha256, in a folder or at any fsspec URL.

    Parameters
    ----------
    root : Path or str
        A folder, or a URL such as ``s3://bucket/scans``.
    """

    def __init__(self, root: Path | str) -> None:
        self._files, self._root = fsspec.core.url_to_fs(str(root))

    def put(self, scan: Scan) -> None:
        """Keep a scan's bytes; nothing happens where they are kept already. A cut-off write leaves nothing behind.

        Raises
        ------
        UsageError
            The store can't be written.
        """
        self._keep(scan.sha256, lambda: io.BytesIO(scan.data))

    def put_file(self, file: Path, sha256: str) -> None:
        """Keep a file's bytes, whose digest is known; else as `put`; a folder gets them block by block."""
        self._keep(sha256, lambda: file.open("rb"))

    def sweep(self) -> None:
        """Remove what writers left that were killed: files of an hour ago, for others may be writing now."""
        if not self._is_local or not Path(self._incoming).is_dir():
            return
        for left in Path(self._incoming).iterdir():
            with contextlib.suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > LEFT_SECONDS:
                    left.unlink()

    def get(self, sha256: str, name: str = "") -> Scan:
        """Return a scan by its sha256.

        Raises
        ------
        UsageError
            Where the store has no such scan.
        """
        try:
            return Scan(name, self._files.cat_file(self._path(sha256)), sha256)
        except FileNotFoundError as error:
            raise UsageError(f"The scan store has no scan {sha256}.") from error

    def __contains__(self, sha256: str) -> bool:
        return bool(self._files.exists(self._path(sha256)))

    def _keep(self, sha256: str, opened: Callable[[], BinaryIO]) -> None:
        path = self._path(sha256)
        try:
            if self._files.exists(path):
                return
            with opened() as data:
                if self._is_local:
                    for folder in (path.rpartition("/")[0], self._incoming):
                        self._make_folder(folder)
                    _write_durably(Path(path), data, Path(self._incoming))
                else:  # object stores show an object only when it is whole
                    self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
                    self._files.pipe_file(path, data.read())
        except OSError as error:
            raise UsageError(
                f"The scan store {self._root} can't be written: {error.strerror or error}.",
                "Make room there, or make it writable; then the same command goes on where it stopped.",
            ) from error

    def _make_folder(self, folder: str) -> None:
        if not self._files.exists(folder):
            self._files.makedirs(folder, exist_ok=True)
            _sync_folder(Path(self._root))

    @property
    def _is_local(self) -> bool:
        return "file" in self._files.protocol

    @property
    def _incoming(self) -> str:
        return f"{self._root}/{INCOMING}"

    def _path(self, sha256: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256}"


def _write_durably(path: Path, data: BinaryIO, incoming: Path) -> None:
    """Write elsewhere, fsync, and move to the place, so that a file under its name is always whole."""
    new = incoming / f"{path.name}-{secrets.token_hex(4)}"
    try:
        with new.open("xb") as file:
            shutil.copyfileobj(data, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """Let a power cut not take away a file's name."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
