"""One bad profile a rule, and the whole of what an operator is told about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.profile.convert import MAX_SUGGESTIONS
from stagewatch.profile.load import ProfileError, loads
from stagewatch.profile.schema import Compare, Held, Kinds, Profile

HEAD = 'version = 1\n[deployment]\nname = "x"\n'
PROBES = (
    HEAD
    + """
[probe.health]
kind = "http"
url = "http://localhost:8000/health"
read = { db_used = "a.b" }
[probe.backend]
kind = "process"
match = "main"
[probe.errors]
kind = "log"
path = "error.log"
"""
)
HEAD_LINES = HEAD.count("\n")
LINES = PROBES.count("\n")
"""The snippets below start on the line after these."""

_CHECK = '[[optimisation]]\nname = "a"\nchecks = [{{ {} }}]'

TABLES = {
    "unknown table": ("[gates]", 1, 'gates: unknown key; did you mean "gate"?'),
    "table for a list": (
        '[phase]\nname = "a"',
        1,
        "phase: must be a list of tables, not a table; write [[phase]]",
    ),
    "list for a table": ("[[go]]", 1, "go: must be tables [go.NAME], not a list"),
    "unknown rule": (
        '[go.x]\nrule = "gate"',
        2,
        'go.x.rule: there is no rule "gate"; did you mean "gates"?',
    ),
    "no rule": (
        '[go.x]\ntitle = "x"',
        1,
        "go.x.rule: missing; one of available, average, checklist, compare, coverage, "
        "exhausted, gates, growth, held, records, savings, score",
    ),
    "rule of a wrong type": (
        "[go.x]\nrule = 1",
        2,
        "go.x.rule: must be text in quotes, not a number",
    ),
    "unknown key of a rule": (
        '[nogo.x]\nrule = "growth"\nsignal = "backend.rss"\nwarmup = "30min"',
        4,
        'nogo.x.warmup: unknown key; did you mean "warm_up"?',
    ),
    "missing key of a rule": (
        '[nogo.x]\nrule = "growth"',
        1,
        "nogo.x.signal: missing; this table needs it",
    ),
    "signal that nothing provides": (
        '[nogo.x]\nrule = "average"\nsignal = "helth.latency"',
        3,
        'nogo.x.signal: no probe provides "helth.latency"; did you mean "health.latency"?',
    ),
    "probe for a signal": (
        '[nogo.x]\nrule = "average"\nsignal = "health"',
        3,
        'nogo.x.signal: "health" is a probe, not a signal; '
        "it provides health.ok, health.latency, health.db_used",
    ),
    "size on a latency": (
        '[nogo.x]\nrule = "average"\nsignal = "health.latency"\nlimit = "500 MB"',
        4,
        "nogo.x.limit: 477 MiB is a size, but health.latency is measured in ms; "
        'write it as "500ms"',
    ),
    "limit without unit": (
        '[nogo.x]\nrule = "average"\nsignal = "health.latency"\nlimit = 500',
        4,
        'nogo.x.limit: 500 has no unit, but health.latency is measured in ms; write it as "500ms"',
    ),
    "duration on a size": (
        '[nogo.x]\nrule = "compare"\nsignal = "backend.rss"\nabove = "10 min"',
        4,
        'nogo.x.above: 10m is a time, but backend.rss is measured in B; write it as "512 MiB"',
    ),
    "duration on a count": (
        '[nogo.x]\nrule = "held"\nsignal = "health.db_used"\nwarn = "70s"',
        4,
        "nogo.x.warn: 70 s is a time, but health.db_used is a plain number; write it as 100",
    ),
    "default that does not suit": (
        '[nogo.x]\nrule = "average"\nsignal = "backend.rss"',
        1,
        "nogo.x.limit: missing; the default 500 ms does not suit backend.rss; "
        'write it as "512 MiB"',
    ),
    "growth that is no rate": (
        '[nogo.x]\nrule = "growth"\nsignal = "backend.rss"\nlimit = "10 %"',
        4,
        'nogo.x.limit: 10 % is a share, but growth is measured in %/h; write it as "10 %/h"',
    ),
    "unit that is none": (
        '[nogo.x]\nrule = "average"\nsignal = "health.latency"\nlimit = "500 MS"',
        4,
        'nogo.x.limit: "MS" is not a unit here; did you mean "ms"?',
    ),
    "duration without unit": (
        '[nogo.x]\nrule = "held"\nsignal = "health.db_used"\nhold = 10',
        4,
        'nogo.x.hold: 10 has no unit; write "10s", "10min" or "10h"',
    ),
    "limit of nought": (
        '[nogo.x]\nrule = "growth"\nsignal = "backend.rss"\nlimit = "0 %/h"',
        4,
        "nogo.x.limit: must be more than 0",
    ),
    "availability above all": (
        '[go.x]\nrule = "available"\nprobe = "health"\nlimit = "101 %"',
        4,
        "go.x.limit: must be 100 % at the most",
    ),
    "warning after the failure": (
        '[nogo.x]\nrule = "held"\nsignal = "health.db_used"\nwarn = 101',
        4,
        "nogo.x.warn: is above limit; a warning comes before the failure",
    ),
    "rule longer than the window": (
        '[nogo.x]\nrule = "held"\nsignal = "health.db_used"\nhold = "24h"',
        4,
        "nogo.x.hold: 24h is not shorter than the window of 24h; such a rule can never judge",
    ),
    "comparison without a bound": (
        '[nogo.x]\nrule = "compare"\nsignal = "backend.rss"',
        1,
        "nogo.x: needs above or below; which side of a bound is wrong?",
    ),
    "comparison that nothing passes": (
        '[nogo.x]\nrule = "compare"\nsignal = "backend.fds"\nabove = 1\nbelow = 2',
        1,
        "nogo.x: above is less than below, and no value would pass",
    ),
    "pool compared with itself": (
        '[nogo.x]\nrule = "exhausted"\nused = "health.db_used"\nmax = "health.db_used"',
        4,
        "nogo.x.max: is the same signal as used",
    ),
    "records of no probe": (
        '[nogo.x]\nrule = "records"\nprobes = ["erors"]',
        3,
        'nogo.x.probes#1: there is no probe "erors"; did you mean "errors"?',
    ),
    "records of no log": (
        '[nogo.x]\nrule = "records"\nprobes = ["errors", "health"]',
        3,
        'nogo.x.probes#2: "health" reads no log; name a probe of kind "log"',
    ),
    "records twice": (
        '[nogo.x]\nrule = "records"\nprobes = ["errors", "errors"]',
        3,
        'nogo.x.probes#2: "errors" is there twice',
    ),
    "records of nothing": (
        '[nogo.x]\nrule = "records"\nprobes = []',
        3,
        "nogo.x.probes: must not be empty; name the log probes that count",
    ),
    "availability of no probe": (
        '[go.x]\nrule = "available"\nprobe = "healht"',
        3,
        'go.x.probe: there is no probe "healht"; did you mean "health"?',
    ),
    "score of nothing": (
        '[go.x]\nrule = "score"',
        1,
        'go.x: rule "score" has nothing to judge; add [[optimisation]]',
    ),
    "savings of nothing": (
        '[go.x]\nrule = "savings"',
        1,
        'go.x: rule "savings" has nothing to judge; add [savings]',
    ),
    "gates without a gate": (
        '[go.x]\nrule = "gates"',
        1,
        'go.x: rule "gates" has nothing to judge; add [[gate]]',
    ),
    "checklist without a phase": (
        '[go.x]\nrule = "checklist"',
        1,
        'go.x: rule "checklist" has nothing to judge; add [[phase]]',
    ),
    "checklist without an item": (
        '[go.x]\nrule = "checklist"\n[[phase]]\nname = "a"\nhours = [0, 24]',
        1,
        'go.x: rule "checklist" has nothing to judge; no phase has items',
    ),
    "score out of range": (
        '[go.x]\nrule = "score"\nlimit = 900\n'
        '[[optimisation]]\nname = "a"\nchecks = [{ name = "b", passes = true }]',
        3,
        "go.x.limit: must be a number, at most 100",
    ),
    "criterion name": (
        '[go."a/b"]\nrule = "coverage"',
        1,
        'go."a/b": this name cannot be a part of a file\'s name; '
        "1 to 64 of A-Z a-z 0-9 . _ -, the first not a point",
    ),
    "criterion in go and nogo": (
        '[go.x]\nrule = "coverage"\n[nogo.x]\nrule = "coverage"',
        3,
        'nogo.x: "x" is a go criterion as well; '
        "states and waivers go by this name: rename one of the two",
    ),
    "kind of probe": (
        '[probe.x]\nkind = "htpp"',
        2,
        'probe.x.kind: there is no kind of probe "htpp"; did you mean "http"?',
    ),
    "probe without kind": (
        '[probe.x]\nurl = "http://x"',
        1,
        "probe.x.kind: missing; one of http, log, process",
    ),
    "kind of a wrong type": (
        '[probe.x]\nkind = ["http"]',
        2,
        "probe.x.kind: must be text in quotes, not a list",
    ),
    "probe name": (
        '[probe.".x"]\nkind = "process"\nmatch = "a"',
        1,
        'probe.".x": this name cannot be a part of a file\'s name; '
        "1 to 64 of A-Z a-z 0-9 . _ -, the first not a point",
    ),
    "unknown key of a probe": (
        '[probe.x]\nkind = "process"\nmatch = "a"\nevry = "5s"',
        4,
        'probe.x.evry: unknown key; did you mean "every"?',
    ),
    "unknown key far from any": (
        '[probe.x]\nkind = "log"\npath = "a"\nzzz = 1',
        4,
        "probe.x.zzz: unknown key; the keys here are kind, every, timeout, title, path, encoding",
    ),
    "what the kind finds": (
        '[probe.x]\nkind = "process"',
        1,
        "probe.x.match: give either match or pid_file",
    ),
    "timeout longer than the interval": (
        '[probe.x]\nkind = "process"\nmatch = "a"\nevery = "5s"\ntimeout = "10s"',
        5,
        "probe.x.timeout: 10s is longer than every = 5s; "
        "a run must be over before the next one starts",
    ),
    "timeout of nothing": (
        '[probe.x]\nkind = "process"\nmatch = "a"\ntimeout = "0s"',
        4,
        "probe.x.timeout: must be more than 0s",
    ),
    "no interval": (
        '[probe.x]\nkind = "process"\nmatch = "a"\nevery = "0s"',
        4,
        "probe.x.every: must be at least 10ms",
    ),
    "signal twice": (
        '[probe.x]\nkind = "http"\nurl = "u"\nread = { latency = "a" }',
        1,
        'probe.x: a signal is already called "x.latency"; rename what is read',
    ),
    "secret in a header": (
        '[probe.x]\nkind = "http"\nurl = "u"\nheaders.Authorization = "Bearer s3cr3t"',
        4,
        "probe.x.headers.Authorization: holds a secret; put it into a variable or a file, "
        'and write "env:NAME", "Bearer env:NAME" or "file:PATH"',
    ),
    "secret in a header of another spelling": (
        '[probe.x]\nkind = "http"\nurl = "u"\n[probe.x.headers]\nx-api-key = "s3cr3t"',
        5,
        "probe.x.headers.x-api-key: holds a secret; put it into a variable or a file, "
        'and write "env:NAME", "Bearer env:NAME" or "file:PATH"',
    ),
    "reference without a name": (
        '[probe.x]\nkind = "http"\nurl = "u"\nheaders.Cookie = "env:"',
        4,
        'probe.x.headers.Cookie: the name of an environment variable must follow "env:"',
    ),
    "reference to no file": (
        '[probe.x]\nkind = "http"\nurl = "u"\nheaders.Cookie = "file: "',
        4,
        'probe.x.headers.Cookie: the path of a file must follow "file:"',
    ),
    "phases that overlap": (
        '[[phase]]\nname = "a"\nhours = [0, 12]\n[[phase]]\nname = "b"\nhours = [6, 24]',
        6,
        'phase#2.hours: hours 6 to 24 overlaps "a"',
    ),
    "phases with a gap": (
        '[[phase]]\nname = "a"\nhours = [0, 6]\n[[phase]]\nname = "b"\nhours = [12, 24]',
        6,
        "phase#2.hours: nothing covers hours 6 to 12; start at 6, or add a phase",
    ),
    "phases that start late": (
        '[[phase]]\nname = "a"\nhours = [1, 24]',
        3,
        "phase#1.hours: nothing covers hours 0 to 1; start at 0, or add a phase",
    ),
    "phases that end early": (
        '[[phase]]\nname = "a"\nhours = [0, 6]',
        3,
        "phase#1.hours: nothing covers hours 6 to 24, the end of the window",
    ),
    "phases that leave the window": (
        '[[phase]]\nname = "a"\nhours = [0, 25]',
        3,
        "phase#1.hours: hour 25 is outside the window of 24 hours",
    ),
    "phase that runs backwards": (
        '[[phase]]\nname = "a"\nhours = [6, 0]\n[[phase]]\nname = "b"\nhours = [0, 24]',
        3,
        "phase#1.hours: hours 6 to 0 does not run forward from 0 or later",
    ),
    "phase of three hours": (
        '[[phase]]\nname = "a"\nhours = [0, 6, 12]',
        3,
        "phase#1.hours: must have 2 elements, not 3",
    ),
    "phase name twice": (
        '[[phase]]\nname = "Load  Test"\nhours = [0, 6]\n'
        '[[phase]]\nname = "load test"\nhours = [6, 24]',
        4,
        'phase#2: there are two phases called "Load  Test"',
    ),
    "item twice": (
        '[[phase]]\nname = "a"\nhours = [0, 24]\nitems = [\n  "x",\n  { text = "x" },\n]',
        6,
        'phase#1.items#2: there are two items called "x"',
    ),
    "item of a wrong type": (
        '[[phase]]\nname = "a"\nhours = [0, 24]\nitems = [\n  "x",\n  3,\n]',
        6,
        "phase#1.items#2: must be text in quotes or a table, not a whole number",
    ),
    "evidence that nothing provides": (
        '[[phase]]\nname = "a"\nhours = [0, 24]\n'
        'items = [{ text = "x", evidence = ["backend.rsss"] }]',
        4,
        'phase#1.items#1.evidence#1: no probe provides "backend.rsss"; did you mean "backend.rss"?',
    ),
    "gate twice": (
        '[[gate]]\nname = "a"\nreviewer = "b"\n[[gate]]\nname = "a"\nreviewer = "b"',
        4,
        'gate#2: there are two gates called "a"',
    ),
    "gate of nobody": (
        '[[gate]]\nname = "a"\nreviewer = " "',
        3,
        "gate#1.reviewer: must not be empty",
    ),
    "optimisation twice": (
        '[[optimisation]]\nname = "a"\nchecks = [{ name = "b", passes = true }]\n' * 2,
        4,
        'optimisation#2: there are two optimisations called "a"',
    ),
    "check twice": (
        '[[optimisation]]\nname = "a"\nchecks = [{ name = "b", passes = true }, { name = '
        '"b", passes = true }]',
        3,
        'optimisation#1.checks#2: there are two checks called "b"',
    ),
    "check that another optimisation may have": (
        '[[optimisation]]\nname = "a/b"\nchecks = [{ name = "c", passes = true }]\n'
        '[[optimisation]]\nname = "a"\nchecks = [{ name = "b/c", passes = true }]',
        6,
        'optimisation#2.checks#1: "a/b/c" may be a check of another optimisation as well;'
        " write no / in its name",
    ),
    "check that says nothing": (
        _CHECK.format('name = "b"'),
        3,
        "optimisation#1.checks#1: says neither passes nor signal; write passes = true, "
        'false or "unverified", or signal = "…" with its bounds',
    ),
    "check by person and signal": (
        _CHECK.format('name = "b", passes = true, signal = "health.ok", at_least = 1'),
        3,
        "optimisation#1.checks#1: says both passes and signal; who decides, a person or "
        "the signal?",
    ),
    "check by an unknown signal": (
        _CHECK.format('name = "b", signal = "health.okk", at_least = 1'),
        3,
        'optimisation#1.checks#1.signal: no probe provides "health.okk"; did you mean "health.ok"?',
    ),
    "check without a bound": (
        _CHECK.format('name = "b", signal = "health.ok"'),
        3,
        "optimisation#1.checks#1: needs at_least or at_most; which values of the signal pass?",
    ),
    "check by a signal without a name": (
        _CHECK.format('name = "b", signal = "", at_least = 1'),
        3,
        "optimisation#1.checks#1.signal: must not be empty; name the signal that decides",
    ),
    "bound without a signal": (
        _CHECK.format('name = "b", passes = true, at_least = 1'),
        3,
        'optimisation#1.checks#1.at_least: goes with signal; add signal = "…"',
    ),
    "bound in another unit": (
        _CHECK.format('name = "b", signal = "health.latency", at_most = "5 MiB"'),
        3,
        "optimisation#1.checks#1.at_most: 5 MiB is a size, but health.latency is "
        'measured in ms; write it as "500ms"',
    ),
    "check that nothing passes": (
        _CHECK.format('name = "b", signal = "health.ok", at_least = 2, at_most = 1'),
        3,
        "optimisation#1.checks#1: at_least is more than at_most, and no value would pass",
    ),
    "check held as long as the window": (
        _CHECK.format('name = "b", signal = "health.ok", at_least = 1, hold = "24h"'),
        3,
        "optimisation#1.checks#1.hold: 24h is not shorter than the window of 24h; it can "
        "never pass",
    ),
    "check whose values do not last": (
        _CHECK.format('name = "b", signal = "health.ok", at_least = 1, within = "10s"'),
        3,
        "optimisation#1.checks#1.within: 10s is shorter than 30s, the time between two "
        "readings; no value would last",
    ),
    "check with a word for true": (
        _CHECK.format('name = "b", passes = "unverifed"'),
        3,
        'optimisation#1.checks#1.passes: "unverifed" is not known here; did you mean "unverified"?',
    ),
    "optimisation without a check": (
        '[[optimisation]]\nname = "a"\nchecks = []',
        3,
        "optimisation#1.checks: must not be empty",
    ),
    "amount in words": (
        '[savings]\nper_workspace_month = "346,14"',
        2,
        'savings.per_workspace_month: "346,14" is not an amount; '
        'write a plain decimal in quotes: "346.14"',
    ),
    "amount that is no number": (
        '[savings]\nper_workspace_month = "1"\nprice_per_call = "NaN"',
        3,
        'savings.price_per_call: "NaN" is not an amount; write a plain decimal in quotes: "346.14"',
    ),
    "amount without quotes": (
        "[savings]\nper_workspace_month = 346.14",
        2,
        "savings.per_workspace_month: must be text in quotes, not a number",
    ),
    "calls that are no count": (
        '[savings]\nper_workspace_month = "1"\ncalls = "health.latency"',
        3,
        "savings.calls: is measured in ms; calls are counted by a signal without a unit",
    ),
    "calls that nothing counts": (
        '[savings]\nper_workspace_month = "1"\ncalls = "health.db_usd"',
        3,
        'savings.calls: no probe provides "health.db_usd"; did you mean "health.db_used"?',
    ),
    "command as text": (
        '[rollback]\nsteps = [{ text = "a", run = "git checkout main" }]',
        2,
        "rollback.steps#1.run: must be a list [ … ], not text in quotes",
    ),
    "contact of nobody": (
        '[[contact]]\ntopic = "a"',
        1,
        "contact#1.who: missing; this table needs it",
    ),
    "control characters": (
        '[[contact]]\ntopic = "a\\u001b[31m"\nwho = "b"',
        2,
        "contact#1.topic: holds control or invisible characters; remove them",
    ),
}


@pytest.mark.parametrize(
    ("snippet", "line", "message"),
    TABLES.values(),
    ids=TABLES,
)
def test_a_problem_is_told_with_its_line_its_key_and_the_remedy(
    snippet: str, line: int, message: str, problems: Callable[[str], str]
) -> None:
    """Nothing else is said: one mistake, one line."""
    assert problems(PROBES + snippet) == f"p.toml:{LINES + line}: {message}"


DEPLOYMENTS = {
    "window without unit": (
        "window = 24",
        'deployment.window: 24 has no unit; write "24s", "24min" or "24h"',
    ),
    "window of nothing": ('window = "0s"', "deployment.window: must be more than 0s"),
    "review of nothing": ('review_every = "0s"', "deployment.review_every: must be more than 0s"),
    "review after the end": (
        'review_every = "25h"',
        "deployment.review_every: 25h is longer than the window of 24h",
    ),
    "no workspace": ("workspaces = 0", "deployment.workspaces: must be a whole number, at least 1"),
    "half a workspace": (
        "workspaces = 0.5",
        "deployment.workspaces: must be a whole number, not a number",
    ),
    "no speed": ("speed = 0", "deployment.speed: must be a number, more than 0"),
    "a speed of hundreds of digits": (
        f"speed = 1{'0' * 400}",
        "deployment.speed: number out of range",
    ),
    "a date": ("branch = 2025-09-05", "deployment.branch: must be text in quotes, not a date"),
    "an unknown key": ('brnch = "x"', 'deployment.brnch: unknown key; did you mean "branch"?'),
}


@pytest.mark.parametrize(("line", "message"), DEPLOYMENTS.values(), ids=DEPLOYMENTS)
def test_a_problem_of_the_deployment_is_told(
    line: str, message: str, problems: Callable[[str], str]
) -> None:
    """The fourth line is to blame, and is named."""
    assert problems(HEAD + line) == f"p.toml:4: {message}"


def test_an_empty_file_says_what_a_profile_needs(problems: Callable[[str], str]) -> None:
    """Empty is valid TOML, and no profile."""
    assert problems("") == (
        "p.toml: version: missing; begin the file with version = 1\n"
        "p.toml: deployment: missing; add a table [deployment]"
    )


def test_a_newer_version_is_not_picked_apart(problems: Callable[[str], str]) -> None:
    """Its keys mean what this program cannot know."""
    assert problems("version = 2\nfoo = 1") == (
        "p.toml:1: version: this stagewatch reads version 1, not 2; a newer stagewatch wrote it"
    )


def test_a_version_in_quotes_is_told_how_to_write_it(problems: Callable[[str], str]) -> None:
    """The rest is checked all the same."""
    assert problems('version = "1"\n[deployment]') == (
        'p.toml:1: version: this stagewatch reads version 1, not "1"; write version = 1\n'
        "p.toml:2: deployment.name: missing; this table needs it"
    )


def test_tables_of_another_shape_are_told(problems: Callable[[str], str]) -> None:
    """A value where tables are meant, at each level."""
    assert problems("version = 1\ndeployment = 1\nprobe = 2\ngo = { x = 3 }\nrollout = []") == (
        "p.toml:2: deployment: must be a table [deployment], not a number\n"
        "p.toml:3: probe: must be tables [probe.NAME], not a number\n"
        "p.toml:4: go.x: must be a table [go.x], not a number\n"
        "p.toml:5: rollout: must be a table [rollout], not a list"
    )


def test_every_problem_is_told_at_once_in_the_order_of_the_file(
    problems: Callable[[str], str],
) -> None:
    """Also several in one table, and those that rest on what another table says."""
    text = """\
