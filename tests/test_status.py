"""The document that scripts rely on."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from stagewatch.judge.savings import SavingsResult
from stagewatch.judge.score import score
from stagewatch.model import Event, Gap, Result, State, Verdict
from stagewatch.profile.schema import Check, Optimisation
from stagewatch.profile.values import Limit
from stagewatch.session.document import (
    Acknowledgement,
    Confirmation,
    Evidence,
    Instant,
    Session,
    Tick,
    Waiver,
)
from stagewatch.snapshot import (
    CriterionNow,
    GateNow,
    ItemNow,
    LossNow,
    PhaseNow,
    ProbeNow,
    RecorderStatus,
    SignalNow,
    Snapshot,
)
from stagewatch.status import exit_status, status_document, status_lines

ROOT = Path(__file__).resolve().parents[1]
SCHEMA: dict[str, Any] = json.loads(
    (files("stagewatch") / "status.schema.json").read_text(encoding="utf-8")
)
START = 1_700_000_000.0


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without room for keys that it does not describe."""
    strict = copy.deepcopy(schema)
    for part in [strict, *strict["$defs"].values(), *strict["properties"].values()]:
        if "properties" in part:
            part["additionalProperties"] = False
    return strict


def valid(document: dict[str, Any]) -> None:
    checker = jsonschema.FormatChecker(formats=())
    checker.checks("date-time", raises=ValueError)(_is_a_moment)
    validator = jsonschema.Draft202012Validator(closed(SCHEMA), format_checker=checker)
    validator.validate(json.loads(json.dumps(document, allow_nan=False)))


def _is_a_moment(text: object) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).utcoffset() is not None


def session() -> Session:
    return Session(
        id="staging-1",
        profile="staging",
        deployment="staging",
        started_at=Instant(START),
        ends_at=Instant(START + 86_400),
    )


def empty() -> Snapshot:
    """A watch of which nothing is known yet."""
    probe = ProbeNow(
        name="p",
        title="p",
        kind="http",
        every=30,
        result=None,
        reason="no reading yet",
        at=None,
        took=None,
        facts={},
        good=0,
        total=0,
        last_failure=None,
        failed_for=0,
    )
    criterion = CriterionNow(
        name="c",
        title="C",
        kind="go",
        rule="gates",
        state=State.INCONCLUSIVE,
        value=None,
        limit=None,
        unit="",
        since=None,
        coverage=None,
        reason="no",
    )
    item = ItemNow("P", "i", False, "", None, False, (), (), ())
    return Snapshot(
        now=START + 5,
        session=session(),
        verdict=Verdict.HOLD,
        reason="the watch runs",
        recorder=RecorderStatus(False, None, None, None, "no recorder runs"),
        paused="",
        probes={"p": probe},
        signals={"p.x": SignalNow("p.x", "", None, None, None, None, "no reading yet")},
        series={},
        spreads={},
        criteria=(criterion,),
        phases=(PhaseNow("P", (0, 6), START, START + 9, True, (item,)),),
        gates=(GateNow("G", "r", "", State.PENDING, "", None, ""),),
        logs=(),
        gaps=(Gap("", START, None, "paused by ann: lunch"),),
        events=(),
    )


