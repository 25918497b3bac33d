"""A report as JSON (for programs) and as TOML (a session that loads again)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from stagewatch import __version__
from stagewatch.report.model import Report, SignalSummary, iso
from stagewatch.session.document import Session
from stagewatch.session.format import dumps, loads
from stagewatch.status import status_document
from stagewatch.text import clean
from stagewatch.text import json_text as inert_json

FORMAT_VERSION = 1


def json_text(report: Report) -> str:
    """One JSON object: the range, the whole status, the signals' summaries and the notes."""
    return inert_json(_document(report), indent=2) + "\n"


def _document(report: Report) -> dict[str, Any]:
    return {
        "format": "stagewatch-report",
        "version": FORMAT_VERSION,
        "made_by": f"stagewatch {__version__}",
        "since": iso(report.since),
        "until": iso(report.until),
        "status": status_document(report.snapshot, events=0),
        "signals": {s.name: _signal(s) for s in report.signals},
        "patterns": [
            {
                "probe": log.probe,
                "level": p.level,
                "count": p.count,
                "first": iso(p.first),
                "last": iso(p.last),
                "new": p.new,
                "pattern": p.text,
                "example": p.example,
                "source": clean(p.source),
            }
            for log in report.snapshot.logs
            for p in log.patterns
        ],
        "acknowledgements": [
            {
                "at": iso(a.at),
                "by": a.by,
                "criterion": a.criterion,
                "pattern": a.pattern,
                "reason": a.reason,
                "until": iso(a.until),
            }
            for a in report.session.acknowledgement
        ],
        "gaps": [
            {"probe": g.probe, "start": iso(g.start), "end": iso(g.end), "cause": g.cause}
            for g in report.gaps
        ],
        "events": [
            {"at": iso(e.at), "kind": e.kind, "probe": e.probe, "text": e.text}
            for e in report.events
        ],
        "notes": [
            {"at": iso(n.at), "by": n.by, "phase": n.phase, "item": n.item, "text": n.text}
            for n in report.notes
        ],
    }


def _signal(summary: SignalSummary) -> dict[str, Any]:
    spread = asdict(summary.spread)
    return {
        "unit": summary.unit,
        "count": spread["count"],
        "low": summary.low,
        "mean": spread["mean"],
        "p50": spread["p50"],
        "p95": spread["p95"],
        "p99": spread["p99"],
        "high": summary.high,
        "coverage": summary.coverage,
        "at_least": summary.at_least,
        "reason": summary.reason,
    }


def toml_text(report: Report) -> str:
    """The session document as it stood; ``session_again`` reads it."""
    return dumps(report.session, revision=1)


def session_again(text: str) -> Session:
    """The session that a TOML export holds; raises SessionError when it is not one."""
    return loads(text)[0]
