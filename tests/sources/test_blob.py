"""Blob containers: pages, years, names, the watermark that leaves nothing out, and listings that can't be."""

import pickle
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from servers import MOST, SHORT, SUFFIXES, TOKEN, Reply, WebServer, listing, text_of, without

from invoice_lab.errors import NothingFoundError, ScanError, SourceError, UsageError
from invoice_lab.sources import http
from invoice_lab.sources.blob import BlobSource

OLD = "Wed, 09 Sep 2009 09:20:03 GMT"
NEW = "Thu, 10 Sep 2009 09:20:03 GMT"
NOW = "Fri, 11 Sep 2009 12:00:00 GMT"


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(http, "PATIENCE", SHORT)
    monkeypatch.delenv("INVOICE_LAB_BLOB_SAS", raising=False)


@pytest.fixture
def server():
    with WebServer() as running:
        yield running


def source_at(server, container="scans"):
    return BlobSource.of(f"{server.url}/{container}", SUFFIXES, MOST)


def listed_before_failing(source, match):
    listed = []
    with pytest.raises(SourceError, match=match):
        for item in source.items():
            listed.append(item)
    return listed


def names(items):
    return [item.name for item in items]


def test_all_pages_are_listed_and_blobs_fetched(server):
    server.on(
        "/scans",
        listing(("a.png", OLD), ("b.txt", OLD), following="2!8 &x="),
        listing(following="3"),
        listing(("d/e.PNG", OLD), ("f", OLD)),
    )
    server.on("/scans/d/e.PNG", Reply(b"data"))
    source = source_at(server)
    items = list(source.items())
    assert names(items) == ["a.png", "d/e.PNG"]
    assert [request.query.get("marker") for request in server.requests] == [None, "2!8 &x=", "3"]
    assert all(request.query["comp"] == "list" for request in server.requests)
    assert all(request.query["restype"] == "container" for request in server.requests)
    assert source.fetch(items[1]) == b"data"
    assert source.passed_over == 2
    assert source.name == f"blob+{server.url}/scans"
    assert names(source.items()) == ["d/e.PNG"]
    assert source.passed_over == 1


@pytest.mark.parametrize(
    ("in_xml", "name", "path"),
    [
        ("a b/c&amp;d#?.png", "a b/c&d#?.png", "a%20b/c%26d%23%3F.png"),
        ("é%41.png", "é%41.png", "%C3%A9%2541.png"),
        ("a/../../b.png", "a/../../b.png", "a/%2E%2E/%2E%2E/b.png"),
        ("&#x85;.png", "\\x85.png", "%C2%85.png"),
    ],
)
def test_names_may_hold_anything(server, in_xml, name, path):
    server.on("/scans", listing((in_xml, OLD)))
    server.on(f"/scans/{path}", Reply(b"data"))
    source = source_at(server)
    [item] = source.items()
    assert item.name == name
    assert source.fetch(item) == b"data"
    assert urlsplit(server.requests[-1].path).path == f"/scans/{path}"


def test_a_name_that_the_service_encoded_is_decoded(server):
    body = listing(("%EF%BF%BE.png", OLD)).body.replace(b"<Name>", b'<Name Encoded="true">')
    server.on("/scans", Reply(body))
    assert names(source_at(server).items()) == ["\\ufffe.png"]


def test_only_the_last_item_carries_the_mark(server):
    server.on("/scans", listing(("a.png", NEW), following="2", date=NOW), listing(("b.png", OLD), date=NOW))
    marks = [item.mark for item in source_at(server).items()]
    assert marks == ["", "2009-09-10T09:20:03Z"]


def test_blobs_before_the_mark_are_left_out_and_those_of_its_second_are_not(server):
    server.on("/scans", listing(("a.png", OLD), ("b.png", NEW), ("c.txt", OLD), date=NOW))
    source = source_at(server)
    assert names(source.items("2009-09-10T09:20:03Z")) == ["b.png"]
    assert names(source.items("2009-09-10T11:20:03+02:00")) == ["b.png"]
    assert names(source.items("2009-09-09T09:20:04")) == ["b.png"]
    assert names(source.items("2009-09-10T09:20:04Z")) == []
    assert [item.mark for item in source.items("2009-09-10T09:20:03Z")] == ["2009-09-10T09:20:03Z"]


def test_a_blob_written_behind_the_listing_is_found_by_the_next(server):
    """While the listing goes on, "a.png" is written behind it and, later, "z.png" before it."""
    began, behind, ahead = "12:00:00", "12:01:00", "12:02:00"
    on = "Fri, 11 Sep 2009 {} GMT".format
    server.on(
        "/scans",
        listing(("m.png", OLD), following="n", date=on(began)),
        listing(("z.png", on(ahead)), date=on(ahead)),
        listing(("a.png", on(behind)), ("m.png", OLD), ("z.png", on(ahead)), date=on("13:00:00")),
    )
    source = source_at(server)
    mark = list(source.items())[-1].mark
    assert mark == "2009-09-11T11:55:00Z"
    assert names(source.items(mark)) == ["a.png", "z.png"]


def test_without_the_services_clock_there_is_no_mark(server):
    reply = listing(("a.png", OLD))
    reply.headers["Date"] = "soon"
    server.on("/scans", reply)
    assert [item.mark for item in source_at(server).items()] == [""]


