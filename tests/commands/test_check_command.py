"""``stagewatch check``: what came, what each rule needs of it, what is wrong and where."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from stagewatch.cli import run

HEAD = """version = 1
[deployment]
name = "staging"
[probe.hooks]
kind = "files"
paths = ["src"]
patterns = ["30000", "(?i)poll"]
every = "60s"
[probe.errors]
kind = "log"
path = "error.log"
[signal.rate]
kind = "rate"
of = "errors.lines"
[signal.smooth]
kind = "quantile"
of = "rate.value"
[nogo.critical]
rule = "records"
probes = ["errors"]
[nogo.busy]
rule = "compare"
signal = "smooth.value"
above = "9/s"
[go.score]
rule = "score"
[go.quality]
rule = "gates"
[[gate]]
name = "Review"
reviewer = "ann"
[[optimisation]]
name = "Polling"
checks = [
    { name = "hooks poll", signal = "hooks.lines", at_least = 1, hold = "10min" },
    { name = "few do", signal = "hooks.lines", at_most = 0 },
    { name = "quiet", signal = "rate.value", at_most = "5/s" },
    { name = "read", passes = true },
    { name = "asked", passes = "unverified" },
]
"""
BUSY = HEAD[: HEAD.index("[nogo.busy]")].count("\n") + 1
END = HEAD.count("\n") + 1
"""The line of what is added."""
Checked = Callable[..., tuple[int, str, str]]


@pytest.fixture
def checked(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Checked:
    """(exit status, standard output, standard error) of a check of a profile."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "useQuota.ts").write_text("poll(30000)\n")
    (tmp_path / "error.log").write_text("")

    def check(text: str = HEAD, *options: str) -> tuple[int, str, str]:
        path = tmp_path / "p.toml"
        path.write_text(text)
        status = run(["check", "--profile", str(path), *options])
        told = capfd.readouterr()
        return status, told.out, told.err

    return check


def test_every_signal_is_told_with_value_time_taken_and_age(checked: Checked) -> None:
    """And a watch can start, though some signals are known only later."""
    status, out, err = checked()
    assert (status, err) == (0, "")
    assert re.search(r"^VALUE    hooks \(files, \d+ ms, \d+s ago\)$", out, re.MULTILINE)
    assert "           hooks.lines = 1\n" in out
    assert re.search(r"^later    rate \(signal, 0 ms, \d+s ago\)", out, re.MULTILINE)
    assert "no value for rate.value: known from more readings than one" in out
    assert re.search(r"^later    smooth \(signal", out, re.MULTILINE)
    assert out.endswith("every probe reads what it is to read; a watch can start\n")


@pytest.mark.parametrize(
    "line",
    [
        "ready    no-go critical (records): errors.criticals",
        "later    no-go busy (compare)",
        f"           line {BUSY}: without smooth.value: known from more readings than one",
        "later    go    score (score): hooks.lines",
        "people   go    quality (gates): people decide",
        "passes   check Polling/hooks poll (signal): hooks.lines 1, at least 1",
        "fails    check Polling/few do (signal): hooks.lines 1, at most 0",
        "later    check Polling/quiet (signal)",
        "people   check Polling/read (passes): it passes",
        "people   check Polling/asked (passes): nobody has verified it",
    ],
)
def test_each_rule_is_told_with_the_signals_that_it_needs(checked: Checked, line: str) -> None:
    """And a check with what it comes to."""
    assert line in checked()[1].splitlines()


def test_what_a_drill_shows_is_known_once_somebody_runs_it(checked: Checked) -> None:
    """Of a check, and of a criterion; neither keeps a watch from being started."""
    text = (
        HEAD.replace(
            '{ name = "read", passes = true }',
            '{ name = "read", signal = "validation-limit.passed", at_least = 1 }',
        )
        + """
[probe.quota]
kind = "http"
url = "http://127.0.0.1:1/quota"
[validation.limit]
kind = "rate-limit"
url = "http://127.0.0.1:1/quota"
[exercise]
call = [{ url = "http://127.0.0.1:1/quota", every = "15s" }]
[go.fast]
rule = "compare"
signal = "exercise.p95"
above = "200ms"
"""
    )
    _, out, _ = checked(text)
    assert "later    check Polling/read (signal)" in out
    assert "without validation-limit.passed: known once `stagewatch validate limit` was run" in out
    assert "later    go    fast (compare)" in out
    assert "without exercise.p95: known once `stagewatch exercise` was run" in out


