"""The invoice API: pages and their boundaries, dates, numbers, and what it says that can't be."""

import json
import pickle

import pytest
from servers import MOST, SHORT, SUFFIXES, TOKEN, Reply, WebServer, api_answer, text_of, without

from invoice_lab.errors import NothingFoundError, ScanError, SourceError, UsageError
from invoice_lab.sources import http
from invoice_lab.sources.invoice_api import InvoiceApiSource


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(http, "PATIENCE", SHORT)
    monkeypatch.delenv("INVOICE_LAB_API_TOKEN", raising=False)


@pytest.fixture
def server():
    with WebServer() as running:
        yield running


def source_at(server):
    return InvoiceApiSource.of(server.url + "/", SUFFIXES, MOST)


def at(second):
    return f"2019-01-01 {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def listed_before_failing(source, match, since=""):
    listed = []
    with pytest.raises(SourceError, match=match):
        for item in source.items(since):
            listed.append(item)
    return listed


def starts(server):
    return [request.query["start_date"] for request in server.requests]


def page(*invoices):
    return Reply(json.dumps({"invoices": [{"no": no, "dt": dt} for no, dt in invoices]}).encode())


def test_each_invoice_is_listed_once_and_fetched(server):
    invoices = [(f"{number:05}", at(number // 3)) for number in range(2500)]
    server.by(api_answer(invoices))
    source = source_at(server)
    items = list(source.items())
    assert [item.name for item in items] == [f"{number}.png" for number, _ in invoices]
    assert [item.mark for item in items] == [date for _, date in invoices]
    assert starts(server) == ["1970-01-01 00:00:00", at(333), at(666), at(833)]
    assert source.fetch(items[1234]) == b"scan 01234"
    assert source.name == f"api+{server.url}"
    assert source.passed_over == 0


def test_a_mark_is_where_the_next_run_begins(server):
    invoices = [(str(number), at(number)) for number in range(10)]
    server.by(api_answer(invoices))
    source = source_at(server)
    mark = list(source.items())[-1].mark
    invoices += [("late, same second", at(9)), ("new", at(12))]
    assert [item.name for item in source.items(mark)] == ["9.png", "late, same second.png", "new.png"]
    assert list(source.items(at(13))) == []


@pytest.mark.parametrize(
    ("number", "name", "path"),
    [
        ("2019/17", "2019/17.png", "2019%2F17"),
        ("a b#?é%41.JPG", "a b#?é%41.JPG", "a%20b%23%3F%C3%A9%2541.JPG"),
        ("..", "...png", "%2E%2E"),
        ("../../invoices", "../../invoices.png", "..%2F..%2Finvoices"),
        ("a\u0000b\n", "a\\x00b\\n.png", "a%00b%0A"),
        (17, "17.png", "17"),
    ],
)
def test_numbers_may_hold_anything(server, number, name, path):
    server.by(api_answer([(str(number), at(0))]))
    server.on("/invoices", page((number, at(0))))
    source = source_at(server)
    [item] = source.items()
    assert (item.name, item.place) == (name, f"{server.url}/invoices/{path}")
    assert source.fetch(item) == f"scan {number}".encode()
    assert server.requests[-1].path == f"/invoices/{path}"


@pytest.mark.parametrize(
    ("date", "mark"),
    [
        ("2019-03-04T05:06:07", "2019-03-04 05:06:07"),
        ("2019-03-04 05:06:07.999999", "2019-03-04 05:06:07"),
        ("2019-03-04T05:06:07.9999999Z", "2019-03-04 05:06:07"),
        ("2019-03-04T05:06:07+02:00", "2019-03-04 03:06:07"),
        ("2019-03-04T05:06:07-05:00", "2019-03-04 05:06:07"),
        ("2019-03-04", "2019-03-04 00:00:00"),
    ],
)
def test_dates_are_never_rounded_up(server, date, mark):
    server.on("/invoices", page(("1", date)))
    assert [item.mark for item in source_at(server).items()] == [mark]
    assert starts(server) == ["1970-01-01 00:00:00", mark]


def test_an_invoice_within_the_second_of_a_boundary_is_not_lost(server):
    invoices = [(f"{number:04}", f"2019-01-01 00:00:00.{number:04}") for number in range(999)]
    invoices += [("a", "2019-01-01 00:00:01.1"), ("b", "2019-01-01 00:00:01.2"), ("c", "2019-01-01 00:00:01.3")]
    server.by(api_answer(invoices))
    assert [item.name for item in source_at(server).items()][-3:] == ["a.png", "b.png", "c.png"]


def test_a_full_page_of_one_date_is_an_error_and_not_the_end(server):
    server.by(api_answer([("0", at(0)), *[(f"x{number}", at(1)) for number in range(1001)]]))
    listed = listed_before_failing(source_at(server), f"1000 invoices under one date, {at(1)}")
    assert len(listed) == 1001
    assert {item.mark for item in listed[1:]} == {at(1)}
    assert starts(server) == ["1970-01-01 00:00:00", at(1)]


@pytest.mark.parametrize("count", [1, 999])
def test_a_short_page_of_one_date_is_the_end(server, count):
    server.by(api_answer([(f"x{number}", at(1)) for number in range(count)]))
    assert len(list(source_at(server).items())) == count
    assert starts(server) == ["1970-01-01 00:00:00", at(1)]


def test_a_full_page_that_begins_earlier_again_is_an_error(server):
    """An API that doesn't heed the date asked for."""
    server.on("/invoices", page(*[(str(number), at(number)) for number in range(1000)]))
    listed = listed_before_failing(
        source_at(server), f"from {at(0)} to {at(999)} when asked for those from {at(999)} on"
    )
    assert len(listed) == 1000


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "answered with what is no JSON"),
        (b"\xff\xfe", "answered with what is no JSON"),
        (b"[" * 100_000, "answered with what is no JSON"),
        (b"[]", 'without a list of "invoices"'),
        (b'{"invoices": {}}', 'without a list of "invoices"'),
        (b'{"invoices": ["x"]}', 'invoice 0 has no "no"'),
        (b'{"invoices": [{"no": "1", "dt": "2019-01-01"}, {"dt": "2019-01-01"}]}', 'invoice 1 has no "no"'),
        (b'{"invoices": [{"no": "", "dt": "2019-01-01"}]}', 'has no "no"'),
        (b'{"invoices": [{"no": true, "dt": "2019-01-01"}]}', 'has no "no"'),
        (b'{"invoices": [{"no": "\\ud800", "dt": "2019-01-01"}]}', 'has no "no"'),
        (b'{"invoices": [{"no": "7", "dt": "yesterday"}]}', r"invoice 0 \(7\) has no date in \"dt\": 'yesterday'"),
        (b'{"invoices": [{"no": "7", "dt": 20190101}]}', r"\(7\) has no date"),
        (b'{"invoices": [{"no": "7"}]}', r"\(7\) has no date in \"dt\": None"),
        (b'{"invoices": [{"no": "7", "dt": "0001-01-01T00:00:00+14:00"}]}', r"\(7\) has no date"),
        (b'{"invoices": [{"no": "7", "dt": "2019-01-02"}, {"no": "8", "dt": "2019-01-01"}]}', "8 of .* after 7 of"),
    ],
)
def test_what_can_not_be_is_told_with_its_place(server, body, said):
    server.on("/invoices", Reply(body))
    assert listed_before_failing(source_at(server), said) == []
    with pytest.raises(SourceError, match=rf"{server.url}/invoices \(start_date=2019-01-01 00:00:00\)"):
        list(source_at(server).items("2019-01-01"))
    assert len(server.requests) == 2


