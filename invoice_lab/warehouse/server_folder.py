"""Where the embedded server of a data folder lives: its lock files, its log, its data.

Normally ``<data_dir>/postgres``. PostgreSQL refuses to run as root, so root's server runs as ``nobody``; where
``nobody`` can't enter the data folder (it lies below a closed home, say), the server folder is
``/var/lib/invoice_lab/<id>`` and ``<data_dir>/server-id`` keeps the random id: a deleted data folder made anew gets a
fresh server.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from invoice_lab.errors import DatabaseError
from invoice_lab.warehouse.programs import SYSTEM_FOLDER, Account, make_folder

ID_FILE = "server-id"
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class ServerFolder:
    """The folder of one embedded server.

    Attributes
    ----------
    path : Path
        Absolute, without symbolic links.
    """

    path: Path

    @property
    def users_lock(self) -> Path:
        """Held shared by every user, alone by a keeper that is stopping the server."""
        return self.path / "users.lock"

    @property
    def start_lock(self) -> Path:
        """Held by the one process that starts the server."""
        return self.path / "start.lock"

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper for as long as it lives."""
        return self.path / "keeper.lock"

    @property
    def log(self) -> Path:
        """What PostgreSQL and the keeper had to say."""
        return self.path / "server.log"

    def data(self, major: int) -> Path:
        """Return the data folder of a major version of PostgreSQL."""
        return self.path / f"pg{major}"

    def existing_major(self) -> int | None:
        """Return the newest major version that has data here, or None."""
        majors = [int(path.name[2:]) for path in self.path.glob("pg*") if path.name[2:].isdigit()]
        return max(majors, default=None)

    def account(self) -> Account:
        """Return who runs the server: the owner of the data, or who a new one is given to."""
        major = self.existing_major()
        if major is None or os.geteuid() != 0:
            return Account.for_new_server()
        owner = self.data(major).stat()
        return Account(owner.st_uid, owner.st_gid)


def _recorded(data_dir: Path) -> ServerFolder | None:
    try:
        server_id = (data_dir / ID_FILE).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    folder = SYSTEM_FOLDER / server_id
    if not _ID.fullmatch(server_id) or not folder.is_dir():
        raise DatabaseError(
            f"The books of {data_dir} were kept in {folder}, which is gone.",
            f"Restore it from a backup, or delete {data_dir / ID_FILE} to begin with empty books.",
        )
    return ServerFolder(folder.resolve())


def existing_folder(data_dir: Path) -> ServerFolder | None:
    """Return the server folder of a data folder, or None where it has none yet. Makes nothing."""
    recorded = _recorded(data_dir)
    inside = ServerFolder((data_dir / "postgres").resolve())
    return recorded or (inside if inside.existing_major() is not None else None)


def make_server_folder(data_dir: Path) -> ServerFolder:
    """Return the server folder of a data folder; make it, and the data folder, where it is missing.

    Raises
    ------
    DatabaseError
        The recorded folder is gone.
    """
    found = existing_folder(data_dir)
    if found is not None:
        return found
    data_dir.mkdir(parents=True, exist_ok=True)
    inside = data_dir / "postgres"
    root = os.geteuid() == 0
    make_folder(inside, 0o711 if root else 0o700)
    if root and not _usable(inside, Account.for_new_server()):
        return _make_elsewhere(data_dir)
    return ServerFolder(inside.resolve())


def _usable(folder: Path, account: Account) -> bool:
    """Tell whether a folder made here can be given to the account and reached by it (no closed parent, no squash)."""
    probe = folder / f"probe-{secrets.token_hex(4)}"
    probe.mkdir(mode=0o700)
    try:
        os.chown(probe, account.uid, account.gid)
        return account.can_write(probe)
    except OSError:
        return False
    finally:
        shutil.rmtree(probe)


def _make_elsewhere(data_dir: Path) -> ServerFolder:
    make_folder(SYSTEM_FOLDER, 0o755)
    folder = SYSTEM_FOLDER / secrets.token_hex(16)
    make_folder(folder, 0o711)
    beside = data_dir / f"{ID_FILE}.{folder.name}"
    beside.write_text(folder.name + "\n", encoding="ascii")
    try:
        os.link(beside, data_dir / ID_FILE)  # fails where another process was first: then its folder counts
    except FileExistsError:
        folder.rmdir()
    finally:
        beside.unlink()
    recorded = _recorded(data_dir)
    assert recorded is not None
    return recorded
