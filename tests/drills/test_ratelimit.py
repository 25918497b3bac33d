"""The rate-limit validation: six of one kind of answer, and everything else is no pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from stagewatch.drills import validations
from stagewatch.drills.outcome import Outcome
from stagewatch.profile.drills import RateLimited
from stagewatch.profile.values import Duration
from tests.drills.conftest import Answer, Hasty, ground_of, reply, serving

OK, LIMITED = reply(200), reply(429)


def drill(port: int, **keys: object) -> RateLimited:
    """The drill with its defaults, but for these keys."""
    given: dict[str, object] = {"timeout": Duration(0.4), **keys}
    return RateLimited(url=f"http://127.0.0.1:{port}/quota", **given)  # type: ignore[arg-type]


async def ran(answers: Callable[[int], Answer], clock: Hasty, **keys: object) -> Outcome:
    """What a run against such a service comes to."""
    async with serving(answers) as port:
        one = drill(port, **keys)
        return await validations.run(one, ground_of(port, one, clock))


def limiter(allowed: int, *, recovers: bool = True) -> Callable[[int], Answer]:
    """Refuses after so many, until the burst of ten is over."""
    return lambda n: OK if n <= allowed or (n > 10 and recovers) else LIMITED


async def test_the_sixth_is_refused_and_the_window_recovers(hasty: Hasty) -> None:
    """That is a pass, with the number of the first refusal; a minute was waited."""
    outcome = await ran(limiter(5), hasty)
    assert outcome.word == "passed"
    assert outcome.values == {"refused_at": 6.0, "recovered": 1.0}
    assert 60 <= hasty.waited <= 62


async def test_where_the_probes_use_up_the_window_nothing_shows_that_any_is_granted(
    hasty: Hasty,
) -> None:
    """So many refusals as the probes may have asked for are without harm; all of them are not."""
    answers = limiter(0)
    async with serving(answers) as port:
        one = drill(port)
        ground = ground_of(port, one, hasty)
        ground.watched = True
        probe = replace(ground.profile.probe["quota"], every=Duration(5))
        ground.profile = replace(ground.profile, probe={**ground.profile.probe, "quota": probe})
        outcome = await validations.run(one, ground)
    assert outcome.word == "limited-early"


FAULTS: dict[str, tuple[Callable[[int], Answer], str]] = {
    "nothing is refused": (lambda n: OK, "not-limited"),
    "the eighth is refused": (limiter(7), "limited-late"),
    "the third is refused": (limiter(2), "limited-early"),
    "one after the refusal is answered": (lambda n: LIMITED if n == 6 else OK, "not-limited"),
    "it stays refused": (limiter(5, recovers=False), "not-recovered"),
    "it fails": (lambda n: reply(500), "server-error"),
    "it fails after the window": (
        lambda n: reply(503) if n > 10 else limiter(5)(n),
        "server-error",
    ),
    "it wants a header": (lambda n: reply(401), "refused-request"),
    "it hangs": (lambda n: None, "no-answer"),
    "it hangs in the middle": (lambda n: OK if n < 4 else None, "no-answer"),
    "it closes": (lambda n: b"", "closed"),
    "it closes in the answer": (lambda n: OK[:-1], "no-answer"),
    "it speaks something else": (lambda n: b"SSH-2.0-OpenSSH_9.2\r\n", "garbage"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_has_a_name_and_a_remedy_and_is_no_pass(hasty: Hasty, fault: str) -> None:
    """Whatever the service does."""
    answers, word = FAULTS[fault]
    outcome = await ran(answers, hasty)
    assert outcome.word == word
    assert not outcome.passed
    assert outcome.remedy


async def test_what_the_probes_of_the_watch_have_used_up_is_no_fault(hasty: Hasty) -> None:
    """Two a minute of the same client, unless the drill is apart or nobody watches."""
    for keys, watched, word in (
        ({}, True, "passed"),
        ({}, False, "limited-early"),
        ({"apart": True}, True, "limited-early"),
        ({"per": Duration(2)}, True, "limited-early"),
    ):
        async with serving(limiter(3)) as port:
            one = drill(port, **keys)
            ground = ground_of(port, one, hasty)
            probe = replace(ground.profile.probe["quota"], every=Duration(30))
            ground.profile = replace(ground.profile, probe={**ground.profile.probe, "quota": probe})
            ground.watched = watched
            assert (await validations.run(one, ground)).word == word


async def test_a_service_that_is_gone_is_unreachable(hasty: Hasty, unused_port: int) -> None:
    """And the sentence says where."""
    one = drill(unused_port)
    outcome = await validations.run(one, ground_of(unused_port, one, hasty))
    assert (outcome.word, outcome.passed) == ("unreachable", False)
    assert f"127.0.0.1:{unused_port}: connection refused" in outcome.text
    assert "recovered" not in outcome.values


async def test_a_secret_that_is_not_there_is_named(hasty: Hasty, unused_port: int) -> None:
    """Before anything is sent."""
    one = drill(unused_port, headers={"Authorization": "Bearer env:NO_SUCH_TOKEN"})
    outcome = await validations.run(one, ground_of(unused_port, one, hasty))
    assert outcome.word == "no-secret"
    assert "NO_SUCH_TOKEN" in outcome.text


async def test_what_disturbs_is_over_with_the_burst_or_with_the_window(hasty: Hasty) -> None:
    """With ``apart`` the probes have a window of their own."""
    for apart, waited in ((True, False), (False, True)):
        async with serving(limiter(5)) as port:
            one = drill(port, apart=apart)
            ground = ground_of(port, one, hasty)
            began = hasty.now()
            await validations.run(one, ground)
        assert (ground.disturbed_until - began > 60) is waited
