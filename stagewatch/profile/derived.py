"""``[signal.NAME]``: signals that are worked out from others. Every field is a key of the file."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from stagewatch.profile.schema import Positive, ProbeConfig, Table, Text
from stagewatch.profile.values import Duration

DERIVED = "signal"
"""The kind of the pseudo-probe that a derived signal is to everything but the profile."""


class Derived(Table, kw_only=True, frozen=True, tag_field="kind"):
    """A derived signal; ``kind`` says which of those below it is."""

    title: str = ""
    """What the screen calls it; the signal's name when empty."""


class Ratio(Derived, kw_only=True, frozen=True, tag="ratio"):
    """The share of ``part`` in ``whole``, in percent: a cache's hit rate."""

    part: Annotated[list[Text], Meta(min_length=1)]
    """Signals, added up."""
    whole: Annotated[list[Text], Meta(min_length=1)]
    """Signals, added up; ``part`` is usually among them."""
    counters: bool = False
    """Whether these are counters, of which what was added since the reading before counts."""


class Rate(Derived, kw_only=True, frozen=True, tag="rate"):
    """How fast a counter grows, a second."""

    of: Text


class Difference(Derived, kw_only=True, frozen=True, tag="difference"):
    """The first of two signals less the second."""

    of: tuple[Text, Text]
    least: float | None = None
    """What is less than this counts as this."""
    lowest_of: Annotated[int, Meta(ge=1, le=100)] = 1
    """The lowest of so many differences in a row: a short one does not show."""


class Quantile(Derived, kw_only=True, frozen=True, tag="quantile"):
    """A value that a share of the readings of late does not exceed."""

    of: Text
    q: Annotated[float, Meta(gt=0, lt=1)] = 0.95
    over: Duration = Duration(300)


class Count(Derived, kw_only=True, frozen=True, tag="count"):
    """What a counter gained within an interval that ends now."""

    of: Text
    over: Duration = Duration(300)


class Intervals(Derived, kw_only=True, frozen=True, tag="intervals"):
    """How much time lies between two requests of one client for one path, in an access log."""

    log: Text
    """The log probe that follows the access log."""
    path: Text
    """A regular expression that a whole path fits."""
    pattern: Text = r'(?P<client>[0-9A-Fa-f.:]+?)(?::\d+)? - [^"]*"[A-Z]+ (?P<path>[^ ?"]+)'
    """What a line looks like, with the groups ``client`` and ``path``."""
    over: Duration = Duration(600)
    """How far back intervals count."""
    pause: Duration = Duration(300)
    """A client that was away for so long begins anew."""
    at_least: Positive = 5
    """Fewer intervals are too few to tell."""


AnyDerived = Ratio | Rate | Difference | Quantile | Count | Intervals


class SignalConfig(ProbeConfig, kw_only=True, frozen=True):
    """A derived signal as a pseudo-probe: it has a reading for each of its first source's."""

    derived: AnyDerived
    unit: str
    """Of its value."""
    timing: dict[str, tuple[float, float]]
    """Source probe → (every, timeout)."""


def sources(derived: AnyDerived) -> list[str]:
    """The signals that it is worked out from, the one that it follows first; none of a log's."""
    if isinstance(derived, Ratio):
        return list(dict.fromkeys([*derived.part, *derived.whole]))
    if isinstance(derived, Intervals):
        return []
    return [derived.of] if isinstance(derived.of, str) else list(derived.of)
