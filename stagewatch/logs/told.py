"""What a log's readings tell about their own counts: how far each is only «at least»."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from stagewatch.model import Fact


def partial_of(facts: Mapping[str, Fact]) -> dict[str, str]:
    """Signal without its probe's name → why it may be too low, whatever was lost."""
    text = facts.get("partial")
    try:
        return msgspec.json.decode(text, type=dict[str, str]) if isinstance(text, str) else {}
    except msgspec.DecodeError:
        return {}


def partial_facts(why: Mapping[str, str]) -> dict[str, Fact]:
    """What ``partial_of`` reads: the fact that these signals may be too low."""
    return {"partial": msgspec.json.encode(why).decode()} if why else {}


LOST = "lines of the log may have been lost"


def why_least(signal: str, facts: Mapping[str, Fact]) -> str:
    """Why the value of this signal is only a lower bound; empty when it is not."""
    partial = partial_of(facts).get(signal.partition(".")[2], "")
    return "; ".join(filter(None, [LOST if facts.get("at_least") is True else "", partial]))


def at_least(signal: str, facts: Mapping[str, Fact]) -> bool:
    """Whether the value of this signal is only a lower bound."""
    return facts.get("at_least") is True or signal.partition(".")[2] in partial_of(facts)
