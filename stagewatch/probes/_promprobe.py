"""Asking a Prometheus, and what its answers are worth."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from urllib.parse import urlencode

from stagewatch.model import Result, Signal
from stagewatch.probes import OpenContext
from stagewatch.probes._asker import Asker, Target
from stagewatch.probes._expect import Answer, UnusableError, decoded
from stagewatch.probes._failure import FailureError
from stagewatch.probes._json import JsonError, parse
from stagewatch.probes._looking import Found, LookingProbe
from stagewatch.probes._resolve import Resolver
from stagewatch.probes._secrets import Secrets
from stagewatch.probes._trip import Trip
from stagewatch.probes.prometheus import PrometheusConfig

_NUMBERED = "{} series; make one number of them with sum(…), max(…) or the like"
_UNFIT = {
    "matrix": "is a range of values; ask for a function of it, such as max_over_time(…)",
    "string": "is text, not a number",
}


class UnfitError(ValueError):
    """An answer that is not one finite number; ``str()`` says why and what to do."""


def open_prometheus(
    name: str, config: PrometheusConfig, context: OpenContext, signals: tuple[Signal, ...]
) -> LookingProbe:
    """The probe, with a request for each of its queries."""
    secrets = Secrets(context.base)
    resolver = Resolver(name)
    askers = {
        key: Asker(_target(config, query), context.base, resolver, secrets)
        for key, query in config.query.items()
    }

    async def look() -> Found:
        return await _look(askers, context, int(config.max_bytes))

    late = "the Prometheus did not answer"
    return LookingProbe(
        name,
        config,
        context,
        signals,
        look,
        late=late,
        secrets=secrets.values,
        down={"ok": 0.0},
    )


def _target(config: PrometheusConfig, query: str) -> Target:
    return Target(
        url=f"{config.url.rstrip('/')}/api/v1/query?{urlencode({'query': query})}",
        timeout=config.timeout * 0.95,
        limit=int(config.max_bytes),
        headers=config.headers,
        ca_file=config.ca_file,
        verify=config.verify,
    )


async def _look(askers: Mapping[str, Asker], context: OpenContext, limit: int) -> Found:
    """Ask everything at once. Raises FailureError when no query has an answer."""

    async def ask(asker: Asker) -> float | FailureError | UnfitError:
        try:
            return value_of(await asker.ask(Trip(context.clock.monotonic)), limit)
        except (FailureError, UnfitError) as error:
            return error

    answers = await asyncio.gather(*map(ask, askers.values()))
    failures = [answer for answer in answers if isinstance(answer, FailureError)]
    if len(failures) == len(answers):
        raise failures[0]
    found = Found()
    for key, answer in zip(askers, answers, strict=True):
        if isinstance(answer, float):
            found.values[key] = answer
        else:
            found.missing[key] = str(answer)
            found.amiss(f"{key}: {answer}")
    found.values["ok"] = float(found.result is Result.VALUE)
    return found


def value_of(answer: Answer, limit: int) -> float:
    """The number in an answer of ``/api/v1/query``; raises UnfitError or FailureError."""
    try:
        document = parse(decoded(answer, limit))
    except (JsonError, UnusableError) as error:
        raise UnfitError(_no_answer(answer, str(error))) from error
    if not isinstance(document, dict) or "status" not in document:
        raise UnfitError(_no_answer(answer, "no status"))
    if document["status"] != "success":
        raise UnfitError(f"{document.get('errorType', 'error')}: {document.get('error', '')}")
    data = document.get("data")
    kind = data.get("resultType") if isinstance(data, dict) else None
    result = data.get("result") if isinstance(data, dict) else None
    if kind in _UNFIT:
        raise UnfitError(_UNFIT[kind])
    if kind == "vector" and isinstance(result, list):
        return _number(_only(result))
    if kind == "scalar":
        return _number(result)
    raise UnfitError(_no_answer(answer, f"resultType {kind}"))


def _no_answer(answer: Answer, why: str) -> str:
    return (
        f"status {answer.status}, and not an answer of a Prometheus ({why});"
        " url is what comes before /api/v1"
    )


def _only(vector: list[object]) -> object:
    if not vector:
        raise UnfitError("no series; is the metric renamed, or its target not scraped?")
    if len(vector) > 1:
        raise UnfitError(_NUMBERED.format(len(vector)))
    series = vector[0]
    if isinstance(series, dict) and "histogram" in series:
        raise UnfitError("is a histogram; ask for histogram_quantile(…) of it")
    return series.get("value") if isinstance(series, dict) else None


def _number(pair: object) -> float:
    text = pair[1] if isinstance(pair, list) and len(pair) == 2 else None
    if not isinstance(text, str):
        raise UnfitError("the answer holds no value")
    try:
        value = float(text)
    except ValueError:
        raise UnfitError(f'"{text}" is not a number') from None
    if math.isnan(value):
        raise UnfitError("is NaN: a division by 0, or no data in the range")
    if math.isinf(value):
        raise UnfitError(f"is {text}: a division by 0?")
    return value
