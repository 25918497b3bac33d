"""docs/session.md tells of every table and key, and of nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from stagewatch.session.document import Record, Session
from stagewatch.session.errors import SessionHandEditedError
from stagewatch.session.format import HEADER, loads
from stagewatch.session.seal import seal

PAGE = (Path(__file__).parents[2] / "docs" / "session.md").read_text(encoding="utf-8")


def _tables(kind: type[Record], name: str) -> dict[str, set[str]]:
    """Heading → keys, for the session and every table inside it."""
    keys: set[str] = set()
    found = {name: keys}
    for field in msgspec.structs.fields(kind):
        inner = get_args(field.type)
        if inner and isinstance(inner[0], type) and issubclass(inner[0], Record):
            path = field.name if kind is Session else f"{name[3:-3]}.{field.name}"
            found |= _tables(inner[0], f"`[[{path}]]`")
        else:
            keys.add(field.name)
    return found


TABLES = _tables(Session, "The session")


@pytest.mark.parametrize("heading", TABLES)
def test_every_key_of_every_table_is_described(heading: str) -> None:
    """The page's table below the heading has these keys and no other."""
    section = re.search(rf"^### {re.escape(heading)}$(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
    assert section, f"docs/session.md has no section {heading}"
    assert set(re.findall(r"^\| `(\w+)` \|", section[1], re.MULTILINE)) == TABLES[heading]


def test_the_page_describes_no_table_that_is_not_there() -> None:
    """Each heading in double brackets is a table of the document."""
    assert set(re.findall(r"^### (`\[\[.*\]\]`)$", PAGE, re.MULTILINE)) == set(TABLES) - {
        "The session"
    }


def test_the_example_is_a_session() -> None:
    """What the page shows loads, once its shortened checksum is replaced as the page says."""
    block = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert block
    body, last = block[1].rsplit("# stagewatch", 1)
    assert body.startswith(HEADER)
    session, revision = loads(f"{body}# stagewatch{last.split(' sha256')[0]} edited\n")
    assert (session.tick[0].evidence[0].signal, revision) == ("backend.rss", 7)
    with pytest.raises(SessionHandEditedError):
        loads(seal(body, 7).replace("flat", "bent"))
