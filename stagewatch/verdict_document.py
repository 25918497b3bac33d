"""The part of ``status --json`` that the verdict rests on; see ``status.schema.json``."""

from __future__ import annotations

from typing import Any

from stagewatch.judge.savings import SavingsResult
from stagewatch.judge.score import CheckScore, OptimisationScore, ScoreResult
from stagewatch.moments import rfc3339
from stagewatch.session.document import Acknowledgement, Confirmation, Waiver
from stagewatch.snapshot import CriterionNow, LossNow, Snapshot


def verdict_document(snapshot: Snapshot) -> dict[str, Any]:
    """Criteria, optimisations, savings, confirmation and lost log lines."""
    return {
        "criteria": [criterion_document(criterion) for criterion in snapshot.criteria],
        "optimisations": score_document(snapshot.score),
        "savings": _savings(snapshot.savings),
        "confirmation": _confirmation(snapshot.confirmation),
        "losses": [_loss(loss) for loss in snapshot.losses],
    }


def criterion_document(criterion: CriterionNow) -> dict[str, Any]:
    """One criterion, every field."""
    computed = criterion.computed or criterion.state
    return {
        "name": criterion.name,
        "title": criterion.title,
        "kind": criterion.kind,
        "rule": criterion.rule,
        "state": criterion.state.value,
        "computed": computed.value,
        "why": criterion.why,
        "value": criterion.value,
        "limit": None if criterion.limit is None else float(criterion.limit),
        "unit": criterion.unit,
        "trend": criterion.trend,
        "since": rfc3339(criterion.since),
        "first_bad": rfc3339(criterion.first_bad),
        "incident_at": rfc3339(criterion.incident),
        "latched": criterion.latched,
        "recovered": criterion.recovered,
        "coverage": criterion.coverage,
        "reason": criterion.reason,
        "now": criterion.now,
        "signals": list(criterion.signals),
        "waiver": _said(criterion.waiver),
        "acknowledged": _said(criterion.acknowledged),
    }


def _said(said: Waiver | Acknowledgement | None) -> dict[str, Any] | None:
    """What somebody said about a criterion, and until when it counts."""
    if said is None:
        return None
    return {
        "by": said.by,
        "at": rfc3339(said.at),
        "until": rfc3339(said.until),
        "reason": said.reason,
    }


def score_document(score: ScoreResult | None) -> dict[str, Any] | None:
    """The optimisations with their checks."""
    if score is None:
        return None
    return {
        "state": score.state.value,
        "score": None if score.mean is None else float(score.mean),
        "limit": score.limit,
        "rows": [_row(row) for row in score.rows],
    }


def _row(row: OptimisationScore) -> dict[str, Any]:
    return {
        "name": row.name,
        "target": row.target,
        "score": None if row.score is None else float(row.score),
        "checks": [_check(check) for check in row.checks],
    }


def _check(check: CheckScore) -> dict[str, Any]:
    return {
        "name": check.name,
        "passes": check.passes,
        "state": check.state.value,
        "signal": check.signal,
        "value": check.value,
        "at_least": check.at_least,
        "at_most": check.at_most,
        "unit": check.unit,
        "reason": check.reason,
        "why": check.why,
        "since": rfc3339(check.since),
        "note": check.note,
        "waived_by": check.waived_by,
        "waived_because": check.waived_because,
    }


def _savings(savings: SavingsResult | None) -> dict[str, Any] | None:
    if savings is None:
        return None
    return {
        "currency": savings.currency,
        "claim": savings.claim,
        "calls_per_day": savings.calls_per_day,
        "baseline_per_day": savings.baseline_per_day,
        "per_workspace_month": savings.per_workspace_month,
        "per_year": savings.per_year,
        "workspaces": savings.workspaces,
        "margin": savings.margin,
        "tolerance": savings.tolerance,
        "pay_back_days": savings.pay_back_days,
    }


def _confirmation(word: Confirmation | None) -> dict[str, Any] | None:
    if word is None:
        return None
    return {"by": word.by, "at": rfc3339(word.at), "verdict": word.verdict, "note": word.note}


def _loss(loss: LossNow) -> dict[str, Any]:
    return {
        "probe": loss.probe,
        "path": loss.path,
        "since": rfc3339(loss.since),
        "until": rfc3339(loss.until),
        "cause": loss.cause,
        "accepted_by": loss.accepted_by,
    }