def test_a_container_a_year(server):
    this_year = datetime.now(UTC).year
    server.on("/x/invoices-2003", listing(("a.png", NEW), date=NOW))
    server.on(f"/x/invoices-{this_year}", listing(("a.png", OLD), date=NOW))
    server.on(f"/x/invoices-{this_year}/a.png", Reply(b"new"))
    source = source_at(server, "x/invoices-*")
    items = list(source.items())
    assert names(items) == ["invoices-2003/a.png", f"invoices-{this_year}/a.png"]
    assert [item.mark for item in items] == ["", "2009-09-10T09:20:03Z"]
    assert source.fetch(items[1]) == b"new"
    asked = server.paths()[:-1]
    assert asked[: this_year - 1999] == [f"/x/invoices-{year}" for year in range(2000, this_year + 1)]
    assert len(asked) <= this_year - 1999 + 1


@pytest.mark.parametrize("container", ["scans", "invoices-*"])
def test_no_container_is_told(server, container):
    with pytest.raises(NothingFoundError, match="INVOICE_LAB_BLOB_SAS"):
        list(source_at(server, container).items())


def test_a_year_that_may_not_be_read_is_no_year_that_is_not_there(server):
    server.on("/invoices-2003", listing(("a.png", OLD), date=NOW))
    server.on("/invoices-2005", Reply(status=403))
    [item] = listed_before_failing(source_at(server, "invoices-*"), "invoices-2005 answered with the status 403")
    assert (item.name, item.mark) == ("invoices-2003/a.png", "")


@pytest.mark.parametrize("second", [Reply(status=500), Reply(status=404), Reply(b"<half>"), listing(following="2")])
def test_a_listing_that_stops_in_the_middle_has_no_mark(server, second):
    server.on("/scans", listing(("a.png", OLD), ("b.png", OLD), following="2", date=NOW), second)
    listed = listed_before_failing(source_at(server), "/scans")
    assert [(item.name, item.mark) for item in listed] == [("a.png", ""), ("b.png", "")]


def test_a_listing_that_goes_in_a_circle_ends(server):
    pages = [listing(("a.png", OLD), following=marker) for marker in ("2", "3", "2")]
    server.on("/scans", *pages)
    assert len(listed_before_failing(source_at(server), "goes in a circle")) == 3
    assert len(server.requests) == 3


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "' + b"a" * 1000 + b'"><!ENTITY b "' + b"&a;" * 1000 + b'">]>'
    b"<EnumerationResults><Blobs><Blob><Name>&b;</Name></Blob></Blobs></EnumerationResults>"
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no XML"),
        (b"{}", "no XML"),
        (b"<html><body/></html>", "begins with 'html'"),
        (b"<!DOCTYPE html><html/>", "document type"),
        (BOMB, "document type"),
        (b"<?xml version='1.0' encoding='utf-99'?><EnumerationResults/>", "no XML"),
        (listing(("a.png", "yesterday")).body, "without a name or a Last-Modified: 'a.png'"),
        (listing(("", OLD)).body, "without a name"),
        (listing(("a.png", OLD)).body[:-30], "no XML"),
    ],
)
def test_what_is_no_listing_is_told(server, body, said):
    server.on("/scans", Reply(body))
    assert listed_before_failing(source_at(server), f"listing of {server.url}/scans .*{said}") == []
    assert len(server.requests) == 1


def test_names_elsewhere_in_a_listing_are_no_blobs(server):
    body = listing(("a.png", OLD)).body.replace(
        b"<Blobs>", b"<Blobs><BlobPrefix><Name>p.png</Name></BlobPrefix><Name>x.png</Name>"
    )
    body = body.replace(b"</Properties>", b"</Properties><Metadata><Name>m.png</Name></Metadata>")
    server.on("/scans", Reply(body))
    assert names(source_at(server).items()) == ["a.png"]


@pytest.mark.parametrize("reply", [Reply(status=404), Reply(status=503), Reply(b"x" * 2000), Reply(b"x", how="half")])
def test_a_blob_that_can_not_be_had_is_told_alone(server, reply):
    server.on("/scans", listing(("a.png", OLD), ("b.png", OLD)))
    server.on("/scans/a.png", reply)
    server.on("/scans/b.png", Reply(b"b"))
    source = source_at(server)
    bad, fine = source.items()
    with pytest.raises(ScanError, match=f"{server.url}/scans/a.png ") as caught:
        source.fetch(bad)
    assert caught.value.code == "not-readable"
    assert source.fetch(fine) == b"b"


@pytest.mark.parametrize("start", ["", "?"])
def test_the_token_is_sent_and_kept(server, monkeypatch, start):
    server.on("/scans", listing(("a.png", OLD), following="2"), listing(("b.png", OLD)), Reply(status=403))
    server.on("/scans/a.png", Reply(status=403))
    monkeypatch.setenv("INVOICE_LAB_BLOB_SAS", f"{start}sv=2020&sig={TOKEN}%3D")
    source = source_at(server)
    items = list(source.items())
    with pytest.raises(ScanError) as caught:
        pickle.loads(pickle.dumps(source)).fetch(items[0])
    with pytest.raises(SourceError) as caught_too:
        list(source.items())
    assert [request.query["sig"] for request in server.requests] == [f"{TOKEN}="] * 4
    assert server.requests[0].query["comp"] == "list"
    assert server.requests[1].query["marker"] == "2"
    assert TOKEN not in text_of(caught.value) + text_of(caught_too.value)
    assert without((source, items), TOKEN)


def test_a_token_in_the_url_is_refused():
    with pytest.raises(UsageError, match="INVOICE_LAB_BLOB_SAS") as caught:
        BlobSource.of(f"https://x.blob.core.windows.net/scans?sig={TOKEN}", SUFFIXES, MOST)
    assert TOKEN not in text_of(caught.value)


def test_a_start_that_is_no_date_is_told(server):
    with pytest.raises(UsageError, match="'soon'"):
        list(source_at(server).items("soon"))
