"""Users, keeper and server are killed in every order: the books survive, and nothing runs on."""

from __future__ import annotations

import os
import signal

import psycopg2
import pytest
from server_tools import User, eventually, kill_keeper, kill_postmaster, processes

from invoice_lab.errors import DatabaseError
from invoice_lab.settings import Settings
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.embedded import embedded_status
from invoice_lab.warehouse.keeper import read_record
from invoice_lab.warehouse.migrate import migrate, workspaces


@pytest.mark.parametrize("killed", ["starter", "attacher"])
def test_of_two_users_either_may_be_killed(warm_settings: Settings, killed: str) -> None:
    starter = User(warm_settings)
    url = starter.url()
    attacher = User(warm_settings)
    assert attacher.url() == url
    victim, other = (starter, attacher) if killed == "starter" else (attacher, starter)
    victim.kill()
    with database(warm_settings) as db:
        assert db.url_for_humans == url
    assert embedded_status(warm_settings).running
    assert other.leave() == 0
    assert processes(warm_settings) == []


def test_after_the_only_user_was_killed_it_stops_by_itself(warm_settings: Settings) -> None:
    user = User(warm_settings)
    user.url()
    assert processes(warm_settings)
    user.kill()
    assert eventually(lambda: not processes(warm_settings))
    folder = embedded_status(warm_settings).folder
    assert folder is not None
    assert "database system is shut down" in (folder / "server.log").read_text()
    assert not (folder / "server.json").exists()


def test_a_user_killed_while_starting_leaves_nothing_behind(warm_settings: Settings) -> None:
    with database(warm_settings):
        pass
    for _ in range(2):
        user = User(warm_settings)
        assert eventually(lambda: processes(warm_settings))
        user.kill()
        assert eventually(lambda: not processes(warm_settings))
    with database(warm_settings) as db:
        assert db.embedded


def test_a_killed_keeper_is_replaced_by_the_next_user(warm_settings: Settings) -> None:
    with database(warm_settings) as db:
        kill_keeper(warm_settings)
        pid = embedded_status(warm_settings).pid
        with database(warm_settings) as second:
            assert second.url_for_humans == db.url_for_humans
            assert embedded_status(warm_settings).kept
            assert embedded_status(warm_settings).pid == pid
    assert processes(warm_settings) == []


def test_a_killed_keeper_is_replaced_when_its_last_user_leaves(warm_settings: Settings) -> None:
    with database(warm_settings):
        kill_keeper(warm_settings)
    assert processes(warm_settings) == []


def test_keeper_and_user_killed_the_next_user_adopts_and_stops_the_server(warm_settings: Settings) -> None:
    user = User(warm_settings)
    url = user.url()
    kill_keeper(warm_settings)
    user.kill()
    assert embedded_status(warm_settings).running
    with database(warm_settings) as db:
        assert db.url_for_humans == url
    assert processes(warm_settings) == []


@pytest.mark.parametrize("keeper_too", [False, True])
def test_a_killed_server_recovers_with_all_that_was_committed(warm_settings: Settings, keeper_too: bool) -> None:
    with pytest.raises(DatabaseError, match="failed"), database(warm_settings) as db:
        migrate(db, "sample")
        with db.connect("loader", "sample") as connection, connection.cursor() as cursor:
            cursor.execute("delete from products; insert into products values ('p', null, 'Pen')")
            connection.commit()
            cursor.execute("insert into products values ('q', null, 'Ink')")
            if keeper_too:
                kill_keeper(warm_settings)
            kill_postmaster(warm_settings)
            cursor.execute("select 1")
    with database(warm_settings) as db:
        assert workspaces(db) == ["sample"]
        with db.connect("reader", "sample") as connection, connection.cursor() as cursor:
            cursor.execute("select product_id from products")
            assert cursor.fetchall() == [("p",)]


def test_asked_to_end_the_keeper_stops_the_server_first(warm_settings: Settings) -> None:
    with database(warm_settings) as db:
        (keeper,) = [line for line in processes(warm_settings) if "keeper" in line]
        assert "warehouse.keeper" in keeper
        folder = embedded_status(warm_settings).folder
        assert folder is not None
        record = read_record(folder)
        assert record is not None
        os.kill(record["keeper"], signal.SIGTERM)
        assert eventually(lambda: not processes(warm_settings))
        with pytest.raises(DatabaseError, match="can't be reached"), db.connect("reader"):
            pass
        with database(warm_settings) as again, again.connect("reader") as connection:
            assert isinstance(connection, psycopg2.extensions.connection)
    assert processes(warm_settings) == []