def full() -> Snapshot:
    """A watch of which everything is known."""
    seen = empty()
    tick = Tick(phase="P", item="i", done=True, by="ann", at=Instant(START + 4))
    evidence = (
        Evidence(signal="p.x", value=1.5, unit="ms", at=Instant(START + 3)),
        Evidence(signal="p.y", reason="refused"),
    )
    items = (
        ItemNow("P", "i", True, "ann", START + 4, False, (), evidence, (tick,)),
        ItemNow("P", "j", False, "", None, True, (), (), ()),
    )
    probe = replace(
        seen.probes["p"], result=Result.VALUE, reason="", at=START + 99, took=0.0123, total=5
    )
    criterion = replace(
        seen.criteria[0],
        kind="no-go",
        state=State.FAIL,
        value=700.0,
        limit=Limit(500.0, "ms"),
        unit="ms",
        since=START + 9,
        coverage=0.97,
        reason="slow",
        computed=State.FAIL,
        why="flapping",
        trend=12.5,
        first_bad=START + 7,
        incident=START + 9,
        latched=True,
        recovered=True,
        now="fast again",
        waiver=Waiver(
            criterion="c",
            by="eve",
            at=Instant(START + 10),
            until=Instant(START + 99),
            reason="known",
        ),
        acknowledged=Acknowledgement(
            criterion="c", by="bob", at=Instant(START + 10), until=Instant(START + 99)
        ),
    )
    checks = [Check(name="ping", passes=False), Check(name="limit", passes=True)]
    scored = score([Optimisation(name="Sockets", checks=checks)], {}, limit=90)
    return replace(
        seen,
        score=scored,
        savings=SavingsResult("EUR", "346.14", 1431.0, "7200", "346.14", "41536.80", 10, "0.00"),
        confirmation=Confirmation(by="ann", at=Instant(START + 50), verdict="NO-GO"),
        losses=(LossNow("errors", "error.log", START, None, "truncated", ""),),
        now=START + 100.25,
        verdict=Verdict.NO_GO,
        reason="too slow",
        recorder=RecorderStatus(True, 4123, START + 1, START + 99, ""),
        paused="paused by ann: lunch",
        probes={"p": probe},
        signals={"p.x": SignalNow("p.x", "ms", 12.5, START + 99, 12.5, START + 99, "", True)},
        criteria=(criterion,),
        phases=(PhaseNow("P", (0, 6), START, START + 9, False, items),),
        gates=(GateNow("G", "r", "look", State.PASS, "ann", START + 8, "good"),),
        gaps=(Gap("p", START, START + 30, "stall"),),
        events=tuple(Event(START + n, "down", f"event {n}", "p") for n in range(30, 0, -1)),
        not_saved="session.toml: cut",
        next_review=START + 21_600,
        folder="/somewhere/staging-1",
    )


@pytest.mark.parametrize("snapshot", [empty(), full()], ids=["empty", "full"])
def test_the_document_is_what_its_schema_says(snapshot: Snapshot) -> None:
    valid(status_document(snapshot))


def test_the_schema_is_one_and_knows_no_key_that_is_not_there() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    document = status_document(full())
    for part, name in (
        (document["probes"]["p"], "probe"),
        (document["signals"]["p.x"], "signal"),
        (document["criteria"][0], "criterion"),
        (document["checklist"][0], "item"),
        (document["checklist"][0]["evidence"][0], "evidence"),
        (document["gates"][0], "gate"),
        (document["gaps"][0], "gap"),
        (document["events"][0], "event"),
    ):
        described = SCHEMA["$defs"][name]
        assert set(part) == set(described["properties"]) == set(described["required"])
    assert set(document) == set(SCHEMA["properties"]) == set(SCHEMA["required"])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "MAYBE"),
        (("started_at",), "yesterday"),
        (("recorder", "alive"), None),
        (("probes", "p", "age_s"), "old"),
        (("signals", "p.x", "value"), "12"),
        (("criteria", 0, "state"), "OK"),
        (("checklist", 0, "by"), None),
        (("unheard-of",), 1),
    ],
)
def test_the_schema_refuses_what_is_not_in_the_contract(
    path: tuple[str | int, ...], value: object
) -> None:
    document = status_document(full())
    part: Any = document
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        valid(document)


