"""The line of keys: as many as fit, and always the ones that lead to the others and out."""

from __future__ import annotations

import pytest
from textual.binding import Binding

from stagewatch.tui.keys import BOARD_KEYS, DETAIL_KEYS, KEYS, pointing_keys
from stagewatch.widgets.keyline import key_line
from stagewatch.widgets.paint import text_of, width_of


def test_where_all_keys_fit_they_stand_in_their_order() -> None:
    said = [f"{name} {what}" for name, what in (("space", "tick"), ("n", "note"), ("p", "pause"))]
    text = text_of(key_line(KEYS, 200))
    places = [text.index(each) for each in (*said, "? keys", "^p palette", "q quit")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("keys", "out"),
    [(KEYS, "q quit"), (pointing_keys(KEYS), "q quit"), (BOARD_KEYS, "esc back")],
)
@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_the_help_and_the_way_out_are_always_shown(
    keys: tuple[Binding, ...], out: str, width: int
) -> None:
    """What is left out stands in the help, which one must be able to find."""
    shown = key_line(keys, width)
    assert width_of(shown) <= width
    assert "? keys" in text_of(shown)
    assert text_of(shown).endswith(out)


@pytest.mark.parametrize("width", range(1, 40, 3))
def test_it_never_takes_more_than_there_is(width: int) -> None:
    assert width_of(key_line(DETAIL_KEYS, width)) <= max(1, width)
