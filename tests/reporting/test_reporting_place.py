"""New reports take the place of the earlier ones whole or not at all: killed runs, two at once, other file systems."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path

import pytest

from invoice_lab.errors import UsageError
from invoice_lab.reporting.archive import Edition, editions, read_edition, write_edition
from invoice_lab.reporting.place import clean_up, put_in_place, reports_lock
from invoice_lab.reporting.work import work_folder

PAGE = '<a href="../index.html">{}</a>'
KILLED = 9
KILLED_AT = f"""
import json, os, shutil, sys
from pathlib import Path
from invoice_lab.reporting.archive import Edition
from invoice_lab.reporting.place import put_in_place, reports_lock

left = [int(sys.argv[1])]

def counted(function):
    def call(*args, **options):
        left[0] -= 1
        if not left[0]:
            os._exit({KILLED})
        return function(*args, **options)
    return call

for owner, name in ((Path, "rename"), (Path, "write_bytes"), (Path, "mkdir"), (shutil, "copyfile"), (shutil, "rmtree")):
    setattr(owner, name, counted(getattr(owner, name)))
made, target = Path(sys.argv[2]), Path(sys.argv[3])
with reports_lock(target.parent):
    put_in_place(made, target, Edition(**json.loads(sys.argv[4])))
"""


def _edition(as_of: str) -> Edition:
    return Edition("shop", as_of, "0" * 16, sample=False, period="2019", invoices=1, customers=1)


def _make(folder: Path, as_of: str) -> Edition:
    edition = _edition(as_of)
    (folder / "exports").mkdir(parents=True)
    (folder / "sales.html").write_text(PAGE.format(as_of))
    (folder / "exports" / "invoices.csv").write_text(as_of)
    write_edition(folder, edition)
    return edition


def _content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def _put(made: Path, target: Path, edition: Edition) -> None:
    with reports_lock(target.parent):
        put_in_place(made, target, edition)


@pytest.fixture
def made(tmp_path):
    """Two editions that were made; the earlier one is in place."""
    for day in ("2020-01-01", "2020-02-02"):
        _make(tmp_path / "data" / day, day)
    _put(tmp_path / "data" / "2020-01-01", tmp_path / "reports" / "shop", _edition("2020-01-01"))
    return tmp_path


@pytest.mark.parametrize("day", ["2020-01-01", "2020-02-02"], ids=["same edition", "another edition"])
def test_a_kill_at_any_step_leaves_whole_reports(made, day):
    target, source = made / "reports" / "shop", made / "data" / day
    old, new = _content(target), _content(source)
    new_edition, absent = _edition(day), 0
    pristine = made / "pristine"
    shutil.copytree(made / "reports", pristine)
    for step in range(1, 100):
        shutil.rmtree(made / "reports")
        shutil.copytree(pristine, made / "reports")
        arguments = [str(step), str(source), str(target), json.dumps(asdict(new_edition))]
        done = subprocess.run([sys.executable, "-c", KILLED_AT, *arguments], check=False)
        if not done.returncode:
            break
        assert done.returncode == KILLED
        absent += not target.exists()
        assert all(not address.startswith(".") for _, address, _ in editions(made / "reports"))
        with reports_lock(target.parent):
            clean_up(target)
        assert _content(target) in (old, new), step
        _put(source, target, new_edition)
        assert _content(target) == new, step
        assert {path.name for path in (made / "reports").iterdir()} <= {"shop", "archive", ".lock"}, step
        assert not list((made / "reports" / "archive").glob("shop/.*")), step
    assert 8 < step < 99
    assert absent == 1, "only the kill between the two renames may leave no folder"


def test_the_archived_copy_is_whole_and_its_links_lead_up(made):
    target = made / "reports" / "shop"
    (target / "notes.txt").write_text("a person's")
    _put(made / "data" / "2020-02-02", target, _edition("2020-02-02"))
    [kept] = (made / "reports" / "archive" / "shop").iterdir()
    assert read_edition(kept) == _edition("2020-01-01")
    assert (kept / "sales.html").read_text() == '<a href="../../../index.html">2020-01-01</a>'
    assert (kept / "notes.txt").read_text() == "a person's"
    assert not (target / "notes.txt").exists()
    [(edition, address, earlier)] = editions(made / "reports")
    assert (edition.as_of, address) == ("2020-02-02", "shop")
    assert [address for _, address in earlier] == [f"archive/shop/{kept.name}"]


def test_other_files_stay_beside_reports_of_the_same_edition(made):
    target = made / "reports" / "shop"
    (target / "notes.txt").write_text("a person's")
    (target / ".sales.html.0a1b.new").write_text("half a page")
    _put(made / "data" / "2020-01-01", target, _edition("2020-01-01"))
    assert (target / "notes.txt").is_file()
    assert not (target / ".sales.html.0a1b.new").exists()
    assert not (made / "reports" / "archive").exists()


def test_a_refused_rename_leaves_the_earlier_reports(made, monkeypatch):
    target = made / "reports" / "shop"
    before, rename = _content(target), Path.rename

    def refused(self, other):
        if self.name == ".shop.new":
            raise OSError(errno.EIO, "broken")
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(OSError, match="broken"):
        _put(made / "data" / "2020-02-02", target, _edition("2020-02-02"))
    assert _content(target) == before


def test_data_and_reports_may_be_on_different_file_systems(made, monkeypatch):
    rename, replace = Path.rename, Path.replace

    def within_one(function):
        def call(self, other):
            if self.is_relative_to(made / "data") != Path(other).is_relative_to(made / "data"):
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            return function(self, other)

        return call

    monkeypatch.setattr(Path, "rename", within_one(rename))
    monkeypatch.setattr(Path, "replace", within_one(replace))
    _put(made / "data" / "2020-02-02", made / "reports" / "shop", _edition("2020-02-02"))
    assert _content(made / "reports" / "shop") == _content(made / "data" / "2020-02-02")


def test_one_run_waits_for_the_other(tmp_path):
    entered = threading.Event()

    def second() -> None:
        with reports_lock(tmp_path):
            entered.set()

    with reports_lock(tmp_path):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert not entered.wait(0.3)
    waiting.join(10)
    assert entered.is_set()


def test_each_run_has_a_work_folder_and_nothing_is_left_of_killed_ones(tmp_path):
    left = tmp_path / "runs" / "run-killed"
    left.mkdir(parents=True)
    (left / "sales.ipynb").touch()
    with work_folder(tmp_path / "runs") as first:
        assert not left.exists()
        with work_folder(tmp_path / "runs") as second:
            assert first != second
            assert first.is_dir()
        assert not second.exists()
        assert first.is_dir()
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [".lock"]


def test_folders_that_can_not_be_written_to_are_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="INVOICE_LAB_REPORTS"), reports_lock(tmp_path / "file" / "reports"):
        pass
    with pytest.raises(UsageError, match="INVOICE_LAB_DATA"), work_folder(tmp_path / "file" / "runs"):
        pass
