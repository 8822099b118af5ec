"""Where things are: read from the environment once, handed on as a value."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from invoice_lab.errors import UsageError

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent
DATABASE_VARIABLES = (
    "DATABASE_URL",
    "PGPASSWORD",
    "PGUSER",
    "PGHOST",
    "PGPORT",
    "PGDATABASE",
    "PGSERVICE",
    "PGPASSFILE",
)
"""Environment variables that carry database credentials: no notebook but ``extract`` gets them."""

SAMPLE_WORKSPACE = "sample"
"""The one workspace that holds made-up invoices, and nothing else."""
DEFAULT_WORKSPACE = "default"

RESERVED_WORKSPACES = frozenset({"archive", "template"})
"""Names that mean something else in the reports folder."""

_WORKSPACE = re.compile(r"[a-z][a-z0-9_]{0,39}")


def is_checkout() -> bool:
    """Tell whether the package runs from a checkout of the project rather than from an installed wheel."""
    return (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "notebooks").is_dir()


def workspace_name(name: str) -> str:
    """Return `name` if it can name a workspace, else raise `UsageError`."""
    if not _WORKSPACE.fullmatch(name) or name in RESERVED_WORKSPACES:
        raise UsageError(
            f"{name!r} can't name a workspace.",
            "Use 1 to 40 lower-case letters, digits and underscores, beginning with a letter, such as 'march_2026'; "
            f"{' and '.join(sorted(RESERVED_WORKSPACES))} are taken.",
        )
    return name


@dataclass(frozen=True)
class Settings:
    """The folders and the database of one installation.

    Attributes
    ----------
    data_dir : Path
        Scan stores, caches and the embedded server (``INVOICE_LAB_DATA``).
    reports_dir : Path
        Where reports are written (``INVOICE_LAB_REPORTS``).
    database_url : str or None
        The owner's PostgreSQL URL (``DATABASE_URL``); None means the embedded server.
    """

    data_dir: Path
    reports_dir: Path
    database_url: str | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings: `INVOICE_LAB_DATA`, `INVOICE_LAB_REPORTS`, `DATABASE_URL`.

        Without them a checkout keeps its data in ``.data`` and its reports in ``reports``; an installed package keeps
        its data in the user's data folder and writes reports below the current folder.
        """
        checkout = is_checkout()
        data = CHECKOUT / ".data" if checkout else platformdirs.user_data_path("invoice_lab")
        reports = CHECKOUT / "reports" if checkout else Path.cwd() / "reports"
        return cls(
            data_dir=Path(environ.get("INVOICE_LAB_DATA") or data).expanduser().resolve(),
            reports_dir=Path(environ.get("INVOICE_LAB_REPORTS") or reports).expanduser().resolve(),
            database_url=environ.get("DATABASE_URL") or None,
        )

    @property
    def samples_dir(self) -> Path:
        """Return the folder that the made-up sample batch is drawn into."""
        return self.data_dir / "samples"

    def workspace_dir(self, workspace: str) -> Path:
        """Return the folder of a workspace's scan store and cache."""
        return self.data_dir / "workspaces" / workspace_name(workspace)

    def make_workspace_dir(self, workspace: str) -> None:
        """Make a workspace's folder; only its owner may look into it, since scans hold personal data."""
        folder = self.workspace_dir(workspace)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder.parent.chmod(0o700)
        except OSError as error:
            raise UsageError(
                f"The data folder {self.data_dir} can't be used: {error.strerror}.",
                "Name another with INVOICE_LAB_DATA.",
            ) from error

    def scan_store_dir(self, workspace: str) -> Path:
        """Return the folder of a workspace's scan store."""
        return self.workspace_dir(workspace) / "scans"

    def cache_dir(self, workspace: str) -> Path:
        """Return the folder of a workspace's DuckDB cache."""
        return self.workspace_dir(workspace) / "cache"

    def line_cache_file(self, workspace: str) -> Path:
        """Return the file of a workspace's line cache."""
        return self.workspace_dir(workspace) / "lines.sqlite"

    def usual_workspace(self) -> str:
        """Return the workspace that is meant where none is named: ``default`` once it has a cache, else ``sample``."""
        has_cache = (self.cache_dir(DEFAULT_WORKSPACE) / "current").is_file()
        return DEFAULT_WORKSPACE if has_cache else SAMPLE_WORKSPACE

    def workspace_reports_dir(self, workspace: str) -> Path:
        """Return the folder of a workspace's reports."""
        return self.reports_dir / workspace_name(workspace)


def notebooks_dir() -> Path:
    """Return the folder of the notebooks: the checkout's, or the wheel's copy."""
    return CHECKOUT / "notebooks" if is_checkout() else PACKAGE / "_notebooks"


def template_dir() -> Path:
    """Return the folder of the report template: the checkout's, or the wheel's copy."""
    return CHECKOUT / "reports" / "template" if is_checkout() else PACKAGE / "_template"
