"""The profile's tables as types. Every field is a key of the TOML file; see docs/profile.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Protocol

from msgspec import Meta, Struct

from stagewatch.model import Signal
from stagewatch.profile.values import Duration, Limit

Positive = Annotated[int, Meta(ge=1, le=1_000_000)]
Text = Annotated[str, Meta(pattern=r"\S", max_length=500)]
"""A text that says something."""


class Table(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A TOML table: unknown keys are refused, and nothing changes after loading.

    Subclasses repeat ``kw_only``, the one option that msgspec does not inherit, and ``frozen``,
    which the type checker does not.
    """


class ProbeConfig(Table, kw_only=True, frozen=True):
    """What every ``[probe.NAME]`` may say; a kind adds its own keys."""

    kind: str
    every: Duration = Duration(30)
    """How often the probe runs."""
    timeout: Duration = Duration(10)
    """The hard deadline of one run: resolve, connect, answer and reading it."""
    title: str = ""
    """What the screen calls it; the probe's name when empty."""


class Kinds(Protocol):
    """The probe kinds that are installed, as the loader needs to know them."""

    def names(self) -> tuple[str, ...]:
        """Every kind, sorted."""
        ...

    def config(self, kind: str) -> type[ProbeConfig]:
        """The table of this kind; raises LookupError for a name that is not in ``names``."""
        ...

    def signals(self, name: str, config: ProbeConfig) -> tuple[Signal, ...]:
        """What a probe called ``name`` with this configuration provides."""
        ...

    def problems(self, config: ProbeConfig) -> Iterable[tuple[str, str]]:
        """(key below the probe's table, what is wrong) for what types cannot say."""
        ...


class Deployment(Table, kw_only=True, frozen=True):
    """``[deployment]``: what is being watched, for how long."""

    name: Text
    branch: str = ""
    window: Duration = Duration(24 * 3600)
    review_every: Duration = Duration(6 * 3600)
    workspaces: Positive = 1
    production: bool = False
    """Whether real users are on it: then nothing is sent on purpose, no drill runs."""
    speed: Annotated[float, Meta(gt=0, le=3600)] = 1.0
    """How many profile seconds pass in a real one: 60 makes a day of 24 minutes. It scales the
    window, the phases, the reviews and every time inside a rule; not ``every`` and ``timeout``."""


class Rule(Table, kw_only=True, frozen=True, tag_field="rule"):
    """A go or no-go criterion; ``rule`` says which of the kinds below it is.

    In a loaded profile, a limit is in the unit of the signal that it is compared with, whatever
    the unit it was written in.
    """

    title: str = ""
    """What the screen calls it; the criterion's name when empty."""


class Growth(Rule, kw_only=True, frozen=True, tag="growth"):
    """Memory leak: growth above ``limit`` of the baseline per hour, sustained and new."""

    signal: Text
    limit: Limit = Limit(10.0, "%/h")
    warm_up: Duration = Duration(30 * 60)


class Average(Rule, kw_only=True, frozen=True, tag="average"):
    """Slow API: the average of minute means above ``limit``."""

    signal: Text
    limit: Limit = Limit(500.0, "ms")
    warm_up: Duration = Duration(10 * 60)


class Held(Rule, kw_only=True, frozen=True, tag="held"):
    """A count that stays above ``limit`` for ``hold``: orphaned connections."""

    signal: Text
    limit: Limit = Limit(100.0, "")
    warn: Limit | None = None
    hold: Duration = Duration(10 * 60)


class Exhausted(Rule, kw_only=True, frozen=True, tag="exhausted"):
    """Connection pool exhaustion: in use at the maximum while somebody waits."""

    used: Text
    max: str | Positive
    """A signal, or a number where the service does not report it."""
    waiting: str = ""
    timeouts: str = ""
    hold: Duration = Duration(3 * 60)
    failed_acquires: Positive = 5
    within: Duration = Duration(5 * 60)


class Records(Rule, kw_only=True, frozen=True, tag="records"):
    """Critical records in the logs of these probes."""

    probes: list[str]
    traceback_is_critical: bool = True


class Available(Rule, kw_only=True, frozen=True, tag="available"):
    """Share of readings that succeed, over the watch so far."""

    probe: str
    limit: Limit = Limit(99.0, "%")


class Score(Rule, kw_only=True, frozen=True, tag="score"):
    """Mean of the optimisations' scores, exact, at least ``limit``."""

    limit: Annotated[float, Meta(ge=0, le=100)] = 90.0


class SavingsClaim(Rule, kw_only=True, frozen=True, tag="savings"):
    """Savings per workspace and month reach the claim in ``[savings]``."""


class Gates(Rule, kw_only=True, frozen=True, tag="gates"):
    """Every gate approved."""


class Checklist(Rule, kw_only=True, frozen=True, tag="checklist"):
    """Every checklist item done."""


