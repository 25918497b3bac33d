"""The files probe beside grep, over real trees."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stagewatch.model import Result
from stagewatch.probes import _grep, probe_kind
from stagewatch.probes._grep import CHUNK, LINE, Search, Wanted
from stagewatch.probes._needle import needle
from stagewatch.profile.values import Duration, Limit

if TYPE_CHECKING:
    from tests.probes.conftest import OpenKind


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A frontend as the manifest greps it."""
    hooks = tmp_path / "frontend" / "src" / "hooks"
    (hooks / "deep").mkdir(parents=True)
    (hooks / "useQuota.ts").write_text(
        "const POLL_INTERVAL = 30000;\nconst TIMEOUT = 30000;\n// poll every 3000\n"
    )
    (hooks / "deep" / "useHealth.tsx").write_bytes(
        b"setPolling(30000)\r\nx = 'no end of line 30000'"
    )
    (hooks / "node_modules").mkdir()
    (hooks / "node_modules" / "poll.js").write_text("poll(30000)\n")
    return tmp_path


HOOKS = ["frontend/src/hooks"]


async def test_lines_that_match_every_pattern_are_counted(opened: OpenKind, tree: Path) -> None:
    """As ``grep -r 30000 frontend/src/hooks | grep -i poll``, and where they are."""
    reading = await opened("files", paths=HOOKS, patterns=["30000", "(?i)poll"]).read()
    assert reading.result is Result.VALUE
    assert reading.values == {"lines": 2, "files": 2, "searched": 2}
    assert reading.facts["matches"] == (
        "frontend/src/hooks/useQuota.ts:1: const POLL_INTERVAL = 30000;; "
        "frontend/src/hooks/deep/useHealth.tsx:1: setPolling(30000)"
    )


async def test_nothing_found_is_a_zero_that_was_measured(opened: OpenKind, tree: Path) -> None:
    """Only where every file could be read."""
    reading = await opened("files", paths=HOOKS, patterns=["31000"]).read()
    assert reading.values == {"lines": 0, "files": 0, "searched": 2}


async def test_names_to_include_and_exclude(opened: OpenKind, tree: Path) -> None:
    """By pattern, at any depth."""
    probe = opened("files", paths=HOOKS, patterns=["30000"], include=["*.js", "*.tsx"], exclude=[])
    assert (await probe.read()).values == {"lines": 3, "files": 2, "searched": 2}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"paths": ["frontend/src/hook"]}, "frontend/src/hook: no such file or directory; so"),
        ({"include": ["*.vue"]}, "there is no file to search; check paths, include and exclude"),
        ({"max_files": 1}, "more than 1 files; so the count is not known"),
        ({"max_bytes": Limit(60.0, "B")}, "more than 60 bytes to read; so the count is not known"),
        ({"paths": ["pipe"]}, "pipe: not a regular file; so the count is not known"),
    ],
)
async def test_a_count_that_is_not_whole_is_no_data(
    opened: OpenKind, tree: Path, change: dict[str, object], told: str
) -> None:
    """And never the part that was counted."""
    os.mkfifo(tree / "pipe")
    reading = await opened("files", **{"paths": HOOKS, "patterns": ["30000"], **change}).read()
    assert reading.result is Result.NO_DATA
    assert reading.reason.startswith(told)
    assert reading.values == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
async def test_a_file_that_may_not_be_read_is_no_data(opened: OpenKind, tree: Path) -> None:
    """It may hold what is looked for."""
    (tree / "frontend/src/hooks/useQuota.ts").chmod(0)
    reading = await opened("files", paths=HOOKS, patterns=["30000"]).read()
    assert reading.reason.endswith("useQuota.ts: permission denied; so the count is not known")


async def test_an_endless_expression_is_killed(opened: OpenKind, tmp_path: Path) -> None:
    """Not even a thread could be stopped that is inside of it."""
    (tmp_path / "a").write_text("a" * 64 + "b\n")
    probe = opened("files", paths=["a"], patterns=["(a+)+$"], timeout=Duration(1))
    reading = await probe.read()
    assert (reading.result, reading.values) == (Result.ERROR, {})
    assert reading.reason == "the files were not searched within 1s"


