"""Scans from the invoice API, into the books: only what is new is fetched, and what could not be had is tried again."""

import json
import threading
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import ledger
import pytest
import unruly
from books import numbered
from pages import NEW, png

from invoice_lab.errors import SourceError
from invoice_lab.ingest import ingest
from invoice_lab.samples import draw_page
from invoice_lab.sources import http
from invoice_lab.validation.judge import judge
from invoice_lab.warehouse import load
from invoice_lab.workers import Workforce, task

PAGE = 5


class Api:
    """A real server of the invoice API that can lose scans, and stop in the middle of its listing."""

    def __init__(self):
        self.invoices, self.lost, self.stops_after, self.asked = {}, set(), None, Counter()
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                api.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"api+http://127.0.0.1:{self.server.server_port}"

    def add(self, number, day):
        self.invoices[f"N{number}"] = (f"2024-01-{day:02d} 00:00:00", png(draw_page(numbered(NEW, number))))

    def answer(self, request):
        parts = urlsplit(request.path)
        if parts.path == "/invoices":
            self.asked["listing"] += 1
            since = parse_qs(parts.query)["start_date"][0]
            found = sorted((dt, no) for no, (dt, _) in self.invoices.items() if dt >= since)[:PAGE]
            if self.stops_after is not None and self.asked["listing"] > self.stops_after:
                return self.send(request, 500, b"")
            return self.send(
                request, 200, json.dumps({"invoices": [{"no": no, "dt": dt} for dt, no in found]}).encode()
            )
        no = unquote(parts.path.rpartition("/")[2])
        self.asked[no] += 1
        if no in self.lost or no not in self.invoices:
            return self.send(request, 404, b"")
        return self.send(request, 200, self.invoices[no][1])

    def send(self, request, status, body):
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


@pytest.fixture
def api(monkeypatch):
    monkeypatch.setattr(http, "PATIENCE", http.Patience(first_wait=0.01, longest_wait=0.02))
    server = Api()
    for number in range(1, 13):
        server.add(number, number)
    yield server
    server.server.shutdown()
    server.server.server_close()


def ingested(api, settings):
    return ingest(api.url, workspace="api", workers=Workforce(1, "thread"), progress=False, settings=settings)


def test_the_next_run_begins_where_the_last_one_ended(api, settings):
    first = ingested(api, settings)
    assert dict(first.statuses) == {"accepted": 12}
    api.add(13, 13)
    second = ingested(api, settings)
    assert dict(second.outcomes) == {"known": 1, "new": 1}  # the last one's date may have others, too
    assert api.asked["N12"] == 2
    assert [api.asked[f"N{number}"] for number in (*range(1, 12), 13)] == [1] * 12


def test_a_scan_that_is_missing_fails_alone_and_is_tried_again(api, settings):
    api.lost.add("N3")
    first = ingested(api, settings)
    assert dict(first.statuses) == {"accepted": 11, "failed": 1}
    assert first.failures[0].startswith("N3.png: ")
    assert "404" in first.failures[0]
    again = ingested(api, settings)
    assert dict(again.statuses) == {"failed": 1}
    api.lost.clear()
    last = ingested(api, settings)
    assert dict(last.statuses) == {"accepted": 1}
    assert last.failures == []
    ingested(api, settings)
    assert api.asked["N3"] == 3
    with ledger.reader(settings, "api") as cursor:
        cursor.execute("select count(*) from invoices")
        assert cursor.fetchone() == (12,)


def test_an_api_that_stops_in_the_middle_loses_nothing(api, settings):
    api.stops_after = 2
    with pytest.raises(SourceError, match=r"500.* The \d+ scans before that are in the books"):
        ingested(api, settings)
    api.stops_after = None
    before = api.asked.copy()
    ingested(api, settings)
    assert ledger.halves(settings, "api") == []
    fetched = {no for no in api.asked if no.startswith("N") and api.asked[no] > before[no]}
    assert 0 < len(fetched) < 12
    ingest(api.url, workspace="whole", workers=Workforce(1, "thread"), progress=False, settings=settings)
    assert ledger.state(settings, "api") == ledger.state(settings, "whole")


def test_a_cluster_fetches_and_reads(api, settings):
    api.lost.add("N3")
    workforce = Workforce(2, "dask")
    summary = ingest(api.url, workspace="api", workers=workforce, progress=False, settings=settings)
    assert dict(summary.statuses) == {"accepted": 11, "failed": 1}
    assert ledger.halves(settings, "api") == []


def test_a_cluster_that_loses_a_worker_loses_no_scan(api, settings, tmp_path, monkeypatch):
    unruly.install(tmp_path, monkeypatch, {"N2.png": "killed_once()"})
    workforce = Workforce(2, "dask")
    summary = ingest(api.url, workspace="api", workers=workforce, progress=False, settings=settings)
    assert (tmp_path / "was-killed").exists()
    assert dict(summary.statuses) == {"accepted": 12}
    ingest(api.url, workspace="whole", workers=Workforce(1, "thread"), progress=False, settings=settings)
    assert ledger.state(settings, "api") == ledger.state(settings, "whole")


def test_a_scan_that_we_failed_to_read_is_read_again(api, settings, tmp_path, monkeypatch):
    """It lies behind the watermark, and in the store."""
    unruly.install(tmp_path, monkeypatch, {"N2.png": "os._exit(9)"})
    workforce = Workforce(1)
    first = ingest(api.url, workspace="api", workers=workforce, progress=False, settings=settings)
    assert dict(first.statuses) == {"accepted": 11, "failed": 1}
    monkeypatch.undo()
    second = ingested(api, settings)
    assert dict(second.statuses) == {"accepted": 1}
    assert api.asked["N2"] == 1
    assert ledger.halves(settings, "api") == []


def test_an_invoice_dated_in_the_future_hides_no_other(api, settings):
    api.invoices["N99"] = ("2204-01-01 00:00:00", png(draw_page(numbered(NEW, 99))))
    ingested(api, settings)
    api.add(13, 13)
    assert ingested(api, settings).outcomes["new"] == 1


def test_what_the_books_cannot_hold_fails_alone(api, settings, monkeypatch):
    def refused(page):
        judgement = judge(page)
        third = page.value("invoice_id") == numbered(NEW, 3)["invoice_id"]
        return _with_currency(judgement) if third else judgement

    monkeypatch.setattr(task, "judge", refused)
    summary = ingested(api, settings)
    assert dict(summary.statuses) == {"accepted": 11, "failed": 1}
    assert "N3.png: The books can't hold what was read" in summary.failures[0]
    assert ledger.halves(settings, "api") == []


def _with_currency(judgement):
    """An invoice whose currency is longer than the column."""
    return replace(judgement, invoice=judgement.invoice.model_copy(update={"currency": "EUROS"}))


def test_a_scan_that_never_comes_is_given_up(api, settings, monkeypatch):
    monkeypatch.setattr(load, "GIVEN_UP", 3)
    api.lost.add("N3")
    failures = [len(ingested(api, settings).failures) for _ in range(5)]
    assert failures == [1, 1, 1, 0, 0]
    assert api.asked["N3"] == 3
