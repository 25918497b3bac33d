"""What the program offers is documented, and what the documents name exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import click
import pytest

from stagewatch.cli import COMMANDS, stagewatch
from stagewatch.profile.schema import AnyRule

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS_PAGE = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


def _options(command: click.Command) -> set[str]:
    return {
        option
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if option.startswith("--")
    }


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_each_of_its_options_is_on_the_commands_page(name: str) -> None:
    section = re.search(
        rf"^## `stagewatch {name}`(.*?)(?=^## |\Z)", COMMANDS_PAGE, re.DOTALL | re.MULTILINE
    )
    assert section, f"docs/commands.md has no section for {name}"
    command = stagewatch.get_command(click.Context(stagewatch), name)
    assert command is not None
    missing = {o for o in _options(command) if f"`{o}" not in section[1]}
    assert not missing


def test_the_commands_page_names_no_command_that_is_not_there() -> None:
    named = set(re.findall(r"^## `stagewatch (\w+)`", COMMANDS_PAGE, re.MULTILINE))
    assert named == set(COMMANDS)


def test_every_rule_has_a_section_on_how_it_decides() -> None:
    page = (ROOT / "docs" / "judge.md").read_text(encoding="utf-8")
    titles = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^## (.*)", page, re.MULTILINE))))
    assert titles == {rule.__struct_config__.tag for rule in get_args(AnyRule)}


def test_the_first_screen_of_the_readme_says_how_to_try_and_how_to_test() -> None:
    first = README[:3000]
    assert "make demo" in first
    assert "make test" in first


def test_links_and_pictures_in_the_documents_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert not broken


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]
    assert "## [Unreleased]" in text
    assert f"## [{version}]" in text or version == "0.1.0"
