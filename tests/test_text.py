"""Foreign text becomes inert; secrets become stars."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stagewatch.text import ELLIPSIS, LIMIT, clean, clean_lines, decode, json_text, masked

DRAWN_FORMAT_CHARACTERS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
NASTY = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Mn", "Me"]),
        st.sampled_from("ab \t\n\r\x1b[]\u0301\u1160\ufe0f\U000e0041\udc80"),
    ),
    max_size=60,
)


def _unwelcome(character: str) -> bool:
    category = unicodedata.category(character)
    return category in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in DRAWN_FORMAT_CHARACTERS


@given(NASTY)
def test_nothing_is_left_that_a_terminal_obeys_or_hides(text: str) -> None:
    """No control, format, surrogate or separator character survives."""
    assert not any(map(_unwelcome, clean(text)))


def test_every_such_character_of_unicode_is_replaced() -> None:
    """The fixed table of characters covers the tables of this Python's Unicode."""
    left = [hex(n) for n in range(0x110000) if _unwelcome(chr(n)) and clean(chr(n)) == chr(n)]
    assert left == []


JSON = st.recursive(NASTY, lambda inner: st.lists(inner) | st.dictionaries(NASTY, inner))


@given(JSON)
def test_json_says_the_same_and_nothing_that_a_terminal_obeys(value: object) -> None:
    """Whatever stands in it, and over several lines."""
    text = json_text(value, indent=2)
    assert json.loads(text) == json.loads(json.dumps(value))
    assert not any(map(_unwelcome, text.replace("\n", "")))


@given(NASTY, st.integers(0, 30))
def test_cleaning_twice_changes_nothing(text: str, limit: int) -> None:
    """What is clean stays as it is, for every limit."""
    once = clean(text, limit)
    assert clean(once, limit) == once
    lines = clean_lines(text, limit)
    assert clean_lines(lines, limit) == lines


@given(NASTY, st.integers(0, 30))
def test_the_length_is_bounded(text: str, limit: int) -> None:
    """No text is longer than the limit, tokens and marker included."""
    assert len(clean(text, limit)) <= limit
    assert len(clean_lines(text, limit)) <= limit


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="ᅟᅠ")))
def test_ordinary_text_is_unchanged(text: str) -> None:
    """Letters, digits, punctuation and symbols of every script pass."""
    ordinary = re.sub("[\u1160-\u11ff\ud7b0-\ud7ff]", "", text)
    assert clean(ordinary) == ordinary


def test_combining_marks_are_capped_at_eight_a_cell() -> None:
    """The ninth mark and those after it go; the next letter may carry eight again."""
    assert clean("a" + "\u0301" * 30 + "b" + "\u0302" * 8) == (
        "a" + "\u0301" * 8 + "b" + "\u0302" * 8
    )


def test_every_combining_mark_is_counted() -> None:
    """No mark of this Python's Unicode escapes the cap."""
    marks = [chr(n) for n in range(0x110000) if unicodedata.category(chr(n)) in ("Mn", "Me")]
    assert [hex(ord(mark)) for mark in marks if clean("a" + mark * 9) != "a" + mark * 8] == []


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x07", "␛[31mred␇"),
        ("two\r\nlines", "two␍␊lines"),
        ("a\tb", "a       b"),
        ("\x9b2J\x7f", "\\x9b2J␡"),
        ("user\u202egpj.exe", "user\\u202egpj.exe"),
        ("\U000e0041", "\\U000e0041"),
        ("\udcff", "\\xff"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_is_replaced_stays_visible(raw: str, shown: str) -> None:
    """Each unwelcome character leaves a token that says what it was."""
    assert clean(raw) == shown


def test_a_long_text_ends_in_an_ellipsis() -> None:
    """A cut text says so, and an endless one is not looked through."""
    assert clean("x" * 5, 5) == "xxxxx"
    assert clean("x" * 6, 5) == "xxxx" + ELLIPSIS
    assert clean("x" + "\u0301" * 10**6, 40) == "x" + "\u0301" * 8 + ELLIPSIS


def test_a_persons_lines_stay_lines() -> None:
    """A handover keeps its line breaks and nothing else that is special."""
    assert clean_lines("one\r\ntwo\x1b\n") == "one\ntwo␛\n"


@given(st.binary(max_size=80))
def test_bytes_become_clean_text(raw: bytes) -> None:
    """Whatever the bytes are, the text is clean."""
    text = decode(raw)
    assert clean(text) == text
    assert not any(map(_unwelcome, text))


def test_bytes_that_are_not_utf8_are_shown() -> None:
    """An undecodable byte shows as an escape, and the rest stays readable."""
    assert decode(b"caf\xc3\xa9 \xff") == "café \\xff"
    assert decode("é".encode() * 3 * LIMIT) == "é" * (LIMIT - 1) + ELLIPSIS


def _disguises(secret: str) -> list[str]:
    raw = secret.encode()
    return [
        secret,
        f"?token={quote(secret, safe='')}",
        f"?token={quote_plus(secret)}",
        quote(secret).replace("%C3", "%c3").replace("%2B", "%2b"),
        json.dumps({"token": secret}),
        base64.b64encode(raw).decode(),
        *(base64.b64encode(b"x" * n + b":" + raw + b"tail").decode() for n in range(3)),
        base64.urlsafe_b64encode(b"me:" + raw).decode(),
    ]


@pytest.mark.parametrize("secret", ['hunter2-pass/+ü"', "sk_live_51Habcdef", "a b&c=d?e~~~>>>"])
def test_a_secret_is_masked_in_every_form(secret: str) -> None:
    """As it is, in a URL, in JSON and inside base64 at each alignment."""
    for text in _disguises(secret):
        shown = masked(f"before {text} after", [secret])
        assert "***" in shown, text
        assert shown.startswith("before ")
        assert shown.endswith(" after")
        assert masked(shown, [secret]) == shown


@given(st.text(st.characters(exclude_characters="*"), min_size=1), st.text(), st.text())
def test_no_secret_is_left(secret: str, before: str, after: str) -> None:
    """Wherever the secret stands, it is gone."""
    assume(secret.strip())
    assert secret not in masked(before + secret + after, [secret])


def test_text_without_a_secret_is_unchanged() -> None:
    """Blank secrets mask nothing; the longer of two overlapping secrets wins."""
    assert masked("nothing here", ["", " ", "other"]) == "nothing here"
    assert masked("abc-def", ["abc", "abc-def"]) == "***"
