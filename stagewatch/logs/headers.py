"""What stands in a record's header beside its time and its level, in the ways of many loggers."""

from __future__ import annotations

import re
from typing import NamedTuple

from stagewatch.logs.words import CRITICAL, ERROR, INFO, LEVELS, WARNING, named

DAYS = rb"Mon|Tue|Wed|Thu|Fri|Sat|Sun"
MONTHS = rb"Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
ZONES = (
    rb"UTC|GMT|AM|PM|[ECW]ES?T|MSK|[ECMPA][SD]T|AK[SD]T|HST|N[SD]T|BR[ST]T?|ART|[BIJKP]ST"
    rb"|HKT|SGT|[CEW]AT|SAST|PKT|ICT|WI[BT]|WITA|PHT|TRT|A[CEW][SD]T|NZ[SD]T"
)
"""Names of zones, and the halves of the day, that stand behind a time."""
_POSTGRES = rb"[\w.\[\]-]{0,64}@[\w.\[\]-]{0,64}"
"""user@database"""

PASSED = re.compile(
    rb"[DIWEFA], (?=\[)"  # Ruby's logger
    rb"|[+-]\d\d(?::?\d\d)?(?= |$)"  # a zone that stands apart from its time
    rb"|(?:" + DAYS + rb"|" + MONTHS + rb"|" + ZONES + rb")(?![\w:]),?"
    rb"|\d{1,2}[-/ ](?:" + MONTHS + rb")[-/ ]\d{4}(?= |,)"  # Tomcat
    rb"|\{{1,2}[\w./-]{1,80}:\d{1,6}\}{1,2}"  # Airflow
    rb"|\{[0-9a-f-]{0,36}\} (?=<[A-Z])"  # ClickHouse
    rb"|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?=\t)"  # AWS Lambda
    rb"|[0-9a-f]{6,8}\.[0-9a-f]{1,6}(?= )"  # PostgreSQL's %c
    rb"|kid\d{1,3}\|(?= )"  # Squid
    rb"|pid=\d{1,10} tid=[\w-]{1,32}(?: \w{1,16}=\S{0,80}){0,8}(?= [A-Z]{4,5}: )"  # Sidekiq
    rb"|[A-Z]{3,4}:(?:[\w.:-]{1,64}(?:\(\d{1,5}\))?)?:" + _POSTGRES + rb":\[\d{1,10}\]:"  # RDS
    rb"|(?=\S)" + _POSTGRES + rb"(?:,\w{1,16}=[^\s,]{0,64}){0,8}:? "
    rb"|(?:user|db|app|client)=[^\s,]{0,64}(?:,[a-z]{2,16}=[^\s,]{0,64}){1,8}:? "  # pgBadger's
)
"""Parts of a header that say nothing about the level."""