version = 1
[deployment]
nam = "x"
window = "1 day"
[probe.a]
kind = "http"
url = 1
every = "5s"
timeout = "6s"
[nogo.g]
rule = "growth"
limit = "10 MB"
signal = "b.rss"
hold = 3
[[phase]]
name = "p"
hours = [0, 24]
items = [{ text = "t", evidence = ["a.read"] }, { text = "t", evidence = ["c.x"], by = "me" }]
"""
    assert problems(text).splitlines() == [
        "p.toml:2: deployment.name: missing; this table needs it",
        'p.toml:3: deployment.nam: unknown key; did you mean "name"?',
        'p.toml:4: deployment.window: "day" is not a unit here; did you mean "d"?',
        "p.toml:7: probe.a.url: must be text in quotes, not a whole number",
        "p.toml:12: nogo.g.limit: 9.54 MiB is a size, but growth is measured in %/h; "
        'write it as "10 %/h"',
        'p.toml:13: nogo.g.signal: no probe provides "b.rss"',
        "p.toml:14: nogo.g.hold: unknown key; the keys here are title, signal, limit, warm_up",
        "p.toml:18: phase#1.items#2.by: unknown key; the keys here are text, evidence",
        'p.toml:18: phase#1.items#2: there are two items called "t"',
        'p.toml:18: phase#1.items#2.evidence#1: no probe provides "c.x"',
    ]


def test_a_broken_probe_does_not_make_its_signals_unknown(problems: Callable[[str], str]) -> None:
    """One mistake is one line: what names the probe is not blamed for it."""
    text = HEAD + '[probe.a]\nkind = "http"\n[nogo.x]\nrule = "average"\nsignal = "a.latency"\n'
    assert problems(text) == "p.toml:4: probe.a.url: missing; this table needs it"


ONE_MISTAKE = {
    "a default in its place does not suit": (
        '[nogo.x]\nrule = "average"\nsignal = "backend.rss"\nlimit = "fast"',
        4,
        'nogo.x.limit: "fast" is not a limit; write a number with its unit: '
        '"500ms", "512 MiB", "99 %", "10 %/h", "2/s" or 100',
    ),
    "items after it keep their numbers": (
        '[[phase]]\nname = "a"\nhours = [0, 24]\nitems = [3, "x", "x"]',
        4,
        "phase#1.items#1: must be text in quotes or a table, not a whole number",
    ),
    "its signals are not known": (
        '[probe.x]\nkind = "http"\nurl = "u"\nread = { a = 1 }\n'
        '[nogo.x]\nrule = "held"\nsignal = "x.a"',
        4,
        "probe.x.read.a: must be text in quotes, not a whole number",
    ),
    "a timeout is not measured against it": (
        '[probe.x]\nkind = "process"\nmatch = "m"\nevery = 60\ntimeout = "40s"',
        4,
        'probe.x.every: 60 has no unit; write "60s", "60min" or "60h"',
    ),
    "its hours are no gap": (
        '[[phase]]\nname = "a"\nhours = ["0", 6]\n[[phase]]\nname = "b"\nhours = [6, 24]',
        3,
        "phase#1.hours: must be a number, not text in quotes",
    ),
}


@pytest.mark.parametrize(("snippet", "line", "message"), ONE_MISTAKE.values(), ids=ONE_MISTAKE)
def test_what_rests_on_a_mistake_is_not_told_as_another(
    snippet: str, line: int, message: str, problems: Callable[[str], str]
) -> None:
    """A key that could not be read is not judged by its default."""
    assert problems(PROBES + snippet) == f"p.toml:{LINES + line}: {message}"


def test_an_unreadable_window_does_not_make_phases_wrong(problems: Callable[[str], str]) -> None:
    """Nor do the reviews run against its default."""
    text = HEAD + 'window = 48\nreview_every = "30h"\n[[phase]]\nname = "a"\nhours = [0, 48]\n'
    assert problems(text) == (
        'p.toml:4: deployment.window: 48 has no unit; write "48s", "48min" or "48h"'
    )


def test_invisible_characters_in_a_name_are_shown(problems: Callable[[str], str]) -> None:
    """The eye reads another name than the one that is there."""
    assert problems(PROBES + '[go."a\\u202eb"]\nrule = "coverage"').splitlines() == [
        f'p.toml:{LINES + 1}: go."a\\u202eb": holds control or invisible characters; remove them',
        f'p.toml:{LINES + 1}: go."a\\u202eb": this name cannot be a part of a file\'s name; '
        "1 to 64 of A-Z a-z 0-9 . _ -, the first not a point",
    ]


def test_without_a_probe_there_is_nothing_to_suggest(problems: Callable[[str], str]) -> None:
    """Neither a signal nor a probe."""
    rules = '[go.a]\nrule = "available"\nprobe = "x"\n[go.b]\nrule = "held"\nsignal = "x.y"\n'
    assert problems(HEAD + rules) == (
        'p.toml:6: go.a.probe: there is no probe "x"; there is no probe at all\n'
        'p.toml:9: go.b.signal: no probe provides "x.y"; there is no probe at all'
    )


def test_a_hundred_wrong_names_get_a_suggestion(problems: Callable[[str], str]) -> None:
    """Comparing every wrong name with every right one would take minutes."""
    rules = (f'[go.c{i}]\nrule = "averge"\n' for i in range(MAX_SUGGESTIONS + 5))
    said = problems(HEAD + "".join(rules))
    assert said.count("\n") + 1 == MAX_SUGGESTIONS + 5
    assert said.count('did you mean "average"?') == MAX_SUGGESTIONS


def test_names_in_messages_cannot_act_on_a_terminal(problems: Callable[[str], str]) -> None:
    """A profile of somebody else's is shown inert."""
    said = problems(PROBES + '[nogo.x]\nrule = "average"\nsignal = "\\u001b]0;x\\u0007"')
    assert said.isprintable() or said.replace("\n", "").isprintable()
    assert "\x1b" not in said


