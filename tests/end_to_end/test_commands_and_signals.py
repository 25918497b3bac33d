"""A recorder runs a command, works signals out of what it says, and judges by them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

PROFILE = """version = 1
[deployment]
name = "x"
window = "1h"
review_every = "30min"

[probe.cache]
kind = "command"
argv = [{python}, "cache.py"]
every = "1s"
json = {{ hits = "hits", misses = "misses", used = "used", most = "most" }}

[signal.hit_rate]
kind = "ratio"
part = ["cache.hits"]
whole = ["cache.hits", "cache.misses"]
counters = true

[signal.calls]
kind = "rate"
of = "cache.hits"

[signal.room]
kind = "difference"
of = ["cache.most", "cache.used"]

[nogo.full]
rule = "compare"
signal = "room.value"
below = 10

[go.score]
rule = "score"

[[optimisation]]
name = "Cache"
checks = [
    {{ name = "most look-ups hit", signal = "hit_rate.value", at_least = "80 %" }},
    {{ name = "entries expire", passes = true }},
]
"""
COUNTING = """
import json, pathlib
state = pathlib.Path("state")
hits, misses = map(int, state.read_text().split()) if state.exists() else (1000, 500)
cold = pathlib.Path("cold").exists()
hits, misses = (hits + 1, misses + 9) if cold else (hits + 9, misses + 1)
state.write_text(f"{hits} {misses}")
print(json.dumps({"hits": hits, "misses": misses, "used": 30, "most": 100}))
"""


class Program(Protocol):
    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]: ...
    def start(self, *arguments: str) -> subprocess.Popen[str]: ...
    def status(self, *arguments: str) -> dict[str, Any]: ...


def until(programs: Program, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first status for which this holds."""
    deadline = time.monotonic() + 60
    document: dict[str, Any] = {}
    while time.monotonic() < deadline:
        document = programs.status()
        if document and condition(document):
            return document
        time.sleep(0.2)
    pytest.fail(f"it never came to that: {document}")


def check_of(document: dict[str, Any]) -> dict[str, Any]:
    """The check that a signal decides."""
    found: dict[str, Any] = document["optimisations"]["rows"][0]["checks"][0]
    return found


def test_from_a_command_to_the_score(programs: Program) -> None:
    """Refused until it is trusted; then its numbers, what is worked out of them, and the score.

    A cache that goes cold fails the check, and that is an event.
    """
    (programs.folder / "cache.py").write_text(COUNTING)
    path = programs.folder / "x.toml"
    python = f'"{sys.executable}"'
    path.write_text(PROFILE.format(python=python))
    assert "stagewatch trust" in programs.run("check", "--profile", str(path)).stdout
    assert not (programs.folder / "state").exists()
    assert programs.run("trust", "--yes", "--profile", str(path)).returncode == 0

    programs.start("record", "--profile", str(path))
    document = until(programs, lambda d: d["signals"]["hit_rate.value"]["value"] is not None)
    signals = document["signals"]
    assert signals["hit_rate.value"]["value"] == pytest.approx(90)
    assert signals["hit_rate.value"]["unit"] == "%"
    assert signals["room.value"]["value"] == 70
    assert signals["calls.value"]["unit"] == "/s"
    assert signals["calls.value"]["value"] == pytest.approx(9, rel=0.9)
    assert document["probes"]["cache"]["kind"] == "command"
    assert document["probes"]["hit_rate"]["kind"] == "signal"

    document = until(programs, lambda d: check_of(d)["state"] == "PASS")
    check = check_of(document)
    assert (check["signal"], check["at_least"], check["unit"]) == ("hit_rate.value", 80, "%")
    assert check["reason"] == "hit_rate.value 90 %, at least 80 %"
    assert document["optimisations"]["score"] == 100
    criteria = {criterion["name"]: criterion for criterion in document["criteria"]}
    assert criteria["full"]["state"] == "PASS"
    assert criteria["score"]["signals"] == ["hit_rate.value"]

    (programs.folder / "cold").write_text("")
    document = until(programs, lambda d: check_of(d)["state"] == "FAIL")
    assert document["optimisations"]["state"] == "FAIL"
    assert (
        "most look-ups hit (hit_rate.value 10 %, at least 80 %) fails"
        in {criterion["name"]: criterion["reason"] for criterion in document["criteria"]}["score"]
    )
    told = [event["text"] for event in document["events"]]
    assert "Cache/most look-ups hit failed: hit_rate.value 10 %, at least 80 %" in told
