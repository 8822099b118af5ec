"""Dockerfile, compose file and workflow, as far as they can be judged without a container engine."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from project import ROOT, make_targets


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, comments and line continuations removed."""
    text = "\n".join(line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#"))
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [(line.split(maxsplit=1)[0], re.sub(r"\s+", " ", line.split(maxsplit=1)[1])) for line in lines]


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def services() -> list[tuple[str, dict[str, Any]]]:
    return list(compose()["services"].items())


class TestDockerfile:
    def test_the_base_can_be_chosen(self):
        assert instructions()[:2] == [("ARG", "BASE=python:3.12-slim"), ("FROM", "${BASE}")]

    def test_sets_up_and_runs_as_an_ordinary_user(self):
        order = [(name, value) for name, value in instructions() if name in {"USER", "CMD"} or value == "make setup"]
        assert order == [("USER", "lab"), ("RUN", "make setup"), ("CMD", json.dumps(["make", "report"]))]

    def test_system_packages_come_from_the_one_list(self):
        runs = [value for name, value in instructions() if name == "RUN"]
        assert any(value.startswith(".ci/setup --system") for value in runs)
        installed = re.findall(r"apt-get install -y --no-install-recommends ([\w -]+?) &&", " ".join(runs))
        assert installed == ["make"]

    def test_says_why_init(self):
        assert "--init" in (ROOT / "Dockerfile").read_text()

    def test_nothing_private_is_copied_in(self):
        ignored = (ROOT / ".dockerignore").read_text().split()
        assert {".git", ".venv", ".data", ".env", "reports/*"} <= set(ignored)

    def test_opens_no_port(self):
        assert "EXPOSE" not in dict(instructions())


@pytest.mark.parametrize(("name", "service"), services(), ids=[name for name, _ in services()])
class TestService:
    def test_ports_are_published_on_loopback_only(self, name: str, service: dict[str, Any]):
        assert [port for port in service.get("ports", []) if not str(port).startswith("127.0.0.1:")] == []

    def test_has_an_init(self, name: str, service: dict[str, Any]):
        assert service.get("init") is True or service["image"].startswith("postgres:")

    def test_calls_a_target_that_is_there(self, name: str, service: dict[str, Any]):
        command = service.get("command", ["make", "report"])
        assert command[0] == "make"
        assert command[1] in make_targets()

    def test_holds_no_password(self, name: str, service: dict[str, Any]):
        values = [str(value) for key, value in service.get("environment", {}).items() if re.search("PASS|URL|KEY", key)]
        assert [value for value in values if "${" not in value] == []


def test_every_volume_is_declared():
    used = {v.split(":")[0] for _, s in services() for v in s.get("volumes", []) if re.match(r"\w+:", v)}
    assert used == set(compose()["volumes"])


class TestWorkflow:
    @pytest.fixture
    def job(self) -> dict[str, Any]:
        (job,) = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"].values()
        return job

    def test_runs_the_two_commands_and_nothing_else(self, job: dict[str, Any]):
        assert [step["run"] for step in job["steps"] if "run" in step] == ["make report", ".ci/run"]

    def test_on_every_python(self, job: dict[str, Any]):
        assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
        assert job["timeout-minutes"] <= 45

    def test_may_only_read(self):
        assert yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["permissions"] == {
            "contents": "read"
        }
