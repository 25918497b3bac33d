"""An opened http probe: runs the exchange, and makes a reading of whatever comes of it."""

from __future__ import annotations

from stagewatch.model import Fact, Reading, Result, Signal
from stagewatch.probes import OpenContext
from stagewatch.probes._asker import Asker, Target
from stagewatch.probes._expect import Answer, Expected, Named, examine
from stagewatch.probes._failure import FailureError
from stagewatch.probes._fields import compile_path
from stagewatch.probes._resolve import Lookup, Resolver
from stagewatch.probes._secrets import Secrets
from stagewatch.probes._trip import Trip
from stagewatch.probes.http import HttpConfig
from stagewatch.text import clean, masked

GRACE = 0.5
"""Seconds beyond ``timeout`` before the recorder gives up on a probe that should have ended."""
MAX_REASON = 300
"""Characters of a reason."""
_UNVERIFIED = "certificate not verified (verify = false)"


class HttpProbe:
    """One URL, asked at an interval."""

    def __init__(
        self,
        name: str,
        config: HttpConfig,
        context: OpenContext,
        signals: tuple[Signal, ...],
        lookup: Lookup | None = None,
    ) -> None:
        self.name = name
        self.every = self.tick = float(config.every)
        self.deadline = config.timeout + GRACE
        self.signals = signals
        self._config = config
        self._context = context
        self._secrets = Secrets(context.base)
        self._expected = _expected(name, config)
        target = _target(config)
        self._https = target.https
        self._asker = Asker(target, context.base, Resolver(name, lookup), self._secrets)

    async def read(self) -> Reading:
        """Ask once."""
        clock = self._context.clock
        at = clock.now()
        trip = Trip(clock.monotonic)
        try:
            answer = await self._asker.ask(trip)
            return self._judged(answer, at, trip)
        except FailureError as failure:
            return self._failed(failure, at, trip)

    async def aclose(self) -> None:
        """Every run closes its own connection, so that nothing is left to release."""

    def _judged(self, answer: Answer, at: float, trip: Trip) -> Reading:
        found = examine(self._expected, answer, self._secrets.values)
        values, missing = found.values, found.missing
        good = not found.problems
        values[f"{self.name}.ok"] = float(good)
        latency = f"{self.name}.latency"
        if answer.status < 500 or answer.status in self._expected.status:
            values[latency] = trip.took * 1000
        else:
            missing[latency] = found.reason
        facts: dict[str, Fact] = {"unexpected": True} if found.unexpected else {}
        unverified = self._https and not self._config.verify
        return Reading(
            probe=self.name,
            at=at,
            took=trip.took,
            result=Result.VALUE if good else Result.NO_DATA,
            reason=found.reason or (_UNVERIFIED if unverified else ""),
            values=values,
            missing=missing,
            facts={**found.facts, **facts, "http_status": answer.status, **self._way(trip)},
        )

    def _failed(self, failure: FailureError, at: float, trip: Trip) -> Reading:
        # Only here, since a text that is cut first may keep half a secret.
        reason = clean(masked(str(failure), self._secrets.values), MAX_REASON)
        facts: dict[str, Fact] = {
            "failure": failure.kind,
            "phase": str(trip.phase),
            **self._way(trip),
        }
        if failure.kind == "timeout":
            facts |= {"timed_out": True, "deadline": float(self._config.timeout)}
        ok = f"{self.name}.ok"
        return Reading(
            probe=self.name,
            at=at,
            took=trip.elapsed(),
            result=Result.ERROR,
            reason=reason,
            values={ok: 0.0},
            missing={signal.name: reason for signal in self.signals if signal.name != ok},
            facts=facts,
        )

    def _way(self, trip: Trip) -> dict[str, Fact]:
        return {"address": trip.address, **trip.facts()} if trip.address else {}


def _target(config: HttpConfig) -> Target:
    return Target(
        url=config.url,
        timeout=float(config.timeout),
        limit=int(config.max_bytes),
        method=config.method,
        headers=config.headers,
        body=config.body,
        redirects=config.redirects,
        ca_file=config.ca_file,
        verify=config.verify,
    )


def _expected(name: str, config: HttpConfig) -> Expected:
    def named(path: str) -> Named:
        return Named(path, compile_path(path))

    return Expected(
        status=frozenset(config.expect.status),
        json=[(named(path), wanted) for path, wanted in config.expect.json.items()],
        read={f"{name}.{key}": named(path) for key, path in config.read.items()},
        show={key: named(path) for key, path in config.show.items()},
        convert=config.convert,
        limit=int(config.max_bytes),
    )
