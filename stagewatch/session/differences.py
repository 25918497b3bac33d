"""What one text of a session has that another lacks, in words for whoever must choose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stagewatch.session.document import Instant, Record, Session
from stagewatch.session.errors import SessionError
from stagewatch.session.format import parse
from stagewatch.session.inert import inert
from stagewatch.session.instant import rfc3339
from stagewatch.text import clean

_TABLES_GIVEN_UP = 4
"""The last tables of a cut file that are left out until the rest is a session."""
_SUBJECTS = (
    "item",
    "gate",
    "criterion",
    "drill",
    "probe",
    "verdict",
    "text",
    "reason",
    "handover",
    "summary",
)
"""The keys that say what an act was about, the best one first."""
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Differences:
    """From one session to another; each is one line."""

    lost: tuple[str, ...]
    """Acts that only the first one has."""
    new: tuple[str, ...]
    """Acts that only the second one has."""
    changed: tuple[str, ...]
    """Keys of the session itself: ``branch: "a" becomes "b"``."""


def differences(before: Session, after: Session) -> Differences:
    """What is lost, new and changed when ``after`` takes the place of ``before``."""
    lost: list[str] = []
    new: list[str] = []
    changed: list[str] = []
    for name in before.__struct_fields__:
        old, now = getattr(before, name), getattr(after, name)
        if isinstance(old, list):
            lost += _only(name, old, now)
            new += _only(name, now, old)
        elif old != now:
            changed.append(f"{name}: {_value(old)} becomes {_value(now)}")
    return Differences(tuple(lost), tuple(new), tuple(changed))


def salvage(raw: bytes) -> Session | None:
    """As much of a damaged file as is a session; None where nothing of it is."""
    text = raw.decode("utf-8", "ignore")
    for _ in range(_TABLES_GIVEN_UP):
        try:
            return inert(parse(text))
        except SessionError:
            start = text.rfind("\n[[")
        if start < 0:
            return None
        text = text[: start + 1]
    return None


def _only(name: str, here: Sequence[Record], there: Sequence[Record]) -> Iterator[str]:
    return (_act(name, record) for record in here if record not in there)


def _act(name: str, record: Record) -> str:
    """``tick «Memory baseline» by ann, 2025-11-23T19:40:07.000Z``."""
    kind = "untick" if getattr(record, "done", True) is False else name.replace("_", " ")
    subject = next((text for key in _SUBJECTS if (text := getattr(record, key, ""))), "")
    by = getattr(record, "by", "")
    at = getattr(record, "at", None) or getattr(record, "start", None)
    end = getattr(record, "ended_at", None) or getattr(record, "end", None)
    about = f" «{clean(subject, _LONGEST)}»" if subject else ""
    who = f" by {by}" if by else ""
    until = f" to {rfc3339(end)}" if end is not None else ""
    return f"{kind}{about}{who}, {rfc3339(at or 0)}{until}"


def _value(value: object) -> str:
    if isinstance(value, Instant):
        return rfc3339(value)
    return "nothing" if value in (None, "") else f'"{clean(str(value), _LONGEST)}"'
