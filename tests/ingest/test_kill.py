"""Killed at any moment, an ingest goes on at the next run, and the books come out as if nothing had happened."""

import contextlib
import multiprocessing
import os
import random
import signal

import faults
import ledger
import psutil
import pytest
from books import WRONG_TOTAL, numbered
from pages import NEW, OLD, png

from invoice_lab.errors import DatabaseError
from invoice_lab.ingest import ingest, reread, run
from invoice_lab.samples import draw_page
from invoice_lab.warehouse.connection import database
from invoice_lab.workers import Workforce

POINTS = int(os.environ.get("INVOICE_LAB_KILLS", "20"))
"""How often an ingest is killed: `make test-kill` asks for 200."""
LOADED = ["invoice_lab.ingest", "invoice_lab.ocr.read", "invoice_lab.ocr.plain", "invoice_lab.warehouse.write"]
START = multiprocessing.get_context("forkserver")
"""Starts processes that have loaded what takes long."""
START.set_forkserver_preload(LOADED)


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    for number in range(100, 108):
        (folder / f"{number}.png").write_bytes(png(draw_page(numbered(NEW, number))))
    (folder / "old.png").write_bytes(png(draw_page(OLD)))
    (folder / "wrong.png").write_bytes(png(draw_page(WRONG_TOTAL)))
    (folder / "zz-again.png").write_bytes((folder / "old.png").read_bytes())
    (folder / "zz-copy.png").write_bytes(png(draw_page(OLD).convert("RGB")))
    return folder


@pytest.fixture(scope="module")
def server(module_settings):
    with database(module_settings) as books:
        yield books


def ingested(scans, workspace, settings, executor="thread"):
    # listed by fsspec, so that versions are noted, too
    return ingest(
        f"file://{scans}", workspace=workspace, workers=Workforce(1, executor), progress=False, settings=settings
    )


@pytest.fixture(scope="module")
def expected(scans, module_settings, server):
    ingested(scans, "reference", module_settings)
    return ledger.state(module_settings, "reference")


def reread_all(workspace, settings):
    options = {"workers": Workforce(1, "thread"), "progress": False, "settings": settings}
    return reread(every=True, workspace=workspace, engine="tesserocr", **options)


def _killed(place, what, *arguments):
    """Do something in this process, which kills itself at a place."""
    patch = pytest.MonkeyPatch()
    patch.setattr(run, "SCANS_A_COMMIT", 2)
    plan = faults.Plan(*place, lambda: os.kill(os.getpid(), signal.SIGKILL))
    faults.install(patch, plan)
    what(*arguments)


def killed(*arguments):
    process = START.Process(target=_killed, args=arguments)
    process.start()
    process.join(120)
    return process.exitcode


def counted(what, *arguments):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "SCANS_A_COMMIT", 2)
        plan = faults.Plan()
        faults.install(patch, plan)
        what(*arguments)
    return [(kind, number) for kind, places in plan.places.items() for number in range(1, len(places) + 1)]


def test_killed_at_random_points_the_next_run_goes_on(scans, module_settings, expected):
    """Each time at a random statement or file operation; in every third case twice before a run goes through."""
    places = counted(ingested, scans, "counted", module_settings)
    chance = random.Random(2026)
    begun = 0
    for number in range(POINTS):
        workspace = f"killed_{number}"
        for place in chance.sample(places, 2 if number % 3 == 0 else 1):
            executor = "process" if number % 5 == 4 else "thread"
            code = killed(place, ingested, scans, workspace, module_settings, executor)
            begun += code == -signal.SIGKILL
            assert code in (0, -signal.SIGKILL), place
            assert ledger.halves(module_settings, workspace) == [], place
        ingested(scans, workspace, module_settings)
        assert ledger.halves(module_settings, workspace) == []
        assert ledger.state(module_settings, workspace) == expected
    assert begun >= POINTS


def test_a_killed_rereading_keeps_what_was_there_and_the_next_goes_on(scans, module_settings, expected):
    ingested(scans, "reread", module_settings)
    places = counted(reread_all, "reread", module_settings)
    by_ocr = ledger.state(module_settings, "reread")
    chance = random.Random(7)
    for number in range(-(-POINTS // 5)):
        workspace, place = f"reread_{number}", chance.choice(places)
        ingested(scans, workspace, module_settings)
        assert killed(place, reread_all, workspace, module_settings) == -signal.SIGKILL, place
        assert ledger.halves(module_settings, workspace) == [], place
        left = ledger.state(module_settings, workspace)
        assert {row[:1] for row in left["invoices"]} == {row[:1] for row in expected["invoices"]}, place
        reread_all(workspace, module_settings)
        assert ledger.state(module_settings, workspace) == by_ocr, place


def test_a_killed_worker_is_replaced(scans, module_settings, expected, monkeypatch):
    def kill_a_worker():
        worker = min(psutil.Process().children(recursive=True), key=_is_no_worker)
        assert not _is_no_worker(worker)
        worker.kill()

    monkeypatch.setattr(run, "SCANS_A_COMMIT", 2)
    with pytest.MonkeyPatch.context() as patch:
        plan = faults.Plan("database", 40, kill_a_worker)
        faults.install(patch, plan)
        summary = ingested(scans, "worker", module_settings, "process")
    assert len(plan.places["database"]) > 40
    assert summary.failures == []
    assert ledger.state(module_settings, "worker") == expected


def _is_no_worker(process):
    return "spawn_main" not in " ".join(process.cmdline())


def test_a_killed_server_ends_the_run_and_the_next_goes_on(scans, settings, expected, monkeypatch):
    def kill_server():
        with ledger.reader(settings, "default") as cursor:
            cursor.execute("select pg_backend_pid()")
            process = psutil.Process(cursor.fetchone()[0]).parent()
            everyone = [*process.children(recursive=True), process]
        for one in everyone:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()

    monkeypatch.setattr(run, "SCANS_A_COMMIT", 2)
    for at in (60, 90):
        with pytest.MonkeyPatch.context() as patch:
            faults.install(patch, faults.Plan("database", at, kill_server))
            with pytest.raises(DatabaseError):
                ingested(scans, "default", settings)
        assert ledger.halves(settings, "default") == []
    ingested(scans, "default", settings)
    assert ledger.state(settings, "default") == expected
