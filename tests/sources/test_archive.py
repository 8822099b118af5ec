"""Archives: order, strange members, damage, bombs, and how often a compressed tar is read through."""

import gzip
import io
import os
import pickle
import struct
import sys
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from servers import SUFFIXES

from invoice_lab.errors import NothingFoundError, ScanError, SourceError
from invoice_lab.sources import archive
from invoice_lab.sources.archive import ArchiveSource

MOST = 100_000
KINDS = ("zip", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz")


def write_zip(path, members, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as file:
        for name, data in members:
            file.writestr(name, data)


def write_tar(path, members):
    """Write a tar; data that is a type, such as tarfile.SYMTYPE, makes a member of it."""
    mode = {"gz": "w:gz", "tgz": "w:gz", "bz2": "w:bz2", "xz": "w:xz"}.get(path.name.rpartition(".")[2], "w")
    with tarfile.open(path, mode, format=tarfile.GNU_FORMAT, errors="surrogateescape") as file:
        for name, data in members:
            member = tarfile.TarInfo(name)
            if len(data) == 1 and name.startswith("special"):
                member.type, member.linkname = data, "a.png"
                file.addfile(member)
            else:
                member.size = len(data)
                file.addfile(member, io.BytesIO(data))


def write(path, members):
    (write_zip if path.suffix == ".zip" else write_tar)(path, members)
    return ArchiveSource.of(path, SUFFIXES, MOST)


def contents(source):
    return [(item.name, source.fetch(item)) for item in source.items()]


def problem_of(source, item):
    with pytest.raises(ScanError) as caught:
        source.fetch(item)
    assert caught.value.code == "not-readable"
    return caught.value.message


@pytest.mark.parametrize("kind", KINDS)
def test_images_come_in_the_order_of_their_names(tmp_path, kind):
    members = [
        ("b/2.PNG", b"2"),
        ("notes.txt", b"n"),
        ("a.png", b"a"),
        ("é.jpg", b"e"),
        ("b/1.png", b"1"),
        (".png", b""),
    ]
    source = write(tmp_path / f"scans.{kind}", members)
    expected = [("a.png", b"a"), ("b/1.png", b"1"), ("b/2.PNG", b"2"), ("é.jpg", b"e")]
    assert contents(source) == expected
    assert source.passed_over == 2
    assert source.name == str(tmp_path / f"scans.{kind}")
    assert {item.mark for item in source.items()} == {""}
    assert [path.name for path in tmp_path.iterdir()] == [f"scans.{kind}"]
    again = pickle.loads(pickle.dumps(source))
    assert again == source
    assert contents(again) == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_are_only_names(tmp_path, kind):
    names = ["../up.png", "/etc/abs.png", "two.png", "two.png", "a\nb.png"]
    source = write(tmp_path / f"x.{kind}", [(name, str(number).encode()) for number, name in enumerate(names)])
    found = contents(source)
    assert found == [
        ("../up.png", b"0"),
        ("/etc/abs.png", b"1"),
        ("a\\nb.png", b"4"),
        ("two.png", b"2"),
        ("two.png", b"3"),
    ]
    assert not (tmp_path.parent / "up.png").exists()
    assert len({item.place for item in source.items()}) == 5


def test_names_that_are_no_utf8_become_text(tmp_path):
    source = write(tmp_path / "x.tar", [(os.fsdecode(b"bad\xff.png"), b"1")])
    assert contents(source) == [("bad\\xff.png", b"1")]
    write_zip(tmp_path / "x.zip", [("xx.png", b"1")])
    data = (tmp_path / "x.zip").read_bytes().replace(b"xx.png", b"\xff\x81.png")
    (tmp_path / "x.zip").write_bytes(data)
    [(name, found)] = contents(ArchiveSource.of(tmp_path / "x.zip", SUFFIXES, MOST))
    assert (name, found) == ("\\xa0\N{LATIN SMALL LETTER U WITH DIAERESIS}.png", b"1")  # as code page 437 has them


def test_a_zero_in_a_name_shows_as_its_code(tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w", format=tarfile.PAX_FORMAT) as file:
        member = tarfile.TarInfo("a.png")
        member.pax_headers = {"path": "a\0b.png"}
        file.addfile(member)
    assert contents(ArchiveSource.of(tmp_path / "x.tar", SUFFIXES, MOST)) == [("a\\x00b.png", b"")]


def test_links_and_devices_are_passed_over(tmp_path):
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE)
    specials = [(f"special{number}.png", kind) for number, kind in enumerate(kinds)]
    source = write(tmp_path / "x.tar", [("a.png", b"a"), *specials])
    assert contents(source) == [("a.png", b"a")]
    assert source.passed_over == 4
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
        file.writestr("a.png", b"a")
        file.writestr("folder.png/", b"")
    source = ArchiveSource.of(tmp_path / "x.zip", SUFFIXES, MOST)
    assert contents(source) == [("a.png", b"a")]
    assert source.passed_over == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_that_is_too_large_is_told_alone(tmp_path, kind):
    source = write(tmp_path / f"x.{kind}", [("a.png", b"x" * (MOST + 1)), ("b.png", b"x" * MOST)])
    large, fine = source.items()
    assert problem_of(source, large) == "The file has more than the limit of 0.1 MB."
    assert len(source.fetch(fine)) == MOST


def peak_of(action):
    import tracemalloc

    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("lies", [False, True])
def test_a_bomb_in_a_zip_does_not_fill_the_memory(tmp_path, method, lies):
    """Whatever its header says: that it is small, or what it really has."""
    path, size = tmp_path / "x.zip", 150_000_000
    with zipfile.ZipFile(path, "w", method) as file, file.open("bomb.png", "w") as member:
        for _ in range(30):
            member.write(bytes(size // 30))
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("fine.png", b"fine")
    if lies:
        path.write_bytes(path.read_bytes().replace(struct.pack("<L", size), struct.pack("<L", 50)))
    source = ArchiveSource.of(path, SUFFIXES, MOST)
    bomb, fine = source.items()
    assert peak_of(lambda: problem_of(source, bomb)) < 80_000_000
    assert source.fetch(fine) == b"fine"


@pytest.mark.parametrize("where", ["data", "header"])
def test_a_bomb_in_a_tar_does_not_fill_the_memory(tmp_path, where):
    path, size = tmp_path / "x.tar.gz", 100_000_000
    with gzip.open(path, "wb", compresslevel=1) as file:
        for name, length in (("a.png", 1), ("bomb.png", size)):
            member = tarfile.TarInfo(name)
            member.size = length
            member.type = tarfile.GNUTYPE_LONGNAME if (where, name) == ("header", "bomb.png") else tarfile.REGTYPE
            file.write(member.tobuf(tarfile.GNU_FORMAT))
            for _ in range(-(-length // 1_000_000)):
                file.write(bytes(min(512 if length == 1 else 1_000_000, size)))
        file.write(bytes(1024))
    source = ArchiveSource.of(path, SUFFIXES, MOST)

    def read():
        if where == "header":
            items = source.items()
            assert source.fetch(next(items)) == b"\0"
            with pytest.raises(SourceError, match="header of 100000256 bytes"):
                next(items)
        else:
            first, bomb = source.items()
            assert source.fetch(first) == b"\0"
            assert "more than the limit" in problem_of(source, bomb)

    assert peak_of(read) < 20_000_000


def test_encrypted_and_damaged_members_of_a_zip_are_told_alone(tmp_path):
    path = tmp_path / "x.zip"
    noise = os.urandom(5000)
    write_zip(path, [("a-locked.png", noise), ("b-damaged.png", noise), ("c-odd.png", noise), ("d.png", b"fine")])
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as file:
        offsets = [member.header_offset for member in file.infolist()]
    central = data.index(b"PK\x01\x02")
    for offset in (offsets[0] + 6, central + 8):
        data[offset] |= 1
    data[offsets[1] + 1000] ^= 0xFF
    third = data.index(b"c-odd.png", central) - 46
    for offset in (offsets[2] + 8, third + 10):
        data[offset] = 99
    path.write_bytes(data)
    source = ArchiveSource.of(path, SUFFIXES, MOST)
    locked, damaged, odd, fine = source.items()
    assert problem_of(source, locked) == "It is encrypted within the archive."
    assert problem_of(source, damaged).startswith("It is damaged within the archive: ")
    assert problem_of(source, odd) == "It is packed in a way that can't be unpacked here."
    assert source.fetch(fine) == b"fine"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [b"", b"no archive at all" * 100, b"\x1f\x8b garbage", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_archive_is_told(tmp_path, kind, data):
    path = tmp_path / f"x.{kind}"
    path.write_bytes(data)
    source = ArchiveSource.of(path, SUFFIXES, MOST)
    with pytest.raises(SourceError, match=f"The archive .*x.{kind} can't be opened: "):
        list(source.items())


def test_what_is_not_there_or_has_no_scan_is_told(tmp_path):
    with pytest.raises(NothingFoundError, match=r"no file or folder .*x\.zip"):
        list(ArchiveSource.of(tmp_path / "x.zip", SUFFIXES, MOST).items())
    with pytest.raises(NothingFoundError, match="2 files of other kinds"):
        list(write(tmp_path / "x.zip", [("a.txt", b"a"), ("b", b"b")]).items())


def listed_before_failing(source, match):
    listed = []
    with pytest.raises(SourceError, match=match):
        for item in source.items():
            listed.append(item)
    return listed


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_what_can_be_read_of_an_archive_cut_off_is_listed(tmp_path, kind):
    names = [f"{number:02}.png" for number in range(40)]
    path = tmp_path / f"x.{kind}"
    write(path, [(name, os.urandom(50_000)) for name in names])
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 2 // 3)
    source = ArchiveSource.of(path, SUFFIXES, MOST)
    listed = listed_before_failing(source, "can't be read to its end")
    assert 15 <= len(listed) < 28
    assert [item.name for item in listed] == names[: len(listed)]
    assert all(len(source.fetch(item)) == 50_000 for item in listed[:-1])
    if kind == "tar":
        assert "damaged" in problem_of(source, listed[-1])


def test_a_damaged_header_does_not_end_a_tar_silently(tmp_path):
    path = tmp_path / "x.tar"
    write(path, [(f"{number}.png", b"x") for number in range(3)])
    data = bytearray(path.read_bytes())
    data[1024 + 3] ^= 0xFF
    path.write_bytes(data)
    source = ArchiveSource.of(path, SUFFIXES, MOST)
    listed = listed_before_failing(source, "no header where one should be")
    assert [item.name for item in listed] == ["0.png"]


def test_an_archive_that_changed_since_is_opened_again(tmp_path):
    path = tmp_path / "x.zip"
    source = write(path, [("a.png", b"a"), ("b.png", b"b")])
    first, second = source.items()
    write(path, [("b.png", b"new")])
    assert "another one than when it was listed" in problem_of(source, first)
    assert "another one than when it was listed" in problem_of(source, second)
    path.unlink()
    assert "no file or folder" in problem_of(source, first)


@pytest.mark.parametrize("order", ["sorted", "reversed", "mixed"])
def test_a_compressed_tar_is_not_read_through_for_each_member(tmp_path, monkeypatch, order):
    passes = []
    rewind = gzip._GzipReader._rewind
    monkeypatch.setattr(gzip._GzipReader, "_rewind", lambda self: (passes.append(1), rewind(self)))
    monkeypatch.setattr(archive, "AHEAD_BYTES", 100_000)
    names = [f"{number:04}.png" for number in range(400)]
    stored = {"sorted": names, "reversed": names[::-1], "mixed": names[1::2] + names[::2]}[order]
    source = write(tmp_path / "x.tar.gz", [(name, name.encode() * 100) for name in stored])
    assert contents(source) == [(name, name.encode() * 100) for name in names]
    windows = 400 * 800 / 100_000
    assert len(passes) <= (1 if order == "sorted" else windows + 2)


def test_a_member_that_is_asked_for_twice_is_read_twice(tmp_path):
    source = write(tmp_path / "x.tar.gz", [(f"{number}.png", b"%d" % number) for number in range(5)])
    items = list(source.items())
    assert [source.fetch(items[number]) for number in (3, 3, 0, 4, 1, 0)] == [b"3", b"3", b"0", b"4", b"1", b"0"]


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
def test_several_threads_may_fetch_from_one_archive(tmp_path, monkeypatch, kind):
    interval = sys.getswitchinterval()
    names = [f"{number:03}.png" for number in range(300)]
    source = write(tmp_path / f"x.{kind}", [(name, name.encode() * 5000) for name in names])
    monkeypatch.setattr(archive, "AHEAD_BYTES", 100_000)
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(source.fetch, source.items())) == [name.encode() * 5000 for name in names]
    finally:
        sys.setswitchinterval(interval)
