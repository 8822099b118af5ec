"""The Makefile, run for real in a folder with spaces in its name; only the program it calls is replaced."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT, make_targets

TARGETS = [
    *("setup", "report", "ingest", "dashboards", "lab", "engines", "engine-study", "test", "test-kill", "test-engines"),
    *("lint", "bench", "clean", "doctor"),
]
TELL = """#!/bin/sh
exec "{python}" -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose `invoice-lab` prints its arguments and whose set-up has nothing to do."""
    folder = tmp_path / "a check out"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    for path, text in ((".ci/setup", "#!/bin/sh\n"), (".venv/bin/invoice-lab", TELL.format(python=sys.executable))):
        (folder / path).write_text(text)
        (folder / path).chmod(0o755)
    return folder


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make without the variables of the make that may run these tests."""
    environment = {
        k: v
        for k, v in os.environ.items()
        if k not in {"MAKEFLAGS", "MAKELEVEL", "SCANS", "WORKSPACE", "AS_OF", "ENGINE", "ENGINES"}
    }
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def called(folder: Path, *arguments: str) -> list[str]:
    """Return the arguments that `invoice-lab` got."""
    result = make(folder, *arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_public_targets_are_the_agreed_ones():
    assert list(make_targets()) == TARGETS


def test_make_alone_prints_the_help(checkout: Path):
    printed = make(checkout).stdout.splitlines()[1:]
    assert [line.split()[0] for line in printed] == TARGETS
    assert all(help in line for line, help in zip(printed, make_targets().values(), strict=True))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["report"], ["report"]),
        (["report", "SCANS=my scans"], ["report", "--scans", "my scans"]),
        (
            ["report", 'SCANS=it\'s "here"; exit 3', "WORKSPACE=march", "AS_OF=2026-04-01"],
            ["report", "--scans", 'it\'s "here"; exit 3', "--workspace", "march", "--as-of", "2026-04-01"],
        ),
        (["ingest", "SCANS=my scans"], ["ingest", "my scans", "--workspace", "default"]),
        (["report", "ENGINE=rapidocr"], ["report", "--engine", "rapidocr"]),
        (["ingest", "SCANS=s", "ENGINE=e"], ["ingest", "s", "--workspace", "default", "--engine", "e"]),
        (["ingest", "SCANS=s", "WORKSPACE=w", "WORKERS=2"], ["ingest", "s", "--workspace", "w", "--workers", "2"]),
        (["dashboards", "WORKSPACE=w", "PORT=9000"], ["dashboards", "--workspace", "w", "--port", "9000"]),
        (["lab"], ["lab"]),
        (["engines"], ["engines", "--install"]),
        (
            ["engines", "ENGINES=rapidocr  easyocr; exit 3"],
            ["engines", "--install", "rapidocr", "easyocr;", "exit", "3"],
        ),
        (["engine-study"], ["engine-study"]),
        (
            ["engine-study", "SCANS=my scans", "ENGINES=a,b"],
            ["engine-study", "--scans", "my scans", "--engines", "a,b"],
        ),
        (["doctor"], ["doctor"]),
    ],
)
def test_values_are_handed_on_unchanged(checkout: Path, arguments: list[str], expected: list[str]):
    assert called(checkout, *arguments) == expected


def test_ingest_without_scans_says_what_to_do(checkout: Path):
    result = make(checkout, "ingest")
    assert result.returncode != 0
    assert "make ingest SCANS=<folder>" in result.stderr


def test_clean_keeps_books_archive_and_template(checkout: Path):
    kept = [
        ".data/workspaces/default/scans/aa",
        "reports/README.md",
        "reports/template/a.html",
        "reports/archive/x/a.html",
    ]
    gone = [
        "reports/index.html",
        "reports/my books/sales.html",
        ".coverage",
        ".pytest_cache/x",
        "invoice_lab/__pycache__/a.pyc",
        ".engines/rapidocr/bin/python",
    ]
    for name in [*kept, *gone, "tests/a.py", "benchmarks/a.py"]:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).touch()
    assert make(checkout, "clean").returncode == 0
    assert [name for name in kept if not (checkout / name).exists()] == []
    assert [name for name in [*gone, ".venv", ".engines"] if (checkout / name).exists()] == []


def test_ci_runs_make_test_and_nothing_else():
    lines = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines == ["set -eu", "unset CDPATH", 'cd "$(dirname "$0")/.."', "exec make test"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert os.access(ROOT / ".ci" / "setup", os.X_OK)
