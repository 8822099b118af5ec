"""Folders of scans: order, suffixes, links, and what is not there."""

import os

import pytest

from invoice_lab.errors import NothingFoundError, ScanError
from invoice_lab.sources.folder import list_scans, load_scan
from invoice_lab.sources.scan import Scan

SUFFIXES = (".png", ".jpg")


def test_names_are_below_the_folder_and_in_order(tmp_path):
    for name in ("b/2.PNG", "a.png", "b/1.jpg", "b/notes.txt", "é.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    single = tmp_path / "b" / "notes.txt"
    listing = list_scans([single, tmp_path], SUFFIXES)
    assert [name for name, _ in listing.files] == ["notes.txt", "a.png", "b/1.jpg", "b/2.PNG", "é.png"]
    assert listing.passed_over == 1


def test_a_link_that_loops_ends(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "again").symlink_to(tmp_path)
    assert len(list_scans([tmp_path], SUFFIXES)) == 1


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(NothingFoundError, match="no-such"):
        list_scans([tmp_path / "no-such"], SUFFIXES)


def test_an_empty_folder_is_told_with_what_was_passed_over(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(NothingFoundError, match="1 files of other kinds"):
        list_scans([tmp_path], SUFFIXES)


def test_a_scan_is_known_by_its_bytes(tmp_path):
    (tmp_path / "a.png").write_bytes(b"abc")
    scan = load_scan("a.png", tmp_path / "a.png", 3)
    assert scan == Scan.of("a.png", b"abc")
    assert scan.sha256.startswith("ba7816bf")


@pytest.mark.parametrize("kind", ["missing", "pipe", "large"])
def test_what_cannot_be_read_is_told(tmp_path, kind):
    path = tmp_path / "a.png"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "large":
        path.write_bytes(b"abcd")
    with pytest.raises(ScanError) as caught:
        load_scan("a.png", path, 3)
    assert caught.value.code == "not-readable"


def test_a_name_that_is_no_utf8_becomes_text(tmp_path):
    (tmp_path / os.fsdecode(b"bad\xff.png")).write_bytes(b"x")
    (name, path) = list_scans([tmp_path], SUFFIXES).files[0]
    assert name == "bad\\xff.png"
    assert path.read_bytes() == b"x"
