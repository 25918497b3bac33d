"""From changed lines to what a terminal is sent for them: few cells, and few changes of colour.

Pure but for ``inks``, which asks the application how a role looks on this terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.strip import Strip

from stagewatch.widgets.paint import Line, Role, width_of

NEAR = 6
"""Cells that are cheaper to send again than to jump over."""
PLAIN = "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Ink:
    """How a role looks, in the terminal's own codes."""

    attributes: str
    colour: str
    behind: str

    @property
    def whole(self) -> str:
        """Everything of it, over nothing."""
        codes = ";".join(part for part in (self.attributes, self.colour, self.behind) if part)
        return f"\x1b[{codes}m" if codes else ""

    def after(self, before: Ink | None) -> str:
        """What turns the pen from ``before`` (None: as it is after a reset) to this one."""
        if before is None:
            return self.whole
        if before == self:
            return ""
        if before.attributes != self.attributes or not (self.colour and self.behind):
            return PLAIN + self.whole
        parts = []
        if before.colour != self.colour:
            parts.append(self.colour)
        if before.behind != self.behind:
            parts.append(self.behind)
        return f"\x1b[{';'.join(parts)}m"


Inks = Mapping[Role, Ink]


@dataclass(frozen=True, slots=True)
class Stroke:
    """Cells of one row that have changed."""

    left: int
    width: int
    content: Line


def inks(
    styles: Mapping[Role, Style],
    filters: Sequence[LineFilter],
    background: Color,
    system: ColorSystem | None,
) -> dict[Role, Ink]:
    """Every role as Textual would paint it: through the same filters, in the same colours."""
    return {
        role: _ink(_filtered(style, filters, background), system) for role, style in styles.items()
    }


def _filtered(style: Style, filters: Sequence[LineFilter], background: Color) -> Style:
    strip = Strip([Segment("x", style)], 1)
    for each in filters:
        strip = strip.apply_filter(each, background)
    return next(iter(strip)).style or Style.null()


def _ink(style: Style, system: ColorSystem | None) -> Ink:
    if system is None:
        system = ColorSystem.TRUECOLOR  # as Textual does
    attributes = Strip.render_ansi(style.without_color, system)
    colour = behind = ""
    if style.color is not None:
        colour = ";".join(style.color.downgrade(system).get_ansi_codes())
    if style.bgcolor is not None:
        behind = ";".join(style.bgcolor.downgrade(system).get_ansi_codes(foreground=False))
    return Ink(attributes, colour, behind)


def strokes(old: Line, new: Line) -> list[Stroke]:
    """The stretches in which two lines of the same width differ, from left to right.

    The whole line where a character takes another number of cells than one: where the terminal
    puts what follows it is the terminal's own affair.
    """
    if old == new:
        return []
    same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
    left = width_of(new[:same])
    end = _alike_at_the_end(old[same:], new[same:])
    before, after = cells(old[same : len(old) - end]), cells(new[same : len(new) - end])
    if before is None or after is None or len(before) != len(after):
        return [Stroke(0, width_of(new), new)]
    found: list[Stroke] = []
    first = last = -1
    for x, cell in enumerate(after):
        if cell == before[x]:
            continue
        if first >= 0 and x - last > NEAR:
            found.append(_stroke(after, first, last, left))
            first = x
        elif first < 0:
            first = x
        last = x
    if first >= 0:
        found.append(_stroke(after, first, last, left))
    return found


def _alike_at_the_end(old: Line, new: Line) -> int:
    """How many runs both end with, of which the first begins with a cell of its own."""
    pairs = zip(reversed(old), reversed(new), strict=False)
    alike = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))
    while alike and not cell_len(new[-alike][0][:1]):
        alike -= 1  # a mark over the character before it
    return alike


def _stroke(row: Sequence[tuple[str, Role]], first: int, last: int, left: int) -> Stroke:
    """The cells from ``first`` to ``last`` of a row that begins at ``left``, as runs."""
    runs: list[tuple[str, Role]] = []
    for text, role in row[first : last + 1]:
        if runs and runs[-1][1] is role:
            runs[-1] = (runs[-1][0] + text, role)
        else:
            runs.append((text, role))
    return Stroke(left + first, last + 1 - first, tuple(runs))


def cells(content: Line) -> list[tuple[str, Role]] | None:
    """Every cell with its role; None where a character does not take exactly one."""
    row: list[tuple[str, Role]] = []
    for text, role in content:
        if not (text.isascii() or _all_single(text)):
            return None
        row.extend([(character, role) for character in text])
    return row


@lru_cache(2048)
def _all_single(text: str) -> bool:
    """Whether every character takes one cell; borders, rules and titles come again and again."""
    return all(cell_len(character) == 1 for character in text)


def sequences(rows: Iterable[tuple[int, Sequence[Stroke]]], left: int, top: int, inks: Inks) -> str:
    """What draws the strokes of these rows of a pane whose corner is at (left, top)."""
    parts: list[str] = []
    pen: Ink | None = None
    for y, row in rows:
        for stroke in row:
            parts.append(f"\x1b[{top + y + 1};{left + stroke.left + 1}H")
            for text, role in stroke.content:
                ink = inks[role]
                parts.append(ink.after(pen))
                parts.append(text)
                pen = ink
    if pen is not None:
        parts.append(PLAIN)
    return "".join(parts)
