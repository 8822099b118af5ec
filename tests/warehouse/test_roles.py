"""What each role may do and what it may not."""

from __future__ import annotations

import psycopg2
import pytest

from invoice_lab.warehouse.connection import Database
from invoice_lab.warehouse.roles import ROLES, Role, ensure_roles, roles_sql

BOOKS = ["customers", "products", "scans", "invoices", "invoice_lines", "parts", "findings", "batches", "reviews"]
WRITE_BOOKS = "insert into products values ('x', null, 'x'); update products set name = 'y'; delete from products"
WRITE_USERS = """
    insert into users (name, password_hash, role) values ('ann', 'x', 'viewer');
    insert into sessions (token_hash, name, expires_at) values ('t', 'ann', now());
    update users set role = 'admin'; delete from sessions; delete from users
"""
WRITE_REQUESTS = "insert into requests (endpoint, status, seconds) values ('/', 200, 0.1)"
WRITE_AUDIT = "insert into audit_log (actor, action) values ('ann', 'login')"

PERMISSIONS: list[tuple[str, str, str]] = [
    # what, SQL, the roles that may
    *((f"read {table}", f"select * from {table}", "owner loader reader") for table in BOOKS),
    ("read another workspace's books", "select * from ws_other.products", "owner loader reader"),
    ("write books", WRITE_BOOKS, "owner loader"),
    ("empty books", "truncate products cascade", "owner"),
    ("read the record of migrations", "select * from ws_sample.schema_migrations", "owner loader reader"),
    ("forge the record of migrations", "update ws_sample.schema_migrations set sha256 = ''", "owner"),
    ("change a decision", "update reviews set reason = 'x'", "owner"),
    ("delete a decision", "delete from reviews", "owner"),
    ("change a table", "alter table products add column x text", "owner"),
    ("drop a table", "drop table reviews", "owner"),
    ("make a table among the books", "create table ws_sample.x (a int)", "owner"),
    ("make a table in the common schema", "create table invoice_lab.x (a int)", "owner"),
    ("make a table in public", "create table public.x (a int)", "owner"),
    ("make a schema", "create schema ws_mine", "owner"),
    ("make a temporary table", "create temporary table x (a int)", "owner loader"),
    ("read users", "select * from invoice_lab.users", "owner web"),
    ("read sessions", "select * from invoice_lab.sessions", "owner web"),
    ("write users and sessions", WRITE_USERS, "owner web"),
    ("write requests", WRITE_REQUESTS, "owner web"),
    ("read requests", "select * from invoice_lab.requests", "owner web"),
    ("add to the audit log", WRITE_AUDIT, "owner loader web"),
    ("read the audit log", "select * from invoice_lab.audit_log", "owner"),
    ("change the audit log", "update invoice_lab.audit_log set actor = 'x'", ""),
    ("delete from the audit log", "delete from invoice_lab.audit_log", ""),
    ("empty the audit log", "truncate invoice_lab.audit_log", ""),
    ("make a role", "create role x", ""),
    ("read passwords", "select * from pg_authid", ""),
    ("read files", "select pg_read_file('/etc/passwd')", ""),
    ("run programs", "copy (select 1) to program 'true'", ""),
]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("what", "statement", "allowed"), PERMISSIONS, ids=[row[0] for row in PERMISSIONS])
def test_permissions(migrated: Database, role: Role, what: str, statement: str, allowed: str) -> None:
    with migrated.connect(role, "sample") as connection, connection.cursor() as cursor:
        try:
            cursor.execute(statement)
            may = True
        except (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.RaiseException, psycopg2.errors.UndefinedTable):
            may = False
        connection.rollback()
    assert may == (role in allowed.split()), what


def test_the_audit_log_refuses_the_owner_too_and_says_why(migrated: Database) -> None:
    with (
        pytest.raises(psycopg2.errors.RaiseException, match="append-only: DELETE refused"),
        migrated.connect("owner") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("delete from audit_log")


def test_the_embedded_roles_are_always_there(migrated: Database) -> None:
    assert ensure_roles(migrated) == []


def test_roles_sql_is_for_the_login_it_is_asked_for() -> None:
    text = roles_sql('o"dd')
    assert "create role invoice_lab_reader nologin;" in text
    assert 'grant invoice_lab_loader, invoice_lab_reader, invoice_lab_web to "o""dd";' in text
    assert "revoke create on schema public from public;" in text