async def test_what_is_shown_is_inert(opened: OpenKind, tmp_path: Path) -> None:
    """A source file may hold anything."""
    (tmp_path / "a").write_bytes(b"30000 \x1b[31m \xff\n")
    reading = await opened("files", paths=["a"], patterns=["30000"]).read()
    assert reading.facts["matches"] == "a:1: 30000 ␛[31m \\xff"


def _counted(path: Path, *patterns: str) -> int:
    wanted = Wanted(paths=[str(path)], patterns=list(patterns), needle=needle(patterns))
    return Search(wanted).run().lines


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    lines=st.lists(st.text("ab3 0P.\r", max_size=12), max_size=12),
    ended=st.booleans(),
    pattern=st.sampled_from(["a", "a.b", "(?i)p", "b$", "^a", "a+b", "3|P", "a?b", "[ab]3"]),
    chunk=st.integers(1, 20),
)
def test_it_counts_what_a_plain_loop_counts(
    tmp_path: Path, lines: list[str], ended: bool, pattern: str, chunk: int
) -> None:
    """Whatever text is searched for first, and wherever a file is cut into pieces."""
    content = "\n".join(lines) + "\n" * (ended and bool(lines))
    (tmp_path / "file").write_text(content, newline="")
    whole = content.split("\n")
    expected = sum(bool(re.search(pattern, line)) for line in whole[: len(whole) - ended or None])
    if not content:
        expected = 0
    elif content.endswith("\n") and not ended:
        expected -= bool(re.search(pattern, ""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_grep, "CHUNK", chunk)
        assert _counted(tmp_path / "file", pattern) == expected


def test_only_the_beginning_of_a_line_counts(tmp_path: Path) -> None:
    """A line of megabytes is one line, read in pieces and looked at for its first 2 KiB."""
    path = tmp_path / "long"
    inside, outside = b"needle" + b"x" * (3 * CHUNK), b"x" * LINE + b"needle" + b"x" * CHUNK
    path.write_bytes(b"\n".join((inside, outside, b"needle", b"x" * CHUNK, inside)))
    assert _counted(path, "needle") == 3
    assert _counted(path, "n.+[e]dle") == 3


@pytest.mark.parametrize(
    ("patterns", "text", "folded"),
    [
        (["30000", "(?i)poll"], b"30000", False),
        ([r"set(Interval)\(.*3"], b"set", False),
        (["(?i)POLLING"], b"polling", True),
        (["a|b", "c?d+"], b"", False),
        (["ab?c", "x{3}yz"], b"yz", False),
    ],
)
def test_a_text_that_every_match_holds(patterns: list[str], text: bytes, folded: bool) -> None:
    """It finds the candidates fast, so it may never be too much."""
    assert needle(patterns) == (text, folded)


def test_links_are_not_followed(tree: Path) -> None:
    """As ``grep -r`` leaves them out: a link to a folder above would never end."""
    (tree / "frontend" / "up").symlink_to("..")
    (tree / "frontend" / "to").symlink_to("src/hooks/useQuota.ts")
    command = ["grep", "-r", "-h", "30000", "frontend"]
    told = subprocess.run(command, cwd=tree, capture_output=True, check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tree)
        assert _counted(Path("frontend"), "30000") == len(told.stdout.splitlines()) == 5


@pytest.mark.parametrize(
    ("given", "key", "told"),
    [
        ({"patterns": ["("]}, "patterns", "holds no regular expression: '(': "),
        ({"patterns": ["a*"]}, "patterns", "'a*' matches every line"),
        ({"paths": [" "]}, "paths", "holds an empty text"),
        ({"max_bytes": Limit(5.0, "ms")}, "max_bytes", 'is a size, as in "256 MiB"'),
    ],
    ids=str,
)
def test_a_table_that_cannot_work(given: dict[str, object], key: str, told: str) -> None:
    """Each mistake is told with its key."""
    kind = probe_kind("files")
    table = {"kind": "files", "paths": ["a"], "patterns": ["b"], **given}
    config = msgspec.convert(table, kind.config, dec_hook=lambda _, value: value)
    found = list(kind.problems(config))
    assert [found_key for found_key, _ in found] == [key]
    assert found[0][1].startswith(told)
