"""From a session's folder to report files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from stagewatch.clock import Clock, SystemClock
from stagewatch.history.reader import History
from stagewatch.observe import profile_of, snapshot_of
from stagewatch.report.model import Report, ReportError, build
from stagewatch.report.write import write
from stagewatch.snapshot import Snapshot


def export_files(
    folder: Path,
    *,
    formats: Sequence[str],
    span: Callable[[Snapshot], tuple[float, float]],
    output: Path | None = None,
    clock: Clock | None = None,
) -> list[Path]:
    """Write the report of a session in each format; returns the files. Raises ReportError."""
    snapshot = snapshot_of(folder, clock or SystemClock(), events=0)
    since, until = span(snapshot)
    history = History.open(folder / "history.db")
    try:
        report = build(folder, snapshot, profile_of(folder), history, since=since, until=until)
        targets = [_target(report, format, formats, output) for format in formats]
        return [
            write(report, history, format, target)
            for format, target in zip(formats, targets, strict=True)
        ]
    finally:
        history.close()


def _target(report: Report, format: str, formats: Sequence[str], output: Path | None) -> Path:
    made = datetime.fromtimestamp(report.snapshot.now, UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{report.session.id}-report-{made}.{format}"
    if output is None:
        return Path.cwd() / name
    if output.is_dir():
        return output / name
    if len(formats) > 1:
        raise ReportError(f"{output}: is not a folder; several formats need one (mkdir it first)")
    return output
