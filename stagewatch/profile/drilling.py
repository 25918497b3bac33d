"""``[validation.NAME]`` and ``[exercise]`` tables: read, checked, and made into pseudo-probes."""

from __future__ import annotations

from typing import Any, cast

from stagewatch.paths import valid_name
from stagewatch.profile.convert import Findings, convert
from stagewatch.profile.derived import DERIVED
from stagewatch.profile.drills import (
    DRILL,
    EXERCISE,
    LONGEST,
    MOST_RATE,
    MOST_SOCKETS,
    PREFIX,
    AnyValidation,
    Caching,
    DrillConfig,
    Exercise,
    Polling,
    RateLimited,
    rate_of,
    target_of,
    targets,
    urls,
)
from stagewatch.profile.probes import Probes
from stagewatch.profile.problems import Key, quoted
from stagewatch.profile.rules import check_signal
from stagewatch.profile.schema import Deployment, Kinds
from stagewatch.profile.secrets import secret_problems
from stagewatch.profile.values import Duration, Limit, format_duration, kind_of

VALIDATION = "validation"
_NAME_HINT = "letters, digits, _ and -: rules call it validation-NAME.passed"
_DURATIONS = ("interval", "timeout", "within", "per", "heartbeat", "let_go", "lasts")
_LONG = 600.0
"""Seconds that nothing of a validation may take longer than."""


