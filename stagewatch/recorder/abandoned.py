"""A drill that was killed cannot say that nothing disturbs any more: the recorder says it.

Its lock ended with it, so a stretch that reaches beyond the present while nobody holds the lock
is one whose drill is gone. What is cut had not been judged: readings are given back, none taken.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from functools import partial
from pathlib import Path

from stagewatch.errors import PersonError
from stagewatch.following import SessionFile
from stagewatch.lock import driller
from stagewatch.model import Event
from stagewatch.recorder.desk import Book
from stagewatch.session.document import Session
from stagewatch.session.edits import end_drills, open_stretches

log = logging.getLogger(__name__)


async def end_abandoned(
    folder: Path, session: SessionFile, book: Book, now: float, spared: Collection[str] = ()
) -> None:
    """End the stretches of drills that are gone; a look at the session while there are none.

    Those ``spared`` go on to disturb when nothing is sent any more: theirs stay as announced.
    """
    if not open_stretches(session.session, now, spared):
        return
    try:
        gone = await asyncio.to_thread(_ended, folder, session, now, spared)
    except PersonError as error:
        log.error("a stretch left out of the rules stays as it was announced: %s", error)
        return
    for reason in gone:
        text = f"{reason} ended without a word; readings count again"
        book.event(Event(now, "drill-gone", text))
        log.warning("%s", text)


def _ended(folder: Path, session: SessionFile, now: float, spared: Collection[str]) -> list[str]:
    """End them, and name each."""
    if driller(folder) is not None:
        return []
    gone: list[str] = []
    session.edit(partial(_change, folder, now, spared, gone))
    return gone


def _change(
    folder: Path, now: float, spared: Collection[str], gone: list[str], session: Session
) -> Session:
    gone.clear()  # an edit may be made anew
    # Asked again: only whoever holds the lock announces a stretch, and that may have begun since.
    if driller(folder) is not None:
        return session
    ended = end_drills(session, now, spared)
    both = zip(session.invalidation, ended.invalidation, strict=True)
    gone += dict.fromkeys(void.reason for void, cut in both if cut != void)
    return ended
