"""The profile of the specimen: the staging criteria, optimisations, savings and gates."""

from __future__ import annotations

from stagewatch.profile.schema import (
    Available,
    Average,
    Check,
    Checklist,
    Coverage,
    Deployment,
    Exhausted,
    Gate,
    Gates,
    Growth,
    Held,
    Optimisation,
    Phase,
    Profile,
    Records,
    Savings,
    SavingsClaim,
    Score,
)
from stagewatch.profile.values import Limit
from stagewatch.tui.specimen_data import GATES, PHASES

_CHECKS = {
    "Polling storm fix": (
        "every 30 s instead of every 3 s",
        {"hooks poll every 30,000 ms": True, "no request pattern of 3 s is left": True},
    ),
    "Smart caching": (
        "answers kept for a time to live",
        {"entries expire": True, "costly endpoints are decorated": True, "statistics": True},
    ),
    "Rate limiting": (
        "the quota endpoint is protected",
        {"the sixth request in a minute gets 429": True, "the limit is per client": True},
    ),
    "WebSocket leak fix": (
        "JSON heartbeat and a limit on connections",
        {"JSON heartbeat": True, "connection limit": True, "ping and pong": False},
    ),
}
_NOTE = "Held to be a false alarm: the protocol layer answers pings, not the application."

PROFILE = Profile(
    version=1,
    deployment=Deployment(name="staging", workspaces=10),
    nogo={
        "memory-leak": Growth(title="Memory leak", signal="backend.rss"),
        "slow-api": Average(title="Slow API", signal="quota.latency"),
        "critical-errors": Records(title="Critical errors in the log", probes=["errors"]),
        "socket-leak": Held(
            title="Orphaned WebSockets", signal="health.ws_orphans", warn=Limit(70.0)
        ),
        "db-pool": Exhausted(
            title="Database connections exhausted", used="health.db_used", max="health.db_max"
        ),
    },
    go={
        "performance": Score(title="Optimisation score"),
        "stability": Records(title="No critical error in 24 hours", probes=["errors"]),
        "cost": SavingsClaim(title="Savings confirmed"),
        "quality": Gates(title="Every gate approved"),
        "monitoring": Checklist(title="Checklist complete"),
        "coverage": Coverage(title="Enough data"),
        "availability": Available(title="Service answers", probe="health"),
    },
    optimisation=[
        Optimisation(
            name=name,
            target=target,
            checks=[
                Check(name=check, passes=passes, note="" if passes else _NOTE)
                for check, passes in checks.items()
            ],
        )
        for name, (target, checks) in _CHECKS.items()
    ],
    savings=Savings(
        per_workspace_month="346.14",
        baseline_calls_per_day="7200",
        price_per_call="0.002",
        calls="usage.calls",
        investment="1500",
    ),
    phase=[
        Phase(name=name, hours=hours, items=[item for item, _ in items])
        for name, hours, items in PHASES
    ],
    gate=[
        Gate(
            name=name,
            reviewer=reviewer,
            action="Read what was changed and say whether it may go out",
            four_eyes=name == "Documentation sync",
        )
        for name, reviewer, _ in GATES
    ],
)
