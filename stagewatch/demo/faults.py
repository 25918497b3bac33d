"""The faults of the demo backend: their names, and what each makes go wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from stagewatch.errors import PersonError

FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "leak": "memory grows by 60 % of its present size a minute, up to 600 MB",
        "slow": "the quota endpoint answers in about 1.2 s",
        "errors": "the error log takes ERROR lines, and one CRITICAL line at the start",
        "sockets": "clients vanish and nobody closes their sockets: over 100 within a minute",
        "pool": "every database connection is taken and those who wait time out",
        "down": "the port refuses connections",
        "polling": "the workspaces poll every 3 s instead of every 30 s",
        "cache": "more than every second look-up in the cache misses",
        "limit": "the rate limit lets everything pass",
        "calls": "five calls to OpenAI a second, as many as before the optimisations",
        "build": "the frontend's build failed, with three errors",
        "flap": "the port refuses connections for 5 s of every 15 s",
    }
)


class DemoError(PersonError):
    """The demo backend could not be started or switched; the text says what to do."""


def check_faults(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once; raises DemoError that names the first unknown one and the nearest."""
    chosen = set(names)
    for name in sorted(chosen - FAULTS.keys()):
        near = get_close_matches(name, FAULTS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FAULTS)}"
        raise DemoError(f"there is no fault called {name!r}; {hint}")
    return tuple(name for name in FAULTS if name in chosen)
