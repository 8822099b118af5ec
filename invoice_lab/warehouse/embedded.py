"""The embedded PostgreSQL server: whoever needs it starts it or attaches; the last to leave stops it.

Each user holds ``users.lock`` shared for as long as it needs the server; a killed user's lock falls by itself. A keeper
process (`invoice_lab.warehouse.keeper`) waits until it can have that lock alone, then stops the server. Users' worker
processes must not be forked from them (``spawn`` and ``forkserver`` don't): a forked child shares the lock and keeps
the server running until it ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2.extensions import make_dsn

from invoice_lab.errors import DatabaseError, InvoiceLabError
from invoice_lab.settings import PACKAGE, Settings
from invoice_lab.warehouse.credentials import FILE, Credentials, make_credentials, read_credentials
from invoice_lab.warehouse.keeper import read_record
from invoice_lab.warehouse.locks import FileLock, is_free
from invoice_lab.warehouse.postmaster import Postmaster, run_as
from invoice_lab.warehouse.programs import Account, Programs, find_programs
from invoice_lab.warehouse.roles import prepare_embedded_database
from invoice_lab.warehouse.server_folder import ID_FILE, ServerFolder, existing_folder, make_server_folder

SUPERUSER = "postgres"
DATABASE = "invoice_lab"
_WAIT_SECONDS = 90.0
_KEEPER_SECONDS = 180.0
_LEAVE_SECONDS = 15.0
_LOG_BYTES = 1_000_000


@dataclass(frozen=True)
class Endpoint:
    """A running embedded server, as seen by one of its users.

    Attributes
    ----------
    port : int
        On 127.0.0.1.
    credentials : Credentials
    """

    port: int
    credentials: Credentials

    def dsn(self, user: str, password: str, database: str = DATABASE) -> str:
        """Return libpq's parameters for a login; nothing in the environment can lead it to another server."""
        return make_dsn(
            host="127.0.0.1",
            hostaddr="127.0.0.1",
            port=self.port,
            dbname=database,
            user=user,
            password=password,
            sslmode="disable",
            gssencmode="disable",
            require_auth="scram-sha-256",  # a stranger on our old port can't ask for the password in clear
            target_session_attrs="any",
            connect_timeout=10,
            application_name="invoice_lab",
        )

    def superuser_dsn(self) -> str:
        """Return libpq's parameters for the superuser's login."""
        return self.dsn(SUPERUSER, self.credentials.passwords["superuser"], "postgres")


@dataclass(frozen=True)
class EmbeddedStatus:
    """What `doctor` tells about the embedded server.

    Attributes
    ----------
    folder : Path or None
        The server folder; None where nothing was ever stored.
    programs, version : str or None
        Where the programs are, and their version.
    data_version : int or None
        The major version that wrote the data; None where there is none.
    running, kept : bool
        Whether the server runs, and whether a keeper looks after it.
    port, pid : int or None
    problem : str or None
        Why it could not be started or looked at.
    """

    folder: Path | None = None
    programs: str | None = None
    version: str | None = None
    data_version: int | None = None
    running: bool = False
    kept: bool = False
    port: int | None = None
    pid: int | None = None
    problem: str | None = None


def embedded_status(settings: Settings) -> EmbeddedStatus:
    """Look at the embedded server of these settings; starts and changes nothing."""
    try:
        folder = existing_folder(settings.data_dir)
        major = folder.existing_major() if folder else None
        programs = find_programs(folder.account() if folder else Account.for_new_server(), major)
    except (InvoiceLabError, OSError) as error:
        return EmbeddedStatus(problem=str(error))
    if folder is None or major is None:
        return EmbeddedStatus(programs=str(programs.folder), version=programs.version)
    running = Postmaster.running_on(folder.data(major))
    return EmbeddedStatus(
        folder=folder.path,
        programs=str(programs.folder),
        version=programs.version,
        data_version=major,
        running=running is not None,
        kept=folder.keeper_lock.exists() and not is_free(folder.keeper_lock),
        port=running.port if running else None,
        pid=running.pid if running else None,
    )


