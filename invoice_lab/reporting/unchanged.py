"""What each report was made from: one whose data, parameters, notebook and code are as they were is not made again."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from importlib.metadata import distributions
from pathlib import Path
from platform import python_version

from invoice_lab.reporting.files import write_atomically
from invoice_lab.reporting.parameters import FILE
from invoice_lab.settings import notebooks_dir, template_dir
from invoice_lab.warehouse.cache_meta import CacheMeta


def basis(name: str, parameters: Mapping[str, object], data: CacheMeta) -> str:
    """Return a digest of all that a report depends on.

    Parameters
    ----------
    name : str
        Of its notebook; exports have none.
    parameters : mapping
    data : CacheMeta
        What the cache holds.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits; another one after any change of data, parameters, notebook, template, package or
        installed libraries.
    """
    notebook = notebooks_dir() / f"{name}.ipynb"
    source = _sha256(notebook.read_bytes()) if notebook.is_file() else ""
    files = [str(value) for key, value in sorted(parameters.items()) if key.endswith(FILE) and value]
    contents = [_sha256(Path(file).read_bytes()) for file in files if Path(file).is_file()]
    parts = [name, dict(parameters), contents, f"{data.digest:032x}", data.sample, source, _code()]
    return _sha256(json.dumps(parts, sort_keys=True).encode())


class Made:
    """Remembers of which basis the files of each report are.

    Parameters
    ----------
    file : Path
        Where that is written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._reports = dict(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            self._reports = {}

    def take_over(self, name: str, basis: str, current: Path, pages: Path) -> bool:
        """Copy a report's files, if they are of this basis and nobody has changed them since.

        Parameters
        ----------
        name, basis : str
        current : Path
            The folder of the reports that are there.
        pages : Path
            Where they are copied to.
        """
        report = self._reports.get(name)
        if not isinstance(report, dict) or report.get("basis") != basis or not isinstance(report.get("files"), dict):
            return False
        try:
            for file, digest in report["files"].items():
                place = pages / file
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(current / file, place)
                if _sha256(place.read_bytes()) != digest:
                    return False
        except OSError:  # another run may be putting its reports in place
            return False
        return True

    def remember(self, name: str, basis: str, pages: Path, files: Iterable[Path]) -> None:
        """Note of which basis a report's files are."""
        digests = {file.relative_to(pages).as_posix(): _sha256(file.read_bytes()) for file in files}
        self._reports[name] = {"basis": basis, "files": digests}

    def write(self) -> None:
        """Write it down, when the reports are in their place."""
        write_atomically(self._file, json.dumps(self._reports, indent=2, sort_keys=True) + "\n")


@functools.cache
def _code() -> str:
    """Return a digest of this package, the template and the versions of all that is installed."""
    package = Path(__file__).resolve().parents[1]
    files = [path for folder in (package, template_dir()) for path in folder.rglob("*") if path.is_file()]
    digests = [(path.name, _sha256(path.read_bytes())) for path in files if "__pycache__" not in path.parts]
    installed = {f"{one.name}=={one.version}" for one in distributions()}
    return _sha256(json.dumps([sorted(digests), sorted(installed), python_version()]).encode())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
