"""`make lint` is part of the tests, and so are the sizes that the house plan sets."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import PACKAGE, ROOT, tracked_files

CHECKS = [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]]


@pytest.mark.parametrize("command", CHECKS, ids=" ".join)
def test_make_lint(command: list[str]):
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def functions() -> Iterator[tuple[str, int]]:
    """Every function of the project's Python files with its number of lines."""
    for path in _python():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.name}", (node.end_lineno or 0) - node.lineno + 1


def _python() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".py"]


def test_files_stay_small():
    lengths = {path: len(path.read_text().splitlines()) for path in _python()}
    assert statistics.median(length for path, length in lengths.items() if path.is_relative_to(PACKAGE)) <= 150
    assert {path.name: length for path, length in lengths.items() if length > 400} == {}


def test_functions_stay_small():
    sizes = dict(functions())
    assert statistics.median(sizes.values()) <= 12
    assert statistics.quantiles(sizes.values(), n=10)[-1] < 40
    assert {name: size for name, size in sizes.items() if size > 60} == {}


def test_errors_have_one_home():
    classes = {
        (path.name, node.name)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).endswith(("Error", "Exception")) for base in node.bases)
    }
    assert {home for home, _ in classes} == {"errors.py"}
    assert len(classes) < 15
