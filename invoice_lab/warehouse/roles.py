"""The four roles, and what each may do.

``owner`` migrates; ``loader`` keeps the books (no DDL, no users); ``reader`` reads the books and nothing else; ``web``
has users, sessions, requests and may add to the audit log, but sees no books. The embedded server gives each role its
own login. On an external server the login in DATABASE_URL is the owner and takes on the other roles by SET ROLE.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extensions import encrypt_password

from invoice_lab.settings import workspace_name

if TYPE_CHECKING:
    from invoice_lab.warehouse.connection import Database

Role = Literal["owner", "loader", "reader", "web"]
ROLES: tuple[Role, ...] = ("owner", "loader", "reader", "web")
ASSUMED_ROLES: tuple[Role, ...] = ("loader", "reader", "web")
"""The roles that an external server's owner takes on by SET ROLE."""
COMMON_SCHEMA = "invoice_lab"

_log = logging.getLogger(__name__)

_BOOKS_GRANTS: dict[Role, str] = {
    "loader": """
        grant usage on schema {schema} to {role};
        grant select, insert, update, delete on all tables in schema {schema} to {role};
        revoke insert, update, delete on {schema}.schema_migrations from {role};
        revoke update, delete on {schema}.reviews from {role}
    """,
    "reader": """
        grant usage on schema {schema} to {role};
        grant select on all tables in schema {schema} to {role}
    """,
}
_COMMON_GRANTS: dict[Role, str] = {
    "loader": """
        grant usage on schema {schema} to {role};
        grant insert on {schema}.audit_log to {role}
    """,
    "web": """
        grant usage on schema {schema} to {role};
        grant select, insert, update, delete on {schema}.users, {schema}.sessions, {schema}.requests to {role};
        grant insert on {schema}.audit_log to {role}
    """,
}


def role_name(role: Role) -> str:
    """Return the PostgreSQL name of a role."""
    return f"invoice_lab_{role}"


def schema_name(workspace: str) -> str:
    """Return the schema of a workspace's books, or raise `UsageError` where it can't name a workspace."""
    return f"ws_{workspace_name(workspace)}"


def roles_sql(login: str = role_name("owner")) -> str:
    """Return the SQL by which an administrator makes the roles, where the owner may not.

    Parameters
    ----------
    login : str
        The user in DATABASE_URL, who owns the books and takes on the roles.
    """
    quoted = '"' + login.replace('"', '""') + '"'
    names = [role_name(role) for role in ASSUMED_ROLES]
    exists = "exists (select from pg_roles where rolname = '{name}')"
    create = "do $$ begin if not " + exists + " then create role {name} nologin; end if; end $$;"
    lines = [create.format(name=name) for name in names]
    lines += [f"grant {', '.join(names)} to {quoted};", "revoke create on schema public from public;"]
    return "\n".join(lines) + "\n"


def missing_roles(connection: Connection) -> list[str]:
    """Return the names of the roles that are not there, or that this login may not take on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select name from unnest(%s) with ordinality as wanted (name, no) left join pg_roles on rolname = name"
            " where rolname is null or not pg_has_role(session_user, oid, 'member') order by no",
            ([role_name(role) for role in ASSUMED_ROLES],),
        )
        return [name for (name,) in cursor.fetchall()]


def ensure_roles(database: Database) -> list[str]:
    """Make the roles of an external server where this login may; the embedded server's are always there.

    Returns
    -------
    list of str
        The roles that are still missing: `roles_sql` is for an administrator then, and the owner does their work.
    """
    if database.embedded:
        return []
    with database.connect("owner") as connection:
        missing = missing_roles(connection)
        if not missing:
            return []
        try:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_xact_lock(hashtext('invoice_lab roles'))")
                for name in missing:
                    _create_and_take(cursor, name)
        except (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.UniqueViolation) as error:
            connection.rollback()
            _log.info("The roles can't be made with this login: %s", str(error).strip())
        return missing_roles(connection)


def _create_and_take(cursor: Cursor, name: str) -> None:
    cursor.execute("select 1 from pg_roles where rolname = %s", (name,))
    if cursor.fetchone() is None:
        cursor.execute(sql.SQL("create role {} nologin").format(sql.Identifier(name)))
    cursor.execute(sql.SQL("grant {} to session_user").format(sql.Identifier(name)))


def grants_digest(cursor: Cursor) -> str:
    """Return a digest of all grants as this version defines them, and of the roles there are to receive them."""
    text = repr((_BOOKS_GRANTS, _COMMON_GRANTS, sorted(_existing(cursor))))
    return hashlib.sha256(text.encode()).hexdigest()


def grant(cursor: Cursor, schema: str) -> None:
    """Give each role that exists what it may do in a schema: the common one or a workspace's."""
    existing = _existing(cursor)
    for role, statement in (_COMMON_GRANTS if schema == COMMON_SCHEMA else _BOOKS_GRANTS).items():
        if role_name(role) in existing:
            names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role_name(role))}
            cursor.execute(sql.SQL(statement).format(**names))


def _existing(cursor: Cursor) -> set[str]:
    cursor.execute("select rolname from pg_roles where rolname = any(%s)", ([role_name(role) for role in ROLES],))
    return {name for (name,) in cursor.fetchall()}


def prepare_embedded_database(connection: Connection, database: str, passwords: Mapping[str, str]) -> None:
    """Make the four logins and the database of an embedded server; does nothing where all is there.

    Parameters
    ----------
    connection : psycopg2 connection
        The superuser's, to the database ``postgres``.
    database : str
        The database to make.
    passwords : mapping of str to str
        Password by role.
    """
    connection.autocommit = True  # CREATE DATABASE can't run in a transaction
    with connection.cursor() as cursor:
        # The last step sets the database's access list: where there is one, all was done.
        cursor.execute("select datacl is not null from pg_database where datname = %s", (database,))
        known = cursor.fetchone()
        if known == (True,):
            return
        existing = _existing(cursor)
        for role in ROLES:
            if role_name(role) not in existing:
                _create_login(cursor, role, passwords[role])
        names = {role: sql.Identifier(role_name(role)) for role in ROLES} | {"database": sql.Identifier(database)}
        if known is None:
            cursor.execute(sql.SQL("create database {database} owner {owner}").format(**names))
        cursor.execute(
            sql.SQL(
                "grant {loader}, {reader}, {web} to {owner};"  # so that the owner's URL serves as a DATABASE_URL
                "revoke all on database postgres, template1 from public;"
                "revoke all on database {database} from public;"
                "grant connect, temporary on database {database} to {loader};"
                "grant connect on database {database} to {reader}, {web}"
            ).format(**names)
        )


def _create_login(cursor: Cursor, role: Role, password: str) -> None:
    # Encrypted here: the password itself never reaches the server or its log.
    secret = encrypt_password(password, role_name(role), scope=cursor.connection, algorithm="scram-sha-256")
    cursor.execute(sql.SQL("create role {} login password %s").format(sql.Identifier(role_name(role))), (secret,))
