"""Migrations: once, in order, whole or not at all, and never a changed or an unknown one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest

from invoice_lab.errors import MigrationError, UsageError
from invoice_lab.settings import Settings
from invoice_lab.warehouse.connection import Database, database
from invoice_lab.warehouse.migrate import MIGRATIONS, migrate, read_migrations, workspaces

MIGRATE = """
import sys
from pathlib import Path
from invoice_lab.settings import Settings
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.migrate import migrate
with database(Settings(Path(sys.argv[1]), Path("unused"))) as db:
    print(*migrate(db, "race"))
"""


@pytest.fixture(scope="module")
def db(module_settings: Settings) -> Iterator[Database]:
    """A running server; each test has workspaces of its own."""
    with database(module_settings) as db:
        migrate(db, "first")
        yield db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The migrations, to be added to."""
    return Path(shutil.copytree(MIGRATIONS, tmp_path / "migrations"))


def add(folder: Path, name: str, sql: str) -> Path:
    path = folder / "workspace" / f"{name}.sql"
    path.write_text(sql)
    return path


def records(db: Database, workspace: str) -> list[str]:
    with db.connect("reader", workspace) as connection, connection.cursor() as cursor:
        cursor.execute("select name from schema_migrations where name <> 'grants' order by name")
        return [name for (name,) in cursor.fetchall()]


def test_applies_all_once(db: Database) -> None:
    names = [f"workspace/{migration.name}" for migration in read_migrations(MIGRATIONS / "workspace")]
    assert names[0] == "workspace/0001_books"
    assert migrate(db, "once") == names
    assert migrate(db, "once") == []
    assert {"first", "once"} <= set(workspaces(db))


def test_a_later_migration_is_applied_with_its_grants(db: Database, folder: Path) -> None:
    migrate(db, "later", folder)
    add(folder, "0900_more", "create table more (a int); insert into more values (7)")
    add(folder, "0901_most", "create table most (a int)")
    assert migrate(db, "later", folder) == ["workspace/0900_more", "workspace/0901_most"]
    with db.connect("reader", "later") as connection, connection.cursor() as cursor:
        cursor.execute("select a from more")
        assert cursor.fetchall() == [(7,)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("insert into most values (1)")


def test_a_failing_migration_leaves_nothing_and_can_be_mended(db: Database, folder: Path) -> None:
    path = add(folder, "0900_bad", "create table half (a int); select 1 / 0")
    with pytest.raises(MigrationError, match="0900_bad of ws_bad failed: division by zero"):
        migrate(db, "bad", folder)
    assert "0900_bad" not in records(db, "bad")
    assert records(db, "bad")[0] == "0001_books"
    path.write_text("create table half (a int)")
    assert migrate(db, "bad", folder) == ["workspace/0900_bad"]


def test_a_failing_first_migration_leaves_no_schema(db: Database, folder: Path) -> None:
    next(iter((folder / "workspace").glob("0001_*.sql"))).write_text("create table x (a int); nonsense")
    with pytest.raises(MigrationError, match="syntax error"):
        migrate(db, "none", folder)
    assert "none" not in workspaces(db)


def test_a_changed_migration_is_refused(db: Database, folder: Path) -> None:
    path = add(folder, "0900_more", "create table more (a int)")
    migrate(db, "changed", folder)
    path.write_text("create table more (a int); -- reworded")
    with pytest.raises(MigrationError, match="0900_more was changed after it was applied to ws_changed"):
        migrate(db, "changed", folder)


def test_an_unknown_migration_is_refused(db: Database, folder: Path) -> None:
    add(folder, "0900_newer", "create table more (a int)")
    migrate(db, "unknown", folder)
    with pytest.raises(MigrationError, match="have the migration 0900_newer, which this version lacks"):
        migrate(db, "unknown")


def test_a_migration_put_before_an_applied_one_is_refused(db: Database, folder: Path) -> None:
    add(folder, "0900_more", "create table more (a int)")
    migrate(db, "order", folder)
    add(folder, "0800_late", "create table late (a int)")
    with pytest.raises(MigrationError, match="0800_late is older"):
        migrate(db, "order", folder)


def test_two_at_once_apply_each_migration_once(db: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: migrate(db, "threads"), range(4)))
    applied = sorted(name for names in results for name in names)
    assert applied == [f"workspace/{name}" for name in records(db, "threads")]


def test_two_processes_at_once_on_a_fresh_server(settings: Settings) -> None:
    command = [sys.executable, "-c", MIGRATE, str(settings.data_dir)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    applied = [name for process in running for name in process.communicate()[0].split()]
    assert [process.returncode for process in running] == [0, 0]
    assert len(applied) == len(set(applied)) == len(list(MIGRATIONS.rglob("*.sql")))


def test_a_strange_workspace_is_refused(db: Database) -> None:
    with pytest.raises(UsageError):
        migrate(db, "No-Such")


def test_books_of_the_first_version_know_their_prices(db: Database, folder: Path) -> None:
    later = [path for path in (folder / "workspace").iterdir() if not path.name.startswith("0001_")]
    texts = {path: path.read_text() for path in later}
    for path in later:
        path.unlink()
    migrate(db, "old", folder)
    with db.connect("loader", "old") as connection, connection.cursor() as cursor:
        cursor.execute(
            """insert into customers values ('n-1', '1', 'Zoé', null, null, null, null, '', '2019-01-01', 'x:1');
               insert into products values ('p-1', null, 'Paper.');
               insert into scans values (repeat('0', 64), 'a.png', 1);
               insert into invoices values
                   ('x:1', 'x', '1', 'n-1', '2019-01-01', null, null, 9.30, 'EUR', repeat('0', 64), 0, '', '');
               insert into invoice_lines values
                   ('x:1', 1, 'p-1', 1, 3.10, 3.10), ('x:1', 2, 'p-1', 1, 3.10, 3.10),
                   ('x:1', 3, 'p-1', 2, 1.55, 3.10)"""
        )
    for path, text in texts.items():
        path.write_text(text)
    assert "workspace/0002_reviews" in migrate(db, "old", folder)
    with db.connect("reader", "old") as connection, connection.cursor() as cursor:
        cursor.execute("select product_id, currency, unit_price::text, sales from prices order by unit_price")
        assert cursor.fetchall() == [("p-1", "EUR", "1.5500", 1), ("p-1", "EUR", "3.1000", 2)]


def test_the_files_are_numbered_without_gaps_and_leave_transactions_alone() -> None:
    for scope in ("common", "workspace"):
        migrations = read_migrations(MIGRATIONS / scope)
        assert [int(migration.name[:4]) for migration in migrations] == list(range(1, len(migrations) + 1))
        assert len(migrations) == len(list((MIGRATIONS / scope).iterdir()))
        for migration in migrations:
            words = migration.sql.lower().replace(";", " ; ").split()
            assert not {"commit", "rollback", "concurrently"} & set(words), migration.name