def test_limits_are_in_the_units_of_their_signals(loaded: Callable[[str], Profile]) -> None:
    """An uptime is in seconds, so its bound is."""
    profile = loaded(
        PROBES
        + '[go.a]\nrule = "compare"\nsignal = "backend.uptime"\nbelow = "5 min"\n'
        + '[go.b]\nrule = "compare"\nsignal = "health.db_used"\nbelow = "90 %"\n'
        + '[go.c]\nrule = "held"\nsignal = "health.db_used"\nlimit = 80\n'
    )
    a, b, c = profile.go["a"], profile.go["b"], profile.go["c"]
    assert isinstance(a, Compare)
    assert isinstance(b, Compare)
    assert isinstance(c, Held)
    assert a.below is not None
    assert (float(a.below), a.below.unit) == (300.0, "s")
    assert b.below is not None
    assert (float(b.below), b.below.unit) == (90.0, "%")
    assert (float(c.limit), c.limit.unit) == (80.0, "")


def test_a_default_timeout_gives_way_to_a_short_interval(loaded: Callable[[str], Profile]) -> None:
    """Only a timeout that somebody wrote can be wrong."""
    profile = loaded(HEAD + '[probe.a]\nkind = "process"\nmatch = "x"\nevery = "2s"\n')
    assert profile.probe["a"].timeout == pytest.approx(2.0)