@contextlib.contextmanager
def embedded_server(settings: Settings) -> Iterator[Endpoint]:
    """Start the embedded server or attach to it, for the length of the block.

    Raises
    ------
    DatabaseError
        It can't be started or reached; the end of its log is in the message.
    MissingToolError
        There are no PostgreSQL programs.
    """
    try:
        folder = make_server_folder(settings.data_dir)
        users = FileLock(folder.users_lock)
    except OSError as error:
        raise DatabaseError(f"The data folder {settings.data_dir} can't be used: {error}.") from error
    try:
        endpoint = _attach(settings.data_dir, folder, users)
        yield endpoint
    finally:
        _leave(folder, users)


def _attach(data_dir: Path, folder: ServerFolder, users: FileLock) -> Endpoint:
    try:
        if not users.shared(_WAIT_SECONDS):  # a keeper that is stopping the server holds it
            raise DatabaseError(f"The embedded server in {folder.path} has been stopping for {_WAIT_SECONDS:.0f} s.")
        with FileLock(folder.start_lock) as starting:
            if not starting.exclusive(_WAIT_SECONDS):
                raise DatabaseError(f"Another process has been starting {folder.path} for {_WAIT_SECONDS:.0f} s.")
            programs = find_programs(folder.account(), folder.existing_major())
            credentials = _credentials(data_dir, folder)
            if folder.existing_major() is None:
                _initialise(folder, programs, credentials)
            endpoint = _ensure_running(folder, programs, credentials)
            _prepare(endpoint)
            return endpoint
    except OSError as error:
        raise DatabaseError(f"The embedded server in {folder.path} can't be used: {error}.") from error


def _credentials(data_dir: Path, folder: ServerFolder) -> Credentials:
    credentials = read_credentials(data_dir)
    if credentials is None and folder.existing_major() is not None:
        raise DatabaseError(
            f"The passwords of the embedded server ({data_dir / FILE}) are gone, its books in {folder.path} are not.",
            "Restore the file from a backup, or delete the whole data folder to begin with empty books.",
        )
    return credentials or make_credentials(data_dir)


