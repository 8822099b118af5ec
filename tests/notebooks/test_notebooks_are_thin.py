"""Notebooks hold calls, not code: no definitions, loops or SQL, no outputs, one cell of typed parameters."""

from __future__ import annotations

import ast
import re

import nbformat
import pytest

from invoice_lab.settings import notebooks_dir

NOTEBOOKS = sorted(notebooks_dir().glob("*.ipynb"))
MOST_LINES = 80
_LOGIC = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.For,
    ast.While,
    ast.Lambda,
    ast.ListComp,
    ast.Try,
    ast.If,
)
_SQL = re.compile(r"\b(select\s.+\sfrom|insert\s+into|update\s.+\sset|delete\s+from)\b", re.IGNORECASE)


def test_all_notebooks_are_there():
    assert [path.stem for path in NOTEBOOKS] == [
        "engines",
        "extract",
        "ocr_quality",
        "recommendations",
        "sales",
        "segments",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_valid_and_stripped(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_thin(path):
    code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    nodes = [node for source in code for node in ast.walk(ast.parse(source))]
    assert not [type(node).__name__ for node in nodes if isinstance(node, _LOGIC)]
    assert not _SQL.search("\n".join(code))
    assert sum(len(source.splitlines()) for source in code) <= MOST_LINES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_parameters_are_typed_and_explained(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if "parameters" in cell.metadata.get("tags", ())]
    assert len(cells) == 1
    for line in cells[0].source.splitlines():
        assert re.fullmatch(r"\w+: (str|int|float|bool) = .+  # .+", line), line


def test_only_extract_may_write():
    for path in NOTEBOOKS:
        source = path.read_text()
        assert ("ingest" in source) == (path.stem == "extract")
        assert "DATABASE" not in source
