"""No foreign text becomes markup, a link, a formula or a control byte in a report."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.report import html, markdown, samples

FOREIGN = st.text(max_size=60)


@given(FOREIGN)
def test_escaped_markdown_has_no_bare_special_character(text: str) -> None:
    escaped = markdown.escape(text)
    assert "\n" not in escaped
    assert "\x1b" not in escaped
    for position, character in enumerate(escaped):
        if character in "`*_[]~$":
            assert escaped[position - 1] == "\\"
        assert character not in "<>|@"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("pool | wait", "pool &#124; wait"),
        ("# not a title", "\\# not a title"),
        ("1. not a list", "1\\. not a list"),
        ("see https://evil.example", "see https&#58;//evil.example"),
        ("www.evil.example", "www&#46;evil.example"),
        ("@everyone", "&#64;everyone"),
        ("12:30:01 200 ms", "12:30:01 200 ms"),
    ],
)
def test_markdown_stays_readable_and_inert(text: str, escaped: str) -> None:
    assert markdown.escape(text) == escaped


@given(FOREIGN)
def test_html_shows_foreign_text_as_text(text: str) -> None:
    parser = _Tags()
    parser.feed(f"<td>{html.escape(text)}</td>")
    parser.close()
    assert parser.tags == ["td"]


@given(FOREIGN, st.sampled_from("=+-@"))
def test_no_cell_starts_a_formula(text: str, first: str) -> None:
    assert samples.cell(first + text).startswith("'")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
