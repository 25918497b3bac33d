"""A profile of every kind of probe that tests of criteria speak of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stagewatch.trials.file import LoadedTrials, load_trials

PROFILE = """
version = 1
[deployment]
name = "staging"
window = "4h"
review_every = "2h"
[probe.health]
kind = "http"
url = "http://127.0.0.1:1/health"
every = "30s"
read = { orphans = "orphans", used = "used", size = "size" }
[probe.backend]
kind = "process"
match = "main"
every = "60s"
[probe.errors]
kind = "log"
path = "error.log"
every = "30s"
[nogo.sockets]
rule = "held"
signal = "health.orphans"
limit = 100
[nogo.slow]
rule = "average"
signal = "health.latency"
[nogo.pool]
rule = "exhausted"
used = "health.used"
max = "health.size"
[nogo.critical]
rule = "records"
probes = ["errors"]
[go.threads]
rule = "compare"
signal = "backend.threads"
below = 2
above = 80
[go.score]
rule = "score"
[[optimisation]]
name = "Cache"
checks = [
    { name = "works", passes = true },
    { name = "few threads", signal = "backend.threads", at_least = 20, at_most = 60 },
]
[[phase]]
name = "Only"
hours = [0, 4]
items = ["look", "listen"]
[[gate]]
name = "Review"
reviewer = "architect"
four_eyes = true
"""


@pytest.fixture
def trials(tmp_path: Path) -> Callable[[str], LoadedTrials]:
    """Loads a test file over that profile."""
    (tmp_path / "staging.toml").write_text(PROFILE)

    def load(text: str) -> LoadedTrials:
        path = tmp_path / "staging.test.toml"
        path.write_text(f'profile = "staging.toml"\n{text}')
        return load_trials(path)

    return load
