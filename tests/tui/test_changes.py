"""What a key means for the session: evidence is what the screen could vouch for at that moment."""

from __future__ import annotations

from dataclasses import replace

from stagewatch.session.derive import item_state
from stagewatch.tui import changes, specimen
from stagewatch.tui.changes import evidence_of

NOW = specimen.NOW


def test_a_live_value_is_evidence_with_its_unit_and_time() -> None:
    found = evidence_of(specimen.healthy(), ("quota.latency",), NOW)[0]
    assert (found.value, found.unit, found.at) == (137.0, "ms", NOW - 3)


def test_a_late_value_is_no_evidence_and_says_since_when() -> None:
    snapshot = specimen.healthy()
    probe = replace(snapshot.probes["quota"], at=NOW - 500)
    signal = replace(snapshot.signals["quota.latency"], at=NOW - 500)
    snapshot = replace(
        snapshot,
        probes={**snapshot.probes, "quota": probe},
        signals={**snapshot.signals, "quota.latency": signal},
    )
    found = evidence_of(snapshot, ("quota.latency",), NOW)[0]
    assert found.value is None
    assert found.reason.startswith("no reading since ")


def test_a_failed_reading_is_no_evidence_and_says_why() -> None:
    found = evidence_of(specimen.trouble(), ("health.db_used",), NOW)[0]
    assert found.value is None
    assert found.reason == "connection refused by 127.0.0.1:8000"


def test_a_signal_that_does_not_exist_is_named() -> None:
    found = evidence_of(specimen.healthy(), ("nothing.here",), NOW)[0]
    assert (found.signal, found.value) == ("nothing.here", None)
    assert found.reason == "no such signal in this watch"


def test_a_tick_that_is_applied_twice_is_one_tick() -> None:
    snapshot = specimen.healthy()
    item = snapshot.phases[2].items[1]
    change = changes.tick(snapshot, item, by="alice", now=NOW)
    once = change.apply(snapshot.session)
    assert change.apply(once) == once
    assert item_state(once, item.phase, item.item).done


def test_the_change_is_made_at_the_time_of_the_key_and_not_of_the_save() -> None:
    snapshot = specimen.healthy()
    item = snapshot.phases[2].items[1]
    made = changes.note(item, "seen", by="alice", now=NOW - 60).apply(snapshot.session)
    assert made.note[-1].at == NOW - 60
