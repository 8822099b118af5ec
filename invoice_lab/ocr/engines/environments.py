"""Environments of their own for engines whose dependencies clash with ours: one hashed lock each."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import platformdirs

from invoice_lab.errors import MissingToolError
from invoice_lab.settings import CHECKOUT, is_checkout

LOCKS = Path(__file__).parent / "foreign"
_STAMP = ".made"
_GIGABYTE = 1e9


def engines_dir() -> Path:
    """Return the folder of the environments: ``INVOICE_LAB_ENGINES``, the checkout's, or the user's data folder."""
    named = os.environ.get("INVOICE_LAB_ENGINES")
    if named:
        return Path(named).expanduser().resolve()
    return CHECKOUT / ".engines" if is_checkout() else platformdirs.user_data_path("invoice_lab") / "engines"


@dataclass(frozen=True)
class Environment:
    """The environment of one engine.

    Attributes
    ----------
    name : str
        The engine's: also of its lock and its folder.
    size : float
        What it takes on the disk, in GB.
    """

    name: str
    size: float

    @property
    def folder(self) -> Path:
        """Where it is, or would be."""
        return engines_dir() / self.name

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def lock(self) -> Path:
        """Its packages with their hashes."""
        return LOCKS / f"{self.name}.lock"

    @property
    def command(self) -> str:
        """The command that makes it."""
        return f"make engines ENGINES={self.name}" if is_checkout() else f"invoice-lab engines --install {self.name}"

    def is_made(self) -> bool:
        """Tell whether it is there, whole, and of the present lock."""
        stamp = self.folder / _STAMP
        return self.python.exists() and stamp.is_file() and stamp.read_text() == self._mark()

    def version(self, package: str) -> str:
        """Return the installed version of a package in it."""
        places = [str(path) for path in self.folder.glob("lib/python*/site-packages")]
        return next(found.version for found in metadata.distributions(name=package, path=places))

    def make(self, say: Callable[[str], object]) -> None:
        """Make it, unless it is there already; two at once wait for each other.

        Parameters
        ----------
        say : callable
            Is told what is being made and how large it gets, before it begins.

        Raises
        ------
        MissingToolError
            Where the disk is too small, or pip can't get the packages.
        """
        with _locked(engines_dir()):
            if self.is_made():
                return
            self._check_space()
            count = len(re.findall(r"^[a-z0-9]", self.lock.read_text(), re.MULTILINE))
            say(f"Making {self.folder}: up to {count} packages, {self.size:g} GB, one to ten minutes.")
            venv.EnvBuilder(clear=True, symlinks=True).create(self.folder)
            self._install()
            (self.folder / _STAMP).write_text(self._mark())

    def _mark(self) -> str:
        return hashlib.sha256(self.lock.read_bytes()).hexdigest()

    def _check_space(self) -> None:
        free = shutil.disk_usage(engines_dir()).free / _GIGABYTE
        needed = 1.5 * self.size  # pip unpacks beside the archives that it has fetched
        if free < needed:
            raise MissingToolError(
                f"{self.name} needs {needed:.1f} GB on the disk of {engines_dir()}; {free:.1f} GB are free.",
                "Make room, or name another folder with INVOICE_LAB_ENGINES.",
            )

    def _install(self) -> None:
        command = [sys.executable, "-m", "pip", "--python", str(self.python), "--disable-pip-version-check"]
        command += [
            "install",
            "-qq",
            "--no-deps",
            "--root-user-action=ignore",
            "--require-hashes",
            "-r",
            str(self.lock),
        ]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if result.returncode:
            told = result.stderr.strip().splitlines() or [f"exit code {result.returncode}"]
            errors = [line for line in told if line.startswith("ERROR: ")]
            raise MissingToolError(
                f"pip could not install the packages of {self.name}: {(errors or told)[-1].removeprefix('ERROR: ')}",
                f"See that pip reaches its index, then run: {self.command}",
            )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
