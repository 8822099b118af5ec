"""fsspec URLs: in memory, over a real FTP server, and file systems that fail."""

import pickle
from typing import ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from servers import MOST, SHORT, SUFFIXES, TOKEN, FtpServer, text_of, without

from invoice_lab.errors import MissingToolError, NothingFoundError, ScanError, SourceError, UsageError
from invoice_lab.sources import http
from invoice_lab.sources.remote import RemoteSource

SCANS = {"/in/b/2.png": b"2", "/in/a.PNG": b"a", "/in/b/c/1.jpg": b"1", "/in/notes.txt": b"n", "/out/x.png": b"x"}


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(http, "PATIENCE", SHORT)


@pytest.fixture(autouse=True)
def memory():
    files = fsspec.filesystem("memory")
    files.pipe(SCANS)
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


class Flaky(MemoryFileSystem):
    """Files in memory that can't be reached every time; `failures` are raised one after the other."""

    protocol = "flaky"
    failures: ClassVar[list[Exception]] = []
    calls = 0

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("flaky://"))

    def _fail(self):
        Flaky.calls += 1
        if Flaky.failures:
            raise Flaky.failures.pop(0)

    def ls(self, path, detail=True, **options):
        self._fail()
        return super().ls(path, detail=detail, **options)

    def cat_file(self, path, start=None, end=None, **options):
        self._fail()
        return super().cat_file(path, start=start, end=end, **options)


@pytest.fixture
def flaky():
    fsspec.register_implementation("flaky", Flaky, clobber=True)
    Flaky.failures, Flaky.calls = [], 0
    return Flaky


def source_at(url, most=MOST):
    return RemoteSource.of(url, SUFFIXES, most)


def contents(source):
    return [(item.name, source.fetch(item)) for item in source.items()]


@pytest.mark.parametrize("url", ["memory://in", "memory:///in/"])
def test_files_come_in_the_order_of_their_names(url):
    source = source_at(url)
    expected = [("a.PNG", b"a"), ("b/2.png", b"2"), ("b/c/1.jpg", b"1")]
    assert contents(source) == expected
    assert source.passed_over == 1
    assert source.name == url
    assert {item.mark for item in source.items()} == {""}
    assert source.passed_over == 1
    again = pickle.loads(pickle.dumps(source))
    assert again == source
    assert contents(again) == expected


def test_one_file_is_a_source_too():
    assert contents(source_at("memory://in/b/2.png")) == [("2.png", b"2")]


@pytest.mark.parametrize("size", [MOST, MOST + 1, 3 * MOST])
def test_a_file_that_is_too_large_is_told_alone(memory, size):
    memory.pipe("/in/a.PNG", b"x" * size)
    source = source_at("memory://in")
    large, other, _ = source.items()
    if size == MOST:
        assert len(source.fetch(large)) == MOST
    else:
        with pytest.raises(ScanError, match=r"limit of 0\.001 MB") as caught:
            source.fetch(large)
        assert caught.value.code == "not-readable"
    assert source.fetch(other) == b"2"


def test_what_is_not_there_is_told(memory):
    with pytest.raises(NothingFoundError, match="memory://nowhere"):
        list(source_at("memory://nowhere").items())
    source = source_at("memory://in")
    [first, *_] = source.items()
    memory.rm("/in/a.PNG")
    with pytest.raises(ScanError, match="can't be read: FileNotFoundError"):
        source.fetch(first)


def test_a_name_that_can_not_be_printed_shows_as_codes(memory):
    memory.pipe("/in/\n\x00.png", b"odd")
    assert contents(source_at("memory://in"))[0] == ("\\n\\x00.png", b"odd")


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), TimeoutError("slow"), RuntimeError("of a package")])
def test_what_may_pass_is_tried_again(flaky, error):
    flaky.failures = [error, error]
    source = source_at("flaky://in")
    [first, *_] = source.items()
    flaky.failures = [error, error]
    assert source.fetch(first) == b"a"


def test_what_does_not_pass_is_told_after_all_tries(flaky):
    source = source_at("flaky://in")
    [first, *_] = source.items()
    flaky.failures, flaky.calls = [OSError(f"broken\n{number}") for number in range(3)], 0
    with pytest.raises(SourceError, match=r"^flaky://in can't be listed: OSError: broken 2\. "):
        list(source.items())
    assert flaky.calls == 3
    flaky.failures = [OSError("broken")] * 3
    with pytest.raises(ScanError, match="can't be read: OSError: broken"):
        source.fetch(first)
    assert flaky.calls == 6


@pytest.mark.parametrize("error", [PermissionError("no"), NotImplementedError("no"), ValueError("no")])
def test_what_never_passes_is_told_at_once(flaky, error):
    flaky.failures = [error]
    with pytest.raises(SourceError, match=f"{type(error).__name__}: no"):
        list(source_at("flaky://in").items())
    assert flaky.calls == 1


