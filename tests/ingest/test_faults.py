"""A fault before and after each statement and file operation of an ingest: all of a scan is in the books, or none."""

import errno
import itertools
import os
import shutil

import faults
import ledger
import pytest
from books import WRONG_TOTAL
from pages import NEW, OLD, png

from invoice_lab.errors import InvoiceLabError
from invoice_lab.ingest import ingest, run
from invoice_lab.samples import draw_page
from invoice_lab.warehouse.connection import database
from invoice_lab.workers import Workforce

WORKFORCE = Workforce(1, "thread")
EVERY_KIND = bool(os.environ.get("INVOICE_LAB_EVERY_FAULT"))
"""Whether every kind of fault is tried at every place, which takes half an hour: `make test-kill` does."""


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Scans of all outcomes: new, in review, rejected, a duplicate, and the same bytes twice."""
    folder = tmp_path_factory.mktemp("scans")
    for name, record in {"a": NEW, "b": OLD, "c": WRONG_TOTAL}.items():
        (folder / f"{name}.png").write_bytes(png(draw_page(record)))
    (folder / "d.png").write_bytes(b"no picture")
    (folder / "e.png").write_bytes(png(draw_page(NEW).convert("RGB")))
    (folder / "f.png").write_bytes((folder / "b.png").read_bytes())
    return folder


@pytest.fixture(scope="module", autouse=True)
def server(module_settings):
    """The embedded server, for all tests: else it would start and stop with each ingest."""
    with database(module_settings) as books:
        yield books


@pytest.fixture
def anew(server, module_settings):
    """Let a workspace begin anew, with nothing in its books and its store."""

    def emptied(workspace):
        with server.connect("owner", workspace) as connection, connection.cursor() as cursor:
            cursor.execute(f"truncate batches, {', '.join(ledger.TABLES)} cascade")
        shutil.rmtree(module_settings.scan_store_dir(workspace))

    return emptied


@pytest.fixture(autouse=True)
def small_commits(monkeypatch):
    monkeypatch.setattr(run, "SCANS_A_COMMIT", 2)


def ingested(scans, workspace, settings):
    return ingest(scans, workspace=workspace, workers=WORKFORCE, progress=False, settings=settings)


@pytest.fixture(scope="module")
def expected(scans, module_settings):
    """The books of a run in which nothing went wrong."""
    ingested(f"file://{scans}", "reference", module_settings)
    return ledger.state(module_settings, "reference")


def places(scans, settings, workspace):
    """Return every place of a run where something can go wrong."""
    with pytest.MonkeyPatch.context() as patch:
        plan = faults.Plan()
        patch.setattr(run, "SCANS_A_COMMIT", 2)
        faults.install(patch, plan)
        ingested(scans, workspace, settings)
    return plan.places


def each_with(places, kinds):
    """Give each place with its number and what goes wrong: one kind after the other, or every kind at every place."""
    turns = itertools.cycle(kinds)
    for number, what in enumerate(places, start=1):
        for fault in kinds if EVERY_KIND else (next(turns),):
            yield number, what, fault


@pytest.mark.parametrize("kind", ["database", "file"])
def test_every_statement_and_file_operation(scans, module_settings, expected, anew, kind):
    workspace = f"faulty_{kind}"
    # what fsspec lists has versions, but several threads fetch it: file operations come in no certain order then
    source = f"file://{scans}" if kind == "database" else scans
    wanted = expected if kind == "database" else expected | {"versions": []}
    found = places(source, module_settings, workspace)[kind]
    telling = {
        "database": {"before commit", "after commit", "before copy"},
        "file": {"after fsync", "before replace", "after open"},
    }
    assert telling[kind] <= set(found), found
    assert len(found) > 20
    kinds = faults.DATABASE_FAULTS if kind == "database" else faults.FILE_FAULTS
    for number, what, fault in each_with(found, kinds):

        def act(fault=fault):
            raise fault

        place = f"{fault!r} {what} (place {number})"
        anew(workspace)
        with pytest.MonkeyPatch.context() as patch:
            faults.install(patch, faults.Plan(kind, number, act))
            with pytest.raises(InvoiceLabError) as raised:
                ingested(source, workspace, module_settings)
        assert str(fault.strerror if kind == "file" else fault).strip() in raised.value.message, place
        assert ledger.halves(module_settings, workspace) == [], place
        ingested(source, workspace, module_settings)
        assert ledger.state(module_settings, workspace) == wanted, place
        assert not list((module_settings.scan_store_dir(workspace) / ".incoming").iterdir()), place


LOOKED_UP = ("set search_path", "select mark", "select distinct on", "select sha256 from scans")
"""Statements that only read, in transactions of their own: nothing can come into conflict with them."""


@pytest.mark.parametrize("conflict", faults.CONFLICTS, ids=lambda error: type(error).__name__)
def test_a_conflict_with_another_transaction_is_tried_again(scans, module_settings, expected, anew, conflict):
    tried = 0
    scans = f"file://{scans}"
    found = places(scans, module_settings, "torn")["database"]
    for number, what in list(enumerate(found, start=1))[:: 1 if EVERY_KIND else 11]:
        if what == "after commit" or what.split(maxsplit=1)[1].startswith(LOOKED_UP):
            continue
        tried += 1

        def act():
            raise conflict

        anew("torn")
        with pytest.MonkeyPatch.context() as patch:
            faults.install(patch, faults.Plan("database", number, act))
            try:
                ingested(scans, "torn", module_settings)
            except InvoiceLabError as error:
                pytest.fail(f"{what} (place {number}): {error}")
        assert ledger.state(module_settings, "torn") == expected, what
    assert tried > 5


def test_a_full_disk_is_told_with_what_to_do(scans, module_settings):
    def act():
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        faults.install(patch, faults.Plan("file", 1, act))
        with pytest.raises(InvoiceLabError, match=r"scan store .* can't be written: No space left on device") as raised:
            ingested(scans, "full", module_settings)
    assert "same command" in raised.value.remedy
