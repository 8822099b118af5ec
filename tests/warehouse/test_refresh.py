"""From the books to the cache: every row, every type, null apart from the empty text."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from test_load import CUSTOMER, INVOICE, arrival

from invoice_lab.errors import UsageError
from invoice_lab.validation.finding import Finding
from invoice_lab.warehouse import cache_export
from invoice_lab.warehouse.arrival import Arrival, Batch
from invoice_lab.warehouse.cache import open_cache
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.load import load, start_batch
from invoice_lab.warehouse.migrate import migrate
from invoice_lab.warehouse.refresh import refresh


def fill(settings, workspace, *arrivals):
    with database(settings) as books:
        migrate(books, workspace)
        with books.connect("loader", workspace) as connection:
            batch = uuid4()
            start_batch(connection, Batch(batch, "test", "test", "1"))
            load(connection, batch, arrivals)


def test_an_empty_workspace_gives_an_empty_cache(module_settings):
    fill(module_settings, "empty")
    meta = refresh("empty", module_settings)
    assert (meta.as_of, meta.counts["invoices"], meta.sample) == (None, 0, False)


def test_what_is_in_the_books_is_in_the_cache(module_settings):
    nasty = 'a "quoted", text\nwith lines, \\N and \\.'
    customer = CUSTOMER.model_copy(update={"name": nasty, "address": ()})
    invoice = INVOICE.model_copy(update={"customer": customer})
    finding = Finding("total-mismatch", "error", None, nasty)
    fill(module_settings, "full", arrival("a.png", invoice), arrival("b.png", None, "review", (finding,), no=2))
    meta = refresh("full", module_settings)
    assert meta.as_of == date(2019, 3, 15)
    with open_cache("full", module_settings) as cache:
        rows = cache.connection.execute("select name, email, address from customers").fetchall()
        assert rows == [(nasty, None, "")], "null and the empty text stay apart"
        assert cache.connection.execute("select total from invoices").fetchall() == [(Decimal("9.31"),)]
        assert cache.connection.execute("select unit_price from invoice_lines order by line_no").fetchall() == [
            (Decimal("3.1000"),),
            (Decimal("3.1055"),),
        ]
        assert cache.connection.execute("select message, field from findings").fetchall() == [(nasty, None)]
        assert cache.connection.execute("select name, status from parts order by name").fetchall() == [
            ("a.png", "accepted"),
            ("b.png", "review"),
        ]


def test_equal_books_have_equal_fingerprints_in_any_order(module_settings):
    other = INVOICE.model_copy(update={"invoice_id": "FAC_2019_0099"})
    pair = [arrival("a.png"), arrival("b.png", other, no=2)]
    fill(module_settings, "forward", *pair)
    fill(module_settings, "backward", *pair[::-1])
    fill(module_settings, "half", pair[0])
    prints = {name: refresh(name, module_settings).fingerprint for name in ("forward", "backward", "half")}
    assert prints["forward"] == prints["backward"] != prints["half"]
    assert refresh("forward", module_settings).fingerprint == prints["forward"]


def test_a_reader_keeps_its_file_while_a_new_one_is_written(module_settings):
    fill(module_settings, "live", arrival("a.png"))
    refresh("live", module_settings)
    with open_cache("live", module_settings) as before:
        fill(module_settings, "live", arrival("b.png", INVOICE.model_copy(update={"invoice_id": "FAC_2019_0099"})))
        refresh("live", module_settings)
        assert before.connection.execute("select count(*) from invoices").fetchone() == (1,)
        with open_cache("live", module_settings) as after:
            assert after.connection.execute("select count(*) from invoices").fetchone() == (2,)
            assert after.path != before.path


def test_a_mistyped_workspace_is_refused_with_the_nearest(module_settings):
    fill(module_settings, "spelled")
    with pytest.raises(UsageError, match="spelled"):
        refresh("speled", module_settings)
    assert not module_settings.workspace_dir("speled").exists()


def test_files_of_the_latest_batch_that_could_not_be_opened_are_told(module_settings):
    fill(module_settings, "unopened", Arrival(1, "gone.png", None, problem="No such file."))
    refresh("unopened", module_settings)
    with open_cache("unopened", module_settings) as cache:
        sql = "select name, status, code, message from parts join findings using (sha256, part)"
        assert cache.connection.execute(sql).fetchall() == [("gone.png", "failed", "not-readable", "No such file.")]


def test_what_is_loaded_meanwhile_is_in_all_tables_or_in_none(module_settings, monkeypatch):
    """The tables are read over several connections, one after the other: from one state of the books."""
    fill(module_settings, "meanwhile", arrival("a.png"))
    reads, read = [], cache_export.read_csv

    def and_load(cache, table, path):
        invoice = INVOICE.model_copy(update={"invoice_id": f"FAC_2019_1{len(reads):03d}"})
        fill(module_settings, "meanwhile", arrival(f"{len(reads)}.png", invoice))
        reads.append(table)
        read(cache, table, path)

    monkeypatch.setattr(cache_export, "read_csv", and_load)
    counts = refresh("meanwhile", module_settings).counts
    assert len(reads) > 5 and (counts["invoices"], counts["invoice_lines"], counts["parts"]) == (1, 2, 1)
    assert refresh("meanwhile", module_settings).counts["invoices"] == 1 + len(set(reads))
