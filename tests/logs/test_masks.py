"""Records that differ in numbers, ids, addresses, quoted values or paths are one pattern."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stagewatch.logs.levels import look
from stagewatch.logs.masks import digits_alike, masked, numbers_short, roughly_masked
from stagewatch.logs.wording import text_of
from stagewatch.text import clean


@pytest.mark.parametrize(
    ("lines", "pattern"),
    [
        (("ERROR took 3.0 s", "ERROR took 12 s", "ERROR took -7 s"), "took # s"),
        (
            ("ERROR in 5ms", "ERROR in 1.5s", "ERROR in 2m3.5s", "ERROR in 7.25µs", "ERROR in 9µs"),
            "in #",
        ),
        (("ERROR x=0.5", "ERROR x=1e-05", "ERROR x=+5", "ERROR x=-2.5E+7"), "x=#"),
        (("ERROR socket a07f", "ERROR socket 77d0", "ERROR socket deadbeef"), "socket #"),
        (
            (
                "ERROR job 550e8400-e29b-41d4-a716-446655440000 died",
                "ERROR job aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee died",
            ),
            "job # died",
        ),
        (("ERROR from 127.0.0.1:80", "ERROR from fe80::1", "ERROR from 10.0.0.7"), "from #"),
        (("ERROR user 'bob' left", 'ERROR user "anna lee" left'), 'user "#" left'),
        (("ERROR open /etc/a.conf", "ERROR open /var/lib/b/c.conf"), "open <path>"),
        (
            ("ERROR open /users", "ERROR open ./x", "ERROR open ../x/y", "ERROR open ~/x"),
            "open <path>",
        ),
        (
            ("ERROR GET /a?id=5&x=y 500", "ERROR GET / 502", "ERROR GET /a/b/ 500"),
            "GET <path> #",
        ),
        (("ERROR get https://a.example/x?y=1", "ERROR get http://b/"), "get <url>"),
        (("ERROR to a.b@c.example", "ERROR to x@y.example"), "to <email>"),
        (("ERROR worker3 task_2_x", "ERROR worker12 task_9_x"), "worker# task_#_x"),
        (("ERROR ids [1, 2, 3]", "ERROR ids [7]"), "ids [#]"),
        (("ERROR on 2026-01-01T00:00:00.123Z x", "ERROR on 2026-02-03 11:12:13 x"), "on # x"),
        (
            (
                '{"level":"error","ts":"2026-01-01T00:00:00Z","msg":"took 3 ms"}',
                '{"ts":"2026-02-01T00:00:00Z","level":"error","pid":4,"msg":"took 99 ms"}',
            ),
            "took # ms",
        ),
        (
            (
                '{"level":"error","msg":"run 1 failed","error":"timeout after 3 s"}',
                'level=error msg="run 7 failed" err="timeout after 30 s"',
                '{"level":"error","msg":"run 2 failed","error":{"message":"timeout after 3 s"}}',
                '{"level":"error","msg":"run 2 failed","stack":"timeout after 3 s\\n  at x"}',
                '{"level":"error","msg":"run 2 failed",'
                '"exc_info":"Traceback (most recent call last):\\n  File\\ntimeout after 3 s"}',
            ),
            "run # failed | timeout after # s",
        ),
        (
            (
                '{"@t":"2026-01-01T00:00:00Z","@mt":"user 3 failed","@l":"Error","Id":3}',
                '{"Timestamp":"2026-01-01T00:00:00Z","Level":"Error","Message":"user 4 failed"}',
                '{"level":"ERROR","fields":{"message":"user 5 failed"},"target":"app::db"}',
                '{"MESSAGE":"user 6 failed","PRIORITY":"3","_PID":"33"}',
                '{"severityText":"ERROR","body":{"stringValue":"user 7 failed"}}',
                '{"severity":"ERROR","jsonPayload":{"message":"user 8 failed"}}',
                '{"text":"| x","record":{"level":{"name":"ERROR"},"message":"user 9 failed"}}',
                '{"level":"error","event":{"kind":"x"},"text":"user 9 failed"}',
            ),
            "user # failed",
        ),
        (
            (
                '{"level":"error","what":"disk 1 is full","code":"E_CONN","user":"ann"}',
                '{"ts":1,"level":"error","what":"disk 2 is full","code":"E_CONN","user":"bob"}',
            ),
            "disk # is full {code=E_CONN, user}",
        ),
        (
            ('{"level":"error","user":"ann","n":1}', '{"level":"error","user":"bob","n":2}'),
            "{user, n}",
        ),
        (('{"level":"error"}',), '{"#":"#"}'),
        (('{"level":"error","err":"gone 3"}', 'level=error err="gone 3"'), "gone #"),
        (('level=error msg="took 3 ms" n=1', 'level=error n=2 msg="took 4 ms"'), "took # ms"),
        (
            ("2026-01-01 00:00:00,123 ERROR [db] gone", "2027-11-12 10:00:00,000 ERROR [db] gone"),
            "[db] gone",
        ),
        (("ERROR can't open it",), "can't open it"),
        (("ERROR \x1b[31mred\x1b[0m",), "red"),
    ],
)
def test_one_pattern(lines: tuple[str, ...], pattern: str) -> None:
    """However the parts that vary are written."""
    assert {text_of(look(line.encode())) for line in lines} == {pattern}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ERROR pool timed out", "ERROR cache timed out"),
        ("ERROR read failed", "ERROR red failed"),
        ("ERROR a.b failed", "ERROR a.c failed"),
        ('{"level":"error","code":"E_CONN"}', '{"level":"error","code":"E_DISK"}'),
        ('{"level":"error","port":5432}', '{"level":"error","disk":5432}'),
        ('{"level":"error","msg":"x","error":"a"}', '{"level":"error","msg":"x","error":"b"}'),
        ('{"level":"error","msg":"x","exc_info":["a"]}', '{"level":"error","msg":"x"}'),
        ("level=error msg=x err=a", "level=error msg=x err=b"),
        ("ERROR read and/or write", "ERROR read and/nor write"),
    ],
)
def test_different_words_are_different_patterns(one: str, other: str) -> None:
    """Only what varies is masked."""
    assert text_of(look(one.encode())) != text_of(look(other.encode()))


PARTS = (
    "pool 12 3.5 a07f x9 3s - : , \" ' /a/b # é 0x1f T Z 2026-01-01T12:00:00Z abcdefab 1 :// @ . /"
)
TEXTS = st.lists(st.sampled_from([*PARTS.split(), " "]), max_size=9).map("".join)


@given(TEXTS, TEXTS)
@example("poolpool3.5poolpool3.53.5pool", "poolpool3.5pool3.53.5pool")
@example("pool12:3s12pool", "pool12:3s12poolpool")
@example("pool0x1f://pool", "pool0x11111111111111111f://pool")
@example("x93.57e21afabcdefab7e2", "x93.57e21af5ab7e2")
@example("0abc-1-1-1-1", "0xyz-1-1-1-1")
@example("0af:1:2", "0ag:1:2")
@example("a07f3.51://é", "3s3.51://é")
def test_what_the_quick_key_takes_for_alike_is_alike(one: str, other: str) -> None:
    """The cache never joins two patterns that the full reading tells apart."""
    first, second = one.encode(), other.encode()
    if roughly_masked(first) == roughly_masked(second):
        assert masked(first) == masked(second)


@given(TEXTS, st.integers(0, 2**32))
def test_other_digits_in_the_same_places_are_the_same_pattern(text: str, seed: int) -> None:
    """Also where a number has more digits or fewer."""
    rng = random.Random(seed)
    other = re.sub(r"\d+", lambda _: str(rng.randrange(10 ** rng.randrange(1, 8))), text)
    first, second = text.encode(), other.encode()
    for key in (digits_alike, lambda raw: numbers_short(digits_alike(raw)), roughly_masked):
        if key(first) == key(second):
            assert masked(first) == masked(second)


@given(st.binary(max_size=2000))
def test_any_bytes_have_a_pattern_on_one_line(raw: bytes) -> None:
    """Whatever a line holds, its pattern is inert."""
    text = text_of(look(raw.replace(b"\n", b"")))
    assert text == clean(text)
    assert len(text) <= 300
