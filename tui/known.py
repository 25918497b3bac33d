"""Acknowledging a pattern of a log: that it is known, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stagewatch.logs.words import CRITICAL
from stagewatch.widgets.patterns import entries

if TYPE_CHECKING:
    from textual.app import App

    from stagewatch.snapshot import Snapshot
    from stagewatch.widgets.patterns import Entry


def refusal(snapshot: Snapshot, entry: Entry) -> str:
    """Why this pattern cannot be acknowledged now; empty where it can."""
    pattern = entry.pattern
    if pattern.level != CRITICAL and not pattern.new:
        return "only a critical pattern, or a new one, is acknowledged"
    # As it stands by now: the log's screen may be open for long.
    now = next((each for each in entries(snapshot) if each.place == entry.place), entry)
    if now.known_by and not pattern.other:
        return f"{now.known_by} has acknowledged this pattern already"
    return ""


def ask(app: App[bool], entry: Entry, operator: str, save: Callable[[str], None]) -> None:
    """Ask for the reason, and save it unless the operator thinks better of it."""
    from stagewatch.tui.screens.ask import AskScreen

    pattern = entry.pattern
    about = f"{pattern.level} {pattern.text} · ×{pattern.count}; silences, changes no verdict;"
    about += f" recorded as {operator}"

    def answered(reason: str | None) -> None:
        if reason:
            save(reason)

    app.push_screen(AskScreen("Acknowledge", about, "the reason; enter saves it"), answered)
