"""A page of a log: one row a line, the cursor's row turned round, the state of the search below."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from stagewatch.logs.readable import shown
from stagewatch.profile.values import format_value
from stagewatch.widgets.paint import BLANK, Line, Role, crop, ends, fill, line, width_of, wrap
from stagewatch.widgets.pane import Pane

if TYPE_CHECKING:
    from stagewatch.logs.viewer import Page
    from stagewatch.widgets.view import View

MOST_STATE = 5
"""Rows that a message may take."""
MARGIN = 8
"""Characters at the right edge that do not show what begins in them."""
STEP = 20
"""Characters that one key moves what is seen of long lines by."""
LEAST_NAME = 16
"""Characters of a log's name that are shown in any case."""
_ROLES = {"CRITICAL": Role.BAD, "ERROR": Role.BAD, "WARNING": Role.WARN}


def row_line(raw: bytes, encoding: str, skip: int = 0) -> Line:
    """A line with the word of its level in colour; ``skip`` characters are out of view."""
    found = shown(raw, encoding)
    role = _ROLES.get(found.level, Role.DIM)
    if found.at < 0:
        whole = role if found.level in _ROLES and not found.word else Role.PLAIN
        return line((found.text[skip:], whole))
    end = found.at + len(found.word)
    parts = (
        (found.text[: found.at], Role.DIM),
        (found.text[found.at : end], role),
        (found.text[end:], Role.PLAIN),
    )
    kept: list[tuple[str, Role]] = []
    for text, each in parts:
        kept.append((text[skip:], each))
        skip = max(0, skip - len(text))
    return line(*kept)


def page_lines(page: Page, encoding: str, width: int, height: int, skip: int = 0) -> list[Line]:
    """The rows of the page."""
    if not page.rows:
        waits = page.found is not None and page.progress < 1.0
        return [line(("looking for lines …" if waits else "no line", Role.DIM))]
    rows = [crop(row_line(row.raw, encoding, skip), width) for row in page.rows[:height]]
    if page.cursor < len(rows):
        marked = fill(rows[page.cursor], width)
        rows[page.cursor] = tuple((text, Role.CURSOR) for text, _ in marked)
    return rows


def head_line(page: Page | None, what: str, width: int) -> Line:
    """The log's name, what is looked for in it, how big it is and where one is."""
    if page is None:
        return fill(line((f" {what}", Role.STRONG), ("  opening", Role.DIM)), width)
    where = "following" if page.following else f"{page.share:.0%}"
    follows = page.following and not (page.rotated or page.recorded)
    if page.rotated:
        where = "end of a rotated file" if page.following else f"rotated file {where}"
    if page.recorded:
        where = "from the record" if page.following else f"from the record {where}"
    right = line(
        (format_value(page.size, "B"), Role.DIM),
        "  ",
        (where, Role.GOOD if follows else Role.WARN),
        " ",
    )
    room = max(0, width - width_of(right) - 3)
    # Of a long path its end tells most; what is looked for has the first right to the rest.
    most = max(room - len(what) - 2, min(room, LEAST_NAME)) if what else room
    name = page.name if len(page.name) <= most else "…" + page.name[1 - most :]
    left = line((f" {name}", Role.STRONG), (f"  {what}" if what else "", Role.ACCENT))
    return ends(left, right, width)


def state_lines(page: Page | None, failure: str, width: int) -> list[Line]:
    """What is being waited for, or what there is to know; a row at least, and a few at most."""
    if failure:
        return list(wrap(failure, width, Role.BAD, MOST_STATE))
    if page is None:
        return [BLANK]
    parts: list[tuple[str, Role]] = []
    if page.waiting:
        parts.append((f" searching, {page.progress:.0%}; esc gives up ", Role.ACCENT))
    if page.note:
        parts.append((f" {page.note} ", Role.WARN))
    if page.found is not None:
        parts.append((f" {found_text(page)} ", Role.ACCENT))
    if width_of(line(*parts)) <= width:
        return [line(*parts)]
    wrapped = (wrap(text, width - 1, role, MOST_STATE) for text, role in parts)
    return [line(" ", *row) for rows in wrapped for row in rows]


def found_text(page: Page) -> str:
    """How many lines the filter has found, and where, when that is not all of the log."""
    first, last = page.stretch
    text = "1 line matches" if page.found == 1 else f"{page.found or 0:,} lines match"
    if (first, last) == (0.0, 1.0):
        return text
    if page.progress < 1.0:
        return f"{text} in {last - first:.0%} so far"
    beyond = " and ".join(filter(None, ["older" if first else "", "newer" if last < 1.0 else ""]))
    # Rounded outwards, a part would look like all of it.
    start, end = f"{math.ceil(first * 1000) / 10:g}", f"{math.floor(last * 1000) / 10:g}"
    return f"{text} from {start}% to {end}% of the log; moving on finds {beyond} ones"


class LogView(Pane):
    """The whole screen of a log but for its keys."""

    PACE = 3600.0

    def __init__(self, encoding: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._encoding = encoding
        self._page: Page | None = None
        self._what = self._failure = ""
        self._skip = 0

    @property
    def room(self) -> int:
        """Rows that a page has."""
        return max(1, self.size.height - 2)

    def show_page(self, page: Page | None, what: str, failure: str, view: View) -> None:
        """Draw this page."""
        self._page, self._what, self._failure, self.view = page, what, failure, view
        self.repaint()

    def bring(self, place: Callable[[str], int]) -> bool:
        """Let what is at this place of the cursor's row be seen; False where it is not shown.

        ``place`` gives the first character in the text of a row, or -1.
        """
        page = self._page
        if page is None or not page.rows:
            return True
        text = shown(page.rows[page.cursor].raw, self._encoding).text
        at = place(text)
        column = width_of(line(text[self._skip : at]))
        if at >= 0 and not (self._skip <= at and column < self.size.width - MARGIN):
            self._skip = max(0, at - self.size.width // 3)
            self._skip -= self._skip % STEP
            self.repaint()
        return at >= 0

    def shift(self, columns: int) -> None:
        """Move what is seen of long lines."""
        self._skip = max(0, self._skip + columns)
        self.repaint()

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        state = state_lines(self._page, self._failure, width)
        rows = [head_line(self._page, self._what, width)]
        room = height - 1 - len(state)
        if self._page is not None:
            page = page_lines(self._page, self._encoding, width, height - 2, self._skip)
            # A long message takes rows from the page, never the one under the cursor.
            first = min(max(0, self._page.cursor - room + 1), max(0, len(page) - room))
            rows += page[first : first + max(0, room)]
        rows += [BLANK] * (height - len(state) - len(rows))
        return [*rows, *state][:height]