def _initialise(folder: ServerFolder, programs: Programs, credentials: Credentials) -> None:
    """Make the data folder beside its place and rename it: a killed start leaves nothing that looks like data."""
    account = Account.for_new_server()
    for leftover in folder.path.glob("new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    beside = Path(tempfile.mkdtemp(prefix="new-", dir=folder.path))  # mode 0700
    try:
        data, password = beside / "data", beside / "password"
        data.mkdir(mode=0o700)
        password.touch(mode=0o600)
        password.write_text(credentials.passwords["superuser"], encoding="ascii")
        for path in (beside, data, password):
            os.chown(path, account.uid, account.gid)
        command = [str(programs.folder / "initdb"), "-D", str(data), "-U", SUPERUSER, "-A", "scram-sha-256"]
        command += ["--pwfile", str(password), "-E", "UTF8", "--locale=C", "--lc-ctype=C.UTF-8", "--data-checksums"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, **run_as(account.uid, account.gid))
        if done.returncode != 0:
            nameless = "user does not exist" in done.stderr
            raise DatabaseError(
                f"PostgreSQL's data folder can't be made: {_tail(done.stderr or done.stdout)}.",
                "Run as a user that /etc/passwd names, or set DATABASE_URL." if nameless else None,
            )
        data.rename(folder.data(programs.major))
        parent = os.open(folder.path, os.O_RDONLY)
        os.fsync(parent)  # a lost entry would be lost books
        os.close(parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _ensure_running(folder: ServerFolder, programs: Programs, credentials: Credentials) -> Endpoint:
    """Return the running server; start a keeper where none lives, which starts the server or adopts the one there."""
    data = folder.data(programs.major)
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        if is_free(folder.keeper_lock):
            _start_keeper(folder, data, programs)
        record = read_record(folder.path)
        endpoint = Endpoint(record["port"] if record else 0, credentials)
        problem = _problem(endpoint, data) if record else "it has not come up"
        if problem is None:
            return endpoint
        if time.monotonic() > deadline:
            raise DatabaseError(f"The embedded server in {folder.path} does not answer: {problem}.")
        time.sleep(0.05)  # its keeper is starting or, when it died, just about to end


def _problem(endpoint: Endpoint, data: Path) -> str | None:
    """Tell why the server does not answer, or None: alive is what lets us log in and has our data, not a pid."""
    try:
        with (
            contextlib.closing(psycopg2.connect(endpoint.superuser_dsn())) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("select current_setting('data_directory')")
            row = cursor.fetchone()
    except psycopg2.Error as error:
        if "authentication failed" in str(error):
            raise DatabaseError(
                f"The embedded server in {data} refuses the passwords of {FILE}.",
                "Restore that file from the backup that the books came from.",
            ) from error
        return str(error).strip()
    return None if row and row[0] == str(data) else "another server is on its port"


def _start_keeper(folder: ServerFolder, data: Path, programs: Programs) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    log = os.open(folder.log, flags, 0o600)
    try:
        if os.fstat(log).st_size > _LOG_BYTES:
            os.ftruncate(log, 0)
        before = os.fstat(log).st_size
        done = subprocess.run(
            [sys.executable, "-P", "-m", "invoice_lab.warehouse.keeper", folder.path, data, programs.folder],
            check=False,
            cwd="/",
            env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
            timeout=_KEEPER_SECONDS,
            start_new_session=True,  # Ctrl-C and a closed terminal are for the users, not for it
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    except subprocess.TimeoutExpired as error:
        raise DatabaseError(f"PostgreSQL has not come up within {_KEEPER_SECONDS:.0f} s.") from error
    finally:
        os.close(log)
    if done.returncode != 0:
        text = folder.log.read_bytes()[before:].decode(errors="replace")
        raise DatabaseError(f"PostgreSQL can't be started in {data}: {_tail(text)}")


def _prepare(endpoint: Endpoint) -> None:
    try:
        with contextlib.closing(psycopg2.connect(endpoint.superuser_dsn())) as connection:
            prepare_embedded_database(connection, DATABASE, endpoint.credentials.passwords)
    except psycopg2.Error as error:
        raise DatabaseError(f"The embedded server can't be prepared: {str(error).strip()}") from error


def _tail(text: str, lines: int = 8) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines()[-lines:]) or "it said nothing"


def _leave(folder: ServerFolder, users: FileLock) -> None:
    """Leave the server; the last one waits until it has stopped, so that nothing runs on after the program's end."""
    try:
        _replace_killed_keeper(folder)
    finally:
        users.close()
    deadline = time.monotonic() + _LEAVE_SECONDS
    with contextlib.suppress(FileNotFoundError):  # the data folder was deleted: then the keeper sees to the rest
        while time.monotonic() < deadline:
            with FileLock(folder.users_lock) as lock:
                if lock.exclusive():
                    if is_free(folder.keeper_lock):
                        return  # stopped
                elif lock.shared():
                    return  # others go on
            time.sleep(0.02)


def _replace_killed_keeper(folder: ServerFolder) -> None:
    """See that a server whose keeper was killed meanwhile gets one again: nobody else would stop it."""
    major = folder.existing_major()
    if major is None or not folder.keeper_lock.exists() or not is_free(folder.keeper_lock):
        return
    data = folder.data(major)
    with contextlib.suppress(InvoiceLabError, OSError), FileLock(folder.start_lock) as starting:
        if Postmaster.running_on(data) and starting.exclusive(_LEAVE_SECONDS) and is_free(folder.keeper_lock):
            _start_keeper(folder, data, find_programs(folder.account(), major))


def remove_embedded(settings: Settings) -> None:
    """Delete the embedded server of these settings with all its books.

    Raises
    ------
    DatabaseError
        Somebody uses it.
    """
    folder = existing_folder(settings.data_dir)
    if folder is None:
        return
    with FileLock(folder.users_lock) as users:
        if not users.exclusive(_LEAVE_SECONDS):
            raise DatabaseError(f"The embedded server in {folder.path} is in use.", "Stop its users first.")
        major = folder.existing_major()
        running = Postmaster.running_on(folder.data(major)) if major else None
        if running is not None:  # its keeper was killed
            running.stop()
        shutil.rmtree(folder.path)
        (settings.data_dir / ID_FILE).unlink(missing_ok=True)
        (settings.data_dir / FILE).unlink(missing_ok=True)
