"""The pre-commit hooks, run in a throw-away repository and offline."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from project import ROOT


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with our hooks, and our environment as its .venv."""
    folder = tmp_path / "a repository"
    folder.mkdir()
    shutil.copy(ROOT / ".pre-commit-config.yaml", folder)
    (folder / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    (folder / ".gitignore").write_text(".venv\n")
    git(folder, "init", "--quiet")
    return folder


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env=clean_environment(folder))


def clean_environment(folder: Path) -> dict[str, str]:
    """Our environment without git's own variables (a hook may run these tests) and without a network."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))}
    offline = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    return {**kept, **offline, "PRE_COMMIT_HOME": str(folder.parent / "pre-commit"), "HOME": str(folder.parent)}


def run_hooks(folder: Path) -> subprocess.CompletedProcess[str]:
    git(folder, "add", "--all")
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files"]
    environment = clean_environment(folder)
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_notebook_is_stripped(repository: Path):
    cell = nbformat.v4.new_code_cell("1 + 1", execution_count=3, id="one")
    cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=3)]
    notebook = nbformat.v4.new_notebook(cells=[cell, nbformat.v4.new_markdown_cell("kept", id="two")])
    path = repository / "seen it.ipynb"
    nbformat.write(notebook, path)

    first = run_hooks(repository)
    assert first.returncode == 1, first.stdout + first.stderr
    cells = json.loads(path.read_text())["cells"]
    assert (cells[0]["outputs"], cells[0]["execution_count"]) == ([], None)
    assert cells[1]["source"] == ["kept"]
    assert run_hooks(repository).returncode == 0


def test_python_is_checked_and_formatted(repository: Path):
    path = repository / "module.py"
    path.write_text("x = {'a':1}\n")
    assert run_hooks(repository).returncode == 1
    assert path.read_text() == 'x = {"a": 1}\n'
    path.write_text("import os\n")
    assert "F401" in run_hooks(repository).stdout


def test_no_hook_is_fetched():
    configuration = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert {entry["repo"] for entry in configuration["repos"]} == {"local"}
    assert {hook["language"] for entry in configuration["repos"] for hook in entry["hooks"]} == {"system"}
