"""Lines: every way of making one keeps its width and lets nothing through that a terminal obeys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.widgets.paint import (
    Line,
    Role,
    crop,
    ends,
    fill,
    fit,
    line,
    text_of,
    to_ascii,
    width_of,
    wrap,
)

texts = st.text(max_size=40)
widths = st.integers(1, 60)


def safe(text: str) -> bool:
    return not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u200b" for c in text)


@given(texts, widths)
def test_a_filled_line_has_exactly_its_width_and_no_control_character(
    text: str, width: int
) -> None:
    filled = fill(line(text), width)
    assert width_of(filled) == width
    assert safe(text_of(filled))


@given(texts, texts, widths)
def test_ends_keep_the_right_one_whole_where_it_fits(left: str, right: str, width: int) -> None:
    made = ends(line(left), line(right), width)
    assert width_of(made) == width
    kept = text_of(line(right))
    if kept and width_of(line(right)) + 3 <= width:
        assert text_of(made).endswith(f"  {kept}")


@given(texts, widths)
def test_a_cropped_line_says_that_something_is_missing(text: str, width: int) -> None:
    whole = line(text)
    cropped = crop(whole, width)
    assert width_of(cropped) <= width
    assert cropped == whole or text_of(cropped).endswith("…")


@given(texts, widths)
def test_wrapping_loses_no_word(text: str, width: int) -> None:
    rows = wrap(text, width)
    assert all(width_of(row) <= width for row in rows)
    # A word that is wider than a row is broken, so only what is not white space is compared.
    if width >= 40:
        whole = "".join(text_of(line(text)).split())
        assert "".join("".join(text_of(row).split()) for row in rows) == whole


def test_wrapping_to_few_rows_ends_in_an_ellipsis() -> None:
    rows = wrap("one two three four five six", 9, rows=2)
    assert [text_of(row) for row in rows] == ["one two", "three fo…"]


def test_parts_that_do_not_fit_whole_are_left_out_in_favour_of_shorter_ones() -> None:
    parts = [line("first"), line("a very long second"), line("third")]
    assert text_of(fit(parts, 14)) == "first  third"


@given(texts)
def test_ascii_keeps_the_width(text: str) -> None:
    made: Line = line((text, Role.GOOD))
    plain = to_ascii(made)
    assert text_of(plain).isascii()
    assert width_of(plain) == width_of(made)


@pytest.mark.parametrize("text", ["[bold]x[/bold]", "[@click=app.quit]x[/]", "[/", "[0]"])
def test_markup_is_only_text(text: str) -> None:
    assert text_of(line(text)) == text
