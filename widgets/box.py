"""The frame around a pane: a box where there is room, a rule above where there is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stagewatch.widgets.paint import BLANK, Line, Role, crop, fill, line, run, width_of

THIN = "╭─╮│╰╯"
THICK = "┍━┑│╰╯"


@dataclass(frozen=True, slots=True)
class Frame:
    """How a pane is framed."""

    title: Line
    aside: Line = BLANK
    """At the right end of the title."""
    foot: Line = BLANK
    """In the bottom edge, left."""
    foot_aside: Line = BLANK
    """In the bottom edge, right."""
    boxed: bool = True
    """False: only a rule with the title above."""
    focused: bool = False

    @property
    def marks(self) -> str:
        """The border's characters; the focused one is heavier on top, which needs no colour."""
        return THICK if self.focused else THIN

    @property
    def role(self) -> Role:
        """The role of the border's characters."""
        return Role.FOCUS if self.focused else Role.BORDER

    def room(self, width: int, height: int) -> tuple[int, int]:
        """Cells inside the frame."""
        return (width - 4, height - 2) if self.boxed else (width - 2, height - 1)


def frame(how: Frame, body: Sequence[Line], width: int, height: int) -> list[Line]:
    """``body`` inside its frame: ``height`` lines of ``width`` cells."""
    inner, rows = how.room(width, height)
    content = [*body[:rows], *[BLANK] * (rows - len(body))]
    if not how.boxed:
        head = _edge(how.title, how.aside, width, how.marks[1], how.role)
        return [head, *((run(" "), *fill(row, inner), run(" ")) for row in content)]
    corners, side = how.marks, (how.marks[3], how.role)
    middle = width - 2
    top = _edge(how.title, how.aside, middle, corners[1], how.role)
    bottom = _edge(how.foot, how.foot_aside, middle, THIN[1], how.role)
    return [
        ((corners[0], how.role), *top, (corners[2], how.role)),
        *((side, run(" "), *fill(row, inner), run(" "), side) for row in content),
        ((corners[4], how.role), *bottom, (corners[5], how.role)),
    ]


def room_beside(title: Line, width: int) -> int:
    """Cells for words at the right end of an edge of ``width`` that begins with a title."""
    return max(width // 2, width - width_of(title) - 7)


def _edge(left: Line, right: Line, width: int, mark: str, role: Role) -> Line:
    """A horizontal edge with words in it."""
    if width < 4:
        return line((mark * max(0, width), role))
    words = crop(right, room_beside(left, width))
    end: Line = ((f"{mark}", role),)
    if words:
        end = (run(" "), *words, run(" "), (mark, role))
    head = crop(left, width - width_of(end) - 3)
    start: Line = ((mark, role),)
    if head:
        start = ((mark, role), run(" "), *head, run(" "))
    gap = width - width_of(start) - width_of(end)
    return (*start, (mark * max(0, gap), role), *end)
