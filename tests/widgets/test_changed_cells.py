"""Repainting exactly the cells that are said to differ turns the old row into the new one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stagewatch.widgets.paint import Line, Role, fill, width_of
from stagewatch.widgets.pane import changed_cells

runs = st.tuples(
    st.text(alphabet="ab·12 漢", max_size=8), st.sampled_from([Role.PLAIN, Role.DIM, Role.BAD])
)
lines = st.lists(runs, max_size=5).map(lambda made: tuple(run for run in made if run[0]))
WIDTH = 50


def cells(content: Line) -> list[tuple[str, Role]]:
    """Every cell with its role; a wide character takes two."""
    made = []
    for text, role in content:
        for character in text:
            made.append((character, role))
            made.extend([("", role)] * (width_of(((character, role),)) - 1))
    return made


@given(lines, lines)
def test_the_stretch_covers_every_difference(old: Line, new: Line) -> None:
    before, after = cells(fill(old, WIDTH)), cells(fill(new, WIDTH))
    stretch = changed_cells(fill(old, WIDTH), fill(new, WIDTH), WIDTH)
    if stretch is None:
        assert before == after
        return
    start, count = stretch
    assert before[:start] == after[:start]
    assert before[start + count :] == after[start + count :]


def test_one_digit_of_a_clock_is_one_cell() -> None:
    old: Line = (("13:07:12", Role.STRONG), (" left", Role.DIM))
    new: Line = (("13:07:13", Role.STRONG), (" left", Role.DIM))
    assert changed_cells(old, new, 13) == (7, 1)
