"""From a session's folder to report files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from stagewatch.clock import Clock, SystemClock
from stagewatch.following import profile_of
from stagewatch.history.reader import History
from stagewatch.observe import snapshot_of
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
    """Write the report of a session in each format; returns the files.

    Raises ReportError; also when the session's file is damaged, for a report must not rest on an
    earlier text of it.
    """
    snapshot = snapshot_of(folder, clock or SystemClock(), events=0)
    if snapshot.not_saved:
        raise ReportError(snapshot.not_saved)
    since, until = span(snapshot)
    history = History.open(folder / "history.db")
    try:
        report = build(folder, snapshot, profile_of(folder), history, since=since, until=until)
        targets = [_target(report, format, formats, output) for format in formats]
        return _write_each(report, history, dict(zip(formats, targets, strict=True)))
    finally:
        history.close()


def _write_each(report: Report, history: History, targets: Mapping[str, Path]) -> list[Path]:
    """Write them in turn; an error names those that were written before it."""
    written: list[Path] = []
    for format, target in targets.items():
        try:
            written.append(write(report, history, format, target))
        except ReportError as error:
            before = f" (wrote {', '.join(map(str, written))})" if written else ""
            raise ReportError(f"{error}{before}") from error
    return written


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