def test_a_problem_is_told_with_its_line_and_the_remedy(checked: Checked, tmp_path: Path) -> None:
    """Once, on standard error; the rules that miss it are told as well."""
    text = HEAD + (
        '[probe.health]\nkind = "http"\nurl = "http://127.0.0.1:1/health"\n'
        'read = { used = "used" }\n[go.up]\nrule = "available"\nprobe = "health"\n'
    )
    (tmp_path / "src" / "useQuota.ts").unlink()
    status, out, err = checked(text)
    assert status == 1
    path = tmp_path / "p.toml"
    assert err.splitlines() == [
        f"{path}:4: probe.hooks: there is no file to search; check paths, include and exclude",
        f"{path}:{END}: probe.health: connection refused at 127.0.0.1:1;"
        " start the service, or correct the port",
        "2 of 5 probes have no complete reading",
    ]
    # A refused connection is what ``available`` counts: its signal came.
    assert "ready    go    up (available): health.ok" in out
    assert "missing  check Polling/hooks poll (signal)" in out


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"other": 1}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def port() -> Iterator[int]:
    """Of a service that answers with one field."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_field_that_is_missing_is_told_where_it_is_named(
    checked: Checked, tmp_path: Path, port: int
) -> None:
    """On the line of its own key, and only what is missing."""
    text = HEAD + (
        f'[probe.health]\nkind = "http"\nurl = "http://127.0.0.1:{port}/"\n'
        '[probe.health.read]\nother = "other"\nused = "pool.used"\n'
    )
    status, _, err = checked(text)
    assert status == 1
    problem, last = err.splitlines()
    assert problem.startswith(f"{tmp_path / 'p.toml'}:{END + 5}: probe.health.read.used: ")
    assert problem.endswith("; correct where it is read, or have the service report it")
    assert last == "1 of 5 probes have no complete reading"


def test_a_place_that_keeps_no_session_is_told(
    checked: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is read, and no watch could start."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file" / "state"))
    status, _, err = checked()
    assert status == 1
    assert err.splitlines() == [
        f"{tmp_path / 'file'}: is no folder; name another folder in XDG_STATE_HOME",
        "every probe reads what it is to read, and no watch can keep it",
    ]


def test_savings_that_can_never_be_known_are_told(checked: Checked) -> None:
    """The rule is there, and what it needs is not."""
    text = HEAD + '[go.cost]\nrule = "savings"\n[savings]\nper_workspace_month = "1"\n'
    out = checked(text)[1]
    assert "missing  go    cost (savings): [savings] does not say calls, baseline" in out


def test_json_says_the_same(checked: Checked, tmp_path: Path) -> None:
    """One object."""
    status, out, _ = checked(HEAD.replace('["src"]', '["gone"]'), "--json")
    told: dict[str, Any] = json.loads(out)
    assert status == 1
    assert told["ready"] is False
    (problem,) = told["problems"]
    assert (problem["file"], problem["line"]) == (str(tmp_path / "p.toml"), 4)
    assert problem["key"] == "probe.hooks"
    assert "gone" in problem["what"]
    assert told["probes"]["hooks"]["result"] == "NO_DATA"
    assert told["probes"]["rate"]["later"] is True
    errors = told["probes"]["errors"]
    assert errors["age_s"] >= 0
    assert errors["signals"]["errors.lines"] == {"value": 0, "unit": "", "reason": ""}
    rules = {rule["name"]: rule for rule in told["rules"]}
    assert rules["critical"]["state"] == "ready"
    assert rules["Polling/hooks poll"]["state"] == "missing"
    assert rules["Polling/hooks poll"]["signals"][0]["came"] is False


def test_reasons_from_outside_cannot_speak_to_the_terminal(
    checked: Checked, tmp_path: Path
) -> None:
    """Names of files are shown inert."""
    out = checked(HEAD.replace('path = "error.log"', 'path = "err*.log"'))[1]
    (tmp_path / "err\x1b]0;x\x07.log").mkdir()
    out += "".join(checked(HEAD.replace('path = "error.log"', 'path = "err*.log"'))[1:])
    assert "\x1b" not in out