class Drills:
    """Reads the drills of one profile."""

    def __init__(
        self, deployment: Deployment | None, probes: Probes, kinds: Kinds, findings: Findings
    ) -> None:
        self._probes, self._kinds, self._findings = probes, kinds, findings
        self._targets = targets(probes.configs)
        real = deployment.window / deployment.speed if deployment else 86400.0
        self._every = Duration(max(1.0, real))

    def validations(self, raw: object) -> dict[str, AnyValidation]:
        """Every ``[validation.NAME]`` that could be read."""
        if not isinstance(raw, dict):
            what = f"must be tables [validation.NAME], not {kind_of(raw)}"
            self._findings.add((VALIDATION,), what)
            return {}
        found = {}
        for name, table in raw.items():
            key: Key = (VALIDATION, name)
            if not valid_name(PREFIX + name) or "." in name:
                self._findings.add(key, "this name cannot be a part of a signal's name", _NAME_HINT)
            # A union is no class, so its type cannot be said to convert().
            read = self._read(table, cast("Any", AnyValidation), key)
            self._add(PREFIX + name, read, table, key)
            if read is not None:
                self._check(read, key)
                found[name] = read
        return found

    def exercise(self, raw: object) -> Exercise | None:
        """``[exercise]``."""
        key: Key = (EXERCISE,)
        read: Exercise | None = self._read(raw, Exercise, key)
        self._add(EXERCISE, read, raw, key)
        if read is None:
            return None
        self._check_times(read, key, LONGEST)
        for number, call in enumerate(read.call):
            if call.every <= 0:
                self._findings.add((*key, "call", number, "every"), "must be more than 0s")
        if not read.call and read.socket is None:
            self._findings.add(key, "has nothing to do", "add [[exercise.call]]")
        self._check_load(read, key)
        return read

    def _check_load(self, exercise: Exercise, key: Key) -> None:
        rate = rate_of(exercise, exercise.workspaces)
        if rate > MOST_RATE:
            what = f"{rate:g} requests/s are more than {MOST_RATE:g}"
            self._findings.add(key, what, "make every longer, or workspaces fewer")
        hold = exercise.socket
        if hold is not None and hold.each * exercise.workspaces > MOST_SOCKETS:
            what = f"{hold.each * exercise.workspaces} WebSockets are more than {MOST_SOCKETS}"
            self._findings.add((*key, "socket", "each"), what)

    def _read(self, table: object, wanted: type[Any], key: Key) -> Any:  # noqa: ANN401  # msgspec
        if not isinstance(table, dict):
            where = ".".join(map(str, key))
            self._findings.add(key, f"must be a table [{where}], not {kind_of(table)}")
            return None
        return convert(table, wanted, key, self._findings)

    def _add(self, name: str, drill: object, table: object, key: Key) -> None:
        """Its pseudo-probe, with the problems that the kind knows of."""
        if name in self._probes.names():
            taken = f"{quoted(name)} is a probe as well"
            self._findings.add(key, taken, "rename one of the two")
            return
        if drill is None:
            self._probes.broken.add(name)
            return
        for found in _secrets(table, key):
            self._findings.add(*found)
        config = DrillConfig(
            kind=DRILL,
            every=self._every,
            timeout=self._every,
            title=getattr(drill, "title", ""),
            drill=drill,
        )
        self._probes.configs[name] = config
        for signal in self._kinds.signals(name, config):
            self._probes.signals.setdefault(signal.name, signal)
        for below, what in self._kinds.problems(config):
            self._findings.add((*key, *_parts(below)), what)
        self._check_targets(drill, key)

    def _check_targets(self, drill: object, key: Key) -> None:
        """Everything is sent to where a probe of the profile asks as well."""
        for below, url in urls(drill):
            target = target_of(url)
            if target is None:
                self._findings.add((*key, *below), 'needs the form "http://host:port/path"')
            elif target not in self._targets:
                host, port = target
                known = ", ".join(sorted(f"{h}:{p}" for h, p in self._targets)) or "nowhere"
                what = f"no http probe of this profile asks {host}:{port}"
                hint = f"requests go only to the deployment that is watched: {known}"
                self._findings.add((*key, *below), what, hint)

    def _check(self, read: AnyValidation, key: Key) -> None:
        self._check_times(read, key, _LONG)
        if isinstance(read, RateLimited) and read.allowed >= read.requests:
            what = "must be fewer than requests"
            self._findings.add((*key, "allowed"), what, "or nothing would be refused")
        if isinstance(read, Caching) and (read.share.unit not in ("%", "") or read.share > 100):
            self._findings.add((*key, "share"), 'is a share, as in "80 %"')
        if isinstance(read, Caching):
            self._check_share(read.share, key)
        if isinstance(read, Polling):
            self._check_polling(read, key)

    def _check_share(self, share: Limit, key: Key) -> None:
        if share <= 0:
            self._findings.add((*key, "share"), "must be more than 0 %")

    def _check_polling(self, read: Polling, key: Key) -> None:
        for name in ("source", "observed"):
            signal = getattr(read, name)
            if signal:
                check_signal(signal, (*key, name), self._probes, self._findings)
        if not read.source and not read.observed:
            self._findings.add(key, "needs source or observed", "a signal that tells of it")
        observed = self._probes.signals.get(read.observed)
        if observed is not None and observed.unit != "s":
            what = f"{observed.name} is not measured in s"
            self._findings.add((*key, "observed"), what, 'name a signal of kind "intervals"')
        source = self._probes.configs.get(read.source.partition(".")[0])
        if source is not None and source.kind in (DERIVED, DRILL):
            self._findings.add((*key, "source"), "is of no probe that could be run once")

    def _check_times(self, read: object, key: Key, most: float) -> None:
        for name in _DURATIONS:
            time = getattr(read, name, None)
            if not isinstance(time, Duration):
                continue
            if time <= 0:
                self._findings.add((*key, name), "must be more than 0s")
            elif time > most:
                what = f"is longer than {format_duration(most)}"
                self._findings.add((*key, name), what, "no drill takes longer")


def _secrets(table: object, key: Key) -> list[tuple[Key, str, str]]:
    """Secrets that stand literally in a drill's table or in a table inside it."""
    if not isinstance(table, dict):
        return []
    found = list(secret_problems(table, key))
    inner: list[tuple[Key, object]] = [((*key, "socket"), table.get("socket"))]
    calls = table.get("call")
    if isinstance(calls, list):
        inner += [((*key, "call", number), call) for number, call in enumerate(calls)]
    for where, value in inner:
        if isinstance(value, dict):
            found += secret_problems(value, where)
    return found


def _parts(below: str) -> Key:
    return tuple(int(part) if part.isdecimal() else part for part in below.split(".") if part)
