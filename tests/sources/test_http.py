"""Asking over HTTP: what is tried again, what isn't, limits, and tokens that nobody else gets to see."""

import logging
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from servers import ENDLESS, MOST, SHORT, TOKEN, Reply, WebServer, text_of
from tenacity import RetryCallState

from invoice_lab.errors import SourceError, UsageError
from invoice_lab.sources import http
from invoice_lab.sources.http import base_url, encoded, get, secret, shown
from invoice_lab.sources.names import printable


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(http, "PATIENCE", SHORT)


@pytest.fixture
def server():
    with WebServer() as running:
        yield running


def failure(url, **options):
    with pytest.raises(SourceError) as caught:
        get(url, most_bytes=MOST, **options)
    return caught.value


def test_an_answer_is_its_bytes_and_the_servers_time(server):
    server.on("/a", Reply(b"abc", headers={"Date": "Wed, 09 Sep 2009 09:20:03 GMT"}))
    answer = get(f"{server.url}/a", most_bytes=3)
    assert answer.data == b"abc"
    assert get(f"{server.url}/none", most_bytes=3) is None
    assert len(server.requests) == 2


@pytest.mark.parametrize("how", ["half", "reset", "hang", "drip"])
@pytest.mark.parametrize("times", [2, 3])
def test_what_breaks_off_is_asked_for_again(server, how, times):
    server.on("/a", *[Reply(b"abc", how=how)] * times, Reply(b"abc"))
    if times == 2:
        assert get(f"{server.url}/a", most_bytes=MOST).data == b"abc"
    else:
        said = failure(f"{server.url}/a?x=1").message
        assert said.startswith(f"{server.url}/a ")
        assert said.endswith(", in 3 tries.")
        told = {"half": "broke off", "reset": "lost the connection"}
        assert told.get(how, "no answer in time") in said
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_busy_server_is_asked_again(server, status):
    server.on("/a", Reply(status=status), Reply(b"abc"))
    assert get(f"{server.url}/a", most_bytes=MOST).data == b"abc"
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 410, 304])
def test_other_statuses_end_it_at_once(server, status):
    server.on("/a", Reply(status=status))
    assert failure(f"{server.url}/a?x=1").message == f"{server.url}/a answered with the status {status}."
    assert len(server.requests) == 1


def test_nobody_there_is_told():
    with WebServer() as gone:
        pass
    said = failure(f"{gone.url}/a").message
    assert "can't be reached" in said
    assert "refused" in said


def seconds_to_get(url):
    begin = time.monotonic()
    assert get(url, most_bytes=MOST).data == b"abc"
    return time.monotonic() - begin


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_followed_up_to_a_limit(server, form):
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    server.on(
        "/a", Reply(status=429, headers={"Retry-After": "3600" if form == "seconds" else in_an_hour}), Reply(b"abc")
    )
    assert SHORT.longest_asked <= seconds_to_get(f"{server.url}/a") < 5


@pytest.mark.parametrize("text", ["0", "-1", "soon", "Wed, 09 Sep 2009 09:20:03 GMT", "9" * 400])
def test_a_retry_after_that_says_nothing_costs_nothing(server, text):
    server.on("/a", Reply(status=503, headers={"Retry-After": text}), Reply(b"abc"))
    assert seconds_to_get(f"{server.url}/a") < SHORT.longest_asked


def test_waits_grow_and_are_not_equal(monkeypatch):
    monkeypatch.setattr(http, "PATIENCE", http.Patience(first_wait=1, longest_wait=10))
    tries = http.retrying(lambda _: True)

    def wait(attempt):
        state = RetryCallState(tries, None, (), {})
        state.attempt_number = attempt
        return tries.wait(state)

    for attempt, low, high in ((1, 1, 2), (2, 2, 3), (3, 4, 5), (8, 10, 11)):
        assert low <= wait(attempt) <= high
    assert wait(1) != wait(1)


@pytest.mark.parametrize("how", ["", "endless"])
def test_no_more_is_read_than_allowed(server, how):
    server.on("/a", Reply(b"x" * (MOST + 1), how=how))
    assert "more than the limit of 0.001 MB" in failure(f"{server.url}/a").message
    assert len(server.requests) == 1
    assert server.sent < ENDLESS / 4  # what lies in the sockets' buffers


def test_the_largest_allowed_is_read(server):
    server.on("/a", Reply(b"x" * MOST))
    assert len(get(f"{server.url}/a", most_bytes=MOST).data) == MOST


def test_what_comes_compressed_is_not_inflated(server):
    server.on("/a", Reply(b"abc", headers={"Content-Encoding": "gzip"}))
    assert "compressed" in failure(f"{server.url}/a").message
    assert server.requests[0].headers["Accept-Encoding"] == "identity"


