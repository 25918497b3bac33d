"""docs/testing.md: its example runs and says what the page shows, and every key is on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import fields

from stagewatch.cli import run
from stagewatch.profile.schema import Table
from stagewatch.trials.schema import Act, Expectation, Series, Trial, TrialFile

# Whole days, again and again: to trace them would take four times as long.
pytestmark = pytest.mark.untraced

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
SECTIONS = {
    "A file": (TrialFile, Trial),
    "`readings`": (Series,),
    "`acts`": (Act,),
    "`expect`": (Expectation,),
}
NAMED_IN_ROWS = {"from", "until"}
"""Keys that the rows of others explain."""


def section(heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"docs/testing.md has no section {heading}"
    return found[1]


@pytest.mark.parametrize(
    ("heading", "table"), [(h, table) for h, tables in SECTIONS.items() for table in tables]
)
def test_every_key_is_on_the_page(heading: str, table: type[Table]) -> None:
    """In a row of its section."""
    text = section(heading)
    rows = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    keys = {info.encode_name for info in fields(table)}
    assert not {key for key in keys - rows if key not in NAMED_IN_ROWS or f"`{key}`" not in text}


def test_the_page_names_no_key_that_is_not_there() -> None:
    """Nobody should write one in vain."""
    known = {info.encode_name for tables in SECTIONS.values() for t in tables for info in fields(t)}
    assert not set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) - known


def test_the_example_says_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Line by line."""
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    shown = re.search(r"\$ stagewatch test staging.test.toml\n(.*?)```", PAGE, re.DOTALL)
    assert shown
    monkeypatch.chdir(tmp_path)
    (tmp_path / "staging.test.toml").write_text(example, encoding="utf-8")
    assert run(["test", "staging.test.toml"]) == 0
    assert capfd.readouterr().out == shown[1]


def test_a_failure_looks_as_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """With the place, the sentence and the history."""
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (shown,) = re.findall(r"```console\n(FAILED.*?)```", PAGE, re.DOTALL)
    first = example[: example.index('[[test]]\nname = "a day is')]
    monkeypatch.chdir(tmp_path)
    wrong = first.replace('state = "FAIL", reason = "+17 %/h, limit 10 %/h"', 'state = "PASS"')
    (tmp_path / "staging.test.toml").write_text(wrong, encoding="utf-8")
    assert run(["test", "staging.test.toml"]) == 1
    for line, expected in zip(
        capfd.readouterr().out.splitlines(), shown.splitlines(), strict=False
    ):
        assert line.startswith(expected.rstrip("…"))
