"""The file of the line cache: written by the loader, read by workers, and never in the way of a scan."""

import contextlib
import logging
import pickle
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from invoice_lab.ocr.engines import Word
from invoice_lab.ocr.page import Box
from invoice_lab.warehouse import line_store
from invoice_lab.warehouse.line_store import LineStore

WORDS = [Word("Élan", Box(1, 2, 30, 12), 0.123456789), Word('"vital"', Box(40, 2, 30, 12), 0.9)]


@pytest.fixture(autouse=True)
def fresh():
    """Each test begins as a new process does, knowing nothing."""
    line_store._known.cache_clear()


@pytest.fixture
def store(tmp_path):
    return LineStore(tmp_path / "lines.sqlite")


def keep(store, *keys):
    session = store.session()
    for key in keys:
        session.put(key, WORDS)
    store.keep(session.new)


def forget():
    line_store._known.cache_clear()


def test_what_was_kept_is_known_to_the_next_process(store):
    assert store.session().get(b"a") is None
    keep(store, b"a")
    forget()
    assert store.session().get(b"a") == WORDS
    assert pickle.loads(pickle.dumps(store)).session().get(b"a") == WORDS
    assert store.session().get(b"b") is None


def test_a_worker_knows_what_it_read_before_the_loader_wrote_it(store):
    first, second = store.session(), store.session()
    first.put(b"a", WORDS)
    assert second.get(b"a") == WORDS
    assert ([key for key, _ in first.new], second.new) == ([b"a"], [])
    assert not store.file.exists()


def test_a_line_without_words_is_known_too(store):
    session = store.session()
    session.put(b"a", [])
    store.keep(session.new)
    forget()
    assert store.session().get(b"a") == []


def test_a_line_that_is_kept_twice_stays(store):
    keep(store, b"a", b"b")
    keep(store, b"a")
    store.keep([])
    forget()
    assert store.session().get(b"a") == WORDS


def test_the_oldest_are_forgotten(store, monkeypatch):
    monkeypatch.setattr(line_store, "MOST", 3)
    for number in range(5):
        keep(store, bytes([number]))
    forget()
    assert [store.session().get(bytes([number])) is not None for number in range(5)] == [False, False, True, True, True]


def test_memory_is_bounded(store, monkeypatch):
    monkeypatch.setattr(line_store, "IN_MEMORY", 2)
    session = store.session()
    for number in range(4):
        session.put(bytes([number]), WORDS)
    assert [session.get(bytes([number])) is not None for number in range(4)] == [False, False, True, True]


def test_a_damaged_file_is_begun_anew(store, caplog):
    store.file.write_bytes(b"no database at all, but longer than a header" * 100)
    assert store.session().get(b"a") is None
    keep(store, b"a")
    assert "is damaged, and begun anew" in caplog.text
    keep(store, b"b")
    forget()
    assert store.session().get(b"b") == WORDS


@pytest.mark.parametrize("words", ["no json", "[[1, 2]]", '[["a", [1, 2], 0.5]]', "3", None])
def test_a_line_that_can_not_be_understood_is_read_again(store, words):
    keep(store, b"a")
    with contextlib.closing(sqlite3.connect(store.file)) as connection, connection:
        connection.execute("update lines_1 set words = ?", [words])
    forget()
    assert store.session().get(b"a") is None


def test_workers_elsewhere_know_what_they_have_read_and_no_more(store):
    keep(store, b"a")
    far = store.elsewhere().session()
    assert far.get(b"a") is None
    far.put(b"b", WORDS)
    assert store.elsewhere().session().get(b"b") == WORDS
    store.elsewhere().keep(far.new)
    forget()
    assert store.session().get(b"b") == WORDS


@pytest.mark.parametrize("stands", ["in the way", "locked"])
def test_what_can_not_be_written_is_logged_and_read_again(store, stands, caplog, monkeypatch):
    monkeypatch.setattr(line_store, "WAIT_SECONDS", 0.05)
    if stands == "locked":
        keep(store, b"before")
        other = sqlite3.connect(store.file, isolation_level=None)
        other.execute("begin immediate")
    else:
        store.file.mkdir()
    with caplog.at_level(logging.WARNING):
        keep(store, b"a")
    assert "can't be written" in caplog.text
    forget()
    assert store.session().get(b"a") is None


def test_readers_are_not_in_the_way_of_the_loader(store):
    keep(store, b"0")

    def look(number):
        known = line_store._Known(store.file)
        return all(known._from_file(b"0") for _ in range(200))

    with ThreadPoolExecutor(4) as pool:
        looking = [pool.submit(look, number) for number in range(3)]
        for number in range(60):
            keep(store, b"%d" % number)
        assert all(one.result() for one in looking)
    forget()
    assert all(store.session().get(b"%d" % number) == WORDS for number in range(60))