def test_a_token_goes_to_its_own_host_only(server):
    with WebServer() as other:
        other.on("/b", Reply(b"abc"))
        server.on("/a", Reply(status=302, headers={"Location": f"{other.url}/b"}))
        server.on("/same", Reply(status=302, headers={"Location": "/c"}))
        server.on("/c", Reply(b"here"))
        assert get(f"{server.url}/a", most_bytes=MOST, bearer=TOKEN).data == b"abc"
        assert get(f"{server.url}/same", most_bytes=MOST, bearer=TOKEN).data == b"here"
        assert [one.headers.get("Authorization") for one in server.requests] == [f"Bearer {TOKEN}"] * 3
        assert "Authorization" not in other.requests[0].headers
        error = failure(f"{server.url}/a", query=f"sig={TOKEN}")
        assert other.url in error.message
        assert len(other.requests) == 1
    assert TOKEN not in text_of(error)


def test_redirects_without_end_are_left(server):
    server.on("/a", Reply(status=302, headers={"Location": "/a"}))
    assert "without end" in failure(f"{server.url}/a").message
    assert len(server.requests) == http.MOST_REDIRECTS + 1


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "http://[", "http://127.0.0.1:x/", "\x00"])
def test_a_redirect_to_nowhere_is_an_error(server, location):
    server.on("/a", Reply(status=302, headers={"Location": location}))
    assert failure(f"{server.url}/a").message.startswith(f"{server.url}/a ")


@pytest.mark.parametrize("how", ["status", "half", "reset", "large", "good"])
def test_no_secret_is_told_or_logged(server, how, caplog):
    caplog.set_level(logging.DEBUG)
    replies = {"status": Reply(status=403), "large": Reply(b"x" * 2000), "good": Reply(b"abc")}
    server.on("/a", replies.get(how, Reply(b"abc", how=how)))
    options = {"query": f"sig={TOKEN}", "bearer": TOKEN}
    if how == "good":
        assert get(f"{server.url}/a?x=1", most_bytes=MOST, **options).data == b"abc"
    else:
        assert TOKEN not in text_of(failure(f"{server.url}/a?x=1", **options))
    assert server.requests[0].query == {"x": "1", "sig": TOKEN}
    if how not in ("half", "reset"):
        assert f"{server.url}/a" in caplog.text
    assert TOKEN not in caplog.text


def test_many_threads_share_the_client_and_a_fork_does_not(server):
    server.on("/a", Reply(b"abc"))
    threads = [threading.Thread(target=get, args=(f"{server.url}/a",), kwargs={"most_bytes": 3}) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.requests) == 8
    assert http._client_of(os.getpid()) is http._client_of(os.getpid())
    mine = http._client_of(os.getpid())
    assert http._client_of(-1) is not mine


def test_urls_are_shown_without_secrets():
    assert shown("https://u:p@h:1/a/b?sig=x#y") == "https://h:1/a/b"
    assert shown("https://h/a@b:c") == "https://h/a@b:c"


@pytest.mark.parametrize("url", ["https://u:pw@h/a", "https://u@h/a", "https://h/a?sig=pw", "https://h/a#pw"])
def test_a_secret_in_a_url_is_refused_without_repeating_it(url):
    with pytest.raises(UsageError) as caught:
        base_url(url, "SOME_VARIABLE")
    assert "SOME_VARIABLE" in str(caught.value)
    assert "pw" not in text_of(caught.value)


@pytest.mark.parametrize("url", ["https:///a", "https://h:x/", "https://[/", "ftp://h/a", "h", "https://u:p/w@h/"])
def test_what_is_no_url_is_told(url):
    with pytest.raises(UsageError, match="no URL") as caught:
        base_url(url, "X")
    assert "p/w" not in str(caught.value)


def test_a_base_url_stays_without_its_last_slash():
    assert base_url("http://h:8/a b/é/", "X") == "http://h:8/a b/é"


@pytest.mark.parametrize("value", ["a\nb", "a b", "é"])
def test_a_token_that_is_none_is_refused_without_repeating_it(monkeypatch, value):
    monkeypatch.setenv("SOME_VARIABLE", value)
    with pytest.raises(UsageError, match="SOME_VARIABLE") as caught:
        secret("SOME_VARIABLE")
    assert value not in str(caught.value)
    monkeypatch.setenv("SOME_VARIABLE", " good\n")
    assert secret("SOME_VARIABLE") == "good"


def test_names_become_paths_and_text():
    assert encoded("a/../b c.é?", safe="/") == "a/%2E%2E/b%20c.%C3%A9%3F"
    assert encoded("a/b") == "a%2Fb"
    assert encoded("..") == "%2E%2E"
    assert printable("é/a\x00\ud800\n.png") == "é/a\\x00\\ud800\\n.png"
