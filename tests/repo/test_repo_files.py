"""What no commit may hold: registry hosts, paths of one machine, secrets, lock files with addresses, real invoices."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from project import ROOT, texts, tracked_files

# Put together here, so that this file does not hold what it looks for.
REGISTRIES = [
    *("py" + "pi.o" + "rg", "python" + "hosted", "npm" + "js.", "deb." + "debian.o" + "rg", "anaconda" + ".o" + "rg"),
    *("registry." + "yarn", "archive." + "ubuntu"),
]
MACHINE_PATH = re.compile(
    r"(?<![\w.<>{}~-])/(?:" + "|".join(["work", "farm", "root", "Users", "opt/pyp" + "i"]) + r")/|/home/(?!lab\b)\w+/"
)
SECRETS = re.compile(
    "|".join(
        [
            "-----BEGIN [A-Z ]*PRIVATE " + "KEY",
            r"\bAKIA[0-9A-Z]{16}\b",
            r"\bgh[pousr]_[A-Za-z0-9]{36}",
            r"\bxox[bp]-[0-9A-Za-z-]{20,}",
        ]
    )
)
LOCKS = {
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "conda-lock.yml",
}


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{no}"
        for name, text in texts().items()
        for no, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_registry_host():
    assert _lines_with(re.compile("|".join(map(re.escape, REGISTRIES)), re.IGNORECASE)) == []


def test_no_path_of_one_machine():
    assert _lines_with(MACHINE_PATH) == []


def test_no_secret():
    assert _lines_with(SECRETS) == []
    assert [path.name for path in tracked_files() if path.name == ".env" or path.suffix in {".pem", ".key"}] == []


def test_no_lock_file_with_addresses():
    assert LOCKS.isdisjoint(path.name for path in tracked_files())


def test_no_data_of_the_user():
    tops = {path.relative_to(ROOT).parts[0] for path in tracked_files()}
    assert not tops & {".data", ".venv"}
    reports = {
        path.relative_to(ROOT).parts[1] for path in tracked_files() if path.relative_to(ROOT).parts[0] == "reports"
    }
    assert reports <= {"README.md", "template"}


@pytest.mark.shared
def test_no_real_scan_in_the_repository(shared: Path):
    ours = {
        path.stat().st_size: path
        for path in tracked_files()
        if path.suffix.lower() in {".png", ".jpg", ".jpeg", ".jsonl", ".csv"}
    }
    same = [path for path in shared.rglob("*") if path.is_file() and path.stat().st_size in ours]
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in ours.values()}
    assert [path.name for path in same if hashlib.sha256(path.read_bytes()).hexdigest() in digests] == []


def test_nothing_listens_on_every_address():
    everywhere = re.compile(r"0\.0" + r"\.0\.0|\[::\]|host=['\"]['\"]")
    found = {line.split(":")[0] for line in _lines_with(everywhere)}
    assert {name for name in found if not name.startswith(("tests/", "docs/"))} == set()