def test_the_issues_fields_are_there_with_their_values() -> None:
    document = status_document(full())
    assert document["verdict"] == "NO-GO"
    assert document["session"]["id"] == "staging-1"
    assert document["session"]["folder"] == "/somewhere/staging-1"
    assert document["started_at"] == "2023-11-14T22:13:20.000+00:00"
    assert document["probes"]["p"] == {
        "kind": "http",
        "result": "VALUE",
        "reason": "",
        "at": "2023-11-14T22:14:59.000+00:00",
        "age_s": 1.25,
        "took_ms": 12.3,
    }
    assert document["signals"]["p.x"]["value"] == 12.5
    assert document["criteria"][0]["coverage"] == 0.97
    assert [item["state"] for item in document["checklist"]] == ["done", "overdue"]
    assert document["checklist"][0]["evidence"][0]["value"] == 1.5
    assert document["checklist"][0]["evidence"][1]["value"] is None


def test_what_is_not_known_is_null_and_never_zero() -> None:
    document = status_document(empty())
    probe, signal = document["probes"]["p"], document["signals"]["p.x"]
    assert (probe["result"], probe["at"], probe["age_s"], probe["took_ms"]) == (None,) * 4
    assert (signal["value"], signal["at"], signal["age_s"]) == (None,) * 3
    assert document["gaps"][0]["end"] is None
    assert document["recorder"]["pid"] is None


@pytest.mark.parametrize(("asked", "got"), [(0, 0), (5, 5), (1000, 30), (-1, 0)])
def test_the_newest_events_are_given_newest_first(asked: int, got: int) -> None:
    events = status_document(full(), events=asked)["events"]
    assert [event["text"] for event in events] == [f"event {30 - n}" for n in range(got)]


@pytest.mark.parametrize(
    ("verdict", "status"),
    [(Verdict.GO, 0), (Verdict.NO_GO, 1), (Verdict.HOLD, 3), (Verdict.INCONCLUSIVE, 4)],
)
def test_the_exit_status_says_the_verdict(verdict: Verdict, status: int) -> None:
    assert exit_status(verdict) == status


def test_the_lines_for_people_begin_with_the_verdict_and_name_what_is_wrong() -> None:
    lines = status_lines(full())
    assert lines[0] == "NO-GO  too slow"
    text = "\n".join(lines)
    for part in ("recorder 4123", "paused by ann", "session.toml: cut", "FAIL C: slow", "1/2 done"):
        assert part in text
    assert "no reading yet" in "\n".join(status_lines(empty()))


def _described(schema: dict[str, Any]) -> set[str]:
    """Every field as the page writes it: ``probes.NAME.age_s``, ``criteria[].name``."""
    places = {
        "probes": ("probe", "probes.NAME"),
        "signals": ("signal", "signals.NAME"),
        "criteria": ("criterion", "criteria[]"),
        "checklist": ("item", "checklist[]"),
        "gates": ("gate", "gates[]"),
        "optimisations": ("score", "optimisations"),
        "savings": ("savings", "savings"),
        "confirmation": ("confirmation", "confirmation"),
        "losses": ("loss", "losses[]"),
        "gaps": ("gap", "gaps[]"),
        "events": ("event", "events[]"),
    }
    found = set(schema["properties"])
    for name, (kind, prefix) in places.items():
        assert name in found
        found |= {f"{prefix}.{key}" for key in schema["$defs"][kind]["properties"]}
    deeper = {
        "waiver": "criteria[].waiver",
        "optimisation": "optimisations.rows[]",
        "check": "optimisations.rows[].checks[]",
    }
    for kind, prefix in deeper.items():
        found |= {f"{prefix}.{key}" for key in schema["$defs"][kind]["properties"]}
    evidence = schema["$defs"]["evidence"]["properties"]
    found |= {f"checklist[].evidence[].{key}" for key in evidence}
    for name in ("session", "recorder"):
        found |= {f"{name}.{key}" for key in schema["properties"][name]["properties"]}
    return found


def test_the_page_explains_every_field_and_no_other() -> None:
    page = (ROOT / "docs" / "status.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| `")]
    named = {row.strip("`") for row in rows if row.startswith("`")}
    assert named == _described(SCHEMA)
