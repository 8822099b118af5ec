"""pyproject.toml, requirements.lock and environment.yml say the same, and the lock holds hashes and no address."""

from __future__ import annotations

import functools
import re
from importlib import metadata

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from project import ROOT, pyproject

LOCK = ROOT / "requirements.lock"
PYTHONS = ["3.11.2", "3.11.9", "3.12.3", "3.13.5"]
"""Debian 12's, one on each side of the lock's forks, Ubuntu 24.04's, Debian 13's."""
SECURITY_FLOORS = {
    "voila": "0.5.6", "nbconvert": "7.17.1", "jupyter-server": "2.20.0", "jupyterlab": "4.5.7", "pillow": "12.2.0"
}  # fmt: skip


@functools.cache
def locked() -> list[Requirement]:
    """The lock's entries; one package may have several, for different Pythons."""
    entries = re.findall(r"^([A-Za-z0-9][^\\\n]*?)\s*\\$", LOCK.read_text(), flags=re.MULTILINE)
    return [Requirement(entry) for entry in entries]


def environment(python: str) -> dict[str, str]:
    """The markers' values of a Linux machine with this Python."""
    return {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "sys_platform": "linux",
        "os_name": "posix",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "extra": "",
    }


def applies(marker: Marker | None, python: str) -> bool:
    return marker is None or marker.evaluate(environment(python))


def versions(python: str) -> dict[str, Version]:
    """The version that the lock gives each package on this Python."""
    return {
        canonicalize_name(entry.name): Version(str(entry.specifier).removeprefix("=="))
        for entry in locked()
        if applies(entry.marker, python)
    }


def direct() -> list[Requirement]:
    """What pyproject.toml asks for: at run time, for development, to build."""
    project = pyproject()
    # what a cloud's storage needs is for who uses it to install
    extras = [packages for name, packages in project["project"]["optional-dependencies"].items() if name != "cloud"]
    asked = [
        *project["project"]["dependencies"],
        *(one for extra in extras for one in extra),
        *project["build-system"]["requires"],
    ]
    return [Requirement(text) for text in asked]


@pytest.mark.parametrize("python", PYTHONS)
def test_every_direct_dependency_is_locked_at_an_allowed_version(python: str):
    have = versions(python)
    asked = [one for one in direct() if applies(one.marker, python)]
    none = Version("0")
    wrong = [str(one) for one in asked if not one.specifier.contains(have.get(canonicalize_name(one.name), none))]
    assert wrong == []


@pytest.mark.parametrize("python", PYTHONS)
def test_security_floors(python: str):
    have = versions(python)
    assert [name for name, floor in SECURITY_FLOORS.items() if have[name] < Version(floor)] == []


def test_every_entry_is_pinned_and_hashed():
    blocks = re.split(r"^(?=[A-Za-z0-9])", LOCK.read_text(), flags=re.MULTILINE)[1:]
    assert len(blocks) == len(locked())
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert [str(entry) for entry in locked() if not re.fullmatch(r"==[^,*]+", str(entry.specifier))] == []


def test_the_lock_holds_no_address():
    assert "://" not in LOCK.read_text()
    assert not re.search(
        r"^\s*-(i|f|-index-url|-extra-index-url|-find-links|-trusted-host)\b", LOCK.read_text(), re.MULTILINE
    )


def test_one_opencv_only():
    assert [entry.name for entry in locked() if entry.name.startswith("opencv")] == ["opencv-python"]


def test_what_is_installed_is_what_is_locked_and_complete():
    import platform

    python = platform.python_version()
    have = versions(python)
    installed = {name: metadata.distribution(name) for name in have}
    assert {name: found.version for name, found in installed.items() if Version(found.version) != have[name]} == {}
    needed = {
        canonicalize_name(requirement.name): name
        for name, found in installed.items()
        for requirement in map(Requirement, found.requires or [])
        if applies(requirement.marker, python)
    }
    assert {name: by for name, by in needed.items() if name not in have and name not in {"setuptools", "pip"}} == {}


class TestCondaEnvironment:
    """environment.yml can't be solved offline; what can be told without solving is told here."""

    @functools.cached_property
    def parts(self) -> dict[str, SpecifierSet | list[str]]:
        found = yaml.safe_load((ROOT / "environment.yml").read_text())
        assert found["channels"] == ["conda-forge"]
        return {
            **{d.split(" ")[0]: SpecifierSet(d.partition(" ")[2]) for d in found["dependencies"] if isinstance(d, str)},
            **{f"{k}:": v for d in found["dependencies"] if isinstance(d, dict) for k, v in d.items()},
        }

    def test_has_only_what_does_not_come_from_the_lock(self):
        assert set(self.parts) == {"python", "tesseract", "pip", "pip:"}
        assert self.parts["pip:"] == ["-r requirements.lock"]

    def test_has_the_pythons_of_pyproject(self):
        assert self.parts["python"] == SpecifierSet(pyproject()["project"]["requires-python"])

    def test_readme_says_what_follows_and_what_is_not_tested(self):
        readme = (ROOT / "README.md").read_text()
        assert "pip install --no-deps -e ." in readme
        assert re.search(r"solve itself is not tested", readme)