class Coverage(Rule, kw_only=True, frozen=True, tag="coverage"):
    """Enough readings of every required signal in every phase, and no long gap."""

    share: Annotated[float, Meta(gt=0, le=100)] = 95.0
    longest_gap: Duration = Duration(15 * 60)


class Compare(Rule, kw_only=True, frozen=True, tag="compare"):
    """Any signal against a bound: it fails after ``hold`` on the wrong side."""

    signal: Text
    above: Limit | None = None
    """Fails when the signal is above this."""
    below: Limit | None = None
    """Fails when the signal is below this."""
    hold: Duration = Duration(5 * 60)


AnyRule = (
    Growth
    | Average
    | Held
    | Exhausted
    | Records
    | Available
    | Score
    | SavingsClaim
    | Gates
    | Checklist
    | Coverage
    | Compare
)


class Check(Table, kw_only=True, frozen=True):
    """One check of an optimisation: a person's word, or a signal against its bounds.

    It says what passes, where a ``compare`` criterion says what fails: ``at_least`` is the
    opposite of its ``below``, ``at_most`` of its ``above``.
    """

    name: Text
    passes: bool | Literal["unverified"] | None = None
    """What a person verified before the watch, or that nobody has yet."""
    signal: str = ""
    """The signal that decides instead of a person: by its latest value."""
    at_least: Limit | None = None
    """Passes when the signal is this or more."""
    at_most: Limit | None = None
    """Passes when the signal is this or less."""
    hold: Duration = Duration(0)
    """How long the signal must have been on one side before that side counts."""
    within: Duration | None = None
    """For how long a value counts; as long as in any rule when absent."""
    note: str = ""


class Optimisation(Table, kw_only=True, frozen=True):
    """``[[optimisation]]``: what was improved, and the checks whose share is its score."""

    name: Text
    target: str = ""
    checks: Annotated[list[Check], Meta(min_length=1)]


def check_key(optimisation: str, check: str) -> str:
    """What a waiver of one check names."""
    return f"{optimisation}/{check}"


class Savings(Table, kw_only=True, frozen=True):
    """``[savings]``: the claim of one workspace, and what it is computed from.

    Amounts are decimals in quotes, so that cents stay exact; the loader has checked that
    ``Decimal`` takes them.
    """

    currency: str = "EUR"
    per_workspace_month: Text
    """The claim."""
    baseline_calls_per_day: str = ""
    price_per_call: str = ""
    calls: str = ""
    """The counter signal of observed calls."""
    calls_of: Positive = 1
    """How many workspaces that counter counts; observed calls are divided by it."""
    days_per_month: Positive = 30
    investment: str = ""
    """What the work cost, for the pay-back time."""
    tolerance: str = ""


class Item(Table, kw_only=True, frozen=True):
    """A checklist item with the signals that are its evidence."""

    text: Text
    evidence: list[str] = []


class Phase(Table, kw_only=True, frozen=True):
    """``[[phase]]``: a part of the window, in hours of profile time, and what to do in it."""

    name: Text
    hours: tuple[float, float]
    items: list[str | Item] = []

    def all_items(self) -> list[Item]:
        """The items, those written as plain text included."""
        return [Item(text=item) if isinstance(item, str) else item for item in self.items]


class Gate(Table, kw_only=True, frozen=True):
    """``[[gate]]``: a review that a named person or role signs."""

    name: Text
    reviewer: Text
    action: str = ""
    four_eyes: bool = False


class Step(Table, kw_only=True, frozen=True):
    """A step of the rollout or rollback plan."""

    text: Text
    at: str = ""
    """When, as people say it: ``hour 25``."""
    run: list[str] = []
    """The command as argv, shown only; nothing runs without trust and confirmation."""


class Plan(Table, kw_only=True, frozen=True):
    """``[rollback]`` and ``[rollout]``."""

    steps: list[Step] = []


class Contact(Table, kw_only=True, frozen=True):
    """``[[contact]]``: whom to call for what."""

    topic: Text
    who: Text


class Profile(Table, kw_only=True, frozen=True):
    """A whole profile."""

    version: Annotated[int, Meta(ge=1, le=1)]
    deployment: Deployment
    probe: Mapping[str, Any] = {}
    """Name → the kind's own ProbeConfig, in the order of the file (converted by the loader).
    Derived signals come after them, as the pseudo-probes of ``profile/derived.py``."""
    signal: Mapping[str, Any] = {}
    """Name → the SignalConfig of a derived signal; each is in ``probe`` as well."""
    validation: Mapping[str, Any] = {}
    """Name → an AnyValidation; each is in ``probe`` as well, as ``validation-NAME``."""
    exercise: Any = None
    """The Exercise, which is in ``probe`` as well."""
    go: dict[str, AnyRule] = {}
    nogo: dict[str, AnyRule] = {}
    optimisation: list[Optimisation] = []
    savings: Savings | None = None
    phase: list[Phase] = []
    gate: list[Gate] = []
    rollback: Plan = Plan()
    rollout: Plan = Plan()
    contact: list[Contact] = []
