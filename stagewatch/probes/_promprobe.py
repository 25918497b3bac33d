"""Asking a Prometheus, and what its answers are worth."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from types import MappingProxyType
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
from stagewatch.probes.prometheus import PrometheusConfig, RangeQuery
from stagewatch.profile.values import format_duration

ENOUGH = 0.7
"""Share of the points of a range that must be there."""
LATE = 2.5
"""Steps that the newest point may lie back."""
_TAKE: Mapping[str, Callable[[Sequence[float]], float]] = MappingProxyType(
    {"mean": fmean, "max": max, "min": min, "last": lambda values: values[-1]}
)
_NUMBERED = "{} series; make one number of them with sum(…), max(…) or the like"
_UNFIT = {
    "matrix": "is a range of values; ask for a function of it, such as max_over_time(…)",
    "string": "is text, not a number",
}


class UnfitError(ValueError):
    """An answer that is not one finite number; ``str()`` says why and what to do."""


Ask = Callable[[], Awaitable[float]]
"""Asks one query. Raises FailureError or UnfitError."""


def open_prometheus(
    name: str, config: PrometheusConfig, context: OpenContext, signals: tuple[Signal, ...]
) -> LookingProbe:
    """The probe, with a request for each of its queries."""
    secrets = Secrets(context.base)
    inquiry = _Inquiry(config, context, Resolver(name), secrets)
    questions = {
        key: inquiry.instant(query) if isinstance(query, str) else inquiry.ranged(query)
        for key, query in config.query.items()
    }

    async def look() -> Found:
        return await _look(questions)

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


@dataclass(frozen=True, slots=True)
class _Inquiry:
    """What every question to one Prometheus is made from."""

    config: PrometheusConfig
    context: OpenContext
    resolver: Resolver
    secrets: Secrets

    def instant(self, query: str) -> Ask:
        """Asks for the moment of asking."""
        asked = self._asker("query", query=query)

        async def ask() -> float:
            return value_of(await self._answer(asked), int(self.config.max_bytes))

        return ask

    def ranged(self, query: RangeQuery) -> Ask:
        """Asks for the stretch that ends at the moment of asking."""

        async def ask() -> float:
            # Made anew each time: a range is of absolute times.
            end = self.context.clock.now()
            times = {"start": f"{end - query.range:.3f}", "end": f"{end:.3f}"}
            step = f"{float(query.step):g}"
            asked = self._asker("query_range", query=query.expr, step=step, **times)
            return taken(await self._answer(asked), int(self.config.max_bytes), query, end)

        return ask

    async def _answer(self, asked: Asker) -> Answer:
        return await asked.ask(Trip(self.context.clock.monotonic))

    def _asker(self, path: str, **parameters: str) -> Asker:
        target = _target(self.config, path, parameters)
        return Asker(target, self.context.base, self.resolver, self.secrets)


def _target(config: PrometheusConfig, path: str, parameters: Mapping[str, str]) -> Target:
    return Target(
        url=f"{config.url.rstrip('/')}/api/v1/{path}?{urlencode(parameters)}",
        timeout=config.timeout * 0.95,
        limit=int(config.max_bytes),
        headers=config.headers,
        ca_file=config.ca_file,
        verify=config.verify,
    )


async def _look(questions: Mapping[str, Ask]) -> Found:
    """Ask everything at once. Raises FailureError when no query has an answer."""

    async def asked(ask: Ask) -> float | FailureError | UnfitError:
        try:
            return await ask()
        except (FailureError, UnfitError) as error:
            return error

    answers = await asyncio.gather(*map(asked, questions.values()))
    failures = [answer for answer in answers if isinstance(answer, FailureError)]
    if len(failures) == len(answers):
        raise failures[0]
    found = Found()
    for key, answer in zip(questions, answers, strict=True):
        if isinstance(answer, float):
            found.values[key] = answer
        else:
            found.missing[key] = str(answer)
            found.amiss(f"{key}: {answer}")
    found.values["ok"] = float(found.result is Result.VALUE)
    return found


def value_of(answer: Answer, limit: int) -> float:
    """The number in an answer of ``/api/v1/query``; raises UnfitError or FailureError."""
    kind, result = _result(answer, limit)
    if kind in _UNFIT:
        raise UnfitError(_UNFIT[kind])
    if kind == "vector" and isinstance(result, list):
        return _number(_only(result).get("value"))
    if kind == "scalar":
        return _number(result)
    raise UnfitError(_no_answer(answer, f"resultType {kind}"))


def taken(answer: Answer, limit: int, query: RangeQuery, end: float) -> float:
    """The number that comes of an answer of ``/api/v1/query_range`` up to the Unix time ``end``;
    raises UnfitError or FailureError."""
    kind, result = _result(answer, limit)
    if kind != "matrix" or not isinstance(result, list):
        raise UnfitError(_no_answer(answer, f"resultType {kind}"))
    pairs = _only(result).get("values")
    if not isinstance(pairs, list):
        raise UnfitError(_HISTOGRAM)
    points = [(_moment(pair), value) for pair in pairs if not math.isnan(value := _float(pair))]
    infinite = next((value for _, value in points if math.isinf(value)), None)
    if infinite is not None:
        raise UnfitError(f"holds {'+Inf' if infinite > 0 else '-Inf'}: a division by 0?")
    expected = int(query.range / query.step) + 1
    if len(points) < ENOUGH * expected:
        what = f"{len(points)} of {expected} points in {format_duration(query.range)}"
        raise UnfitError(f"{what}, {ENOUGH:.0%} are needed: was it not scraped, or is it NaN?")
    behind = end - points[-1][0]
    if behind > LATE * query.step:
        raise UnfitError(f"the newest point is {format_duration(behind)} old; is it scraped still?")
    return _TAKE[query.take]([value for _, value in points])


def _result(answer: Answer, limit: int) -> tuple[str, object]:
    """(resultType, result) of a query that succeeded; raises UnfitError."""
    try:
        document = parse(decoded(answer, limit))
    except (JsonError, UnusableError) as error:
        raise UnfitError(_no_answer(answer, str(error))) from error
    if not isinstance(document, dict) or "status" not in document:
        raise UnfitError(_no_answer(answer, "no status"))
    if document["status"] != "success":
        raise UnfitError(f"{document.get('errorType', 'error')}: {document.get('error', '')}")
    data = document.get("data")
    data = data if isinstance(data, dict) else {}
    kind = data.get("resultType")
    return (kind if isinstance(kind, str) else str(kind)), data.get("result")


def _no_answer(answer: Answer, why: str) -> str:
    return (
        f"status {answer.status}, and not an answer of a Prometheus ({why});"
        " url is what comes before /api/v1"
    )


_HISTOGRAM = "is a histogram; ask for histogram_quantile(…) of it"


def _only(vector: list[object]) -> dict[str, object]:
    """The one series of an answer."""
    if not vector:
        raise UnfitError("no series; is the metric renamed, or its target not scraped?")
    if len(vector) > 1:
        raise UnfitError(_NUMBERED.format(len(vector)))
    series = vector[0]
    if not isinstance(series, dict):
        raise UnfitError("the answer holds no value")
    if "histogram" in series or "histograms" in series:
        raise UnfitError(_HISTOGRAM)
    return series


def _number(pair: object) -> float:
    value = _float(pair)
    if math.isnan(value):
        raise UnfitError("is NaN: a division by 0, or no data in the range")
    if math.isinf(value):
        raise UnfitError(f"is {'+Inf' if value > 0 else '-Inf'}: a division by 0?")
    return value


def _float(pair: object) -> float:
    """The value of a point, which may be none; raises UnfitError for what is no point."""
    text = pair[1] if isinstance(pair, list) and len(pair) == 2 else None
    if not isinstance(text, str):
        raise UnfitError("the answer holds no value")
    try:
        return float(text)
    except ValueError:
        raise UnfitError(f'"{text}" is not a number') from None


def _moment(pair: list[object]) -> float:
    """Unix time of a point."""
    at = pair[0]
    if isinstance(at, bool) or not isinstance(at, int | float):
        raise UnfitError("the answer holds a point without a time")
    return float(at)
