"""The worker pool outlives killed workers, and names the scan that kills them."""

import os

import pytest
from pages import NEW, scan_of_record

from invoice_lab import workers
from invoice_lab.sources.scan import Scan
from invoice_lab.workers import WorkerPool, read_and_judge, worker_count


class BrokenEngine:
    """Simulates an engine with a bug."""

    name, version = "broken", "1"

    def words(self, picture, hint):
        raise ZeroDivisionError("division by zero")


def test_readings_come_in_the_order_of_the_scans():
    items = [(number, scan_of_record(NEW, f"{number}.png") if number % 3 else None) for number in range(7)]
    with WorkerPool("auto", 2) as pool:
        found = list(pool.read(items))
    assert [key for key, _ in found] == list(range(7))
    assert [reading is None for _, reading in found] == [number % 3 == 0 for number in range(7)]


def test_a_scan_that_kills_its_worker_fails_alone(tmp_path, monkeypatch):
    # spawned workers import this folder's modules: the engine below is found by them
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "sitecustomize.py").write_text(
        "import os\n"
        "from invoice_lab.ocr import read\n"
        "real = read.Reader.read\n"
        "def deadly(self, scan):\n"
        "    if scan.name == 'deadly.png':\n"
        "        os._exit(9)\n"
        "    return real(self, scan)\n"
        "read.Reader.read = deadly\n"
    )
    good = scan_of_record(NEW, "good.png")
    deadly = Scan.of("deadly.png", b"x")
    scans = [good, deadly, Scan(good.name, good.data, "1" * 64), Scan(good.name, good.data, "2" * 64)]
    with WorkerPool("auto", 2) as pool:
        found = [reading.judgements[0] for _, reading in pool.read(enumerate(scans))]
    assert [judgement.status for judgement in found] == ["accepted", "failed", "accepted", "accepted"]
    assert found[1].findings[0].code == "worker-lost"


def test_a_bug_fails_one_scan_and_is_named():
    reading = read_and_judge(scan_of_record(NEW), BrokenEngine())
    assert reading.judgements[0].status == "failed"
    assert "ZeroDivisionError" in reading.judgements[0].findings[0].message


@pytest.mark.parametrize(
    ("wanted", "expected"), [(3, 3), (0, len(os.sched_getaffinity(0))), (-1, len(os.sched_getaffinity(0)))]
)
def test_worker_count(wanted, expected):
    assert worker_count(wanted) == expected
    assert workers.IN_FLIGHT > 1
