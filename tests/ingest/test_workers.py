"""Workers in the order of the scans; lost ones are replaced, and the scan that kills them is named."""

import os
import subprocess
import sys
import time

import pytest
import unruly
from pages import NEW, scan_of_record

from invoice_lab.errors import MissingToolError, UsageError, WorkersLostError
from invoice_lab.settings import Settings
from invoice_lab.sources.scan import Scan
from invoice_lab.warehouse.embedded import remove_embedded
from invoice_lab.workers import EXECUTORS, Task, WorkerPool, Workforce, WorkLimits, read_and_judge, worker_count

STANDARD = WorkLimits()
GOOD = scan_of_record(NEW, "good.png")


class BrokenEngine:
    """Simulates an engine with a bug."""

    name, version = "broken", "1"

    def words(self, picture, hint):
        raise ZeroDivisionError("division by zero")


def task(scan, limits=STANDARD):
    return Task(scan.sha256, scan.name, "auto", scan, limits=limits)


def scans(*names):
    return [Scan(name, GOOD.data, f"{number:064x}") for number, name in enumerate(names)]


def first_judgements(pool, tasks):
    return [reading.judgements[0] for _, reading in pool.read(enumerate(tasks))]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_readings_come_in_the_order_of_the_scans(executor):
    items = [(number, task(scan) if number % 3 else None) for number, scan in enumerate(scans(*"abcdefg"))]
    with WorkerPool("auto", Workforce(2, executor)) as pool:
        found = list(pool.read(items))
    assert [key for key, _ in found] == list(range(7))
    assert [reading is None for _, reading in found] == [number % 3 == 0 for number in range(7)]
    read = [reading.judgements[0] for _, reading in found if reading]
    assert [judgement.page.sha256[-1] for judgement in read] == list("1245")
    assert {judgement.status for judgement in read} == {"accepted"}


@pytest.mark.parametrize("executor", ["process", "dask"])
def test_a_scan_that_kills_its_worker_twice_fails_alone(executor, tmp_path, monkeypatch):
    readings = unruly.install(tmp_path, monkeypatch)
    tasks = [task(scan) for scan in scans("a.png", "deadly.png", "killed-once.png", "b.png", "c.png")]
    with WorkerPool("auto", Workforce(2, executor)) as pool:
        found = first_judgements(pool, tasks)
    assert [judgement.status for judgement in found] == ["accepted", "failed", "accepted", "accepted", "accepted"]
    assert found[1].findings[0].code == "worker-lost"
    assert readings().count("deadly.png") == 2
    assert readings().count("killed-once.png") >= 2


def test_a_scan_that_takes_too_long_is_ended_and_named(tmp_path, monkeypatch):
    unruly.install(tmp_path, monkeypatch)
    limits = WorkLimits(seconds=4)
    start = time.monotonic()
    with WorkerPool("auto", Workforce(2, limits=limits)) as pool:
        found = first_judgements(pool, [task(scan, limits) for scan in scans("a.png", "endless.png", "b.png")])
    assert [judgement.status for judgement in found] == ["accepted", "failed", "accepted"]
    assert found[1].findings[0].code == "time-limit"
    assert "4 seconds" in found[1].findings[0].message
    assert time.monotonic() - start < 120


def test_a_scan_that_takes_too_much_memory_fails_alone(tmp_path, monkeypatch):
    unruly.install(tmp_path, monkeypatch)
    limits = WorkLimits(megabytes=1500)
    with WorkerPool("auto", Workforce(1, limits=limits)) as pool:
        found = first_judgements(pool, [task(scan, limits) for scan in scans("a.png", "greedy.png", "b.png")])
    assert [judgement.status for judgement in found] == ["accepted", "failed", "accepted"]
    assert found[1].findings[0].code == "memory-limit"


def test_a_bug_fails_one_scan_and_is_named():
    reading = read_and_judge(GOOD, BrokenEngine())
    assert reading.judgements[0].status == "failed"
    assert "ZeroDivisionError" in reading.judgements[0].findings[0].message


class LostStore:
    """A scan store that can't be read."""

    def get(self, sha256, name=""):
        raise OSError(5, "Input/output error")


