"""What is sent for changed lines turns the old picture into the new one, colours included."""

from __future__ import annotations

import io

import pyte
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from textual.color import Color
from textual.filter import LineFilter, Monochrome

from stagewatch.widgets.brush import Ink, inks, sequences, strokes
from stagewatch.widgets.paint import Line, Role, fill, width_of
from stagewatch.widgets.palette import palette, strip_of

runs = st.tuples(
    st.text(alphabet="ab·12 漢\u0301", max_size=8),
    st.sampled_from([Role.PLAIN, Role.DIM, Role.BAD, Role.CURSOR, Role.BADGE_BAD, Role.STRONG]),
)
lines = st.lists(runs, max_size=5).map(lambda made: tuple(run for run in made if run[0]))
WIDTH = 50
BACKGROUND = Color.parse("#101418")
VARIABLES = {
    "foreground": "#e0e0e0",
    "background": "#101418",
    "success": "#40c060",
    "warning": "#e0b040",
    "error": "#e05050",
    "accent": "#40a0e0",
    "panel": "#202830",
}
STYLES = palette(VARIABLES, BACKGROUND)
INKS = inks(STYLES, [], BACKGROUND, ColorSystem.TRUECOLOR)


def cells(content: Line) -> list[tuple[str, Role]]:
    """Every cell with its role; a wide character takes two."""
    made: list[tuple[str, Role]] = []
    for text, role in content:
        for character in text:
            size = width_of(((character, role),))
            if not size and made:
                made[-1] = (made[-1][0] + character, made[-1][1])
            made.extend([(character, role), *[("", role)] * (size - 1)] if size else [])
    return made


@given(lines, lines)
@example(
    (("\u0301", Role.PLAIN), ("1", Role.PLAIN), ("\u0301", Role.PLAIN)),
    (("\u0301", Role.PLAIN), ("1", Role.DIM), ("\u0301", Role.PLAIN)),
)
def test_the_strokes_cover_every_difference(old: Line, new: Line) -> None:
    """And put nothing where it does not belong."""
    before, after = cells(fill(old, WIDTH)), cells(fill(new, WIDTH))
    for stroke in strokes(fill(old, WIDTH), fill(new, WIDTH)):
        drawn = cells(stroke.content)
        assert len(drawn) == stroke.width
        before[stroke.left : stroke.left + stroke.width] = drawn
    assert before == after


def test_two_digits_of_a_clock_are_two_cells() -> None:
    old: Line = (("13:07:12", Role.STRONG), (" · 10:52:48 left", Role.DIM))
    new: Line = (("13:07:13", Role.STRONG), (" · 10:52:47 left", Role.DIM))
    assert [(stroke.left, stroke.width) for stroke in strokes(old, new)] == [(7, 1), (18, 1)]


def test_what_lies_near_is_sent_in_one_stroke() -> None:
    """A jump over a few cells costs more than the cells."""
    assert [s.width for s in strokes((("a23b", Role.DIM),), (("c23d", Role.DIM),))] == [4]


def screen(sent: str) -> list[object]:
    """What a terminal shows after this."""
    shown = pyte.Screen(WIDTH, 1)
    pyte.Stream(shown).feed(sent)
    return [shown.buffer[0][x] for x in range(WIDTH)]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("filters", [[], [Monochrome()]], ids=["colours", "NO_COLOR"])
@pytest.mark.parametrize("system", [ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT])
def test_a_role_looks_as_textual_paints_it(
    role: Role, filters: list[LineFilter], system: ColorSystem
) -> None:
    content: Line = (("before", Role.PLAIN), (" text ", role), ("after", Role.DIM))
    console = Console(file=io.StringIO(), color_system="truecolor", force_terminal=True)
    console._color_system = system
    strip = strip_of(fill(content, WIDTH), STYLES)
    for each in filters:
        strip = strip.apply_filter(each, BACKGROUND)
    whole = [(0, strokes(fill((), WIDTH), fill(content, WIDTH)))]
    ours = sequences(whole, 0, 0, inks(STYLES, filters, BACKGROUND, system))
    # Cells that did not change were painted before, as Textual paints them.
    blank = strip_of(fill((), WIDTH), STYLES)
    for each in filters:
        blank = blank.apply_filter(each, BACKGROUND)
    for segments in (strip, blank):
        for segment in segments:
            if segment.style is not None:
                segment.style._ansi = None
    assert screen(blank.render(console) + ours) == screen(strip.render(console))


def test_only_what_changes_of_the_colours_is_sent() -> None:
    """The same background is not said again, and boldness ends with a reset."""
    dim, plain = Ink("", "38;5;8", "48;5;0"), Ink("", "38;5;7", "48;5;0")
    bold = Ink("1", "38;5;7", "48;5;0")
    assert plain.after(dim) == "\x1b[38;5;7m"
    assert plain.after(plain) == ""
    assert plain.after(bold) == "\x1b[0m\x1b[38;5;7;48;5;0m"
    assert plain.after(None) == "\x1b[38;5;7;48;5;0m"


def test_the_pen_is_put_down_at_the_end() -> None:
    """Textual expects a terminal without a colour in force."""
    row = [(3, strokes((("a", Role.DIM),), (("b", Role.BAD),)))]
    assert sequences(row, 10, 5, INKS).startswith("\x1b[9;11H")
    assert sequences(row, 10, 5, INKS).endswith("\x1b[0m")
    assert sequences([], 0, 0, INKS) == ""
