"""What an act on the verdict board asks the operator, and why it may not be done at all.

Each function gives the question, or a sentence that says what is in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stagewatch.judged import UNWAIVABLE
from stagewatch.model import State
from stagewatch.profile.values import format_duration, parse_duration
from stagewatch.session.derive import tickers
from stagewatch.tui import acts
from stagewatch.tui.moments import parse_ahead, parse_past, stamp
from stagewatch.widgets.boardcriteria import figures, said
from stagewatch.widgets.words import span, time_of

if TYPE_CHECKING:
    from stagewatch.judge.score import CheckScore
    from stagewatch.session.document import Session
    from stagewatch.snapshot import CriterionNow, GateNow, LossNow, Snapshot
    from stagewatch.tui.changes import Change

QUIET = "1h"
"""How long an acknowledgement lasts unless the operator says otherwise."""
WAIVED_BEYOND = 24 * 3600.0
"""Seconds after the window's end at which a waiver ends unless the operator says otherwise."""
LONGEST_QUIET = 7 * 24 * 3600.0

Answers = Mapping[str, str]


class WrongAnswerError(ValueError):
    """An answer that makes no sense; ``line`` is the one to put right."""

    def __init__(self, line: str, why: str) -> None:
        super().__init__(why)
        self.line = line


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a form."""

    name: str
    label: str
    hint: str
    value: str = ""
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A form: what it is about, its lines, and the change that the answers make."""

    title: str
    about: tuple[str, ...]
    lines: tuple[Line, ...]
    make: Callable[[Answers], Change]
    """Raises WrongAnswerError."""
    session: Session
    """As it is now: the change is tried on it before it is given to the saver."""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who acts, when, on what."""

    snapshot: Snapshot
    by: str
    now: float

    def acknowledge(self, criterion: CriterionNow) -> Question | str:
        """For how long the reminders of a criterion are silent."""
        if criterion.state not in (State.FAIL, State.WARN, State.INCONCLUSIVE):
            return f"«{criterion.title}» is {criterion.state}: there is nothing to acknowledge"

        def make(answers: Answers) -> Change:
            length = _duration("length", answers["length"])
            return acts.acknowledge(
                criterion, answers["reason"], until=self.now + length, by=self.by, now=self.now
            )

        about = (
            f"{criterion.state}: {said(criterion, self.now)}",
            "Reminders of it are silent for that long. The verdict stays what it is.",
        )
        lines = (
            Line("reason", "why", "what you know about it; may stay empty"),
            Line("length", "for how long", "30min, 2h", QUIET, needed=True),
        )
        return self._question(f"Acknowledge «{criterion.title}»", about, lines, make)

    def waive(self, criterion: CriterionNow) -> Question | str:
        """Why a criterion's failing may be left out of the verdict, and until when."""
        if criterion.waiver is not None and criterion.state is State.WAIVED:
            until = time_of(criterion.waiver.until, self.now)
            return f"«{criterion.title}» is waived already, by {criterion.waiver.by} until {until}"
        if criterion.rule in UNWAIVABLE:
            return (
                f"no waiver covers «{criterion.title}»: a GO needs the data, the approvals and the"
                " items themselves"
            )
        if criterion.rule == "score":
            return "a score is not waived; w on the check that fails, under OPTIMISATIONS"
        if criterion.state is not State.FAIL:
            return f"only a FAIL can be waived; «{criterion.title}» is {criterion.state}"

        def make(answers: Answers) -> Change:
            until = _until(answers["until"], self.now)
            return acts.waive(criterion, answers["reason"], until=until, by=self.by, now=self.now)

        about = (
            f"computed {criterion.state}: {said(criterion, self.now)}",
            f"value {figures(criterion, self.snapshot)}",
            f"The verdict will read «GO (waived: {criterion.title}: …)». This incident alone is"
            " covered; a later one counts again.",
        )
        return self._question(f"Waive «{criterion.title}»", about, self._waiver_lines(), make)

    def waive_check(self, optimisation: str, check: CheckScore) -> Question | str:
        """Why a failing check may count as passing."""
        if check.waived_by:
            return f"«{check.name}» is waived already, by {check.waived_by}"
        if check.passes is None:
            if check.signal:
                return f"«{check.name}» is not verified: {check.reason}; only a failure is waived"
            return f"nobody has verified «{check.name}»; what was found belongs into the profile"
        name = next((c.name for c in self.snapshot.criteria if c.rule == "score"), "score")

        def make(answers: Answers) -> Change:
            until = _until(answers["until"], self.now)
            return acts.waive_check(
                name, optimisation, check.name, answers["reason"],
                until=until, by=self.by, now=self.now,
            )  # fmt: skip

        why = check.reason or check.note
        about = (
            f"{optimisation}: {check.name} fails" + (f" ({why})" if why else ""),
            "It will count as passing; the score names you and your reason."
            + (" Should it pass and fail anew, it counts again." if check.signal else ""),
        )
        return self._question(f"Waive «{check.name}»", about, self._waiver_lines(), make)

    def decide(self, gate: GateNow, approved: bool) -> Question | str:
        """Why a gate is approved or rejected."""
        if approved and gate.four_eyes and self.by in tickers(self.snapshot.session):
            return (
                f"{self.by} ticked items of this watch, and «{gate.name}» wants four eyes:"
                " somebody else must approve"
            )

        def make(answers: Answers) -> Change:
            return acts.decide(gate, approved, answers["reason"], by=self.by, now=self.now)

        about = [f"Asked of {gate.reviewer}" + (f": {gate.action}" if gate.action else "")]
        if gate.state is not State.PENDING and gate.at is not None:
            word = "approved" if gate.state is State.PASS else "rejected"
            about.append(f"{word} by {gate.by}, {time_of(gate.at, self.now)}: {gate.reason}")
        hint = "what you looked at" if approved else "what has to change"
        word = "Approve" if approved else "Reject"
        lines = (Line("reason", "why", hint, needed=True),)
        return self._question(f"{word} «{gate.name}»", tuple(about), lines, make)

    def accept(self, loss: LossNow) -> Question | str:
        """Why it is no harm that lines may be lost."""
        if loss.accepted_by:
            return f"it was accepted already, by {loss.accepted_by}"
        if loss.until is None:
            return "it lasts still; what was lost can be accepted once it is over"

        def make(answers: Answers) -> Change:
            return acts.accept_loss(loss, answers["reason"], by=self.by, now=self.now)

        window = f"{time_of(loss.since, self.now)} to {time_of(loss.until, self.now)}"
        about = (
            f"{loss.probe} ({loss.path}), {window}, {span(loss.until - loss.since)}: {loss.cause}",
            "Lines of that time may be missing, critical ones too. The verdict will name you.",
        )
        lines = (Line("reason", "why", "how you know that nothing was lost", needed=True),)
        return self._question("Accept lost log lines", about, lines, make)

    def invalidate(self, probe: str) -> Question | str:
        """Which readings do not count, and why."""
        probes = self.snapshot.probes

        def make(answers: Answers) -> Change:
            named = answers["probe"]
            if named and named not in probes:
                raise WrongAnswerError("probe", f"there is no probe «{named}»: {', '.join(probes)}")
            start = _moment("start", answers["start"], self.now)
            end = _moment("end", answers["end"], self.now)
            if not start < end:
                raise WrongAnswerError("end", "must be later than where it starts")
            return acts.invalidate(named, start, end, answers["reason"], by=self.by, now=self.now)

        about = (f"probes: {', '.join(probes)}",)
        lines = (
            Line("probe", "probe", "one of them; empty for all", probe),
            Line("start", "from", "14:05, 2025-09-06 14:05 or 35min ago", needed=True),
            Line("end", "to", "14:20, 5min ago or now", "now", needed=True),
            Line("reason", "why", "what made them worthless", needed=True),
        )
        warning = "They will count as missing, which lowers coverage, and the verdict names you."
        return self._question("Declare readings void", about, lines, make, warning)

    def confirm(self) -> Question | str:
        """The last word; only where there is nothing left to wait for."""
        missing = self._missing()
        if missing:
            return f"a GO cannot be confirmed: {missing}"

        def make(answers: Answers) -> Change:
            if answers["word"] != "GO":
                raise WrongAnswerError("word", "type GO to confirm it; esc leaves it open")
            return acts.confirm(answers["note"], by=self.by, now=self.now)

        lines = (
            Line("word", "type GO", "GO", needed=True),
            Line("note", "note", "what goes with it; may stay empty"),
        )
        about = (self.snapshot.reason, "With this the deployment may go to production.")
        return self._question("Confirm the GO", about, lines, make)

    def _missing(self) -> str:
        """What stands between this moment and a GO."""
        session, word = self.snapshot.session, self.snapshot.confirmation
        if session.state == "stopped" and (session.stopped_at or self.now) < session.ends_at:
            return f"{session.stopped_by or 'an operator'} ended the watch before its time"
        if self.now < session.ends_at:
            rest = format_duration(session.ends_at - self.now)
            return f"the window is over {time_of(session.ends_at, self.now)}, in {rest}"
        if self.snapshot.verdict == "GO" and word is not None:
            return f"{word.by} has done so, {time_of(word.at, self.now)}"
        stop = (State.FAIL, State.INCONCLUSIVE, State.PENDING)
        left = [f"«{c.title}» is {c.state}" for c in self.snapshot.criteria if c.state in stop]
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        return ", ".join(left[:3]) + more

    def _waiver_lines(self) -> tuple[Line, ...]:
        end = stamp(max(self.snapshot.session.ends_at, self.now) + WAIVED_BEYOND)
        return (
            Line("reason", "why", "why it may go out all the same", needed=True),
            Line("until", "until", "48h, 14:05 or 2025-09-07 14:05", end, needed=True),
        )

    def _question(
        self,
        title: str,
        about: tuple[str, ...],
        lines: tuple[Line, ...],
        make: Callable[[Answers], Change],
        warning: str = "",
    ) -> Question:
        def checked(answers: Answers) -> Change:
            for each in lines:
                if each.needed and not answers[each.name]:
                    raise WrongAnswerError(each.name, f"«{each.label}» is needed: {each.hint}")
            return make(answers)

        return Question(title, about, lines, checked, self.snapshot.session, warning)


def _duration(line: str, text: str) -> float:
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise WrongAnswerError(line, str(error)) from None
    if not 0 < length <= LONGEST_QUIET:
        raise WrongAnswerError(line, "must be more than nothing and at most 7d")
    return length


def _until(text: str, now: float) -> float:
    try:
        return parse_ahead(text, now)
    except ValueError as error:
        raise WrongAnswerError("until", str(error)) from None


def _moment(line: str, text: str, now: float) -> float:
    try:
        return parse_past(text, now)
    except ValueError as error:
        raise WrongAnswerError(line, str(error)) from None