def test_a_folder_that_can_not_be_listed_is_not_passed_over(flaky, monkeypatch):
    plain = MemoryFileSystem.ls

    def ls(self, path, detail=True, **options):
        if path.endswith("/b"):
            raise FileNotFoundError(path)
        return plain(self, path, detail=detail, **options)

    monkeypatch.setattr(Flaky, "ls", ls)
    with pytest.raises(SourceError, match="FileNotFoundError: /in/b"):
        list(source_at("flaky://in").items())


def test_a_missing_package_is_named(flaky):
    with pytest.raises(MissingToolError, match=r"smbprotocol.*pip install 'invoice-lab\[cloud\]'"):
        source_at("smb://host/share")
    flaky.failures = [ImportError("Install this")]
    with pytest.raises(MissingToolError, match="Install this"):
        list(source_at("flaky://in").items())


def test_an_unknown_protocol_is_told():
    with pytest.raises(UsageError, match="no way to gopher://"):
        source_at(f"gopher://u:{TOKEN}@host/x")


def ftp_url(server, path="/in", password=""):
    return f"ftp://me{':' + password if password else ''}@127.0.0.1:{server.port}{path}"


def test_scans_come_over_ftp():
    with FtpServer(SCANS | {"/in/large.png": b"x" * 5000}) as server:
        source = source_at(ftp_url(server))
        items = list(source.items())
        assert [item.name for item in items] == ["a.PNG", "b/2.png", "b/c/1.jpg", "large.png"]
        assert [source.fetch(item) for item in items[:3]] == [b"a", b"2", b"1"]
        with pytest.raises(ScanError, match="limit"):
            source.fetch(items[3])
        assert contents(source_at(ftp_url(server, "/out/x.png"))) == [("x.png", b"x")]


def test_a_connection_that_breaks_is_made_again():
    with FtpServer(SCANS) as server:
        source = source_at(ftp_url(server))
        server.drops = 2
        items = list(source.items())
        assert len(items) == 3
        logins = server.logins
        server.drops = 2
        assert source.fetch(items[0]) == b"a"
        assert server.logins == logins + 2
        assert [source.fetch(item) for item in items] == [b"a", b"2", b"1"]
        assert server.logins == logins + 2
        server.drops = 100
        with pytest.raises(ScanError, match="can't be read: "):
            source.fetch(items[1])
        with pytest.raises(SourceError, match="can't be listed: "):
            list(source.items())


def test_a_file_that_grew_between_two_runs_is_read_whole():
    with FtpServer(dict(SCANS)) as server:
        source = source_at(ftp_url(server))
        assert contents(source)[0] == ("a.PNG", b"a")
        server.files["/in/a.PNG"] = b"longer"
        assert contents(source)[0] == ("a.PNG", b"longer")


def test_a_password_in_the_url_is_used_and_not_shown():
    with FtpServer(SCANS, password=TOKEN) as server:
        source = source_at(ftp_url(server, password=TOKEN))
        items = list(source.items())
        assert source.fetch(items[0]) == b"a"
        assert source.name == ftp_url(server)
        assert TOKEN not in repr(source) + source.name
        assert without(items, TOKEN)
        server.password = "another"
        with pytest.raises(SourceError, match=r"530 not \*\*\*") as caught:
            list(source.items())
        with pytest.raises(ScanError) as caught_too:
            pickle.loads(pickle.dumps(source)).fetch(items[0])
        assert TOKEN not in text_of(caught.value) + text_of(caught_too.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("ftp://u:p@host/a", "ftp://u@host/a"),
        ("sftp://u:p%40@x@host:22/a@b:c", "sftp://u@host:22/a@b:c"),
        ("ftp://u:p/w@host/a", "ftp://u@host/a"),
        ("ftp://host:21/a@b", "ftp://host:21/a@b"),
        ("memory://b/k:1@2.png", "memory://b/k:1@2.png"),
    ],
)
def test_a_name_is_the_url_without_the_password(url, name, monkeypatch):
    monkeypatch.setattr(fsspec, "get_filesystem_class", lambda protocol: None)
    assert source_at(url).name == name


@pytest.mark.parametrize(
    "url", ["memory://x?token=SECRET", "simplecache::https://h/?sig=SECRET", "abfs://c?sig=SECRET"]
)
def test_a_query_is_refused_without_being_repeated(url):
    with pytest.raises(UsageError, match="query") as raised:
        RemoteSource.of(url, (".png",), 1000)
    assert "SECRET" not in str(raised.value)


def test_a_password_with_a_slash_is_not_shown():
    source = RemoteSource.of("ftp://user:pa/SECRET@host/x", (".png",), 1000)
    assert "SECRET" not in source.name + repr(source)
