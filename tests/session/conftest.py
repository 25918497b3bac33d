"""Sessions to work on."""

from __future__ import annotations

from pathlib import Path

import pytest

from stagewatch.session.document import Session
from stagewatch.session.instant import instant
from stagewatch.session.store import SessionStore

START = 1763924532.123


@pytest.fixture
def session() -> Session:
    """A watch that has just begun."""
    return Session(
        id="staging-20251123-190212",
        profile="staging",
        deployment="staging",
        started_at=instant(START),
        ends_at=instant(START + 24 * 3600),
        started_by="ann",
    )


@pytest.fixture
def store(tmp_path: Path, session: Session) -> SessionStore:
    """A session on disk, at revision 1."""
    made = SessionStore(tmp_path / session.id)
    made.create(session)
    return made
