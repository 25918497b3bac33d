"""Each kind of rule in one sentence, for somebody who has not read the profile."""

from __future__ import annotations

MEANING = {
    "growth": "fails when the memory of one process keeps growing faster than the limit, each hour"
    " as a share of its level after the warm-up",
    "average": "fails when the average of the minutes stays above the limit; readings without an"
    " answer do not count here",
    "held": "fails when the value stays above the limit for the whole hold time",
    "exhausted": "fails when every connection is in use while somebody waits, or acquires fail",
    "records": "fails at the first critical record in these logs",
    "available": "fails when too small a share of the readings succeeded",
    "compare": "fails when the value stays on the wrong side of the limit for the hold time",
    "score": "fails when the mean of the optimisations is below the limit; not known while a check"
    " is not verified",
    "savings": "fails when a whole day saved less than the claim",
    "gates": "passes when every gate is approved; one that was rejected fails it",
    "checklist": "passes when every item is done",
    "coverage": "passes when enough of the expected readings are there in every phase, without a"
    " long gap; it never fails, but without it there is no GO",
}


def meaning(rule: str) -> str:
    """What the rule does; for one that left the profile, why it counts all the same."""
    left = "left the profile after it failed; until somebody waives it, it counts all the same"
    return MEANING.get(rule, left)