def test_a_store_that_fails_fails_one_scan():
    reading = Task("0" * 64, "a.png", "auto", store=LostStore()).run()
    assert reading.judgements[0].status == "failed"
    assert reading.judgements[0].findings[0].code == "not-readable"
    assert "Input/output error" in reading.judgements[0].findings[0].message


def test_where_nobody_wants_more_scans_in_hand_are_finished():
    asked = []
    with WorkerPool("auto", Workforce(1)) as pool:
        tasks = [(number, task(scan)) for number, scan in enumerate(scans(*(f"{n}.png" for n in range(60))))]
        found = [key for key, _ in pool.read(tasks, lambda: asked.append(1) is None and len(asked) < 40)]
    assert found == list(range(len(found)))
    assert 0 < len(found) < 40


def test_a_cluster_that_is_lost_ends_the_run():
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster:
        workforce = Workforce(1, "dask", cluster.scheduler_address)
        with WorkerPool("auto", workforce) as pool:
            some = scans(*(f"{number}.png" for number in range(20)))  # more than can be done before it is closed
            results = pool.read((number, task(scan)) for number, scan in enumerate(some))
            next(results)
            cluster.close()
            with pytest.raises(WorkersLostError, match="workers were lost"):
                list(results)


def test_a_scheduler_that_is_not_there_is_told():
    with pytest.raises(UsageError, match=r"tcp://127.0.0.1:9 can't be reached"):
        WorkerPool("auto", Workforce(1, "dask", "tcp://127.0.0.1:9"))


def test_without_dask_it_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "invoice_lab.workers.cluster", raising=False)
    with pytest.raises(MissingToolError, match="dask"):
        WorkerPool("auto", Workforce(1, "dask"))


def test_an_unknown_executor_and_a_needless_scheduler_are_refused():
    with pytest.raises(UsageError, match="'fork'"):
        Workforce(executor="fork")
    with pytest.raises(UsageError, match="dask alone"):
        Workforce(scheduler="tcp://127.0.0.1:8786")


@pytest.mark.parametrize(
    ("wanted", "expected"), [(3, 3), (0, len(os.sched_getaffinity(0))), (-1, len(os.sched_getaffinity(0)))]
)
def test_worker_count(wanted, expected):
    assert worker_count(wanted) == expected
    assert Workforce(wanted).count == expected


def test_workers_that_cannot_start_are_no_fault_of_a_scan(tmp_path):
    (tmp_path / "scan.png").write_bytes(GOOD.data)
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from invoice_lab.ingest import ingest\n"
        "from invoice_lab.settings import Settings\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "settings = Settings(folder / 'data', folder / 'r')\n"
        "ingest(folder / 'scan.png', workspace='default', workers=1, settings=settings)\n"
    )
    result = subprocess.run([sys.executable, script], check=False, capture_output=True, text=True, timeout=200)
    remove_embedded(Settings(tmp_path / "data", tmp_path / "r"))
    assert result.returncode != 0
    assert "WorkersLostError" in result.stderr
    assert "__main__" in result.stderr


def test_workers_of_several_threads_are_refused():
    from distributed import LocalCluster

    local = LocalCluster(n_workers=1, threads_per_worker=2, host="127.0.0.1", dashboard_address=None)
    with local as cluster, pytest.raises(UsageError, match="2 threads"):
        WorkerPool("auto", Workforce(1, "dask", cluster.scheduler_address))


def test_a_cluster_of_others_is_left_without_limits():
    from distributed import Client, LocalCluster

    local = LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
    with local as cluster, Client(cluster.scheduler_address) as client:
        before = client.run(_limits)
        with WorkerPool("auto", Workforce(1, "dask", cluster.scheduler_address)):
            assert client.run(_limits) != before
        assert client.run(_limits) == before


def test_the_limits_stay_as_long_as_another_run_shares_the_cluster():
    from distributed import Client, LocalCluster

    local = LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
    with local as cluster, Client(cluster.scheduler_address) as client:
        before, shared = client.run(_limits), Workforce(1, "dask", cluster.scheduler_address)
        with WorkerPool("auto", shared):
            with WorkerPool("auto", shared):
                limited = client.run(_limits)
            assert client.run(_limits) == limited != before
        assert client.run(_limits) == before


def _limits():
    import resource

    from invoice_lab.workers import limits

    return resource.getrlimit(resource.RLIMIT_DATA), limits._in_worker.is_set()
