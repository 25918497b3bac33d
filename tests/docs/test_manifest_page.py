"""docs/manifest.md has a row for every item, and what a row names is there."""

from __future__ import annotations

import re

import pytest

from stagewatch.demo.faults import FAULTS
from stagewatch.model import probe_of
from stagewatch.probes import InstalledKinds, signals_of
from stagewatch.profile.derived import Intervals, SignalConfig, sources
from stagewatch.profile.find import shipped_folder
from stagewatch.profile.load import load
from stagewatch.profile.schema import Profile
from tests.manifest import CHECKS, PAGE, POINTS, Row, rows

NAMES = ("staging", "demo")
PROFILES = {name: load(shipped_folder() / f"{name}.toml", InstalledKinds()) for name in NAMES}
ROWS = [*rows(CHECKS), *rows(POINTS)]
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.item)
each_profile = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)


def _items(profile: Profile) -> dict[str, tuple[str, ...]]:
    return {item.text: tuple(item.evidence) for p in profile.phase for item in p.all_items()}


def _probes(profile: Profile, signal: str) -> set[str]:
    """The probes that a signal comes from, however often it was worked out from another."""
    config = profile.probe[probe_of(signal)]
    if not isinstance(config, SignalConfig):
        return {probe_of(signal)}
    if isinstance(config.derived, Intervals):
        return {config.derived.log}
    return {probe for source in sources(config.derived) for probe in _probes(profile, source)}


@each_profile
def test_every_item_has_its_row_in_the_profiles_order(profile: Profile) -> None:
    assert [row.item for row in rows(CHECKS)] == list(_items(profile))


def test_the_four_validation_points_have_theirs() -> None:
    points = [row.item for row in rows(POINTS)]
    assert points == ["Polling", "Cache", "Rate limiting", "WebSockets"]


@each_profile
@pytest.mark.parametrize("row", rows(CHECKS), ids=lambda row: row.item)
def test_a_row_names_all_the_evidence_of_its_item(row: Row, profile: Profile) -> None:
    assert set(_items(profile)[row.item]) <= set(row.signals)
    assert _items(profile)[row.item], "an item has evidence"


@each_row
def test_a_row_names_no_signal_that_neither_profile_has(row: Row) -> None:
    known = {name for profile in PROFILES.values() for name in signals_of(profile.probe)}
    assert row.signals
    assert set(row.signals) <= known


@pytest.mark.parametrize("row", rows(CHECKS), ids=lambda row: row.item)
def test_a_row_names_no_evidence_that_its_item_lacks_in_both_profiles(row: Row) -> None:
    named = {name for profile in PROFILES.values() for name in _items(profile)[row.item]}
    assert set(row.signals) == named


@each_row
def test_a_row_names_the_probes_that_its_signals_come_from(row: Row) -> None:
    if row.item == "Production readiness assessed":
        assert not row.probes  # «all of them»
        return
    needed = {
        probe
        for profile in PROFILES.values()
        for signal in row.signals
        if signal in signals_of(profile.probe)
        for probe in _probes(profile, signal)
    }
    assert set(row.probes) == needed


@each_row
@each_profile
def test_a_row_names_rules_and_checks_that_are_there(row: Row, profile: Profile) -> None:
    checks = {check.name for one in profile.optimisation for check in one.checks}
    assert set(row.rules) <= {*profile.go, *profile.nogo}
    assert set(row.checks) <= checks


@each_row
def test_a_row_names_faults_of_the_demo(row: Row) -> None:
    assert row.faults
    assert set(row.faults) <= set(FAULTS)


@each_profile
def test_every_rule_and_every_check_serves_a_row(profile: Profile) -> None:
    """But for the checklist, which counts the ticks of all."""
    checks = {check.name for one in profile.optimisation for check in one.checks}
    assert checks == {check for row in ROWS for check in row.checks}
    served = {rule for row in ROWS for rule in row.rules}
    assert {*profile.go, *profile.nogo} - served <= {"monitoring"}


def test_the_meaning_of_a_value_is_told_of_signals_that_rows_name() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## What the values mean")[2]
    told = set(re.findall(r"`(\w+\.\w+)`", text))
    assert told
    assert told <= {signal for row in ROWS for signal in row.signals}
