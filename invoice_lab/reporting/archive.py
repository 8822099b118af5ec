"""Editions of a workspace's reports: what each is of, and where the earlier ones are kept."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from invoice_lab.reporting.files import unfinished, write_atomically

_UP = b'href="../index.html"'
_UP_FROM_ARCHIVE = b'href="../../../index.html"'


@dataclass(frozen=True)
class Edition:
    """What a folder of reports is of.

    Attributes
    ----------
    workspace, as_of, fingerprint : str
        `as_of` is empty where there are no invoices.
    sample : bool
        Whether the data is made up.
    period : str
    invoices, customers : int
    """

    FILE: ClassVar[str] = "edition.json"

    workspace: str
    as_of: str
    fingerprint: str
    sample: bool
    period: str
    invoices: int
    customers: int

    @property
    def folder(self) -> str:
        """The name of its folder in the archive."""
        return f"{self.as_of or 'empty'}-{self.fingerprint}"


def read_edition(folder: Path) -> Edition | None:
    """Return what a folder of reports is of; None where it doesn't say."""
    try:
        return Edition(**json.loads((folder / Edition.FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_edition(folder: Path, edition: Edition) -> None:
    """Write what a folder of reports is of."""
    write_atomically(folder / Edition.FILE, json.dumps(asdict(edition), indent=2, sort_keys=True) + "\n")


def archive_dir(current: Path) -> Path:
    """Return the folder of the earlier editions of a workspace whose current ones are in `current`."""
    return current.parent / "archive" / current.name


def keep_earlier(current: Path, place: Path) -> None:
    """Copy the reports that are there to their place in the archive, their links made right; whole or not at all."""
    new = unfinished(place)
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(current, new, copy_function=shutil.copyfile)
    for page in new.glob("*.html"):
        page.write_bytes(page.read_bytes().replace(_UP, _UP_FROM_ARCHIVE))
    shutil.rmtree(place, ignore_errors=True)
    new.rename(place)


def editions(reports: Path) -> list[tuple[Edition, str, list[tuple[Edition, str]]]]:
    """Return each workspace's edition with its address and its earlier ones, real data before made-up, by name."""
    found = []
    for edition, address in _read_all(reports, reports):
        earlier = _read_all(archive_dir(reports / address), reports)[::-1]
        found.append((edition, address, [item for item in earlier if item[0].folder != edition.folder]))
    return sorted(found, key=lambda item: (item[0].sample, item[0].workspace))


def _read_all(folder: Path, reports: Path) -> list[tuple[Edition, str]]:
    """Return the editions of the folders in a folder with their addresses; hidden ones are not complete."""
    folders = sorted(file.parent for file in folder.glob(f"*/{Edition.FILE}") if not file.parent.name.startswith("."))
    read = [(read_edition(place), place.relative_to(reports).as_posix()) for place in folders]
    return [(edition, address) for edition, address in read if edition is not None]
