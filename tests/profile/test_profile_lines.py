"""The line that a problem names is the line that a person has to mend."""

from __future__ import annotations

import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.profile.locate import key_lines, line_of
from stagewatch.profile.problems import Key, key_text

DOCUMENT = '''\
# a comment with = and [brackets]
version = 1

[deployment]
name = "x" # [not.a.table]
"quoted key" = 1
'literal' = 2
dotted . "k.e.y".c = 3

[probe.health.read]
a = """
[no.table]
b = 1 \\
"""
c = \'\'\'
it's "[[x]]"
\'\'\'
d = [ # opened
    "x", [1,
    2],
    { y = 1, "z" = [
        3 ] },
]
e = { f.g = 1979-05-27 07:32:00, h = 'i' }

[[phase]]
name = "a"
[[phase.items]]
text = "b"
[[phase.items]]
text = "c"
[[phase]]
name = "d"
[phase.more]
k = ""
[[phase.items]]
text = "\\"e#"
[ "esc\\u0061ped" ]
z = 1
'''

EXPECTED: dict[Key, int] = {
    ("version",): 2,
    ("deployment",): 4,
    ("deployment", "name"): 5,
    ("deployment", "quoted key"): 6,
    ("deployment", "literal"): 7,
    ("deployment", "dotted", "k.e.y", "c"): 8,
    ("probe",): 10,
    ("probe", "health", "read"): 10,
    ("probe", "health", "read", "a"): 11,
    ("probe", "health", "read", "c"): 15,
    ("probe", "health", "read", "d"): 18,
    ("probe", "health", "read", "d", 0): 19,
    ("probe", "health", "read", "d", 1): 19,
    ("probe", "health", "read", "d", 1, 1): 20,
    ("probe", "health", "read", "d", 2): 21,
    ("probe", "health", "read", "d", 2, "z", 0): 22,
    ("probe", "health", "read", "e", "f", "g"): 24,
    ("probe", "health", "read", "e", "h"): 24,
    ("phase",): 26,
    ("phase", 0): 26,
    ("phase", 0, "name"): 27,
    ("phase", 0, "items", 0): 28,
    ("phase", 0, "items", 1, "text"): 31,
    ("phase", 1): 32,
    ("phase", 1, "name"): 33,
    ("phase", 1, "more", "k"): 35,
    ("phase", 1, "items", 0, "text"): 37,
    ("escaped", "z"): 39,
}


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_way_to_write_a_key_has_its_line(ending: str) -> None:
    """Tables, dotted and quoted keys, lists of tables, inline tables, strings of many lines."""
    tomllib.loads(DOCUMENT)
    lines = key_lines(DOCUMENT.replace("\n", ending))
    assert {key: lines.get(key) for key in EXPECTED} == EXPECTED


def test_a_key_that_is_missing_has_the_line_of_its_table() -> None:
    """And one whose table is missing has none."""
    lines = key_lines(DOCUMENT)
    assert line_of(("phase", 1, "hours"), lines) == 32
    assert line_of(("savings", "calls"), lines) == 0


def test_strings_that_end_in_quotes_do_not_lose_the_place() -> None:
    """TOML allows two quotes before the three that close."""
    text = 'a = """x"""""\nb = \'\'\'y\'\'\'\'\'\nc = """"z" ""\\""""\nd = 1\n'
    assert list(tomllib.loads(text)) == ["a", "b", "c", "d"]
    assert key_lines(text)[("d",)] == 4


@pytest.mark.parametrize(
    "text", ["[", "a", "a = [", 'a = "', "= 1", "a = {", "[[a]", '""" = 1', "\0"]
)
def test_a_text_that_is_no_toml_is_no_error(text: str) -> None:
    """What could be read keeps its line."""
    assert ("ok",) in key_lines("ok = 1\n" + text)


def test_deep_nesting_is_no_error() -> None:
    """Nor does it use up the stack."""
    assert key_lines("ok = 1\na = " + "[" * 100_000)[("ok",)] == 1


def test_keys_are_shown_as_people_count() -> None:
    """From one, and quoted where the file must quote them."""
    assert key_text(("phase", 2, "items", 0)) == "phase#3.items#1"
    assert key_text(("go", "a b", "x")) == 'go."a b".x'


def _paths(value: object, key: Key = ()) -> set[Key]:
    if isinstance(value, dict):
        return {key}.union(*(_paths(inner, (*key, name)) for name, inner in value.items()))
    if isinstance(value, list):
        return {key}.union(*(_paths(inner, (*key, index)) for index, inner in enumerate(value)))
    return {key}


documents = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.integers(0, 9) | st.booleans() | st.text(max_size=12),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=12,
    ),
    max_size=5,
)


@given(documents, st.booleans())
def test_every_key_of_every_document_has_a_line(
    document: dict[str, object], multiline: bool
) -> None:
    """Whatever the file, no problem is without its place."""
    text = tomli_w.dumps(document, multiline_strings=multiline)
    try:
        paths = _paths(tomllib.loads(text)) - {()}
    except tomllib.TOMLDecodeError:  # a carriage return, which tomli_w does not carry
        return
    assert paths <= set(key_lines(text))
