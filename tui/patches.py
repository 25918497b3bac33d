"""What Textual 8.2.8 needs beside its terminal driver: a leak mended, fewer bytes sent."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from textual import _compositor, _styles_cache
from textual.filter import LineFilter
from textual.strip import Strip

if TYPE_CHECKING:
    from rich.console import Console
    from textual.color import Color
    from textual.style import Style

_CUTS_KEPT = 512
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def mend_styles_cache() -> None:
    """Keep closed screens from being held for ever (Textualize/textual#6665).

    The cache there is keyed on ``self`` although the result does not depend on it.
    """
    cached: Any = _styles_cache.StylesCache.get_inner_outer
    plain = getattr(cached, "__wrapped__", None)
    if plain is None or getattr(cached, "stagewatch", False):
        return

    @lru_cache(1024)
    def inner_outer(base: Color, background: Color) -> tuple[Style, Style]:
        pair: tuple[Style, Style] = plain(None, base, background)
        return pair

    def method(_: object, base: Color, background: Color) -> tuple[Style, Style]:
        return inner_outer(base, background)

    method.stagewatch = True  # type: ignore[attr-defined]  # marks that it was mended
    # A method on purpose: the class is shared, its cache must not know the instance.
    _styles_cache.StylesCache.get_inner_outer = method  # type: ignore[method-assign, assignment]


def send_only_what_changed() -> None:
    """Let a partial repaint begin at the first cell that changed.

    Textual 8.2.8 crops it at the right only and sends each row from the widget's left edge, which
    costs a kilobyte a second for a clock.
    """
    partial: Any = _compositor.ChopsUpdate
    whole = partial.render_segments
    if getattr(whole, "stagewatch", False):
        return

    def render_segments(self: _compositor.ChopsUpdate, console: Console) -> str:
        chops = [dict(row) for row in self.chops]
        ends = [list(row) for row in self.chop_ends]
        for y, left, _ in self.spans:
            chops[y], ends[y] = _split(chops[y], ends[y], left)
        sequences: str = whole(partial(chops, self.spans, ends), console)
        return sequences

    render_segments.stagewatch = True  # type: ignore[attr-defined]  # marks that it was changed
    partial.render_segments = render_segments
    _keep_few_cuts()


def _keep_few_cuts() -> None:
    """Let rich remember fewer segments that were cut in two.

    It keeps 16,384 of them. Rows are cut wherever something changed, hardly ever twice alike, so
    that over a day this filled with megabytes.
    """
    cached: Any = vars(Segment)["_split_cells"]
    few: Any = lru_cache(_CUTS_KEPT)(cached.__func__.__wrapped__)
    setattr(Segment, "_split_cells", classmethod(few))  # noqa: B010  # its type is the cache's


def _split(
    row: dict[int, Strip | None], ends: list[int], at: int
) -> tuple[dict[int, Strip | None], list[int]]:
    """A row's strips with the one that ``at`` falls into in two."""
    split: dict[int, Strip | None] = {}
    new_ends: list[int] = []
    for end, (x, strip) in zip(ends, row.items(), strict=False):
        split[x] = strip
        if strip is not None and x < at < end:
            split[x], split[at] = _cut(strip, at - x)
            new_ends.append(at)
        new_ends.append(end)
    return split, new_ends


def _cut(strip: Strip, at: int) -> tuple[Strip, Strip]:
    """The strip in two. Its own ``crop`` would remember each of the last sixteen pieces."""
    left: list[Segment] = []
    right: list[Segment] = []
    begin = 0
    for segment in strip:
        end = begin + segment.cell_length
        if begin < at < end:
            before, after = segment.split_cells(at - begin)
            left.append(before)
            right.append(after)
        else:
            (left if end <= at else right).append(segment)
        begin = end
    return Strip(left, at), Strip(right, strip.cell_length - at)


class NoControls(LineFilter):
    """The last line of defence: nothing that is painted carries a control character.

    Text is cleaned when it becomes a run; this also covers what Textual's own widgets draw.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """``segments`` without control and format characters; these take no cell."""
        # What is printable holds none of them, and is told far faster than by the pattern.
        if all(s.text.isprintable() or s.control for s in segments):
            return segments
        return [s if s.control else Segment(_CONTROLS.sub("", s.text), s.style) for s in segments]
