"""The colours of the roles, worked out from the theme.

In code and not in the style sheet: every component class of every pane would be matched against
all the rules at the start, which took a third of the time to the first frame.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from stagewatch.widgets.paint import Line, Role, width_of

# Role → (variable of the theme, share of it over the background, bold).
_TEXT: Mapping[Role, tuple[str, float, bool]] = {
    Role.PLAIN: ("foreground", 1.0, False),
    Role.DIM: ("foreground", 0.62, False),
    Role.STRONG: ("foreground", 1.0, True),
    Role.GOOD: ("success", 1.0, False),
    Role.WARN: ("warning", 1.0, False),
    Role.BAD: ("error", 1.0, True),
    Role.ACCENT: ("accent", 1.0, True),
    Role.BORDER: ("foreground", 0.28, False),
    Role.FOCUS: ("accent", 1.0, False),
    Role.CHART: ("accent", 1.0, False),
    Role.LIMIT: ("warning", 1.0, False),
}
_BADGES: Mapping[Role, tuple[str, bool]] = {
    Role.CURSOR: ("accent", False),
    Role.BADGE_GOOD: ("success", True),
    Role.BADGE_WARN: ("warning", True),
    Role.BADGE_BAD: ("error", True),
}


def palette(variables: Mapping[str, str], background: Color) -> dict[Role, Style]:
    """A style for every role, over ``background``."""
    colours = {
        name: Color.parse(variables[name])
        for name in ("foreground", "background", "success", "warning", "error", "accent", "panel")
    }
    styles = {
        role: _style(_over(colours[name], background, share), background, share, bold=bold)
        for role, (name, share, bold) in _TEXT.items()
    }
    for role, (name, bold) in _BADGES.items():
        styles[role] = _badge(colours["background"], colours[name], bold=bold)
    styles[Role.BADGE_DIM] = _badge(colours["foreground"], colours["panel"], bold=False)
    return styles


def strip_of(content: Line, styles: Mapping[Role, Style]) -> Strip:
    """A line in its colours, neighbours of the same style joined."""
    segments = [Segment(text, styles[role]) for text, role in content]
    return Strip(segments, width_of(content)).simplify()


def _over(colour: Color, background: Color, share: float) -> Color:
    """The colour thinned out; those of the terminal's own palette cannot be mixed."""
    if share == 1.0 or colour.ansi is not None or background.ansi is not None:
        return colour
    return background.blend(colour, share)


def _style(colour: Color, background: Color, share: float, *, bold: bool) -> Style:
    dim = share < 1.0 and (colour.ansi is not None or background.ansi is not None)
    return Style(
        color=colour.rich_color,
        bgcolor=background.rich_color,
        bold=bold or None,
        dim=dim or None,
    )


def _badge(text: Color, behind: Color, *, bold: bool) -> Style:
    """Text on a block of colour; turned round where the terminal chooses the colours."""
    if text.ansi is not None or behind.ansi is not None:
        return Style(color=behind.rich_color, reverse=True, bold=bold or None)
    return Style(color=text.rich_color, bgcolor=behind.rich_color, bold=bold or None)
