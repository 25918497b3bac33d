"""Expressions for lines: what they match, and what is refused because it may take for ever."""

from __future__ import annotations

import re
import time
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.expressions import Expression, ExpressionError, SlowError
from stagewatch.logs import named
from stagewatch.logs.named import Named
from stagewatch.logs.state import Counts


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(a+)+b", "exponential"),
        ("(a|aa)*b", "exponential"),
        ("(?:a?a)*b", "exponential"),
        ("(a*)*", "exponential"),
        ("a?" * 30 + "a" * 30, "exponential"),
        ("(a|ab|b)" * 12, "exponential"),
        ("[a-z]+[a-z]+[a-z]+" + "a?" * 12 + "!", "exponential"),
        (".*a.*b.*c.*d", "exponential"),
        ("(?:a{1,8}a{1,8}){8}!", "exponential"),
        ("((a{1,3}){3}){3,40}", "exponential"),
        (r"(a)\1", "group"),
        ("(", "no regular expression"),
        ("", "empty"),
        ("x" * 501, "longer"),
    ],
)
def test_what_may_take_for_ever_is_refused(text: str, why: str) -> None:
    """With a sentence that says why."""
    with pytest.raises(ExpressionError, match=why):
        Expression(text)


@pytest.mark.parametrize(
    "text",
    [
        r"\s+$",
        "a.*b.*c",
        "a.*a.*a.*b",
        "[a-c]+[b-d]+x",
        "(?:foo|bar) .*baz$",
        "a{1,500}b",
        "[a-c]+" + "a?" * 8 + "!",
        "[a-c]+[a-c]+" + "a?" * 4 + "!",
        "(?:a|ab)" * 8 + "!",
        r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}",
        r"(?:[a-c]{1,3}[a-c]{1,3}){4}!",
    ],
)
def test_what_is_accepted_ends_soon(text: str) -> None:
    """On the lines that are worst for it."""
    expression = Expression(text)
    began = time.process_time()
    for line in (b" " * 5000 + b"x", b"a" * 5000, b"ab" * 2500, b"abc" * 2000, b"foo " * 1000):
        expression.matches(line)
    assert time.process_time() - began < 30


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("duration: [0-9]{4,}", 2048),
        ("(GET|POST) .* in .* ms", 1024),
        ("a.*b.*c.*(d|e)", 256),
        ("[a-z]+" + "a?" * 8, 512),
        ("[a-z]+[a-z]+" + "a?" * 4, 128),
    ],
)
def test_as_much_of_a_line_is_looked_at_as_takes_less_than_a_second(text: str, limit: int) -> None:
    """The fewer ways there are to try, the more."""
    assert Expression(text).limit == limit


def test_a_slow_expression_is_stopped_between_two_lines() -> None:
    """Whether it finds something in them or not."""
    lines = b"a" * 300 + b"\n"
    with pytest.raises(SlowError):
        list(Expression("a+a+a+!").lines(lines * 1000, 0.01))
    with pytest.raises(SlowError):
        list(Expression("(?:a+a+a+)?").lines(lines * 100_000, 0.01))


EXPRESSIONS = ["a b", "b$", "^a", "a.b", "[ab] ", "(?i)A B", "x?a b", "(?:a|b)b", "ba?"]
LINES = st.lists(st.text("ab x", max_size=8), max_size=12)


@given(LINES, st.sampled_from(EXPRESSIONS), st.sampled_from(["\n", "\r\n"]))
def test_lines_are_found_as_one_by_one(lines: list[str], text: str, end: str) -> None:
    """The search for a literal over many lines is only a quicker way."""
    data = "".join(line + end for line in lines).encode()
    starts, position = [], 0
    for line in lines:
        if re.search(text, line):
            starts.append(position)
        position += len(line) + len(end)
    assert list(Expression(text).lines(data)) == starts


def test_only_the_beginning_of_a_line_is_looked_at() -> None:
    """A match behind the first 2 KiB is none."""
    assert Expression("b").matches(b"a" * 2000 + b"b")
    assert not Expression("b").matches(b"a" * 2048 + b"b")


@pytest.mark.parametrize("text", ["b", "(?i)b", "ba", "[b]a"])
def test_only_the_beginning_of_each_line_is_counted_by(text: str) -> None:
    """As ``matches`` sees them, with and without a literal to look for first."""
    lines = b"".join(b"a" * size + b"ba\n" for size in (0, 2000, 2047, 2048, 5000))
    found = list(Expression(text).lines(lines))
    assert len(found) == (3 if text in ("b", "(?i)b") else 2)


def test_an_expression_that_is_slow_after_all_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recorder goes on without it, and the count says that it is not whole."""
    monkeypatch.setattr(named, "BUDGET", -1.0)
    counts = Counts()
    counting = Named({"slow": Expression("a")}, counts, {}, before=None)
    counting.count(b"a\n")
    counting.count(b"a\n")
    assert counts.named == {"slow": 1}
    assert "too long" in counting.partial["slow"]


def test_a_slow_expression_is_given_up_within_what_was_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A quarter of a megabyte of lines that it is slow on would hold all else up for minutes."""
    monkeypatch.setattr(named, "BUDGET", -1.0)
    counts = Counts()
    counting = Named({"slow": Expression("a")}, counts, {}, before=None)
    counting.count(b"a\n" * 100_000)
    assert counts.named["slow"] == named.PIECE // 2 + 1


@given(st.lists(st.integers(0, 9000), max_size=20))
def test_each_line_is_counted_once_wherever_it_is_cut(lengths: list[int]) -> None:
    counts = Counts()
    counting = Named({"all": Expression("^a")}, counts, {}, before=None)
    counting.count(b"".join(b"a" * (1 + length) + b"\n" for length in lengths))
    assert counts.named["all"] == len(lengths)


def test_the_parser_has_the_names_that_are_relied_on() -> None:
    """``re._parser`` is private: a Python that changes it must fail here, not in a watch."""
    parser = import_module("re._parser")
    codes = [str(code) for code, _ in parser.parse(b"(?:a+|b*?)c")]
    assert codes == ["BRANCH", "LITERAL"] or codes == ["SUBPATTERN", "LITERAL"]
    assert parser.parse(b"(?i)a").state.flags & re.IGNORECASE
