"""The scan store: the bytes of every scan that arrived, kept once, unchanged, under their sha256."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import fsspec

from invoice_lab.errors import UsageError
from invoice_lab.sources.scan import Scan


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
        """Keep a scan's bytes; nothing happens where they are kept already. A cut-off write leaves nothing behind."""
        path = self._path(scan.sha256)
        if self._files.exists(path):
            return
        self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        if "file" in self._files.protocol:
            _write_durably(Path(path), scan.data)
        else:  # object stores show an object only when it is whole
            self._files.pipe_file(path, scan.data)

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

    def _path(self, sha256: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256}"


def _write_durably(path: Path, data: bytes) -> None:
    """Write beside the place, fsync, and move there, so that a file under its name is always whole."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
