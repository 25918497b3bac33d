"""``stagewatch judge SESSION``: what rules say about a record, and where others differ."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from stagewatch.cli import run
from stagewatch.profile.values import Duration
from stagewatch.session import edits
from stagewatch.session.store import SessionStore
from stagewatch.trials.schema import Series

Record = Callable[..., Path]
START = "2026-01-01T"
LEAK = Series(signal="health.orphans", steps={"0s": 3, "1h": 140, "90min": 3})


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """(exit status, standard output, standard error) of a command."""

    def call(*arguments: str) -> tuple[int, str, str]:
        status = run(["judge", *arguments])
        told = capfd.readouterr()
        return status, told.out, told.err

    return call


Said = Callable[..., tuple[int, str, str]]


def documents(out: str, kind: str) -> list[dict[str, Any]]:
    return [one for line in out.splitlines() if (one := json.loads(line))["type"] == kind]


def new_profile(tmp_path: Path, text: str) -> str:
    path = tmp_path / "new.toml"
    path.write_text(text)
    return str(path)


def test_every_state_is_told_with_its_sentence(record: Record, said: Said) -> None:
    """And what it came to, as status has it."""
    record([LEAK])
    status, out, err = said()
    assert (status, err) == (1, "")
    assert "2026-01-01 01:09:00Z  sockets: WARN → FAIL  140, limit 100, above it in" in out
    assert "sockets: FAIL  recovered, and stays failed until somebody waives it; now 3," in out
    assert "\nPASS          slow API: mean 100 ms" in out
    assert out.splitlines()[-1].startswith("NO-GO  orphaned sockets: 140, limit 100")


def test_a_record_on_which_all_is_well_is_a_go(record: Record, said: Said) -> None:
    """People's acts count: somebody confirmed it."""
    record()
    status, out, _ = said()
    assert status == 0
    assert out.splitlines()[-1] == "GO  all 3 criteria pass; confirmed by ann"


def test_a_record_with_a_gap_is_inconclusive(record: Record, said: Said) -> None:
    """Whoever confirmed what."""
    gap = Series(gap=True, start=Duration(3600), until=Duration(3600 + 16 * 60))
    record([gap])
    status, out, _ = said()
    assert status == 4
    assert "enough data INCONCLUSIVE: no reading of health." in out.splitlines()[-1]


def test_json_lines_tell_the_same_with_times_that_scripts_read(record: Record, said: Said) -> None:
    """One object a line: the record, its states, the verdict."""
    folder = record([LEAK])
    status, out, _ = said(folder.name, "--json")
    assert status == 1
    (head,) = documents(out, "record")
    assert (head["session"], head["profile"]) == (folder.name, "")
    assert head["judged_until"] == f"{START}02:00:00.000+00:00"
    failed = next(one for one in documents(out, "state") if one["state"] == "FAIL")
    assert (failed["criterion"], failed["was"], failed["value"]) == ("sockets", "WARN", 140)
    assert failed["first_bad"] == f"{START}01:00:00.100+00:00"
    assert (failed["probe"], failed["read_at"]) == ("health", f"{START}01:09:00.000+00:00")
    assert datetime.fromisoformat(failed["at"]).tzinfo is not None
    (verdict,) = documents(out, "verdict")
    assert (verdict["verdict"], verdict["own_verdict"]) == ("NO-GO", None)
    assert [one["name"] for one in verdict["criteria"]] == ["sockets", "slow", "coverage"]


def test_another_profile_is_told_where_it_would_have_differed(
    record: Record, said: Said, tmp_path: Path, profile_text: str
) -> None:
    """The moment, the criterion, both states and both reasons."""
    record([LEAK])
    path = new_profile(tmp_path, profile_text.replace("limit = 100", "limit = 145"))
    status, out, _ = said("--profile", path, "--json")
    (found,) = documents(out, "difference")
    assert found == {
        "type": "difference",
        "at": f"{START}01:09:00.100+00:00",
        "criterion": "sockets",
        "own": {
            "state": "FAIL",
            "reason": "140, limit 100, above it in 19 of 21 readings over 10m",
        },
        "new": {"state": "WARN", "reason": "140, limit 145, warning above 102"},
    }
    (verdict,) = documents(out, "verdict")
    assert (status, verdict["verdict"], verdict["own_verdict"]) == (0, "GO", "NO-GO")


