"""A moment in a chart: its cell, where one moves from it, and what the chart says there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.model import Series
from stagewatch.widgets import chart
from stagewatch.widgets.paint import Role, line, text_of, width_of
from stagewatch.widgets.pointer import Grid, Pointer, marked, said

grids = st.builds(
    Grid, st.just(1757085833.3), st.floats(1757085840.0, 1757172233.0), st.integers(1, 200)
)


@given(grids, st.data())
def test_a_cell_begins_in_itself(grid: Grid, data: st.DataObject) -> None:
    """However its beginning was rounded."""
    cell = data.draw(st.integers(0, grid.cells - 1))
    assert grid.cell(grid.begins(cell)) == cell


@given(grids)
def test_one_comes_to_every_cell_and_no_further(grid: Grid) -> None:
    """From the newest to the oldest and back."""
    at, seen = None, []
    for step in [-1] * (grid.cells + 1) + [1] * (grid.cells + 1):
        at = grid.moved(at, step)
        seen.append(grid.cell(at))
    down = list(range(grid.cells - 1, -1, -1))
    assert seen == [*down, 0, *down[:-1][::-1], *[grid.cells - 1] * 2]


def test_outside_of_the_chart_is_no_cell() -> None:
    """And the next press begins at the end that is nearer."""
    grid = Grid(100.0, 200.0, 10)
    assert grid.cell(99.0) is grid.cell(201.0) is None
    assert grid.moved(50.0, 1) == 100.0
    assert grid.moved(250.0, -1) == 190.0


@given(st.lists(st.text("⠋▁ ·┄*", min_size=1, max_size=5), min_size=1, max_size=9), st.data())
def test_a_marked_row_differs_in_one_cell(parts: list[str], data: st.DataObject) -> None:
    """A blank one gets a stroke, so that it can be seen without colours."""
    roles = [Role.CHART, Role.DIM] * len(parts)
    row = line(*((part, role) for part, role in zip(parts, roles, strict=False)))
    text = text_of(row)
    cell = data.draw(st.integers(0, len(text) - 1))
    found = marked(row, cell)
    assert width_of(found) == width_of(row)
    assert text_of(found) == text[:cell] + (text[cell].strip() or "│") + text[cell + 1 :]
    assert [part for part in found if part[1] is Role.CURSOR] == [
        (text[cell].strip() or "│", Role.CURSOR)
    ]


@pytest.mark.parametrize(("cell", "told"), [(0, "140 ms"), (1, "no data"), (2, "90 ms to 200 ms")])
def test_it_says_when_and_what(cell: int, told: str) -> None:
    """A hole in the data is one here, too."""
    values = (140.0, None, 150.0)
    series = Series("q.latency", 0.0, 5400.0, values, (140.0, None, 90.0), (140.0, None, 200.0))
    assert chart.columns(series, 3)[1] is None
    text = text_of(said(series, Grid(0.0, 5400.0, 3), cell, "ms", 5400.0))
    assert text.endswith(f"  {told}")
    assert text[2] == text[8] == ":"
    assert text[5] == "–"


def test_the_first_chart_of_a_pane_says_how_far_a_step_is() -> None:
    """The others may be a cell narrower."""
    pointer = Pointer()
    pointer.at = 150.0
    first, second = Grid(100.0, 200.0, 10), Grid(100.0, 200.0, 9)
    assert (pointer.cell(first), pointer.cell(second)) == (5, 4)
    assert pointer.grid is first
