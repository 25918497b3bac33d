"""Paging through a log in UTF-16: its lines, searches, levels and times are those of any other."""

from __future__ import annotations

import codecs
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.logs import matchers
from stagewatch.logs.source import (
    FileSource,
    TextSource,
    backward,
    forward,
    line_start,
    places,
)
from stagewatch.logs.viewer import Viewer

START = 1767225600.0  # 2026-01-01 00:00:00 UTC
MARKS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
# Characters that have a byte like that of a line end, a surrogate pair, and half of one.
TEXT = st.text(st.sampled_from("aé\u0a0a\u0a00\u010aĊ日𝄞\ud834 \r"), max_size=20)


def written(lines: list[str], encoding: str, *, ended: bool = True) -> bytes:
    text = "\n".join(lines) + ("\n" if ended and lines else "")
    return MARKS[encoding] + text.encode(encoding, "surrogatepass")


def as_read(line: str, encoding: str) -> bytes:
    whole = line.encode(encoding, "surrogatepass").decode(encoding, "replace")
    return whole.encode().rstrip(b"\r")


@given(st.lists(TEXT, max_size=20), st.booleans(), st.integers(1, 64), st.sampled_from([*MARKS]))
def test_forward_and_backward_agree_with_splitting(
    lines: list[str], ended: bool, block: int, encoding: str
) -> None:
    """Wherever blocks end, and whatever looks like a line end and is none."""
    data = written(lines, encoding, ended=ended)
    wanted = [as_read(line, encoding) for line in lines] or [b""]
    if not ended and wanted and lines and not lines[-1] and len(lines) > 1:
        wanted.pop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stagewatch.logs.source.BLOCK", block)
        source = TextSource("x", data)
        rows = list(forward(source, 0))
        assert [row.raw for row in rows] == wanted
        assert list(backward(source, len(data))) == rows[::-1]
        for row in rows:
            assert {line_start(source, at) for at in range(row.start, row.end)} == {row.start}


@given(st.lists(TEXT, min_size=1, max_size=20), st.sampled_from([*MARKS]))
def test_what_matches_has_its_place_in_the_file(lines: list[str], encoding: str) -> None:
    """And not the one that it has in the text that was looked through."""
    source = TextSource("x", written(lines, encoding))
    rows = list(forward(source, 0))
    found = places(source, matchers.by_text("é"), source.read(source.size(), 0), 0)
    assert found == [row.start for row in rows if "é".encode() in row.raw]


def line(number: int) -> str:
    level = "ERROR" if number % 10 == 3 else "INFO"
    return f"2026-01-01 00:{number // 60:02}:{number % 60:02} {level} Größe {number}"


@pytest.fixture(params=[*MARKS])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A log of two thousand lines, one a second."""
    path = tmp_path / f"{request.param}.log"
    path.write_bytes(written([line(n) for n in range(2000)], request.param))
    return path


@pytest.fixture
def viewer(path: Path) -> Iterator[Viewer]:
    """Over that log."""
    opened = Viewer(FileSource(str(path)), lambda: FileSource(str(path)), lambda: None)
    opened.resize(10)
    yield opened
    opened.close()


def here(viewer: Viewer) -> str:
    page = viewer.page()
    return page.rows[page.cursor].raw.decode() if page.rows else ""


def wait(viewer: Viewer, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
        viewer.go_on()


def test_its_lines_are_readable(viewer: Viewer, path: Path) -> None:
    """From its end, at a time, and as it grows."""
    assert [row.raw.decode() for row in viewer.page().rows] == [line(n) for n in range(1990, 2000)]
    assert viewer.to_time(START + 1234)
    assert here(viewer) == line(1234)
    assert viewer.time_here(START) == START + 1234
    viewer.to_end()
    with open(path, "ab") as file:
        file.write("newest é\n".encode(path.stem))
    assert viewer.poll()
    assert here(viewer) == "newest é"


def test_it_is_searched(viewer: Viewer) -> None:
    """By its characters, whatever bytes they have."""
    viewer.set_search(matchers.by_text("Größe 77"))
    viewer.find(-1)
    wait(viewer, lambda: here(viewer) == line(779))
    viewer.find(-1)
    wait(viewer, lambda: here(viewer) == line(778))


def test_it_is_filtered_by_level(viewer: Viewer) -> None:
    """As any other."""
    viewer.set_filter(matchers.by_level("ERROR"))
    wait(viewer, lambda: viewer.page().found == 200)
    assert here(viewer) == line(1993)
    assert viewer.record() == [line(n).encode() for n in (1993,)]
