"""Which signals a criterion needs: those that its rule names, directly or not."""

from __future__ import annotations

from collections.abc import Iterator

from stagewatch.profile.schema import AnyRule, Available, Profile, SavingsClaim, Score


def rule_signals(rule: AnyRule) -> tuple[str, ...]:
    """The signals that a rule judges, the most telling one first."""
    return tuple(dict.fromkeys(_signals(rule)))


def _signals(rule: AnyRule) -> Iterator[str]:
    for key in ("signal", "used", "max", "waiting", "timeouts"):
        value = getattr(rule, key, "")
        if isinstance(value, str) and value:
            yield value
    for probe in getattr(rule, "probes", ()):
        yield f"{probe}.criticals"


def rests_on(rule: AnyRule, profile: Profile) -> tuple[str, ...]:
    """The signals behind a criterion, those that its rule names only indirectly included."""
    if isinstance(rule, Score):
        checks = (check for one in profile.optimisation for check in one.checks)
        return tuple(dict.fromkeys(check.signal for check in checks if check.signal))
    if isinstance(rule, SavingsClaim) and profile.savings and profile.savings.calls:
        return (profile.savings.calls,)
    if isinstance(rule, Available):
        return (f"{rule.probe}.ok",)
    return rule_signals(rule)
