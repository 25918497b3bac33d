"""Rows that are cut in two for a partial repaint: the same cells, and nothing kept of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from stagewatch.tui.patches import _cut, send_only_what_changed

STYLES = [Style(bold=True), Style(dim=True)]
texts = st.text(alphabet="ab·⣿ 漢", min_size=1, max_size=8)
segments = st.lists(
    st.builds(Segment, texts, st.sampled_from(STYLES), st.none()), min_size=1, max_size=5
)


@given(segments, st.data())
def test_the_halves_are_what_textual_crops(made: list[Segment], data: st.DataObject) -> None:
    """Also where the cut goes through a wide character."""
    strip = Strip(made)
    at = data.draw(st.integers(0, strip.cell_length))
    left, right = _cut(strip, at)
    assert (left.cell_length, right.cell_length) == (at, strip.cell_length - at)
    assert left == strip.crop(0, at)
    assert right == strip.crop(at)


def test_little_is_kept_of_what_was_cut() -> None:
    """A day's redraws must not fill rich's cache of 16,384 pairs of segments."""
    send_only_what_changed()
    for number in range(3000):
        _cut(Strip([Segment(f"⣿漢 {number}")]), 2)
    kept = Segment._split_cells.cache_info()
    assert kept.currsize == kept.maxsize
    assert kept.currsize < 1000
