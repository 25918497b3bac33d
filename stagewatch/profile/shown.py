"""Which of a profile's logs people look at."""

from __future__ import annotations

from stagewatch.profile.derived import Intervals, SignalConfig
from stagewatch.profile.schema import Profile, Records


def shown_logs(profile: Profile) -> set[str]:
    """The log probes whose lines and patterns are shown. Requests are counted and timed; as lines
    they would crowd out every error. What may be critical is shown all the same."""
    rules = (*profile.nogo.values(), *profile.go.values())
    judged = {name for rule in rules if isinstance(rule, Records) for name in rule.probes}
    probes = profile.probe.items()
    requests = {
        config.derived.log
        for _, config in probes
        if isinstance(config, SignalConfig) and isinstance(config.derived, Intervals)
    }
    logs = {name for name, config in probes if config.kind == "log"}
    hidden = {name for name, config in probes if not getattr(config, "shown", True)}
    return logs & (judged | (logs - requests - hidden))
