"""The words that loggers use for their levels, and the numbers that stand for them."""

from __future__ import annotations

from types import MappingProxyType

CRITICAL = "CRITICAL"
ERROR = "ERROR"
WARNING = "WARNING"
INFO = "INFO"
DEBUG = "DEBUG"

RANK = MappingProxyType({"": 0, DEBUG: 1, INFO: 2, WARNING: 3, ERROR: 4, CRITICAL: 5})
"""Order of severity; a line without a level comes first."""

MOST = MappingProxyType({CRITICAL: 200, ERROR: 500, WARNING: 300})
"""Patterns of a level that occur since the watch began; more are counted in "other"."""
MOST_KNOWN = 2000
"""Patterns of the baseline. What it held beyond is new when it comes."""
MOST_PATTERNS = MOST_KNOWN + sum(MOST.values()) + len(MOST)
"""All that can occur in one log."""

_FAMILIES = {
    CRITICAL: "critical criti crit fatal alert emerg emergency panic ftl fata pani pnc",
    ERROR: "error err erro eror severe dpanic",
    WARNING: "warning warn wrn",
    INFO: "info information informational inf notice log",
    DEBUG: "debug debu dbg dbug trace trac trce verbose vrb fine finer finest silly",
}

LEVELS = MappingProxyType(
    {word.encode(): level for level, words in _FAMILIES.items() for word in words.split()}
)
"""Lower-case word → level."""

_BY_SEVERITY = (CRITICAL, CRITICAL, CRITICAL, ERROR, WARNING, INFO, INFO, DEBUG)
_PINO = ((60, CRITICAL), (50, ERROR), (40, WARNING), (30, INFO))


def named(word: bytes) -> str:
    """The level that a level field with this text has; empty for an unknown one."""
    word = word.strip().lower()
    level = LEVELS.get(word)
    if level is None and b"+" in word:  # Go's slog: ERROR+4
        level = LEVELS.get(word.partition(b"+")[0])
    return level or ""


def by_severity(severity: int) -> str:
    """The level of a syslog severity, 0 (emergency) to 7 (debug)."""
    return _BY_SEVERITY[severity]


def by_number(number: float) -> str:
    """The level of a numeric level as pino and bunyan write it: 60 and above is fatal."""
    return next((level for least, level in _PINO if number >= least), DEBUG)
