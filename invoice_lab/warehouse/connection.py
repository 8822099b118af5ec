"""Connections to the books: to the embedded server, or to the PostgreSQL that DATABASE_URL names."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import make_dsn, parse_dsn

from invoice_lab.errors import DatabaseError
from invoice_lab.settings import Settings
from invoice_lab.warehouse.embedded import DATABASE, Endpoint, embedded_server
from invoice_lab.warehouse.roles import ASSUMED_ROLES, COMMON_SCHEMA, Role, role_name, schema_name

OLDEST_VERSION = 150_000
_CONNECT_SECONDS = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Database:
    """A reachable PostgreSQL; made by `database`.

    Attributes
    ----------
    url_for_humans : str
        Where it is, without any secret.
    server_version : str
        Such as ``16.14``.
    embedded : bool
        Whether it is the embedded server.
    """

    url_for_humans: str
    server_version: str
    embedded: bool
    _target: Endpoint | str = field(repr=False)
    _warned: set[str] = field(default_factory=set, repr=False, compare=False)

    @contextlib.contextmanager
    def connect(self, role: Role, workspace: str | None = None) -> Iterator[Connection]:
        """Connect for the length of the block: commit at its end, roll back when it raises, close in any case.

        Parameters
        ----------
        role : {'owner', 'loader', 'reader', 'web'}
        workspace : str, optional
            Names in SQL are looked up in this workspace's schema first, then in the common one.

        Yields
        ------
        psycopg2.extensions.connection
            In UTC, in a transaction once something is executed; may be committed within the block.

        Raises
        ------
        DatabaseError
            The server can't be reached, or was lost within the block.
        UsageError
            The workspace's name can't be one.
        """
        path = ([schema_name(workspace)] if workspace is not None else []) + [COMMON_SCHEMA]
        connection = _open(self._target, role)
        try:
            if not self.embedded and role in ASSUMED_ROLES:
                self._assume(connection, role)
            _prepare_session(connection, path)
            yield connection
            connection.commit()
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            raise DatabaseError(f"PostgreSQL ({self.url_for_humans}) failed: {str(error).strip()}.") from error
        except psycopg2.errors.InsufficientPrivilege as error:
            raise DatabaseError(
                f"PostgreSQL ({self.url_for_humans}) refused: {str(error).strip()}.",
                "Use the owner's login in DATABASE_URL, or have an administrator run what `invoice-lab doctor` prints.",
            ) from error
        finally:
            connection.close()  # rolls back what was not committed

    def _assume(self, connection: Connection, role: Role) -> None:
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL("set role {}").format(sql.Identifier(role_name(role))))
        except (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.InvalidParameterValue):
            if not self._warned:
                _log.warning(
                    "%s: the role %s can't be taken on, the owner does its work; `invoice-lab doctor` prints the SQL.",
                    self.url_for_humans,
                    role_name(role),
                )
            self._warned.add(role)


def _prepare_session(connection: Connection, path: list[str]) -> None:
    connection.autocommit = True  # a SET within a transaction would be undone by a rollback
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("set search_path = {}; set timezone = 'UTC'; set client_encoding = 'UTF8'").format(
                sql.SQL(", ").join(map(sql.Identifier, path))
            )
        )
    connection.autocommit = False


@contextlib.contextmanager
def database(settings: Settings) -> Iterator[Database]:
    """Give the block a database: the one DATABASE_URL names, else the embedded server, started or attached to.

    Worker processes made within the block must not be forked from this one (``spawn`` and ``forkserver`` don't): a
    forked one shares the hold on the embedded server, which then runs until the worker ends.

    Raises
    ------
    DatabaseError
        It can't be started or reached, or is older than PostgreSQL 15.
    MissingToolError
        The embedded server is wanted and there are no PostgreSQL programs.
    """
    if settings.database_url is not None:
        yield _look_at(settings.database_url, external_url_for_humans(settings.database_url), embedded=False)
        return
    with embedded_server(settings) as endpoint:
        yield _look_at(endpoint, f"postgresql://127.0.0.1:{endpoint.port}/{DATABASE} (embedded)", embedded=True)


def _look_at(target: Endpoint | str, url: str, *, embedded: bool) -> Database:
    with contextlib.closing(_open(target, "owner")) as connection:
        number = connection.server_version
    version = f"{number // 10_000}.{number % 10_000}"
    if number < OLDEST_VERSION:
        raise DatabaseError(f"PostgreSQL {version} ({url}) is too old.", "Use PostgreSQL 15 or newer.")
    return Database(url, version, embedded, target)


def _open(target: Endpoint | str, role: Role) -> Connection:
    try:
        if isinstance(target, Endpoint):
            return psycopg2.connect(target.dsn(role_name(role), target.credentials.passwords[role]))
        # Everything in the URL, TLS settings too, is for libpq to read; ours only fill what it leaves open.
        ours = {"connect_timeout": _CONNECT_SECONDS, "fallback_application_name": "invoice_lab"}
        return psycopg2.connect(make_dsn(target, **{**ours, **_parse(target)}))
    except psycopg2.Error as error:
        where = external_url_for_humans(target) if isinstance(target, str) else "the embedded server"
        raise DatabaseError(f"PostgreSQL ({where}) can't be reached: {_without_secrets(str(error), target)}") from None


def _parse(url: str) -> dict[str, str]:
    """Read a URL or key=value string as libpq does, whose complaints are not told: they may quote the password."""
    try:
        parts = dict(parse_dsn(url))
    except psycopg2.Error:
        parts = {"host": "@"}
    ports = parts.get("port", "")
    if "@" in parts.get("host", "") + parts.get("dbname", "") or not re.fullmatch(r"[\d,]*", ports):
        raise DatabaseError(
            "DATABASE_URL can't be read.",
            "Write it as postgresql://user:password@host:port/name, with special characters in user and password "
            "percent-encoded ('@' as %40, '/' as %2F).",
        ) from None
    return parts


def external_url_for_humans(url: str) -> str:
    """Return where a DATABASE_URL leads, without password and options.

    Raises
    ------
    DatabaseError
        It can't be read.
    """
    parts = _parse(url)
    user = f"{parts['user']}@" if "user" in parts else ""
    port = f":{parts['port']}" if "port" in parts else ""
    return f"postgresql://{user}{parts.get('host', parts.get('hostaddr', ''))}{port}/{parts.get('dbname', '')}"


def _without_secrets(message: str, target: Endpoint | str) -> str:
    secrets = target.credentials.passwords.values() if isinstance(target, Endpoint) else []
    if isinstance(target, str):
        parts = _parse(target)
        secrets = [parts[name] for name in ("password", "sslpassword", "passfile") if parts.get(name)]
    for secret in secrets:
        message = message.replace(secret, "***")
    return message.strip()
