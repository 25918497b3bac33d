"""An opened metrics probe: asks for the page, and finds its series."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from stagewatch.model import Result, Signal
from stagewatch.probes import OpenContext
from stagewatch.probes._asker import Asker, Target
from stagewatch.probes._expect import Answer, UnusableError, decoded
from stagewatch.probes._exposition import Page, PageError, Sample, read_page
from stagewatch.probes._looking import Found, LookingProbe
from stagewatch.probes._resolve import Resolver
from stagewatch.probes._secrets import Secrets
from stagewatch.probes._selector import Selector, selector
from stagewatch.probes._trip import Trip
from stagewatch.probes.metrics import MetricsConfig
from stagewatch.profile.problems import nearest
from stagewatch.profile.values import format_duration

OLD = 300.0
"""Seconds after which a sample that carries a time of its own does not count any more."""
_MERGE: Mapping[str, Callable[[list[float]], float]] = {"sum": math.fsum, "min": min, "max": max}
_OPEN_METRICS = "application/openmetrics-text"


class UnfitError(ValueError):
    """There is no one finite number for a signal; ``str()`` says why."""


def open_metrics(
    name: str, config: MetricsConfig, context: OpenContext, signals: tuple[Signal, ...]
) -> LookingProbe:
    """The probe."""
    secrets = Secrets(context.base)
    target = Target(
        url=config.url,
        timeout=config.timeout * 0.95,
        limit=int(config.max_bytes),
        headers=config.headers,
        ca_file=config.ca_file,
        verify=config.verify,
    )
    asker = Asker(target, context.base, Resolver(name), secrets)
    wanted = {key: selector(text) for key, text in config.read.items()}

    async def look() -> Found:
        answer = await asker.ask(Trip(context.clock.monotonic))
        return examine(answer, wanted, target.limit, context.clock.now())

    return LookingProbe(
        name,
        config,
        context,
        signals,
        look,
        late="the page was not there",
        secrets=secrets.values,
        down={"ok": 0.0},
    )


def examine(answer: Answer, wanted: Mapping[str, Selector], limit: int, now: float) -> Found:
    """The wanted numbers in an answer; raises FailureError when it cannot be held."""
    found = Found()
    if answer.status != 200:
        found.amiss(f"status {answer.status}, expected 200")
    else:
        try:
            text = decoded(answer, limit).decode()
            names = {each.name for each in wanted.values()}
            page = read_page(text, names, open_metrics=answer.media == _OPEN_METRICS)
        except (UnusableError, PageError) as error:
            kind = answer.media or "no content type"
            found.amiss(f"not a metrics page ({kind}, {error})")
        except UnicodeDecodeError:
            found.amiss("not a metrics page (not UTF-8)")
        else:
            scale = 1.0 if answer.media == _OPEN_METRICS else 1e-3
            _read(page, wanted, found, now, scale)
    found.values["ok"] = float(found.result is Result.VALUE)
    return found


def _read(
    page: Page, wanted: Mapping[str, Selector], found: Found, now: float, scale: float
) -> None:
    for key, each in wanted.items():
        try:
            found.values[key] = _number(page, each, now, scale)
        except UnfitError as error:
            found.missing[key] = str(error)
            found.amiss(str(error))


def _number(page: Page, wanted: Selector, now: float, scale: float) -> float:
    fitting = [
        sample
        for sample in page.samples[wanted.name]
        if wanted.labels.items() <= sample.labels.items()
    ]
    if not fitting:
        raise UnfitError(_absent(page, wanted))
    _no_repetition(fitting, wanted)
    if len(fitting) > 1 and not wanted.by:
        raise UnfitError(f"{len(fitting)} series are {wanted.text}; {_choice(fitting)}")
    for sample in fitting:
        age = 0.0 if sample.at is None else now - sample.at * scale
        if age > OLD:
            raise UnfitError(f"{wanted.text} is {format_duration(age)} old")
        if not math.isfinite(sample.value):
            raise UnfitError(f"{wanted.text} is {sample.value}, not a finite number")
    values = [sample.value for sample in fitting]
    return float(_MERGE[wanted.by](values)) if wanted.by else values[0]


def _no_repetition(fitting: list[Sample], wanted: Selector) -> None:
    seen = {tuple(sorted(sample.labels.items())) for sample in fitting}
    if len(seen) < len(fitting):
        raise UnfitError(f"the page holds a series of {wanted.name} twice; which is right?")


def _absent(page: Page, wanted: Selector) -> str:
    others = page.samples[wanted.name]
    if others:
        return f"no series is {wanted.text}; there is {_written(wanted.name, others[0].labels)}"
    guess = nearest(wanted.name, page.names)
    hint = f"did you mean {guess}?" if guess else f"the page holds {len(page.names)} others"
    return f"the page holds no {wanted.name}; {hint}"


def _choice(fitting: list[Sample]) -> str:
    """How to choose among several: a label in which they differ."""
    first, second = fitting[0].labels, fitting[1].labels
    for label in {**first, **second}:
        if first.get(label) != second.get(label):
            value = first.get(label, second.get(label, ""))
            return f'add a label such as {label}="{value}", or write sum(…)'
    return "write sum(…)"


def _written(name: str, labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{inner}}}" if inner else name
