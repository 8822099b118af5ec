"""What a user may call a source, and that looking at --help needs none of their packages."""

import subprocess
import sys
import zipfile

import pytest
from servers import MOST, SUFFIXES, TOKEN

from invoice_lab.errors import NothingFoundError, UsageError
from invoice_lab.sources.archive import ArchiveSource
from invoice_lab.sources.blob import BlobSource
from invoice_lab.sources.folder import FolderSource
from invoice_lab.sources.invoice_api import InvoiceApiSource
from invoice_lab.sources.opened import open_source
from invoice_lab.sources.remote import RemoteSource


def opened(where):
    return open_source(str(where), list(SUFFIXES), MOST)


@pytest.mark.parametrize(
    ("where", "kind", "name"),
    [
        ("api+http://h:8/base/", InvoiceApiSource, "api+http://h:8/base"),
        ("API+https://h", InvoiceApiSource, "api+https://h"),
        ("blob+http://127.0.0.1:1/account/scans", BlobSource, "blob+http://127.0.0.1:1/account/scans"),
        (
            "https://acct.blob.core.windows.net/invoices-*",
            BlobSource,
            "blob+https://acct.blob.core.windows.net/invoices-*",
        ),
        ("blob+https://acct.blob.core.windows.net/a", BlobSource, "blob+https://acct.blob.core.windows.net/a"),
        ("memory://scans", RemoteSource, "memory://scans"),
        ("ftp://host/scans", RemoteSource, "ftp://host/scans"),
    ],
)
def test_a_url_is_opened_by_its_scheme(where, kind, name):
    source = opened(where)
    assert type(source) is kind
    assert source.name == name
    assert source.concurrency == 8
    assert (source.suffixes, source.most_bytes) == (SUFFIXES, MOST)
    assert source.passed_over == 0


def test_a_path_is_a_folder_a_file_or_an_archive(tmp_path):
    (tmp_path / "folder.zip").mkdir()
    (tmp_path / "folder.zip" / "a.png").write_bytes(b"a")
    (tmp_path / "b.png").write_bytes(b"b")
    with zipfile.ZipFile(tmp_path / "c.ZIP", "w") as file:
        file.writestr("c.png", b"c")
    for name, kind, listed in (
        ("folder.zip", FolderSource, "a.png"),
        ("b.png", FolderSource, "b.png"),
        ("c.ZIP", ArchiveSource, "c.png"),
    ):
        source = opened(tmp_path / name)
        assert type(source) is kind
        assert source.concurrency == 1
        [item] = source.items()
        assert (item.name, source.fetch(item)) == (listed, listed[0].encode())


@pytest.mark.parametrize("name", ["x.zip", "x.tar.gz", "x", "a:b"])
def test_a_path_that_is_not_there_is_told(tmp_path, name):
    with pytest.raises(NothingFoundError, match=f"no file or folder .*{name}"):
        opened(tmp_path / name)


@pytest.mark.parametrize("where", ["http://h/x", "https://h/x?sig=pw", "https://u:pw@h/x", "other+https://u:pw@h/x"])
def test_a_plain_web_address_is_asked_what_it_is(where):
    with pytest.raises(UsageError, match=r"api\+https.*blob\+https") as caught:
        opened(where)
    assert "h/x" in caught.value.message
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "where",
    [
        f"https://acct.blob.core.windows.net/scans?sv=1&sig={TOKEN}",
        f"blob+https://h/scans?sig={TOKEN}",
        f"api+https://u:{TOKEN}@h",
    ],
)
def test_a_secret_in_a_url_is_refused(where):
    with pytest.raises(UsageError, match="INVOICE_LAB_") as caught:
        opened(where)
    assert TOKEN not in str(caught.value)


def test_a_host_that_only_looks_like_azure_is_none():
    with pytest.raises(UsageError):
        opened("https://evil.example/x.blob.core.windows.net/")
    with pytest.raises(UsageError):
        opened("https://x.blob.core.windows.net.evil.example/")


@pytest.mark.parametrize("where", ["nonsense://x", "api+ftp://x"])
def test_an_unknown_scheme_is_told(where):
    with pytest.raises(UsageError, match="no way to"):
        opened(where)


def test_opening_a_folder_loads_no_package_of_the_others(tmp_path):
    (tmp_path / "a.png").write_bytes(b"a")
    code = (
        "import sys; from invoice_lab.sources.opened import open_source; "
        f"open_source({str(tmp_path)!r}, ['.png'], 9); "
        "print(sorted({'httpx', 'tenacity', 'fsspec'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
