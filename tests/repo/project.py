"""What the tests of the repository share: where it is, which files it holds, how its texts name things."""

from __future__ import annotations

import functools
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "invoice_lab"
DOCUMENTS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
NOT_OURS = {
    *(
        ".git",
        ".venv",
        ".engines",
        ".data",
        "__pycache__",
        ".pytest_cache",
        ".mypy_cache",
        ".ruff_cache",
        ".ipynb_checkpoints",
    ),
    *(".hypothesis", "htmlcov", "dist", "build"),
}


@functools.cache
def tracked_files() -> tuple[Path, ...]:
    """The files that git holds or would hold; where git can't say (no repository), all files that are not made."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        return tuple(path for path in sorted(ROOT.rglob("*")) if path.is_file() and not _made(path))
    return tuple(path for name in listed if name and (path := ROOT / name).is_file())


def _made(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    report = parts[0] == "reports" and parts[1] not in {"README.md", "template"}
    return report or bool(NOT_OURS.intersection(parts)) or path.name.startswith(".coverage")


def texts() -> dict[str, str]:
    """The tracked text files by their path in the repository."""
    found = {}
    for path in tracked_files():
        data = path.read_bytes()
        if b"\0" not in data:
            found[path.relative_to(ROOT).as_posix()] = data.decode("utf-8", errors="replace")
    return found


def pyproject() -> dict[str, Any]:
    """The project's pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def make_targets() -> dict[str, str]:
    """The public targets of the Makefile with their help."""
    return dict(re.findall(r"^([a-z-]+):.*?## (.+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def documents() -> str:
    """README, CONTRIBUTING and docs/, one after the other."""
    return "\n".join(path.read_text() for path in DOCUMENTS)