_MARKED = re.compile(
    rb"PHP (Fatal error|Parse error|Core error|Compile error|Recoverable fatal error|Warning"
    rb"|Core Warning|Compile Warning|Notice|Deprecated|Strict Standards):"
    rb"|(fail): [\w.+`<>-]{1,200}\[\d{1,6}\]"  # .NET, whose other levels are words of their own
    rb"|=([A-Z]{4,8}) REPORT="  # Erlang
)
_MARKS = {
    b"fatal error": CRITICAL,
    b"parse error": CRITICAL,
    b"core error": CRITICAL,
    b"compile error": CRITICAL,
    b"recoverable fatal error": ERROR,
    b"warning": WARNING,
    b"core warning": WARNING,
    b"compile warning": WARNING,
    b"fail": ERROR,
}
_ANY = b"|".join(sorted(LEVELS, reverse=True))
_LEVEL = b"(" + _ANY.upper() + b")"
_NAMED = (
    re.compile(
        rb"[\w.:/$@#*\[\]-]{1,80} {1,8}- {1,8}(?:([A-Za-z]{3,13})(?: {1,8}-|:? )"
        rb"|\[([A-Za-z]{3,13})\] {1,8}-)"
    ),
    re.compile(  # but for the exception that a traceback ends in: its text is no level
        rb"(?![\w.$-]{1,121}(?:Error|Exception|Exit|Fault|Interrupt|Warning): )"
        rb"[\w-]{1,40}\.[\w.$-]{1,80}:? {1,8}([A-Z]{3,13})[ :]"
    ),
)
_PIPED = re.compile(rb"(?:[\w .:/@#\[\]-]{1,48}\| {0,8}){1,4}?([A-Za-z]{3,13}) {0,8}\|")
_JOINED = re.compile(
    rb"[A-Za-z_][\w.]{0,79}"
    rb"(?::" + _LEVEL + rb"(?::| - )|-" + _LEVEL + rb"-|\." + _LEVEL + rb": )"
)
"""Python's ``root:CRITICAL:`` and ``root-CRITICAL-``, Laravel's ``production.CRITICAL: ``."""
_DASHED = re.compile(
    rb"(?:[\w.:/$@#*()\[\]-]{1,80} {1,8}- {1,8}){2,4}(?:"
    + _LEVEL
    + rb"|\["
    + _LEVEL
    + rb"\]) {1,8}-"
)
"""A logger, a thread, a process."""
_NAME = rb"[A-Za-z_][\w.:/$@#*-]{0,80}(?:\[[\w.:-]{1,40}\]:?|\(\d{1,6}\):?)?"
_MORE = rb"(?: {1,8}(" + _NAME + rb"|\d{1,10}|\[[\w .:/#-]{1,40}\]))??"
_NAMED_LATER = re.compile(
    rb"(" + _NAME + rb")" + _MORE + _MORE + rb" {1,8}"
    rb"(?:" + _LEVEL + rb"(?:[ \t:|]|$)|\[ ?((?i:" + _ANY + rb")) {0,8}\]"
    rb"|((?i:" + _ANY + rb")):(?=\s))"
)
"""Names of a logger, a thread, a host or a function between the record's time and its level."""
_LETTER = re.compile(rb"[A-Za-z_]")
_ODD = re.compile(rb"[^A-Za-z]|[a-z][A-Z]")
"""What a word of a sentence has not: a digit or a sign, a capital within."""
_SENTENCE = re.compile(
    rb"[A-Z][a-z]*(?:ing|ed)"
    rb"|(?i:a|all|an|and|any|are|as|at|be|by|check|checked|checking|count|create|created|delete"
    rb"|deleted|detected|each|every|export|filter|for|found|from|get|got|handled|handling|has|have"
    rb"|if|ignore|ignored|ignoring|in|is|it|load|loaded|loading|log|logged|mark|marked|max|min|more"
    rb"|new|next|no|not|now|of|on|one|only|or|our|print|processed|processing|raise|raised|raising"
    rb"|read|reading|received|receiving|saw|see|send|sending|sent|set|setting|show|skip|skipped"
    rb"|skipping|some|than|that|the|their|these|this|those|to|total|two|until|use|using|via|was"
    rb"|were|when|with|write|writing|your)"
)
"""Words that stand before a level where a sentence speaks of it."""
_VERB = re.compile(rb"[a-z]+(?:ing|ed)")
_STATED = re.compile(rb"(?i:(?:log_?)?level|result|severity|state|status|[a-z-]*check):?")
"""Words whose value the level is, of something else than the record."""
_PROCESS = re.compile(rb"[\w./-]{1,80}\[\d{1,10}\]:?")


class Named(NamedTuple):
    """A level with what names the record's origin before it."""

    end: int
    level: str


def named_level(text: bytes, start: int, *, timed: bool, piped: bool) -> Named | None:
    """The level behind names that begin at ``start``.

    ``timed``: the record's time came before; ``piped``: and a ``|`` behind it.
    """
    for name in _NAMED:
        if found := _named(name.match(text, start)):
            return found
    if not timed:
        return None
    piped_name = _named(_PIPED.match(text, start)) if piped else None
    others = (_named(each.match(text, start)) for each in (_JOINED, _DASHED))
    return piped_name or next(filter(None, others), None) or _later(text, start)


def _named(match: re.Match[bytes] | None) -> Named | None:
    word = match[match.lastindex] if match and match.lastindex else b""
    level = LEVELS.get(word.lower())
    return Named(match.end(), level) if match and level else None


def _later(text: bytes, start: int) -> Named | None:
    match = _NAMED_LATER.match(text, start)
    found = _named(match)
    if not match or not found:
        return None
    names = [name for name in match.group(1, 2, 3) if name and _LETTER.match(name)]
    if any(map(_SENTENCE.fullmatch, names)) or any(map(_VERB.fullmatch, names[1:])):
        return None
    if match[match.lastindex or 0] == match[6] and not names[-1].endswith(b":"):
        return None  # ``auth: Fatal: `` is as programs write, ``an error: `` is not
    if any(map(_STATED.fullmatch, names)):
        return None
    # Of several, the first one has to look like no word, or the second like a process.
    return (
        found if len(names) < 2 or _ODD.search(names[0]) or _PROCESS.fullmatch(names[1]) else None
    )


_SAYING = re.compile(rb"[A-Za-z_][\w./()<>@,-]{0,120}: ((?i:" + _ANY + rb")): ")


def said_level(text: bytes) -> str:
    """The level in ``imap(user): Error: ``, which a daemon tells syslog of a part of its own."""
    match = _SAYING.match(text)
    return LEVELS[match[1].lower()] if match else ""


def marked_level(text: bytes, start: int) -> Named | None:
    """(end, level) of what one program alone writes, such as ``PHP Fatal error:``."""
    match = _MARKED.match(text, start)
    if match is None:
        return None
    word = match[match.lastindex or 0].lower()
    level = named(word) if match.lastindex == 3 else _MARKS.get(word, INFO)
    return Named(match.end(), level) if level else None
