"""Drills in a profile: every wrong key is named, and no request leaves the deployment."""

from __future__ import annotations

from pathlib import Path

import pytest

from stagewatch.probes import InstalledKinds, signals_of
from stagewatch.profile.drills import Exercise, RateLimited, drills
from stagewatch.profile.load import ProfileError, loads
from stagewatch.profile.schema import Profile

HEAD = """version = 1
[deployment]
name = "staging"
window = "24h"
speed = 60
[probe.quota]
kind = "http"
url = "https://Staging.example:8443/quota"
every = "30s"
[probe.hooks]
kind = "files"
paths = ["src"]
patterns = ["30000"]
every = "30s"
"""
LIMIT = '[validation.limit]\nkind = "rate-limit"\nurl = "https://staging.example:8443/quota"\n'


def read(text: str) -> Profile:
    """The profile with this below its head."""
    return loads(HEAD + text, Path("p.toml"), InstalledKinds())


def test_a_validation_is_read_and_its_signals_may_be_judged() -> None:
    """Its interval is the window, so that a result never grows stale."""
    rule = '[go.limit]\nrule = "compare"\nsignal = "validation-limit.refused_at"\nabove = 6\n'
    profile = read(LIMIT + rule)
    assert isinstance(profile.validation["limit"], RateLimited)
    (config,) = drills(profile.probe).values()
    assert float(config.every) == 24 * 60
    assert "validation-limit.passed" in signals_of(profile.probe)
    assert profile.exercise is None


def test_an_exercise_is_read_with_its_calls_and_sockets() -> None:
    """wss belongs to https."""
    text = """[exercise]
call = [{ url = "https://staging.example:8443/quota", every = "1s" }]
socket = { url = "wss://staging.example:8443/ws" }
"""
    exercise = read(text).exercise
    assert isinstance(exercise, Exercise)
    assert (len(exercise.call), exercise.workspaces) == (1, 5)


CALL = 'call = [{ url = "https://staging.example:8443/quota", every = "%s" }]\n'
PROBLEMS = {
    "another port": (LIMIT.replace("8443", "443"), "no http probe of this profile asks"),
    "another host": (LIMIT.replace("staging.ex", "www.ex"), "no http probe of this profile asks"),
    "no URL": (LIMIT.replace("https://staging.example:8443/quota", "quota"), "needs the form"),
    "a secret": (LIMIT + 'headers = { Authorization = "Bearer abc" }\n', "holds a secret"),
    "no header": (LIMIT + 'headers = { "a b" = "c" }\n', "is not a header name"),
    "an unknown key": (LIMIT + "request = 10\n", 'did you mean "requests"?'),
    "nothing refused": (LIMIT + "allowed = 10\n", "must be fewer than requests"),
    "too many": (LIMIT + "requests = 101\n", "at most 100"),
    "an hour": (LIMIT + 'per = "1h"\n', "is longer than 10m"),
    "no time": (LIMIT + 'timeout = "0s"\n', "must be more than 0s"),
    "an unknown kind": (LIMIT.replace("rate-limit", "rate"), "kind"),
    "a name": (LIMIT.replace("n.limit", 'n."a.b"'), "cannot be a part of a signal's name"),
    "a probe's name": (LIMIT + "[probe.validation-limit]\nkind = 'host'\n", "is a probe as well"),
    "a share": (
        '[validation.c]\nkind = "cache"\nurl = "https://staging.example:8443/q"\nshare = "101 %"\n',
        "is a share",
    ),
    "any answer is a hit": (
        '[validation.c]\nkind = "cache"\nurl = "https://staging.example:8443/q"\nhit = ""\n',
        "validation.c.hit",
    ),
    "a path": (
        '[validation.c]\nkind = "cache"\nurl = "https://staging.example:8443/q"\nfield = "a["\n',
        "is no path",
    ),
    "no signal": ('[validation.p]\nkind = "polling"\n', "needs source or observed"),
    "no such signal": ('[validation.p]\nkind = "polling"\nsource = "x.y"\n', "no probe provides"),
    "another unit": (
        '[validation.p]\nkind = "polling"\nobserved = "quota.latency"\n',
        "is not measured in s",
    ),
    "a rule over a course": (
        LIMIT + '[nogo.l]\nrule = "held"\nsignal = "validation-limit.refused_at"\n',
        'use rule = "compare"',
    ),
    "availability of a drill": (
        LIMIT + '[go.l]\nrule = "available"\nprobe = "validation-limit"\n',
        'use rule = "compare"',
    ),
    "no table": ("validation = 3\n", "must be tables [validation.NAME]"),
    "an idle exercise": ("[exercise]\n", "has nothing to do"),
    "too fast": ("[exercise]\n" + CALL % "5ms", "1000 requests/s are more than 600"),
    "never": ("[exercise]\n" + CALL % "0s", "must be more than 0s"),
    "too long": ("[exercise]\nlasts = '2h'\n" + CALL % "1s", "is longer than 1h"),
    "too many sockets": (
        "[exercise]\nworkspaces = 200\n"
        'socket = { url = "wss://staging.example:8443/ws", each = 3 }\n',
        "600 WebSockets are more than 500",
    ),
    "a secret in a call": (
        "[exercise]\n" + (CALL % "1s").replace(" }]", ', headers = { Cookie = "abc" } }]'),
        "holds a secret",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_problem_is_named_with_its_line(name: str) -> None:
    """As of any other key."""
    text, what = PROBLEMS[name]
    head = "" if name != "no table" else text
    with pytest.raises(ProfileError) as refused:
        loads(head + HEAD + ("" if head else text), Path("p.toml"), InstalledKinds())
    assert what in str(refused.value)
    assert str(refused.value).startswith("p.toml:")