def test_a_scan_that_is_not_there_is_told_alone(server):
    server.by(api_answer([("1", at(1)), ("2", at(2))]))
    server.on("/invoices/1", Reply(status=404))
    source = source_at(server)
    missing, fine = source.items()
    with pytest.raises(ScanError, match="answered with the status 404") as caught:
        source.fetch(missing)
    assert caught.value.code == "not-readable"
    assert source.fetch(fine) == b"scan 2"


@pytest.mark.parametrize(
    "reply", [Reply(status=500), Reply(b"x", how="half"), Reply(b"x" * 2000), Reply(how="endless")]
)
def test_a_scan_that_can_not_be_had_is_told_alone(server, reply):
    server.by(api_answer([("1", at(1))]))
    server.on("/invoices/1", reply)
    source = source_at(server)
    [item] = source.items()
    with pytest.raises(ScanError, match=f"{server.url}/invoices/1 ") as caught:
        source.fetch(item)
    assert caught.value.code == "not-readable"


def test_the_same_scan_under_two_names_is_two_items(server):
    server.by(api_answer([("1", at(1)), ("2", at(2))]))
    for number in (1, 2):
        server.on(f"/invoices/{number}", Reply(b"same"))
    source = source_at(server)
    assert [source.fetch(item) for item in source.items()] == [b"same", b"same"]


def test_a_listing_that_stops_in_the_middle_keeps_what_came_before(server):
    server.by(api_answer([(f"{number:05}", at(number)) for number in range(1500)]))
    listed = []
    with pytest.raises(SourceError, match=f"^{server.url}/invoices can't be reached"):
        for item in source_at(server).items():
            listed.append(item)
            if len(listed) == 1000:
                server.stop()
    assert len(listed) == 1000
    with WebServer() as again:
        again.by(api_answer([(f"{number:05}", at(number)) for number in range(1500)]))
        assert len(list(source_at(again).items(listed[-1].mark))) == 501


def test_a_busy_listing_is_asked_again(server):
    server.on("/invoices", Reply(status=503), page(("1", at(1))))
    assert len(list(source_at(server).items())) == 1
    assert len(server.requests) == 3


def test_no_api_is_told(server):
    with pytest.raises(NothingFoundError, match=f"no invoice API at {server.url}"):
        list(source_at(server).items())
    server.on("/invoices", page(("1", at(1))), Reply(status=404))
    assert len(listed_before_failing(source_at(server), "404")) == 1


def test_a_start_that_is_no_date_is_told(server):
    with pytest.raises(UsageError, match="'soon'"):
        list(source_at(server).items("soon"))


def test_the_token_is_sent_and_kept(server, monkeypatch):
    server.by(api_answer([("1", at(1))]))
    server.on("/invoices/1", Reply(status=403))
    monkeypatch.setenv("INVOICE_LAB_API_TOKEN", TOKEN)
    source = source_at(server)
    [item] = source.items()
    with pytest.raises(ScanError) as caught:
        pickle.loads(pickle.dumps(source)).fetch(item)
    assert {request.headers["Authorization"] for request in server.requests} == {f"Bearer {TOKEN}"}
    assert TOKEN not in text_of(caught.value)
    assert without((source, item), TOKEN)


def test_without_a_token_none_is_sent(server):
    server.by(api_answer([]))
    assert list(source_at(server).items()) == []
    assert "Authorization" not in server.requests[0].headers
