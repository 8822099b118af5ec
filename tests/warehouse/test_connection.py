"""Connections: session settings, commit and rollback, and a DATABASE_URL in place of the embedded server."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterator
from urllib.parse import quote

import psycopg2
import pytest

from invoice_lab.errors import DatabaseError, UsageError
from invoice_lab.settings import Settings
from invoice_lab.warehouse import connection as connection_module
from invoice_lab.warehouse.connection import Database, database, external_url_for_humans
from invoice_lab.warehouse.embedded import DATABASE, Endpoint, embedded_server
from invoice_lab.warehouse.migrate import migrate, workspaces
from invoice_lab.warehouse.roles import ROLES, Role, ensure_roles, roles_sql


def ask(db: Database, role: Role, statement: str, workspace: str | None = None) -> tuple[object, ...] | None:
    with db.connect(role, workspace) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


SESSION = """
    select current_user, current_setting('search_path'), current_setting('timezone'),
        current_setting('application_name'), current_setting('client_encoding')
"""


@pytest.mark.parametrize("role", ROLES)
def test_a_session_of_each_role(migrated: Database, role: Role) -> None:
    expected = (f"invoice_lab_{role}", "ws_sample, invoice_lab", "UTC", "invoice_lab", "UTF8")
    assert ask(migrated, role, SESSION, "sample") == expected


def test_without_a_workspace_only_the_common_schema_is_searched(migrated: Database) -> None:
    assert ask(migrated, "web", "show search_path") == ("invoice_lab",)


def test_the_session_survives_a_rollback(migrated: Database) -> None:
    with migrated.connect("reader", "sample") as connection, connection.cursor() as cursor:
        cursor.execute("select 1")
        connection.rollback()
        cursor.execute("show search_path")
        assert cursor.fetchone() == ("ws_sample, invoice_lab",)


def test_commits_at_the_end_rolls_back_on_an_error_and_closes(migrated: Database) -> None:
    insert = "insert into products values (%s, null, 'Pen')"
    with migrated.connect("loader", "sample") as connection, connection.cursor() as cursor:
        cursor.execute(insert, ("committed",))
    assert connection.closed
    with (
        pytest.raises(RuntimeError, match="ours"),
        migrated.connect("loader", "sample") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(insert, ("rolled back",))
        raise RuntimeError("ours")
    assert connection.closed
    assert ask(migrated, "reader", "select string_agg(product_id, ' ') from products", "sample") == ("committed",)
    with migrated.connect("loader", "sample") as connection, connection.cursor() as cursor:
        cursor.execute("delete from products")


def test_a_strange_workspace_is_refused_before_connecting(migrated: Database) -> None:
    with pytest.raises(UsageError, match="can't name a workspace"), migrated.connect("reader", 'x"; drop'):
        pass


def test_sorting_is_by_bytes_and_letters_have_case(migrated: Database) -> None:
    statement = "select lower('É'), array(select x from unnest(array['é', 'z', 'Z', 'a']) x order by x)"
    assert ask(migrated, "reader", statement) == ("é", ["Z", "a", "z", "é"])


# --- DATABASE_URL -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def endpoint(module_settings: Settings, migrated: Database) -> Iterator[Endpoint]:
    """The module's embedded server, to be used as if it were somebody's PostgreSQL."""
    with embedded_server(module_settings) as endpoint:
        yield endpoint


def url(endpoint: Endpoint, user: str, password: str, name: str = DATABASE) -> str:
    return f"postgresql://{quote(user)}:{quote(password, safe='')}@127.0.0.1:{endpoint.port}/{quote(name)}"


@contextlib.contextmanager
def external(settings: Settings, database_url: str) -> Iterator[Database]:
    with database(Settings(settings.data_dir, settings.reports_dir, database_url)) as db:
        yield db


@contextlib.contextmanager
def stranger(endpoint: Endpoint, attributes: str = "") -> Iterator[str]:
    """The URL of a login `stranger` with a database of its own."""
    with contextlib.closing(psycopg2.connect(endpoint.superuser_dsn())) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(f"create role stranger login password 'p@ss/w?rd' {attributes}")
        cursor.execute("create database strangers owner stranger")
        try:
            yield url(endpoint, "stranger", "p@ss/w?rd", "strangers")
        finally:
            cursor.execute("drop database strangers with (force)")
            cursor.execute("drop role stranger")


def test_the_owners_url_serves_as_database_url(module_settings: Settings, endpoint: Endpoint) -> None:
    owner = url(endpoint, "invoice_lab_owner", endpoint.credentials.passwords["owner"])
    with external(module_settings, owner) as db:
        assert not db.embedded
        assert db.url_for_humans == f"postgresql://invoice_lab_owner@127.0.0.1:{endpoint.port}/invoice_lab"
        assert ensure_roles(db) == []
        assert migrate(db, "sample") == []
        for role in ROLES:
            expected = (f"invoice_lab_{role}", "ws_sample, invoice_lab", "UTC", "invoice_lab", "UTF8")
            assert ask(db, role, SESSION, "sample") == expected
        with pytest.raises(DatabaseError, match="permission denied for table products"):
            ask(db, "reader", "delete from products returning 1", "sample")


def test_where_the_owner_may_not_make_roles_it_does_their_work_and_warns_once(
    module_settings: Settings, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    with stranger(endpoint) as owner, external(module_settings, owner) as db:
        missing = ["invoice_lab_loader", "invoice_lab_reader", "invoice_lab_web"]
        assert ensure_roles(db) == missing
        names = ("0001_books", "0002_reviews", "0003_changes", "0004_sources", "0005_versions", "0006_segments",
                 "0007_recommendations")  # fmt: skip
        assert migrate(db, "sample") == ["common/0001_common", *(f"workspace/{name}" for name in names)]
        with caplog.at_level(logging.WARNING):
            assert ask(db, "reader", "select current_user", "sample") == ("stranger",)
            assert ask(db, "web", "select current_user", "sample") == ("stranger",)
        (record,) = [one for one in caplog.records if one.name.startswith("invoice_lab")]
        assert "the owner does its work" in record.message
        with contextlib.closing(psycopg2.connect(endpoint.superuser_dsn())) as connection:  # the administrator acts
            grants = [line for line in roles_sql("stranger").splitlines() if line.startswith("grant")]
            connection.cursor().execute("\n".join(grants))
            connection.commit()
        assert ensure_roles(db) == []
        assert migrate(db, "sample") == []
        assert ask(db, "reader", "select current_user", "sample") == ("invoice_lab_reader",)
        assert ask(db, "reader", "select count(*) from products", "sample") == (0,)


def test_an_owner_who_may_makes_the_roles(module_settings: Settings, endpoint: Endpoint) -> None:
    with stranger(endpoint, "superuser") as owner, external(module_settings, owner) as db:
        migrate(db, "mine")
        assert workspaces(db) == ["mine"]
        assert ask(db, "reader", "select current_user", "mine") == ("invoice_lab_reader",)


def test_what_the_url_says_of_the_session_is_honoured(module_settings: Settings, endpoint: Endpoint) -> None:
    owner = url(endpoint, "invoice_lab_owner", endpoint.credentials.passwords["owner"])
    with external(module_settings, f"{owner}?application_name=mine") as db:
        assert ask(db, "owner", "show application_name") == ("mine",)
    with (
        pytest.raises(DatabaseError, match="does not support SSL"),
        external(module_settings, f"{owner}?sslmode=require"),
    ):
        pass


def test_an_old_server_is_refused(
    module_settings: Settings, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "OLDEST_VERSION", 990_000)
    owner = url(endpoint, "invoice_lab_owner", endpoint.credentials.passwords["owner"])
    with pytest.raises(DatabaseError, match="too old"), external(module_settings, owner):
        pass


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


UNUSABLE = {
    "nobody listens": "postgresql://ann:SeCret@127.0.0.1:{port}/books",
    "no such host": "postgresql://ann:SeCret@no-such-host.invalid/books",
    "wrong password": "postgresql://postgres:SeCret@127.0.0.1:{server}/books",
    "an at sign in the password": "postgresql://ann:pw@SeCret@127.0.0.1:{port}/books",
    "a slash in the password": "postgresql://ann:SeCret/x@127.0.0.1:{port}/books",
    "a question mark in the password": "postgresql://ann:SeCret?x@127.0.0.1:{port}/books",
    "a bad escape": "postgresql://ann:%SeCret@127.0.0.1:{port}/books",
    "not a URL": "SeCret",
    "words": "host=127.0.0.1 port={port} user=ann password=SeCret dbname=books",
    "another scheme": "mysql://ann:SeCret@127.0.0.1/books",
    "an unknown option": "postgresql://ann:SeCret@127.0.0.1:{port}/books?no_such_option=SeCret",
}


@pytest.mark.parametrize("template", UNUSABLE.values(), ids=list(UNUSABLE))
def test_an_unusable_url_is_explained_without_the_password(
    module_settings: Settings, endpoint: Endpoint, template: str
) -> None:
    target = template.format(port=closed_port(), server=endpoint.port)
    with pytest.raises(DatabaseError) as caught, external(module_settings, target):
        pass
    error: BaseException | None = caught.value
    assert "SeCret" not in str(error)
    assert "SeCret" not in repr(error)
    while error is not None:  # nor where a traceback would show it
        assert "SeCret" not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_urls_for_humans() -> None:
    assert external_url_for_humans("postgresql://a:b@h:1/d?sslmode=require") == "postgresql://a@h:1/d"
    assert external_url_for_humans("host=h password=b dbname=d") == "postgresql://h/d"