def test_the_difference_is_told_to_people_as_well(
    record: Record, said: Said, tmp_path: Path, profile_text: str
) -> None:
    """The states and the verdict are the new profile's."""
    record([LEAK])
    path = new_profile(tmp_path, profile_text.replace("limit = 100", "limit = 145"))
    _, out, _ = said("--profile", path)
    lines = out.splitlines()
    place = lines.index("2026-01-01 01:09:00Z  first difference: sockets")
    assert lines[place + 1].startswith("    its own profile: FAIL  140, limit 100")
    assert lines[place + 2].startswith("    the new one: WARN  140, limit 145")
    assert lines[-2].startswith("by its own profile: NO-GO")
    assert lines[-1].startswith("GO")


def test_a_criterion_that_only_one_profile_has_differs_once_it_fails(
    record: Record, said: Said, tmp_path: Path, profile_text: str
) -> None:
    """Before that it changes no verdict."""
    record([LEAK])
    more = '[nogo.high]\nrule = "compare"\nsignal = "health.orphans"\nabove = 120\n'
    _, out, _ = said("--json", "--profile", new_profile(tmp_path, profile_text + more))
    (found,) = documents(out, "difference")
    assert (found["at"], found["criterion"]) == (f"{START}01:05:00.100+00:00", "high")
    assert found["own"] == {"state": None, "reason": "the profile has no such criterion"}


def test_the_same_profile_is_told_to_say_the_same(
    record: Record, said: Said, tmp_path: Path, profile_text: str
) -> None:
    """So that silence is no answer."""
    record([LEAK])
    _, out, _ = said("--profile", new_profile(tmp_path, profile_text))
    assert "no difference: both profiles say the same of every criterion" in out


def test_probes_and_signals_that_the_record_lacks_are_named(
    record: Record, said: Said, tmp_path: Path, profile_text: str
) -> None:
    """What rests on them can only be INCONCLUSIVE."""
    record()
    text = profile_text.replace('orphans = "orphans"', 'orphans = "orphans", users = "users"')
    text += '[probe.backend]\nkind = "process"\nmatch = "x"\n'
    text += '[nogo.leak]\nrule = "growth"\nsignal = "backend.rss"\n'
    status, out, _ = said("--profile", new_profile(tmp_path, text), "--json")
    notes = [one["text"].partition(": ")[2] for one in documents(out, "note")]
    assert notes == [
        "the record has no probe backend; what rests on that stays INCONCLUSIVE",
        "the record has no signal health.users; what rests on that stays INCONCLUSIVE",
    ]
    assert status == 4


def test_a_profile_with_another_window_is_told_that_the_records_own_is_kept(
    record: Record, said: Said, tmp_path: Path, profile_text: str
) -> None:
    """A record cannot be made longer."""
    record()
    path = new_profile(tmp_path, profile_text.replace('window = "2h"', 'window = "3h"'))
    assert "has another window; the record's own is kept" in said("--profile", path)[1]


def test_a_broken_profile_is_told_with_every_problem(
    record: Record, said: Said, tmp_path: Path, profile_text: str
) -> None:
    """And nothing is judged."""
    record()
    broken = profile_text.replace("limit = 100", "limit = 100\nwran = 3").replace("30s", "30")
    status, out, err = said("--profile", new_profile(tmp_path, broken))
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 2
    assert 'new.toml:17: nogo.sockets.wran: unknown key; did you mean "warn"?' in err


