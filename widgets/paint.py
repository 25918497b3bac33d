"""Lines of the screen as values: runs of clean text, each with a role that the theme colours.

Everything here is pure and knows no Textual. Text is made inert when it becomes a run, so nothing
that is drawn can carry a control character or markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from stagewatch.text import clean


class Role(StrEnum):
    """What a run of text means; ``palette`` says how it looks."""

    PLAIN = "plain"
    DIM = "dim"
    STRONG = "strong"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    ACCENT = "accent"
    BORDER = "border"
    FOCUS = "focus"
    CHART = "chart"
    LIMIT = "limit"
    CURSOR = "cursor"
    BADGE_GOOD = "badge-good"
    BADGE_WARN = "badge-warn"
    BADGE_BAD = "badge-bad"
    BADGE_DIM = "badge-dim"


Run = tuple[str, Role]
Line = tuple[Run, ...]
BLANK: Line = ()
ELLIPSIS = "…"


def run(text: str, role: Role = Role.PLAIN) -> Run:
    """A run of text; control characters become visible tokens."""
    return (text if text.isascii() and text.isprintable() else clean(text), role)


def line(*parts: Run | str) -> Line:
    """A line of runs; a bare string is plain. Empty runs are left out."""
    runs = (run(part) if isinstance(part, str) else run(*part) for part in parts)
    return tuple(item for item in runs if item[0])


def text_of(content: Line) -> str:
    """The line without its roles."""
    return "".join(text for text, _ in content)


def width_of(content: Line) -> int:
    """Cells that the line takes."""
    text = "".join([text for text, _ in content])
    return len(text) if text.isascii() else cell_len(text)


def join(parts: Iterable[Line], gap: str = "  ") -> Line:
    """The lines that are not empty, one after the other with ``gap`` between them."""
    joined: list[Run] = []
    for part in parts:
        if part and joined:
            joined.append((gap, Role.PLAIN))
        joined.extend(part)
    return tuple(joined)


def crop(content: Line, width: int) -> Line:
    """At most ``width`` cells; what is cut off leaves an ellipsis."""
    if width <= 0:
        return ()
    if width_of(content) <= width:
        return content
    kept: list[Run] = []
    room = width - 1
    for text, role in content:
        size = cell_len(text)
        if size > room:
            kept.append((set_cell_size(text, room) + ELLIPSIS, role))
            return tuple(kept)
        kept.append((text, role))
        room -= size
    return tuple(kept)


def fill(content: Line, width: int, with_: str = " ", role: Role = Role.PLAIN) -> Line:
    """Exactly ``width`` cells."""
    missing = width - width_of(content)
    if missing < 0:
        content = crop(content, width)
        missing = width - width_of(content)
    return (*content, (with_ * missing, role)) if missing > 0 else content


def ends(left: Line, right: Line, width: int, gap: int = 2) -> Line:
    """``left`` and ``right`` at the two ends; the left one gives way, the right one stays whole."""
    if not right:
        return fill(left, width)
    room = width - width_of(right) - gap
    if room < 1:
        return fill(right, width)
    return (*fill(crop(left, room), room + gap), *right)


def fit(parts: Sequence[Line], width: int, gap: str = "  ") -> Line:
    """As many of ``parts`` as go into ``width`` whole, the earlier ones first."""
    taken: list[Line] = []
    used = 0
    for part in parts:
        size = width_of(part)
        if not size:
            continue
        needed = size + (len(gap) if taken else 0)
        if taken and used + needed > width:
            continue
        taken.append(part)
        used += needed
    return crop(join(taken, gap), width)


def flow(parts: Sequence[Line], width: int, rows: int, gap: str = "  ") -> list[Line]:
    """The parts one after the other over at most ``rows`` lines; the last one takes what fits."""
    left = [part for part in parts if part]
    lines: list[Line] = []
    while left and len(lines) < rows - 1:
        count = 1
        while count < len(left) and width_of(join(left[: count + 1], gap)) <= width:
            count += 1
        lines.append(crop(join(left[:count], gap), width))
        left = left[count:]
    return [*lines, fit(left, width, gap)] if left else lines


@lru_cache(512)
def wrap(text: str, width: int, role: Role = Role.PLAIN, rows: int = 99) -> tuple[Line, ...]:
    """``text`` over at most ``rows`` lines, broken at blanks where that is possible."""
    words = run(text)[0].split()
    lines: list[str] = []
    current = ""
    for word in words:
        joined = f"{current} {word}" if current else word
        if cell_len(joined) <= width or not current:
            current = joined
        else:
            lines.append(current)
            current = word
    lines.append(current)
    wrapped = [piece for row in lines for piece in _pieces(row, width)]
    if len(wrapped) > rows:
        wrapped = [*wrapped[: rows - 1], " ".join(wrapped[rows - 1 :])]
    return tuple(crop(((row, role),), width) for row in wrapped if row)


def _pieces(row: str, width: int) -> list[str]:
    """A row in pieces that fit: only a word longer than a whole line is cut."""
    pieces = []
    while width > 0 and cell_len(row) > width:
        head = set_cell_size(row, width).rstrip()
        pieces.append(head)
        row = row[max(1, len(head)) :]
    return [*pieces, row]


_ASCII = str.maketrans(
    {
        "●": "*",
        "✖": "X",
        "◌": "~",
        "○": "o",
        "✓": "+",
        "▸": ">",
        "▾": "v",
        "·": "-",
        "…": "~",
        "–": "-",
        "—": "-",
        "×": "x",
        "│": "|",
        "─": "-",
        "╭": "+",
        "╮": "+",
        "╰": "+",
        "╯": "+",
        "«": '"',
        "»": '"',
        "━": "=",
        "┍": "#",
        "┑": "#",
        "‖": "#",
        "›": ">",
        "┄": "-",
        "≥": ">",
        "≤": "<",
        "≈": "=",
        "→": ">",
        "←": "<",
        "↑": "^",
        "↓": "v",
        "▲": "^",
        "▼": "v",
        "▁": "_",
        "▂": ".",
        "▃": ",",
        "▄": "-",
        "▅": "~",
        "▆": "+",
        "▇": "*",
        "█": "#",
        "€": "E",
    }
)


def to_ascii(content: Line) -> Line:
    """The line in ASCII, cell for cell: our own marks have a twin, anything else becomes ``?``."""
    return tuple((_ascii_text(text), role) for text, role in content)


def _ascii_text(text: str) -> str:
    if text.isascii():
        return text
    text = text.translate(_ASCII)
    return "".join(c if c.isascii() else "?" * cell_len(c) for c in text)