def test_references_to_secrets_stay_references(loaded: Callable[[str], Profile]) -> None:
    """Loading resolves nothing, and a header that is no secret may be written out."""
    headers = (
        'headers = { Authorization = "Bearer env:TOKEN", Cookie = "file:c", X-Client-Key = "a" }'
    )
    profile = loaded(HEAD + f'[probe.a]\nkind = "http"\nurl = "u"\n{headers}\n')
    assert profile.probe["a"].headers == {
        "Authorization": "Bearer env:TOKEN",
        "Cookie": "file:c",
        "X-Client-Key": "a",
    }


def test_phases_come_in_the_order_of_their_hours(loaded: Callable[[str], Profile]) -> None:
    """Whatever their order in the file."""
    profile = loaded(
        HEAD + '[[phase]]\nname = "b"\nhours = [6, 24]\n[[phase]]\nname = "a"\nhours = [0, 6]\n'
    )
    assert [phase.name for phase in profile.phase] == ["a", "b"]


values = st.recursive(
    st.integers() | st.floats() | st.booleans() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
tables = ["deployment", "probe", "go", "nogo", "savings", "phase", "gate", "optimisation"]
inner_keys = ["name", "kind", "rule", "signal", "limit", "hours", "items", "every", "checks", "x"]


@given(
    document=st.dictionaries(
        st.sampled_from(tables),
        values
        | st.dictionaries(
            st.sampled_from(inner_keys),
            values | st.dictionaries(st.sampled_from(inner_keys), values, max_size=4),
            max_size=4,
        )
        | st.lists(st.dictionaries(st.sampled_from(inner_keys), values, max_size=4), max_size=3),
    )
)
def test_no_document_breaks_the_loader(document: dict[str, object], kinds: Kinds) -> None:
    """Whatever TOML holds, it is a profile or a list of problems."""
    text = tomli_w.dumps({"version": 1, **document, "contact": [{}]})
    with pytest.raises(ProfileError) as caught:
        loads(text, Path("p.toml"), kinds)
    assert caught.value.problems


def test_savings_of_less_than_a_day_are_refused(problems: Callable[[str], str]) -> None:
    """A part of a day is never scaled up, so the rule could never judge."""
    text = HEAD + (
        'window = "6h"\n[go.cost]\nrule = "savings"\n[savings]\nper_workspace_month = "1"\n'
    )
    assert problems(text) == (
        f"p.toml:{HEAD_LINES + 2}: go.cost: needs the calls of a whole day, and the window is 6h;"
        " such a rule can never judge"
    )
