"""Twenty readers while the cache is refreshed: none meets an error, and none sees a mix of two states."""

import json
import subprocess
import sys

from test_load import INVOICE, arrival
from test_refresh import fill

from invoice_lab.warehouse import cache as caching
from invoice_lab.warehouse import refresh as refreshing
from invoice_lab.warehouse.cache import open_cache, publish
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.refresh import refresh

PROCESSES, THREADS = 4, 5
REFRESHES = 10
READER = """
import json, sys, threading
from pathlib import Path
from invoice_lab.settings import Settings
from invoice_lab.warehouse.cache import open_cache
settings, threads = Settings(Path(sys.argv[1]), Path("unused")), int(sys.argv[2])
SQL = '''
    select (select sum(amount) from invoice_lines), (select sum(total) from invoices),
           (select sum(sales) from sales_days), (select count(*) from invoices), (select count(*) from parts)
'''
stop, seen, wrong = threading.Event(), set(), []
def read():
    while not stop.is_set():
        try:
            with open_cache("live", settings) as cache:
                lines, invoices, days, count, parts = row = cache.connection.execute(SQL).fetchall()[0]
                counts = cache.meta.counts
                if not lines == invoices == days or (count, parts) != (counts["invoices"], counts["parts"]):
                    wrong.append(f"{row} {counts}")
                seen.add(count)
        except Exception as error:
            wrong.append(repr(error))
readers = [threading.Thread(target=read) for _ in range(threads)]
for reader in readers:
    reader.start()
print("reading", flush=True)
sys.stdin.read()
stop.set()
for reader in readers:
    reader.join()
print(json.dumps({"seen": sorted(seen), "wrong": wrong}))
"""


def test_twenty_readers_never_see_an_error_or_a_mix(module_settings, monkeypatch):
    with database(module_settings):
        fill(module_settings, "live", arrival("0.png"))
        refresh("live", module_settings)
        command = [sys.executable, "-c", READER, str(module_settings.data_dir), str(THREADS)]
        readers = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(PROCESSES)
        ]
        try:
            assert [reader.stdout.readline() for reader in readers] == ["reading\n"] * PROCESSES
            for number in range(REFRESHES):
                # in turn in full and by increments
                monkeypatch.setattr(refreshing, "MOST_CHANGED", float("inf") if number % 3 else 0)
                invoice = INVOICE.model_copy(update={"invoice_id": f"FAC_2020_{number:04d}"})
                fill(module_settings, "live", arrival(f"{number + 1}.png", invoice))
                refresh("live", module_settings)
        finally:
            told = [json.loads(reader.communicate("")[0]) for reader in readers]
    assert [words for reader in told for words in reader["wrong"]] == []
    assert len({count for reader in told for count in reader["seen"]}) > REFRESHES / 2


def test_a_reader_whose_file_vanished_reads_the_new_one(settings, monkeypatch):
    folder = settings.cache_dir("sample")
    first = publish(folder, "sample", lambda _: None)
    pointed = caching.pointed

    def and_then_three_refreshes(folder):
        path = pointed(folder)
        if path == first:
            for _ in range(3):
                publish(folder, "sample", lambda _: None)
            assert not first.exists()
        return path

    monkeypatch.setattr(caching, "pointed", and_then_three_refreshes)
    with open_cache("sample", settings) as cache:
        assert cache.path != first