def test_a_session_that_is_not_there_lists_those_that_are(record: Record, said: Said) -> None:
    """By id, by folder."""
    name = record().name
    assert said("nobody") == (2, "", f"stagewatch: no session 'nobody'; there is {name}\n")
    status, _, err = said("/nowhere/at-all")
    assert (status, "no session here" in err) == (2, True)
    assert said("--session", name)[0] == said(name)[0] == 0


def test_a_history_that_is_damaged_or_missing_is_told(record: Record, said: Said) -> None:
    """With the file and the remedy."""
    folder = record()
    history = folder / "history.db"
    for beside in folder.glob("history.db-*"):
        beside.unlink()
    history.write_bytes(b"no database" * 1000)
    status, _, err = said()
    assert status == 2
    assert str(history) in err
    assert "Traceback" not in err
    history.unlink()
    status, _, err = said()
    assert (status, str(history) in err) == (2, True)


def test_over_a_damaged_session_no_script_may_go_by_what_is_said(
    record: Record, said: Said
) -> None:
    """As with status: what is printed rests on an earlier text."""
    folder = record()
    SessionStore(folder).edit(lambda s: edits.add_note(s, "x", by="ann", at=float(s.ends_at)))
    path = folder / "session.toml"
    path.write_text(path.read_text().replace("ann", "eve"))
    status, out, err = said()
    assert out.splitlines()[-1].startswith("GO")
    assert status == 2
    assert "session.toml" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["x", "--limit", "5"], "--limit is for a trace: name a file that ends in .csv"),
        (["x", "--session", "y"], "the session is named twice"),
        (["a.csv", "--session", "y"], "--session is for a record; a trace is judged by --rule"),
        (["a.csv", "--profile", "y"], "--profile is for a record; a trace is judged by --rule"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    arguments: list[str], told: str, said: Said
) -> None:
    """In one line."""
    status, out, err = said(*arguments)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert told in err


def test_checks_that_a_signal_decides_are_judged_again(
    record: Record, said: Said, profile_text: str
) -> None:
    """Every turn with its sentence, and how they stand in the end."""
    text = profile_text + (
        '[go.score]\nrule = "score"\n[[optimisation]]\nname = "Sockets"\n'
        'checks = [{ name = "few", signal = "health.orphans", at_most = 50 }]\n'
    )
    record([LEAK], text=text)
    _, out, _ = said()
    assert "2026-01-01 01:00:00Z  Sockets/few: PASS → FAIL  health.orphans 140, at most 50" in out
    assert "2026-01-01 01:30:00Z  Sockets/few: FAIL → PASS  health.orphans 3, at most 50" in out
    assert "\nPASS          Sockets/few: health.orphans 3, at most 50\n" in out
    _, out, _ = said("--json")
    (verdict,) = documents(out, "verdict")
    (check,) = verdict["optimisations"]["rows"][0]["checks"]
    assert (check["state"], check["value"], check["at_most"]) == ("PASS", 3, 50)


def test_a_report_tells_the_optimisations_with_their_checks(
    record: Record, profile_text: str, tmp_path: Path
) -> None:
    """With value, bounds and why."""
    text = profile_text + (
        '[go.score]\nrule = "score"\n[[optimisation]]\nname = "Sockets"\nchecks = [\n'
        '    { name = "few", signal = "health.orphans", at_most = 50 },\n'
        '    { name = "asked", passes = false, note = "ask ann" },\n]\n'
    )
    folder = record([LEAK], text=text)
    out = tmp_path / "report.md"
    told = ["export", "--session", str(folder), "--format", "md", "-o", str(out)]
    assert run(told) == 0
    lines = out.read_text().splitlines()
    (few,) = [line for line in lines if "| few |" in line]
    assert few.startswith("| Sockets | 50 | few | PASS | 3 | at most 50 | health")
    (asked,) = [line for line in lines if "| asked |" in line]
    assert asked == "| Sockets | 50 | asked | FAIL |   |   | ask ann |"
    assert "FAIL: 50 of 100, at least 90" in out.read_text()
