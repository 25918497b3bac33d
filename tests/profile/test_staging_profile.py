"""The shipped staging profile is the manifest: nothing of it is left out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from stagewatch.probes import InstalledKinds
from stagewatch.profile.find import shipped_folder
from stagewatch.profile.load import load
from stagewatch.profile.schema import (
    Available,
    Average,
    Checklist,
    Coverage,
    Exhausted,
    Gates,
    Growth,
    Held,
    Profile,
    Records,
    SavingsClaim,
    Score,
)
from stagewatch.profile.values import Limit, format_value

PATH = shipped_folder() / "staging.toml"


@pytest.fixture
def staging() -> Profile:
    """The profile, with the installed kinds."""
    return load(PATH, InstalledKinds())


def test_it_loads_with_the_installed_kinds() -> None:
    """The keys of its probes are those that the probes have."""
    profile = load(PATH, InstalledKinds())
    assert list(profile.probe) == [
        *("health", "backend", "quota", "errors", "usage"),
        *("cache", "frontend", "access", "hooks", "connections"),
        *("polling", "refused", "hit_rate", "calls_hour", "quota_p95", "untracked"),
        *("validation-polling", "validation-rate-limit", "exercise"),
    ]


def test_every_shipped_profile_loads() -> None:
    """Also those that come later."""
    for path in shipped_folder().glob("*.toml"):
        if not path.name.endswith(".test.toml"):
            load(path, InstalledKinds())


def test_it_watches_for_a_day_with_a_review_every_six_hours(staging: Profile) -> None:
    """As the manifest has it."""
    deployment = staging.deployment
    assert (deployment.window, deployment.review_every) == pytest.approx((86400, 21600))
    assert deployment.branch == "staging-performance-optimizations-20250905-152353"
    assert (deployment.workspaces, deployment.speed) == (10, 1)


def test_its_probes_run_at_the_intervals_of_the_four_terminals(staging: Profile) -> None:
    """30 s, 60 s, 30 s."""
    every = [staging.probe[name].every for name in ("health", "backend", "quota")]
    assert every == pytest.approx([30, 60, 30])


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("python3 main.py", True),
        ("/usr/bin/python3 -u /srv/app/main.py", True),
        ("python main.py --port 8000", True),
        ("/srv/app/.venv/bin/python3.11 /srv/app/main.py", True),
        ("python3 domain.py", False),
        ("python3 -m app.__main__.py", False),
        ("python3 mainXpy", False),
        ("vim main.py", False),
    ],
)
def test_its_pattern_finds_the_backend(line: str, found: bool, staging: Profile) -> None:
    """As `ps aux | grep python3 | grep main.py` does."""
    assert bool(re.search(staging.probe["backend"].match, line)) is found


def shown(limit: Limit) -> str:
    return format_value(limit, limit.unit)


def test_it_has_five_no_go_criteria(staging: Profile) -> None:
    """Each with the manifest's limit."""
    rules = list(staging.nogo.values())
    assert [type(rule) for rule in rules] == [Growth, Average, Records, Held, Exhausted]
    growth, average, _, held, pool = rules
    assert isinstance(growth, Growth)
    assert (growth.signal, shown(growth.limit)) == ("backend.rss", "10 %/h")
    assert isinstance(average, Average)
    assert (average.signal, shown(average.limit)) == ("quota.latency", "500 ms")
    assert isinstance(held, Held)
    assert (held.signal, shown(held.limit)) == ("health.ws_orphans", "100")
    assert isinstance(pool, Exhausted)
    assert (pool.used, pool.max) == ("health.db_used", "health.db_max")


def test_it_has_five_go_criteria_beside_coverage_and_availability(staging: Profile) -> None:
    """And what no GO is without."""
    rules = list(staging.go.values())
    assert [type(rule) for rule in rules] == [
        *(Score, Records, SavingsClaim, Gates, Checklist),
        *(Coverage, Available),
    ]
    score, coverage = rules[0], rules[5]
    assert isinstance(score, Score)
    assert score.limit == pytest.approx(90)
    assert isinstance(coverage, Coverage)
    assert (coverage.share, coverage.longest_gap) == pytest.approx((95, 900))


def test_its_optimisations_score_as_the_manifest_says(staging: Profile) -> None:
    """100, 100, 100 and 66.7 when its signals pass: the mean is 91.7."""
    shares = [
        100 * sum(check.passes is True or bool(check.signal) for check in one.checks)
        / len(one.checks)
        for one in staging.optimisation
    ]  # fmt: skip
    assert [round(share, 1) for share in shares] == [100, 100, 100, 66.7]
    assert [c.name for one in staging.optimisation for c in one.checks if c.passes is False] == [
        "ping and pong"
    ]


def test_its_savings_can_reach_the_claim(staging: Profile) -> None:
    """(baseline − observed) × price × days is the claim for 1,431 calls a day."""
    savings = staging.savings
    assert savings is not None
    saved = Decimal(savings.baseline_calls_per_day) - 1431
    sum_ = saved * Decimal(savings.price_per_call) * savings.days_per_month
    assert sum_ == Decimal(savings.per_workspace_month) == Decimal("346.14")
    assert savings.calls == "usage.openai_calls"
    # The manifest promises to have the cost back in two weeks.
    assert Decimal(savings.investment) < sum_ * staging.deployment.workspaces * 14 / 30


def test_its_four_phases_have_five_items_each(staging: Profile) -> None:
    """In the manifest's order."""
    assert [(phase.name, phase.hours) for phase in staging.phase] == [
        ("Initial stability", (0, 6)),
        ("Performance monitoring", (6, 12)),
        ("Load testing", (12, 18)),
        ("Final validation", (18, 24)),
    ]
    assert [len(phase.all_items()) for phase in staging.phase] == [5, 5, 5, 5]


def test_its_gates_name_who_signs_what(staging: Profile) -> None:
    """Five, each with what it asks for."""
    assert [(gate.name, gate.reviewer) for gate in staging.gate] == [
        ("Architecture review", "system-architect"),
        ("Database impact", "db-steward"),
        ("15 pillars compliance", "principles-guardian"),
        ("Placeholder check", "placeholder-police"),
        ("Documentation sync", "docs-scribe"),
    ]
    assert all(gate.action for gate in staging.gate)


def test_its_plans_and_contacts_are_there(staging: Profile) -> None:
    """Every command is an argument list, and shown only."""
    assert len(staging.rollback.steps) == 4
    assert all(step.run for step in staging.rollback.steps)
    assert [step.at for step in staging.rollout.steps] == [
        "hour 24",
        "hour 25",
        "hour 26",
        "hours 27 to 48",
        "hour 48",
    ]
    assert len(staging.contact) == 4


def test_loading_imports_nothing_that_probes_and_screens_need() -> None:
    """The start of the screen waits for it."""
    code = (
        "import sys; from stagewatch.profile.load import load\n"
        "print(*sys.modules.keys() & {'httpx', 'psutil', 'textual', 'rich', 'jmespath', 'difflib'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert done.stdout.strip() == ""


def test_a_figure_to_adapt_is_marked(staging: Profile) -> None:
    """What only a team knows stands on a line that says so, or below one."""
    text = Path(PATH).read_text(encoding="utf-8")
    assert text.count("ADAPT") >= 4
    assert staging.deployment.name == "staging"
