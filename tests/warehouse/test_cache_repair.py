"""A cache in any broken state is rebuilt by the next refresh, which says why; else the old one stays."""

import logging
import os
import signal
import subprocess
import sys
import time

import duckdb
import pytest
from test_load import INVOICE, arrival
from test_refresh import fill

from invoice_lab.errors import CacheError
from invoice_lab.warehouse import refresh as refreshing
from invoice_lab.warehouse.cache import POINTER, open_cache
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.refresh import refresh

WORKSPACE = "repair"
OPEN_TO_WRITE = """
import sys, duckdb
with duckdb.connect(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.read()
"""
REFRESH = """
import resource, sys
from pathlib import Path
from invoice_lab.errors import CacheError
from invoice_lab.settings import Settings
from invoice_lab.warehouse.refresh import refresh
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    refresh("repair", Settings(Path(sys.argv[1]), Path("unused")))
except CacheError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def books(module_settings):
    """A workspace with one invoice, on a server that runs as long as the module."""
    with database(module_settings):
        fill(module_settings, WORKSPACE, arrival("a.png"))
        yield module_settings


@pytest.fixture
def folder(books):
    """The folder of a sound cache."""
    refresh(WORKSPACE, books)
    return books.cache_dir(WORKSPACE)


def another(settings, number):
    fill(settings, WORKSPACE, arrival(f"{number}.png", INVOICE.model_copy(update={"invoice_id": f"FAC_2020_{number}"})))


def current(folder):
    return folder / (folder / POINTER).read_text()


def invoices(settings):
    with open_cache(WORKSPACE, settings) as cache:
        return cache.connection.execute("select count(*) from invoices").fetchall()[0][0]


def foreign(path):
    with duckdb.connect(str(path)) as connection:
        connection.execute("update meta set value = '1' where key = 'format'")


def without_meta(path):
    with duckdb.connect(str(path)) as connection:
        connection.execute("drop table meta")


def flip(path):
    """Change one byte in the middle, where no reader of the table `meta` looks."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)


BROKEN = {
    "no pointer": (lambda folder: (folder / POINTER).unlink(), "its pointer is missing"),
    "pointer to nothing": (lambda folder: (folder / POINTER).write_text("cache-999.duckdb"), "can't be read"),
    "pointer out of the folder": (lambda folder: (folder / POINTER).write_text("../cache-1.duckdb"), "can't be read"),
    "pointer of rubbish": (lambda folder: (folder / POINTER).write_bytes(b"\\xff\\xfe\\0"), "can't be read"),
    "no file": (lambda folder: current(folder).unlink(), "can't be read"),
    "rubbish": (lambda folder: current(folder).write_bytes(b"no database at all" * 100), "can't be read"),
    "empty file": (lambda folder: current(folder).write_bytes(b""), ""),
    "cut off": (lambda folder: os.truncate(current(folder), current(folder).stat().st_size // 2), ""),
    "a changed byte": (lambda folder: flip(current(folder)), ""),
    "no checksum": (lambda folder: current(folder).with_suffix(".crc32").unlink(), "not as it was written"),
    "older format": (lambda folder: foreign(current(folder)), "format '1'"),
    "no meta": (lambda folder: without_meta(current(folder)), "can't be read"),
}


@pytest.fixture
def eager(monkeypatch):
    """However much changed, it is taken over into a copy."""
    monkeypatch.setattr(refreshing, "MOST_CHANGED", float("inf"))


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("changes", [False, True], ids=["nothing new", "one new"])
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_rebuilt_and_told(books, folder, caplog, name, changes):
    damage, words = BROKEN[name]
    before = invoices(books)
    damage(folder)
    if changes:
        another(books, f"{list(BROKEN).index(name):04d}")
    with caplog.at_level(logging.WARNING):
        meta = refresh(WORKSPACE, books)
    (record,) = [record for record in caplog.records if record.name == refreshing.__name__]
    assert record.getMessage().startswith(f"The cache of '{WORKSPACE}' was rebuilt: ") and words in record.getMessage()
    assert meta.increments == 0 and invoices(books) == before + changes
    assert len(list(folder.glob("*.duckdb*"))) <= 2


def test_a_sound_cache_and_the_first_one_are_no_warning(books, caplog):
    fill(books, "first", arrival("a.png"))
    with caplog.at_level(logging.WARNING):
        refresh("first", books)
        refresh("first", books)
    assert not [one for one in caplog.records if one.name.startswith("invoice_lab")]


def test_one_that_another_process_writes_is_rebuilt(books, folder, caplog):
    command = [sys.executable, "-c", OPEN_TO_WRITE, str(current(folder))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(CacheError, match="lock"):
            open_cache(WORKSPACE, books)
        refresh(WORKSPACE, books)
        assert invoices(books)
        other.communicate("")
    assert "was rebuilt" in caplog.text and "lock" in caplog.text


def test_a_full_disk_leaves_the_cache_of_before(books, folder):
    """A limit on the size of files is the nearest to a full disk that needs no disk of one's own."""
    path, before = current(folder), sorted(folder.iterdir())
    another(books, 9000)
    for limit in (10_000, 200_000):
        command = [sys.executable, "-c", REFRESH, str(books.data_dir), str(limit)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "can't be written" in done.stdout and "The cache of before" in done.stdout, done
        assert current(folder) == path and sorted(folder.iterdir()) == before
    assert invoices(books)
    refresh(WORKSPACE, books)
    assert current(folder) != path


def test_a_folder_that_can_t_be_written_is_told(books):
    fill(books, "file", arrival("a.png"))
    refresh("file", books)
    folder = books.cache_dir("file")
    folder.rename(folder.with_name("moved"))
    folder.write_text("a file where the folder should be")
    with pytest.raises(CacheError, match="can't be written"):
        refresh("file", books)


def test_what_a_killed_refresh_left_is_removed(books, folder):
    newest = int(current(folder).stem.removeprefix("cache-"))
    (folder / "work").mkdir()
    (folder / "work" / "invoices.csv").write_text("half")
    left = [folder / f"cache-{newest + 1}.duckdb{suffix}" for suffix in ("", ".wal", ".tmp")]
    for path in left[:2]:
        path.write_bytes(b"half")
    left[2].mkdir()
    refresh(WORKSPACE, books)
    assert not (folder / "work").exists() and not any(path.exists() for path in left)
    another(books, 9001)
    refresh(WORKSPACE, books)
    assert invoices(books)


def test_a_refresh_that_is_killed_leaves_the_cache_of_before(books, folder):
    path = current(folder)
    another(books, 9002)
    code = REFRESH.replace("resource.setrlimit", "print('go', flush=True); (lambda *_: None)")
    command = [sys.executable, "-c", code, str(books.data_dir), "0"]
    for wait in (0.15, 0.3, 0.45):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            process.stdout.readline()
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
        assert invoices(books), f"killed after {wait}"
    refresh(WORKSPACE, books)
    assert current(folder) != path and not (folder / "work").exists()
