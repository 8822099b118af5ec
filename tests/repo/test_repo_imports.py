"""Who may import whom: the rooms of the house plan, held by reading every import, also within functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import PACKAGE

BASE = {"errors", "settings", "tokens", "logs"}
READING = {"sources", "ocr", "validation"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "settings": {"errors"},
    "tokens": set(),
    "logs": {"errors"},
    "progress": BASE,
    "sources": BASE,
    "ocr": BASE | {"sources"},
    "validation": BASE | {"sources", "ocr"},
    "warehouse": BASE | READING,
    "workers": BASE | READING,
    "reading": BASE | READING | {"progress", "workers"},
    "ingest": BASE | READING | {"progress", "workers", "warehouse"},
    "transactions": BASE | READING | {"warehouse", "reporting"},
    "review": BASE | READING | {"warehouse", "reporting"},
    "engine_study": BASE | READING | {"workers", "samples", "reporting", "review"},
    "segmentation": BASE | {"warehouse.queries"},
    "recommendation": BASE | {"warehouse.queries"},
    "samples": BASE | {"ocr.layouts"},
    "reporting": BASE | {"warehouse", "segmentation", "recommendation"},
    "dashboards": BASE | {"reporting", "ocr", "validation", "warehouse"},
    "lab": BASE | {"dashboards", "warehouse"},
    "pipeline": BASE | {"ingest", "progress", "reporting", "samples", "warehouse"},
    "doctor": BASE | READING | {"samples", "warehouse", "reporting", "dashboards"},
}
ALL = {"cli", "cli_batches", "cli_engines", "cli_options", "cli_review", "cli_transactions", "__main__"}
"""The shell may import everything."""
ENTRANCES = ALL | {"__init__"}


def _exists(module: str, package: Path) -> bool:
    path = package.parent.joinpath(*module.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def _absolute(node: ast.ImportFrom, file: Path, package: Path) -> str:
    if not node.level:
        return node.module or ""
    folder = file.parents[node.level - 1].relative_to(package.parent)
    return ".".join([*folder.parts, *([node.module] if node.module else [])])


def imports(file: Path, package: Path = PACKAGE) -> Iterator[str]:
    """Yield the package's own modules that `file` imports, without the leading ``invoice_lab.``."""
    own = package.name
    for node in ast.walk(ast.parse(file.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, file, package)
            whole = [f"{base}.{alias.name}" for alias in node.names]
            names = [name if _exists(name, package) else base for name in whole]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        yield from (name.removeprefix(f"{own}.") for name in names if name.startswith(f"{own}."))


def broken_rules(package: Path = PACKAGE) -> list[str]:
    """Say for each import against the plan which file does it."""
    found = []
    for file in sorted(package.rglob("*.py")):
        room = file.relative_to(package).parts[0].removesuffix(".py")
        if room in ENTRANCES:
            continue
        allowed = MAY_IMPORT[room] | {room}
        found += [
            f"{file.relative_to(package)} imports {name}"
            for name in imports(file, package)
            if not any(name == a or name.startswith(f"{a}.") for a in allowed)
        ]
    return found


def test_every_room_has_a_rule():
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert rooms - ENTRANCES <= MAY_IMPORT.keys()


def test_nobody_imports_backwards():
    assert broken_rules() == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("ocr/bad.py", "from invoice_lab.warehouse.load import load"),
        ("ocr/bad.py", "import invoice_lab.ingest"),
        ("segmentation/bad.py", "from invoice_lab import warehouse"),
        ("segmentation/bad.py", "from invoice_lab.warehouse import cache"),
        ("samples/bad.py", "from ..ocr import page"),
        ("sources/bad.py", "def f():\n    from invoice_lab.ocr import page"),
        ("reporting/bad.py", "import importlib\nimportlib.import_module('invoice_lab.dashboards')"),
        (
            "validation/bad.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from invoice_lab.cli import main",
        ),
    ],
)
def test_the_rule_sees_a_backward_import(tmp_path: Path, file: str, line: str):
    package = tmp_path / "invoice_lab"
    for module in ("ocr/page", "warehouse/load", "warehouse/cache", "ingest", "dashboards/__init__", "cli"):
        (package / module).with_suffix(".py").parent.mkdir(parents=True, exist_ok=True)
        (package / module).with_suffix(".py").touch()
    (package / file).parent.mkdir(exist_ok=True)
    (package / file).write_text(line)
    assert len(broken_rules(package)) == 1


def test_the_rule_lets_a_forward_import_pass(tmp_path: Path):
    package = tmp_path / "invoice_lab"
    (package / "warehouse" / "queries").mkdir(parents=True)
    (package / "segmentation").mkdir()
    (package / "segmentation" / "good.py").write_text(
        "from invoice_lab.warehouse.queries import query\nimport pandas\n"
    )
    assert broken_rules(package) == []
