"""The cache validation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stagewatch.drills import validations
from stagewatch.drills.outcome import Outcome
from stagewatch.profile.drills import Caching
from stagewatch.profile.values import Duration, Limit
from tests.drills.conftest import Answer, Hasty, ground_of, reply, serving

HIT, MISS = reply(200, X_Cache="HIT from edge"), reply(200, X_Cache="MISS")


async def ran(answers: Callable[[int], Answer], **keys: object) -> Outcome:
    """What a run against such a service comes to."""
    given: dict[str, object] = {"timeout": Duration(0.4), "within": Duration(2), **keys}
    async with serving(answers) as port:
        one = Caching(url=f"http://127.0.0.1:{port}/quota", **given)  # type: ignore[arg-type]
        return await validations.run(one, ground_of(port, one, Hasty()))


async def test_hits_after_the_first_answer_pass() -> None:
    """The first one may fill the cache."""
    outcome = await ran(lambda n: MISS if n == 1 else HIT)
    assert outcome.word == "passed"
    assert outcome.values["hit_rate"] == 100.0
    assert outcome.values["hit_latency"] > 0


async def test_requests_that_take_too_long_together_are_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No profile can leave more than two minutes out of the rules."""
    slowest = Caching(url="http://127.0.0.1:1/", requests=100, timeout=Duration(600))
    assert validations.disturbs(slowest) == 120.0
    monkeypatch.setattr("stagewatch.drills.caching.MOST_DISTURBED", 0.3)
    outcome = await ran(lambda n: HIT if n < 3 else None, timeout=Duration(60))
    assert (outcome.word, outcome.text) == ("no-answer", "5 requests took more than 300ms")


async def test_a_field_of_the_answer_may_tell_as_well() -> None:
    """``true`` as JSON writes it."""
    outcome = await ran(lambda n: reply(200, '{"cached": true}'), field="cached", hit="true")
    assert outcome.word == "passed"


async def test_a_share_is_enough_where_the_profile_says_so() -> None:
    """Half of four."""
    outcome = await ran(lambda n: HIT if n % 2 else MISS, share=Limit(50.0, "%"))
    assert (outcome.word, outcome.values["hit_rate"]) == ("passed", 50.0)


FAULTS: dict[str, tuple[Callable[[int], Answer], dict[str, object], str]] = {
    "only misses": (lambda n: MISS, {}, "not-cached"),
    "one miss": (lambda n: MISS if n == 3 else HIT, {}, "not-cached"),
    "nothing tells": (lambda n: reply(200), {}, "no-cache-mark"),
    "the field is not there": (lambda n: reply(200), {"field": "cached"}, "no-cache-mark"),
    "no JSON": (lambda n: reply(200, "<p>"), {"field": "cached"}, "no-cache-mark"),
    "too slow": (lambda n: HIT, {"within": Duration(1e-6)}, "slow"),
    "it fails": (lambda n: HIT if n < 3 else reply(500), {}, "server-error"),
    "it hangs": (lambda n: None, {}, "no-answer"),
    "a redirect": (lambda n: reply(302, location="http://192.0.2.1/"), {}, "refused-request"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_has_a_name_and_a_remedy(fault: str) -> None:
    """And none is a pass."""
    answers, keys, word = FAULTS[fault]
    outcome = await ran(answers, **keys)
    assert (outcome.word, outcome.passed) == (word, False)
    assert outcome.remedy
