"""Editions of a workspace's reports: what each is of, and where the earlier ones are kept."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from invoice_lab.reporting.files import write_atomically

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


def archive_earlier(current: Path, archive: Path, new: Edition | None) -> Path | None:
    """Move the reports that are there to the archive where the new ones are of other data or another day.

    Returns
    -------
    Path or None
        Where they are now; None where nothing had to be moved.
    """
    earlier = read_edition(current)
    if earlier is None or (new is not None and earlier.folder == new.folder):
        return None
    place = archive / earlier.folder
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(current, place)
    for page in place.glob("*.html"):
        page.write_bytes(page.read_bytes().replace(_UP, _UP_FROM_ARCHIVE))
    return place


def editions(reports: Path) -> list[tuple[Edition, str, list[tuple[Edition, str]]]]:
    """Return each workspace's edition with its address and its earlier ones, real data before made-up, by name."""
    found = []
    for file in sorted(reports.glob(f"*/{Edition.FILE}")):
        edition = read_edition(file.parent)
        if edition is not None:
            found.append((edition, file.parent.name, _earlier(reports, edition.workspace)))
    return sorted(found, key=lambda item: (item[0].sample, item[0].workspace))


def _earlier(reports: Path, workspace: str) -> list[tuple[Edition, str]]:
    folders = sorted((reports / "archive" / workspace).glob(f"*/{Edition.FILE}"), reverse=True)
    read = [(read_edition(file.parent), file.parent.relative_to(reports).as_posix()) for file in folders]
    return [(edition, address) for edition, address in read if edition is not None]
