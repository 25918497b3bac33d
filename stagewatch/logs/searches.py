"""What is looked for in a log, under which name, and the line that is being waited for."""

from __future__ import annotations

from collections.abc import Callable

from stagewatch.logs.scan import MOST, Scan
from stagewatch.logs.source import Matcher

KEPT = MOST // 4
"""Places that a search keeps: it needs the next one, a filter a page of them."""
NONE_ABOVE, NONE_BELOW = "no match above", "no match below"


class Searches:
    """Each looks through the log from when it is first asked, until it is given up."""

    def __init__(self, begin: Callable[[Matcher, int], Scan]) -> None:
        """``begin`` gives a running scan that keeps so many places."""
        self._begin = begin
        self._matchers: dict[str, Matcher] = {}
        self._scans: dict[str, Scan] = {}
        self._wanted: tuple[str, int, int] | None = None
        """Of which search, +1 for the next or -1 for the one before, and from where."""

    def __contains__(self, name: str) -> bool:
        return name in self._matchers

    def set(self, name: str, matcher: Matcher) -> None:
        """What is looked for under this name from now on."""
        if name in self._scans:
            self._scans.pop(name).stop()
        if self._wanted and self._wanted[0] == name:
            self._wanted = None
        self._matchers[name] = matcher

    def adopt(self, other: Searches) -> None:
        """Look for what was looked for in another log."""
        self._matchers = other._matchers

    def want(self, name: str, step: int, at: int) -> None:
        """Wait for the match next to ``at`` in this direction; KeyError for an unknown name."""
        self._scan(name)
        self._wanted = name, step, at

    def want_newest(self, name: str) -> None:
        """Wait for the newest match of all, which may be in the newest line."""
        self._wanted = name, -1, self._scan(name).newest

    def forget(self) -> None:
        """Wait for nothing."""
        self._wanted = None

    @property
    def waited_for(self) -> Scan | None:
        """The scan that is to find the line that was not found yet."""
        return self._scans[self._wanted[0]] if self._wanted else None

    def outcome(self) -> int | str | None:
        """Where the wanted line is, or why there is none; None while that is not known.

        What is known is waited for no more.
        """
        if self._wanted is None:
            return None
        name, step, at = self._wanted
        scan = self._scans[name]
        found: int | str | None = scan.nearest(at, step)
        if found is None and (scan.problem or scan.ended(at, step)):
            found = scan.problem or (NONE_BELOW if step > 0 else NONE_ABOVE)
        if found is None:
            scan.want(at, step)
        else:
            self._wanted = None
        return found

    def cancel(self) -> bool:
        """Give up what is being waited for, and stop everything; False when nothing is."""
        waiting = self._wanted is not None
        if waiting:
            self.stop()
        return waiting

    def follow(self) -> None:
        """The log may have grown."""
        for scan in self._scans.values():
            scan.follow()

    def stop(self) -> None:
        """Stop every scan and wait for nothing; what is looked for is kept."""
        self._wanted = None
        for scan in self._scans.values():
            scan.stop()
        self._scans.clear()

    def _scan(self, name: str) -> Scan:
        if name not in self._scans:
            self._scans[name] = self._begin(self._matchers[name], KEPT)
        return self._scans[name]
