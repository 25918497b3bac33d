"""What is shown only of a log, and in which words the screen says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagewatch.logs.words import CRITICAL, ERROR, WARNING

if TYPE_CHECKING:
    from stagewatch.logs.source import Matcher
    from stagewatch.model import LogPattern
    from stagewatch.tui.lookfor import LookFor

LEVELS = ("", WARNING, ERROR, CRITICAL)


class Shows:
    """A level, and a text or a pattern; and the pattern that is looked for."""

    def __init__(self, look_for: LookFor, pattern: LogPattern | None) -> None:
        self._look_for = look_for
        self.pattern = pattern
        """That the log was opened with, until something else is looked for."""
        self._alone = False
        """The records of the pattern are shown alone."""
        self._level = 0
        self._text = ""

    @property
    def filtered(self) -> bool:
        """Whether only lines with a text, or of the pattern, are shown."""
        return bool(self._text) or self._alone

    def everything(self) -> None:
        """Of any text and any pattern."""
        self._text, self._alone = "", False

    def all_lines(self) -> None:
        """Of every level, too."""
        self.everything()
        self._level = 0

    def pattern_alone(self) -> None:
        """The records of the pattern."""
        self._alone = True

    def only(self, text: str) -> None:
        """Lines with this text."""
        self._text = text

    def next_level(self) -> None:
        """Everything, warnings and worse, errors and worse, critical ones."""
        self._level = (self._level + 1) % len(LEVELS)

    def look_elsewhere(self) -> None:
        """Something else than the pattern is looked for from now on."""
        if not self._alone:
            self.pattern = None

    def matcher(self) -> Matcher | None:
        """For these lines; None for all of them."""
        text = None
        if self._alone and self.pattern is not None:
            text = self._look_for.pattern(self.pattern)
        elif self._text:
            text = self._look_for.text(self._text)
        return self._look_for.both(LEVELS[self._level], text)

    def told(self) -> str:
        """What is shown only, or looked for."""
        level = LEVELS[self._level]
        worst = level == CRITICAL
        parts = [f"{level} alone" if worst else level and f"{level} and worse", self._text]
        if self.pattern is not None and not self._text:
            alone = "only " if self._alone else ""
            parts.append(f"{alone}{self.pattern.level} {self.pattern.text}")
        return " · ".join(filter(None, parts))
