"""Mending a session's file: what would be taken is shown, then a person decides."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from stagewatch.errors import PersonError
from stagewatch.paths import SESSION
from stagewatch.session.differences import differences, salvage
from stagewatch.session.edits import add_note
from stagewatch.session.errors import SessionError, SessionHandEditedError, SessionTooNewError
from stagewatch.session.files import read_regular
from stagewatch.session.instant import rfc3339
from stagewatch.session.store import Generation, SessionStore

_MOST = 20
"""Differences that are shown of one sort."""


def accept(folder: Path, *, by: str, at: float, sure: bool) -> bool:
    """Take a hand edit as it is; False when the operator said no. Raises PersonError."""
    store = SessionStore(folder)
    try:
        store.load()
    except SessionHandEditedError:
        session = store.load(accept_hand_edit=True)
    else:
        raise PersonError(f"{store.path}: it is whole; there is nothing to accept")
    earlier = store.recover()
    click.echo(f"{store.path}: changed by hand, last written {_time(store.path)}")
    if earlier is None:
        click.echo("  there is no earlier text to compare it with")
    else:
        found = differences(earlier.session, session)
        click.echo(f"  compared with {_named(earlier)}:")
        _show("changed", found.changed)
        _show("no longer there", found.lost)
        _show("new", found.new)
    if not _confirmed("Take it as it is?", sure):
        return False
    # The store takes exactly the text that was shown: one that changed meanwhile is refused.
    text = f"accepted {SESSION} as it was changed by hand"
    kept = store.edit(lambda session: add_note(session, text, by=by, at=at))
    click.echo(f"{kept.id}: taken; a note says so")
    return True


def restore(folder: Path, *, by: str, sure: bool) -> bool:
    """Go back to the newest whole text; False when the operator said no. Raises PersonError."""
    store = SessionStore(folder)
    try:
        store.load()
    except SessionTooNewError:
        raise
    except SessionError as error:
        damage = error
    else:
        raise PersonError(f"{store.path}: it is whole; there is nothing to restore")
    earlier = store.recover()
    if earlier is None:
        raise damage
    click.echo(f"{store.path}: {damage.message}")
    click.echo(f"  would be taken: {_named(earlier)}")
    _show_loss(store.path, earlier, cut=not isinstance(damage, SessionHandEditedError))
    if not _confirmed(f"Put it in the place of {SESSION}?", sure):
        return False
    kept = store.restore(earlier, by=by)
    click.echo(f"{kept.id}: restored; the damaged file is kept beside it, and a note says so")
    return True


def _show_loss(path: Path, earlier: Generation, *, cut: bool) -> None:
    """What the damaged file holds beyond the text that would be taken.

    ``cut``: the file may have held more than can be read now.
    """
    try:
        remains = salvage(read_regular(path).raw)
    except SessionError:
        remains = None
    if remains is None:
        click.echo("  would be missing: every edit after that; nothing else can be read")
        return
    found = differences(remains, earlier.session)
    _show("would be missing", found.lost)
    _show("would change", found.changed)
    if cut:
        click.echo("  would be missing: what stood where the file is damaged; it cannot be read")
    elif not found.lost:
        click.echo("  would be missing: no edit")


def _show(label: str, lines: Iterable[str]) -> None:
    every = list(lines)
    for line in every[:_MOST]:
        click.echo(f"  {label}: {line}")
    if len(every) > _MOST:
        click.echo(f"  {label}: {len(every) - _MOST} more")


def _named(earlier: Generation) -> str:
    return f"{earlier.path.name}, revision {earlier.revision}, saved {rfc3339(earlier.saved_at)}"


def _time(path: Path) -> str:
    return rfc3339(path.lstat().st_mtime)


def _confirmed(question: str, sure: bool) -> bool:
    """Ask on a terminal; elsewhere ``--yes`` must have said it."""
    if sure:
        return True
    if sys.stdin is None or not sys.stdin.isatty():
        raise PersonError("nobody can be asked here (no terminal); say --yes to do it")
    if click.confirm(question, default=False, err=True):
        return True
    click.echo("nothing was changed", err=True)
    return False
