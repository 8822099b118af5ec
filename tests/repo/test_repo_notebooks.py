"""Notebooks in git are valid, stripped and thin: the logic lives in the package."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest
from project import ROOT, tracked_files

NOTEBOOKS = [path for path in tracked_files() if path.suffix == ".ipynb"]
EXPECTED = {"engines", "extract", "sales", "segments", "recommendations", "ocr_quality"}
MOST_LINES = 80
LOGIC = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.AsyncFor, ast.While, ast.Try,
         ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)  # fmt: skip
SQL = re.compile(
    r"\b(select\b.+\bfrom|insert\s+into|update\b.+\bset|delete\s+from|create\s+table)\b", re.IGNORECASE | re.DOTALL
)


def _read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def _code(path: Path) -> list[str]:
    return [cell.source for cell in _read(path).cells if cell.cell_type == "code"]


def thick(source: str) -> list[str]:
    """Name what a code cell holds that belongs in the package."""
    found = [f"line magic or command: {line}" for line in source.splitlines() if line.startswith(("%", "!"))]
    for node in ast.walk(ast.parse("\n".join(line for line in source.splitlines() if not line.startswith(("%", "!"))))):
        if isinstance(node, LOGIC):
            found.append(f"{type(node).__name__} in line {node.lineno}")
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
            found.append(f"SQL in line {node.lineno}")
    return found


def test_the_notebooks_are_there():
    assert {path.stem for path in NOTEBOOKS if path.parent == ROOT / "notebooks"} == EXPECTED


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def test_is_valid(self, path: Path):
        nbformat.validate(_read(path))

    def test_is_stripped(self, path: Path):
        notebook = _read(path)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert [cell.outputs for cell in code if cell.outputs] == []
        assert {cell.execution_count for cell in code} <= {None}
        assert not {"widgets", "papermill", "signature"} & notebook.metadata.keys()
        assert not [cell.metadata for cell in notebook.cells if "execution" in cell.metadata]

    def test_is_thin(self, path: Path):
        sources = _code(path)
        lines = [line for source in sources for line in source.splitlines() if line.strip()]
        assert len(lines) <= MOST_LINES
        assert [what for source in sources for what in thick(source)] == []

    def test_has_one_parameters_cell(self, path: Path):
        tagged = [cell for cell in _read(path).cells if "parameters" in cell.metadata.get("tags", [])]
        assert len(tagged) == 1

    def test_names_no_secret_among_its_parameters(self, path: Path):
        tagged = next(cell for cell in _read(path).cells if "parameters" in cell.metadata.get("tags", []))
        assert not re.search(r"password|secret|token|database_url", tagged.source, flags=re.IGNORECASE)


@pytest.mark.parametrize(
    "source",
    [
        "def f(): pass",
        "for x in y: z()",
        "[x for x in y]",
        "q('SELECT a\\nFROM b')",
        "!ls",
        "class A: pass",
        "f = lambda: 1",
    ],
)
def test_logic_in_a_notebook_is_seen(source: str):
    assert thick(source)


def test_a_plain_call_is_thin():
    assert thick("workspace = 'sample'\nsales.monthly(workspace)  # select the months from the cache") == []
