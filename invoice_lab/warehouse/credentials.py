"""The passwords of the embedded server: random, in a file that only its owner can read."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from invoice_lab.errors import DatabaseError

FILE = "credentials.json"
_NAMES = ("superuser", "owner", "loader", "reader", "web")


@dataclass(frozen=True)
class Credentials:
    """The embedded server's passwords; prints without them.

    Attributes
    ----------
    passwords : dict of str to str
        By name: ``superuser`` and the four roles.
    """

    passwords: dict[str, str] = field(repr=False)


def read_credentials(data_dir: Path) -> Credentials | None:
    """Return the passwords kept in a data folder, or None where there are none yet.

    Raises
    ------
    DatabaseError
        The file is there but can't be used.
    """
    path = data_dir / FILE
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Credentials({name: str(kept[name]) for name in _NAMES})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatabaseError(
            f"The embedded server's passwords in {path} can't be read ({type(error).__name__}).",
            "Run as the user who made the data folder, or restore the file from a backup.",
        ) from error


def make_credentials(data_dir: Path) -> Credentials:
    """Draw new passwords and keep them with mode 0600; never a moment with others able to read them."""
    credentials = Credentials({name: secrets.token_urlsafe(24) for name in _NAMES})
    descriptor, beside = tempfile.mkstemp(prefix=f"{FILE}.", dir=data_dir)  # mkstemp: mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(credentials.passwords, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    Path(beside).replace(data_dir / FILE)
    return credentials
