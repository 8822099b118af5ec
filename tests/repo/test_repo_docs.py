"""README, docs/ and the code can't drift apart: every command, target and variable is told, and none too many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from project import DOCUMENTS, PACKAGE, ROOT, documents, make_targets

from invoice_lab.cli import main

OF_THE_TESTS = {
    "INVOICE_LAB_EVERY_FAULT",
    "INVOICE_LAB_KILLS",
    "INVOICE_LAB_REQUIRE_BROWSER",
    "INVOICE_LAB_REQUIRE_ENGINES",
}
INTERNAL = {"INVOICE_LAB_DASHBOARD", "INVOICE_LAB_PAGE", "INVOICE_LAB_PAGE_FILES", "INVOICE_LAB_PROGRESS"}
"""What invoice_lab sets for its own processes; told in docs/architecture.md, not in the README's table."""
COMMANDS = sorted(main.commands)


def code_blocks(text: str) -> list[str]:
    """The fenced blocks and inline code spans of a Markdown text."""
    fenced = re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL)
    return fenced + re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def commands(group: click.Group) -> Iterator[click.Command]:
    """Every command below a group, those of groups within it too."""
    for command in group.commands.values():
        yield command
        if isinstance(command, click.Group):
            yield from commands(command)


def told(pattern: str) -> set[str]:
    """What `pattern` finds in the code of all documents."""
    return {found for block in code_blocks(documents()) for found in re.findall(pattern, block)}


@pytest.mark.parametrize("name", COMMANDS)
class TestCommand:
    def test_is_told(self, name: str):
        assert name in told(r"invoice-lab (?:-v )?([a-z][a-z-]*)")

    def test_has_help(self, name: str):
        command = main.commands[name]
        assert command.help
        options = [option for option in command.params if isinstance(option, click.Option)]
        assert [option.name for option in options if not option.help] == []


def test_every_command_within_a_group_is_told_and_has_help():
    for group in (command for command in main.commands.values() if isinstance(command, click.Group)):
        assert set(group.commands) <= told(rf"invoice-lab {group.name} ([a-z]+)")
        options = [o for command in commands(group) for o in command.params if isinstance(o, click.Option)]
        assert all(command.help for command in commands(group))
        assert [option.name for option in options if not option.help] == []


def test_no_command_is_told_that_is_not_there():
    assert told(r"^(?:\S*/)?invoice-lab ([a-z][a-z-]*)") <= set(COMMANDS)


def test_no_option_is_told_that_is_not_there():
    real = {o for command in commands(main) for p in command.params for o in [*p.opts, *p.secondary_opts]}
    lines = {line for block in code_blocks(documents()) for line in block.splitlines() if "invoice-lab " in line}
    used = {option for line in lines for option in re.findall(r"(?<!\S)(--[a-z][a-z-]+)", line)}
    assert used <= real | {"--help", "--version", "--verbose"}


def test_make_targets_and_documents_name_the_same():
    named = told(r"\bmake ([a-z-]+)")
    assert set(make_targets()) <= named
    assert named <= set(make_targets())


def test_the_two_commands_stand_first_in_the_readme():
    blocks = re.findall(r"```\w*\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    commands = [line.split("#")[0].strip() for line in blocks[0].splitlines()]
    assert commands == ["make report", "make test"]


def test_every_variable_is_told():
    sources = [*PACKAGE.rglob("*.py"), ROOT / "Makefile", ROOT / ".ci" / "setup"]
    read = {name for path in sources for name in re.findall(r"\bINVOICE_LAB_[A-Z_]+\b", path.read_text())}
    table = set(re.findall(r"^\| `(INVOICE_LAB_[A-Z_]+)`", (ROOT / "README.md").read_text(), flags=re.MULTILINE))
    assert read - OF_THE_TESTS - INTERNAL == table
    assert told(r"\bINVOICE_LAB_[A-Z_]+\b") >= INTERNAL & read


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path):
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_changelog_has_this_version():
    from invoice_lab import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_words_are_sober():
    text = documents()
    assert not re.search(r"\bAI\b|\b\w+!(?=\s|$)", re.sub(r"```.*?```|`[^`]*`|!\[", "", text, flags=re.DOTALL))
    assert not re.search("[\U0001f300-\U0001faff\u2600-\u27bf]", text)
