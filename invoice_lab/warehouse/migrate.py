"""Bring the books to this version: numbered SQL files, each committed together with its record."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from invoice_lab.errors import MigrationError, UsageError
from invoice_lab.settings import DEFAULT_WORKSPACE
from invoice_lab.warehouse.connection import Database
from invoice_lab.warehouse.roles import COMMON_SCHEMA, ensure_roles, grant, grants_digest, schema_name

MIGRATIONS = Path(__file__).with_name("migrations")
_GRANTS = "grants"
"""The record that says which grants were given; every other record is a migration's."""


@dataclass(frozen=True)
class Migration:
    """One numbered SQL file.

    Attributes
    ----------
    name : str
        Its file name without the suffix, such as ``0001_books``.
    sql : str
    sha256 : str
        Of the file's bytes.
    """

    name: str
    sql: str
    sha256: str


def read_migrations(folder: Path) -> list[Migration]:
    """Return the migrations in a folder in their order."""
    contents = [(path.stem, path.read_bytes()) for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))]
    return [Migration(name, data.decode("utf-8"), hashlib.sha256(data).hexdigest()) for name, data in contents]


def migrate(database: Database, workspace: str, folder: Path = MIGRATIONS) -> list[str]:
    """Bring the common schema and one workspace's books to this version; does nothing where they are.

    Parameters
    ----------
    database : Database
    workspace : str
    folder : Path
        Holds the folders ``common`` and ``workspace`` of SQL files.

    Returns
    -------
    list of str
        What was applied, as ``common/0001_common``.

    Raises
    ------
    MigrationError
        A migration fails (it leaves nothing behind), was changed after it was applied, or is in the database but not
        in this version.
    """
    ensure_roles(database)
    applied: list[str] = []
    for scope, schema in (("common", COMMON_SCHEMA), ("workspace", schema_name(workspace))):
        migrations = read_migrations(folder / scope)
        while (name := _apply_next(database, schema, migrations)) is not None:
            applied.append(f"{scope}/{name}")
    return applied


def workspaces(database: Database) -> list[str]:
    """Return the names of the workspaces that have books, in order."""
    with database.connect("owner") as connection, connection.cursor() as cursor:
        cursor.execute(
            "select substr(nspname, 4) from pg_namespace where nspname ~ '^ws_'"
            " and to_regclass(quote_ident(nspname) || '.schema_migrations') is not null order by 1"
        )
        return [name for (name,) in cursor.fetchall()]


def require_workspace(database: Database, workspace: str) -> None:
    """Refuse a mistyped name; the default workspace may be empty and is made.

    Raises
    ------
    UsageError
        There is no such workspace; the nearest is named.
    """
    known = workspaces(database)
    if workspace not in known and workspace != DEFAULT_WORKSPACE:
        near = difflib.get_close_matches(workspace, known, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known) or 'none yet'}."
        raise UsageError(f"There is no workspace {workspace!r}.", remedy)


def drop_workspace(database: Database, workspace: str) -> None:
    """Delete a workspace's books; what nobody can draw again must never be handed to this."""
    schema = sql.Identifier(schema_name(workspace))
    with database.connect("owner") as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("drop schema if exists {} cascade").format(schema))


def _apply_next(database: Database, schema: str, migrations: list[Migration]) -> str | None:
    """Apply the first migration that is not, in one transaction with its record and grants; None where all are."""
    with database.connect("owner") as connection, connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('invoice_lab migrations'))")
        records = _records(cursor, schema)
        granted = records.pop(_GRANTS, None)
        _check(schema, migrations, records)
        migration = next((migration for migration in migrations if migration.name not in records), None)
        if migration is not None:
            _apply(cursor, schema, migration)
        digest = grants_digest(cursor)
        if migration is not None or granted != digest:
            grant(cursor, schema)
            _record(cursor, schema, _GRANTS, digest)
        return migration.name if migration is not None else None


def _records(cursor: Cursor, schema: str) -> dict[str, str]:
    """Return the digest of each applied migration; make the schema and its table of records where they are missing."""
    names = {"schema": sql.Identifier(schema)}
    cursor.execute("select to_regclass(%s) is not null", (f"{schema}.schema_migrations",))
    if cursor.fetchone() != (True,):
        cursor.execute("select to_regnamespace(%s) is not null", (schema,))
        if cursor.fetchone() != (True,):
            cursor.execute(sql.SQL("create schema {schema}").format(**names))
        cursor.execute(
            sql.SQL(
                "create table {schema}.schema_migrations (name text primary key, sha256 text not null,"
                " applied_at timestamptz not null default now())"
            ).format(**names)
        )
    cursor.execute(sql.SQL("select name, sha256 from {schema}.schema_migrations order by name").format(**names))
    return dict(cursor.fetchall())


def _check(schema: str, migrations: list[Migration], records: dict[str, str]) -> None:
    known = {migration.name: migration.sha256 for migration in migrations}
    unknown = sorted(records.keys() - known.keys())
    if unknown:
        raise MigrationError(f"The books in {schema} have the migration {unknown[-1]}, which this version lacks.")
    changed = [name for name, sha256 in sorted(records.items()) if known[name] != sha256]
    if changed:
        raise MigrationError(f"The migration {changed[0]} was changed after it was applied to {schema}.")
    skipped = [name for name in known if name not in records and any(name < applied for applied in records)]
    if skipped:
        raise MigrationError(
            f"The migration {skipped[0]} is older than what {schema} has, but was never applied to it."
        )


def _apply(cursor: Cursor, schema: str, migration: Migration) -> None:
    try:
        cursor.execute(sql.SQL("set local search_path = {}").format(sql.Identifier(schema)))
        cursor.execute(migration.sql)
    except psycopg2.Error as error:
        raise MigrationError(
            f"The migration {migration.name} of {schema} failed: {str(error).strip().splitlines()[0]}.",
            "Nothing of it was kept. Report this message, or restore a backup.",
        ) from error
    _record(cursor, schema, migration.name, migration.sha256)


def _record(cursor: Cursor, schema: str, name: str, sha256: str) -> None:
    cursor.execute(
        sql.SQL(
            "insert into {}.schema_migrations (name, sha256) values (%s, %s)"
            " on conflict (name) do update set sha256 = excluded.sha256, applied_at = now()"
        ).format(sql.Identifier(schema)),
        (name, sha256),
    )
