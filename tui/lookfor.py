"""What an operator types to find something in a log, as matchers and times."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from stagewatch.expressions import Expression, ExpressionError
from stagewatch.logs import matchers
from stagewatch.logs.source import Matcher

if TYPE_CHECKING:
    from stagewatch.model import LogPattern

_CLOCK = re.compile(r"(?:(\d{4})-(\d\d?)-(\d\d?)[ T])?(\d\d?):(\d\d)(?::(\d\d))?")
_AGO = re.compile(r"-(\d{1,6}(?:\.\d{1,3})?) ?(s|m|h|d)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class LookForError(Exception):
    """What was typed cannot be looked for; says why."""


class LookFor:
    """Reads what was typed, for one log."""

    def __init__(self, encoding: str, zone: str) -> None:
        """``zone`` is that of times in the log that name none."""
        self.encoding, self._zone = encoding, zone

    def text(self, text: str) -> Matcher:
        """Lines with this text; with ``~`` first, those that match an expression.

        Raises LookForError.
        """
        if not text.startswith("~"):
            return matchers.by_text(text, self.encoding)
        try:
            return matchers.by_expression(Expression(text[1:], self.encoding))
        except ExpressionError as error:
            raise LookForError(f"the expression {error}") from None

    def level(self, least: str) -> Matcher:
        """Records of this level and worse ones."""
        return matchers.by_level(least)

    def pattern(self, pattern: LogPattern) -> Matcher:
        """Records of one pattern; of the one that stands for the rest, all of its level."""
        if pattern.other:
            return matchers.by_level(pattern.level)
        return matchers.by_pattern(pattern.level, pattern.text, self.encoding)

    def both(self, least: str, text: Matcher | None) -> Matcher | None:
        """A level and a text together; None where neither is given."""
        if not least:
            return text
        level = matchers.by_level(least)
        return matchers.both(text, level) if text else level

    def time(self, text: str, now: float) -> float:
        """A time of day in local time, the last one that was; with a date, that day; or -15m.

        Raises LookForError.
        """
        ago, clock = _AGO.fullmatch(text.strip()), _CLOCK.fullmatch(text.strip())
        if ago:
            return now - float(ago[1]) * _SECONDS[ago[2]]
        if clock:
            year, month, day, hour, minute, second = (int(part or 0) for part in clock.groups())
            today = datetime.fromtimestamp(now)
            try:
                moment = today.replace(hour=hour, minute=minute, second=second, microsecond=0)
                if year:
                    return moment.replace(year=year, month=month, day=day).timestamp()
            except ValueError as error:
                raise LookForError(f"{text}: {error}") from None
            past = moment if moment <= today else moment - timedelta(days=1)
            return past.timestamp()
        raise LookForError(f"{text} is no time; say 14:02, 2026-01-31 14:02 or -15m")

    def offset(self, at: float) -> float:
        """Seconds that the log's own times, where they name no zone, are east of UTC."""
        from stagewatch.probes.log import zone_offset

        return zone_offset(self._zone, at)
